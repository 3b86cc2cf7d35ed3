"""The short way of `predict` for a few rows: the bits of the long way, and the same refusals."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import hbcd

NET = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(6), hbcd.OutputLayer(2)])


def rows(n, dtype=np.float64):
    return np.random.default_rng(n).normal(size=(n, 3)).astype(dtype)


def long_way(theta, x):
    out = np.empty((len(x), 2), theta.dtype)
    NET.core_network(theta.dtype).predict(theta, x, out, 1)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 255, 256, 257, 600, 3000])
def test_the_short_way_gives_the_bits_of_the_long_way(n, dtype):
    theta, x = NET.init(n, dtype), rows(n, dtype)
    short = NET.core_network(dtype).predict_few(theta, x)
    assert short is not None
    assert short.dtype == dtype
    assert np.array_equal(short, long_way(theta, x))
    assert np.array_equal(NET.predict(theta, x), short)


@pytest.mark.parametrize(
    "x",
    [
        rows(5).tolist(),
        rows(5)[:, ::-1][:, :2],
        rows(5).astype(int),
        rows(5).astype(">f8"),
        np.full((2, 3), np.nan),
        np.full((2, 3), np.inf),
        np.empty((0, 3)),
        rows(5)[0],
        rows(5).astype(complex),
        np.frombuffer(b"\0" * (8 * 6 + 1), dtype=np.uint8)[1:].view(np.float64).reshape(2, 3),
    ],
)
def test_what_needs_a_second_look_takes_the_long_way(x):
    assert NET.core_network(np.float64).predict_few(NET.init(0), x) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_numbers_are_refused_as_ever(bad):
    theta, x = NET.init(0), rows(2)
    NET.predict(theta, x)
    x[1, 2] = bad
    with pytest.raises(ValueError, match="row 1, column 2"):
        NET.predict(theta, x)
    theta[3] = bad
    with pytest.raises(ValueError, match="theta"):
        NET.predict(theta, rows(2))


def test_any_stride_of_few_rows_will_do():
    theta, x = NET.init(0), rows(40)
    wide = np.asfortranarray(np.repeat(x, 2, axis=0))
    assert np.array_equal(NET.predict(theta, wide[::2]), long_way(theta, x))


def test_many_threads_at_once_do_not_share_their_work_space():
    theta, tables = NET.init(0), [rows(1 + k % 200) for k in range(400)]
    expected = [long_way(theta, x) for x in tables]

    def predict(x):
        return NET.predict(theta, x)

    with ThreadPoolExecutor(8) as pool:
        for got, want in zip(pool.map(predict, tables), expected, strict=True):
            assert np.array_equal(got, want)
