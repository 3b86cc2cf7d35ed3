"""Compiled activations against NumPy over the whole range of both precisions."""

import numpy as np
import pytest
import scipy.special

import hbcd
from support import levels
from support.reference import ACTIVATIONS, sigmoid

DTYPES = (np.float64, np.float32)
# Long double where the platform has one: its own error then does not count.
TRUE = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z < 0, 0, z),
    "leaky_relu": lambda z: np.where(z < 0, np.longdouble(0.1) * z, z),
}
SLOPE = {
    "identity": np.ones_like,
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z: 1 / np.cosh(np.clip(z, -5000, 5000)) ** 2,
    "relu": lambda z: np.where(z > 0, 1, 0),
    "leaky_relu": lambda z: np.where(z > 0, 1, np.longdouble(0.1)),
}
# Promised; measured on every instruction set: tanh and sigmoid stay below 3.
ULPS = 4


def special(dtype):
    """Zeros, the ends of the subnormal and normal numbers, infinities; no NaN."""
    info = np.finfo(dtype)
    positive = [
        0.0,
        info.smallest_subnormal,
        3 * info.smallest_subnormal,
        info.tiny * 0.75,
        info.tiny,
        np.nextafter(info.tiny, dtype(1)),
        info.eps,
        0.5,
        1.0,
        np.log(2) / 4,
        info.max,
        np.inf,
    ]
    return np.array([*positive, *(-np.array(positive))], dtype=dtype)


def whole_range(dtype):
    """Bit patterns evenly through all finite numbers, and densely where the functions bend."""
    word = np.uint64 if dtype == np.float64 else np.uint32
    step = np.iinfo(word).max // 150_000
    patterns = (np.arange(150_000, dtype=word) * word(step)).view(dtype)
    bends = np.concatenate([np.linspace(-120, 120, 60_001), np.linspace(-1, 1, 60_001)])
    # Either side of the rounding of 2 z / ln 2, where the reduced argument changes sign, and the
    # ends of what exp represents.
    steps = np.arange(-60, 61) * np.log(2) / 4
    ends = np.concatenate([np.linspace(-746, -707, 2001), np.linspace(-104, -86, 2001)])
    found = np.concatenate(
        [special(dtype), patterns[np.isfinite(patterns)], bends, steps, ends, -ends]
    ).astype(dtype)
    with np.errstate(over="ignore", under="ignore"):
        beside = np.nextafter(found, dtype(0)), np.nextafter(found, dtype(np.inf))
    return np.concatenate([found, *beside])


def ulps(found, true, dtype):
    """|found - true| in units of the spacing of numbers at `true`."""
    true = true.astype(np.longdouble)
    spacing = np.spacing(np.abs(true.astype(dtype))).astype(np.longdouble)
    with np.errstate(invalid="ignore"):
        error = np.abs(found.astype(np.longdouble) - true) / spacing
    same = found == true.astype(dtype)  # infinities
    return np.where(same, 0, error).astype(np.float64)


def forward(name, z):
    out = np.full_like(z, 99.0, order="C")
    ACTIVATIONS[name][0].forward(z, out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_forward_is_within_4_ulp_of_the_truth_everywhere(name, dtype):
    z = whole_range(dtype)
    with np.errstate(all="ignore"):
        error = ulps(forward(name, z), TRUE[name](z.astype(np.longdouble)), dtype)
    at = error.argmax()
    assert error[at] <= ULPS, f"{error[at]:.2f} ulp at {z[at]!r}"


def test_sigmoid_agrees_with_scipy():
    z = whole_range(np.float64)
    z = z[z > -700]  # below, SciPy's e^-z overflows and its answer is 0
    expected = scipy.special.expit(z)
    assert (np.abs(forward("sigmoid", z) - expected) <= (ULPS + 4) * np.spacing(expected)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_limits_and_nan(name, dtype):
    z = np.array([-np.inf, np.inf, np.nan], dtype=dtype)
    low, high, nan = forward(name, z)
    expected = {
        "identity": (-np.inf, np.inf),
        "sigmoid": (0.0, 1.0),
        "tanh": (-1.0, 1.0),
        "relu": (0.0, np.inf),
        "leaky_relu": (-np.inf, np.inf),
    }
    assert (low, high) == expected[name]
    assert np.isnan(nan)
    # A NaN among numbers spoils nothing but itself, wherever it stands in a vector register.
    for at in range(33):
        row = np.linspace(-2, 2, 33).astype(dtype)
        clean = forward(name, row)
        row[at] = np.nan
        spoiled = forward(name, row)
        assert np.isnan(spoiled[at])
        assert np.array_equal(np.delete(spoiled, at), np.delete(clean, at))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "identity", "leaky_relu"])
