"""Tables and parameters in any layout of memory give the bits of contiguous ones."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.reference import random_network, random_rows

BLOCKS = hbcd.BlockCoordinateDescent(hbcd.LBFGS(), inner_iterations=3, epochs=2)


def problem(rows, dtype=np.float64, seed=0):
    """A network of 281 parameters and rows for it."""
    rng = np.random.default_rng(seed)
    net, theta = random_network(rng, 3, 10, 1, "tanh", n_inputs=4)
    X, y = random_rows(rng, net, theta, rows)
    return net, theta.astype(dtype), X, y


def unaligned(array):
    memory = np.zeros(array.nbytes + 1, dtype=np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def embedded(array, steps):
    """The same values as every other element of a larger array, backwards where a step is -1."""
    larger = np.full([2 * n for n in array.shape], np.nan)
    slots = tuple(slice(None, None, 2) for _ in array.shape)
    view = larger[slots][tuple(slice(None, None, step) for step in steps[: array.ndim])]
    view[...] = array
    return view


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = {
    "fortran": np.asfortranarray,
    "transposed": lambda array: np.ascontiguousarray(array.T).T,
    "every_other": lambda array: embedded(array, (1, 1)),
    "backwards": lambda array: embedded(array, (-1, -1)),
    "rows_backwards": lambda array: embedded(array, (-1, 1)),
    "read_only": read_only,
    "unaligned": unaligned,
    "big_endian": lambda array: array.astype(">f8"),
    "little_endian": lambda array: array.astype("<f8"),
    "object": lambda array: array.astype(object),
    "list": lambda array: array.tolist(),
    "tuples": lambda array: tuple(map(tuple, array)) if array.ndim == 2 else tuple(array),
    "frame": lambda array: pd.DataFrame(array) if array.ndim == 2 else pd.Series(array),
    "float32": lambda array: array.astype(np.float32),
    "float32_big_endian": lambda array: array.astype(">f4"),
    "float16": lambda array: array.astype(np.float16),
    "int64": lambda array: array.astype(np.int64),
    "int8": lambda array: array.astype(np.int8),
    "uint16_fortran": lambda array: np.asfortranarray(array.astype(np.uint16)),
    "long_double": lambda array: array.astype(np.longdouble),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_gives_the_bits_of_a_contiguous_float64_copy(layout, dtype):
    rng = np.random.default_rng(0)
    net, theta = random_network(rng, 1, 5, 2, "tanh")
    network, theta = net.network, theta.astype(dtype)
    # Whole numbers from 0 to 99: every layout above holds them exactly.
    X, y = rng.integers(0, 100, (150, 3)) * 1.0, rng.integers(0, 100, (150, 2)) * 1.0
    weight = rng.integers(1, 5, 150) * 1.0
    assert X.flags.c_contiguous
    strategy = hbcd.Hybrid(hbcd.ICRS(max_evaluations=20), hbcd.BatchShell(epochs=1))

    def numbers(X, y, weight):
        f, gradient = network.loss_and_gradient(theta, X, y, weight)
        out = network.predict(theta, X)
        trained = network.train(theta, X, y, weight, (X, y), strategy).theta
        return np.concatenate([[f], gradient, out.ravel(), trained])

    other = LAYOUTS[layout]
    expected = numbers(X, y, weight)
    assert np.isfinite(expected).all()
    assert np.array_equal(numbers(other(X), other(y), other(weight)), expected)


@pytest.mark.parametrize("layout", ["every_other", "backwards", "unaligned", "big_endian", "list"])
def test_theta_may_have_any_layout(layout):
    net, theta, X, y = problem(100)
    network, other = net.network, LAYOUTS[layout](theta)
    f, gradient = network.loss_and_gradient(theta, X, y)
    f_other, gradient_other = network.loss_and_gradient(other, X, y)
    assert f_other == f
    assert np.array_equal(gradient_other, gradient)
    assert np.array_equal(network.predict(other, X), network.predict(theta, X))
    trained = [network.train(t, X, y, strategy=BLOCKS).theta for t in (theta, other)]
    assert np.array_equal(*trained)


def test_one_output_may_be_a_vector_or_a_column():
    net, theta, X, y = problem(100)
    f, gradient = net.network.loss_and_gradient(theta, X, y)
    f_vector, as_vector = net.network.loss_and_gradient(theta, X, y[:, 0])
    assert f_vector == f
    assert np.array_equal(as_vector, gradient)