def test_odd_at_zero_keeps_the_sign_of_zero_and_of_the_smallest(name, dtype):
    z = special(dtype)
    z = z[np.abs(z) < 1]
    assert np.array_equal(np.signbit(forward(name, z)), np.signbit(z))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd_bounded_and_exact_where_it_is_linear(dtype):
    z = whole_range(dtype)
    a = forward("tanh", z)
    assert np.array_equal(forward("tanh", -z), -a)
    assert np.abs(a).max() == 1.0
    small = np.abs(z) < np.finfo(dtype).eps / 4
    assert small.sum() > 1000
    assert np.array_equal(a[small], z[small])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_result_is_in_range(name, dtype):
    a = forward(name, whole_range(dtype))
    assert a.max() <= 1.0
    assert a.min() >= (-1.0 if name == "tanh" else 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_multiplies_by_the_slope(name, dtype):
    z = whole_range(dtype)
    z = z[np.isfinite(z)]
    a = forward(name, z)
    grad = np.random.default_rng(0).normal(size=z.size).astype(dtype)
    kept, expected = grad.copy(), grad * SLOPE[name](z.astype(np.longdouble))
    ACTIVATIONS[name][0].backward(z, a, grad)
    # The slope is computed from a, of size up to 1 and with an error of ULPS eps / 2: so is the
    # slope's, doubled by the square.
    assert (np.abs(grad - expected) <= 6 * np.finfo(dtype).eps * np.abs(kept)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_is_the_derivative_of_forward(name, dtype):
    z = np.linspace(-4, 4, 401).astype(dtype)
    z = z[np.abs(z) > 0.01]
    activation = ACTIVATIONS[name][0]
    h = {np.float64: 1e-5, np.float32: 5e-3}[dtype]
    slope = np.ones_like(z)
    activation.backward(z, forward(name, z), slope)
    above, below = (z + dtype(h)), (z - dtype(h))
    numeric = (forward(name, above) - forward(name, below)) / (above - below)
    # h^2 / 6 times the third derivative (at most 2), and eps / h.
    tolerance = h**2 + 4 * np.finfo(dtype).eps / h
    assert np.abs(slope - numeric).max() <= tolerance


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 128])
def test_forward_in_place_and_of_any_length_touches_nothing_else(name, dtype, n):
    rng = np.random.default_rng(n)
    z = rng.normal(size=n).astype(dtype)
    expected = forward(name, z)
    frame = np.full(n + 2, 7.0, dtype=dtype)
    frame[1 : n + 1] = z
    ACTIVATIONS[name][0].forward(frame[1 : n + 1], frame[1 : n + 1])
    assert np.array_equal(frame[1 : n + 1], expected)
    assert frame[0] == frame[-1] == 7.0
    one_by_one = [forward(name, z[k : k + 1])[0] for k in range(n)]
    # Alone or in a vector register: the same operations, though a compiler may fuse two of them.
    assert (np.abs(np.array(one_by_one) - expected) <= 2 * np.spacing(np.abs(expected))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(
    "arrange",
    [
        lambda array: array[::2],
        lambda array: array[::-1],
        lambda array: array.reshape(20, 12).T,
        lambda array: array.reshape(20, 12)[3:17, 2:9],
        lambda array: np.asfortranarray(array.reshape(20, 12)),
        lambda array: array.reshape(2, 10, 12),
        lambda array: array[5],
    ],
)
def test_arrays_need_not_be_contiguous(name, dtype, arrange):
    rng = np.random.default_rng(4)
    activation = ACTIVATIONS[name][0]
    base = [rng.normal(size=240).astype(dtype) for _ in range(3)]
    z, out, grad = (np.asarray(arrange(array)) for array in base)
    expected, slopes = forward(name, z.copy(order="C")), grad.copy(order="C")
    activation.backward(z.copy(order="C"), expected, slopes)
    z.flags.writeable = False
    activation.forward(z, out)
    assert np.array_equal(out, expected)
    activation.backward(z, out, grad)
    assert np.array_equal(grad, slopes)
    if np.shares_memory(out, base[1]):  # a view: what lies between its elements stays
        rest = np.ones(240, dtype=bool)
        rest[np.asarray(arrange(np.arange(240))).ravel()] = False
        untouched = np.random.default_rng(4)
        original = [untouched.normal(size=240).astype(dtype) for _ in range(3)]
        assert np.array_equal(base[1][rest], original[1][rest])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_arrays_that_do_not_fit_are_refused(name):
    activation = ACTIVATIONS[name][0]
    z = np.zeros(4)
    with pytest.raises(ValueError, match="must be equal"):
        activation.forward(z, np.zeros(5))
    with pytest.raises(ValueError, match="must be equal"):
        activation.forward(z, np.zeros(4, dtype=np.float32))
    with pytest.raises(ValueError, match="must be equal"):
        activation.backward(z, z, np.zeros(3))
    with pytest.raises(TypeError, match="must be float32 or float64"):
        activation.forward(np.zeros(4, dtype=int), np.zeros(4, dtype=int))
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        activation.forward(z, frozen)


@pytest.mark.parametrize("leak", [-0.1, np.nan, np.inf])
def test_a_leak_outside_its_range_is_refused(leak):
    with pytest.raises(ValueError, match=r"^leak="):
        hbcd.LeakyReLU(leak)


@pytest.mark.skipif(levels.INSIDE, reason="this is such a run")
@pytest.mark.parametrize("level", levels.OTHERS)
def test_activations_are_right_on_every_instruction_set(level):
    levels.run_on(level, __file__)


@pytest.mark.skipif(not levels.INSIDE, reason="for the runs that the test above starts")
def test_the_level_asked_for_is_the_one_that_runs():
    assert levels.CONFIG["simd"] == levels.ASKED
