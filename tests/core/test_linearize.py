"""The Jacobian of a network, kept, and products of matrices of few rows."""

import numpy as np
import pytest

import hbcd
from hbcd import core


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("rows", [1, 255, 257, 1100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products_of_the_jacobian_are_the_normal_equations(rows, dtype):
    layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(5), hbcd.HiddenLayer(4, hbcd.ReLU())]
    net = hbcd.Network([*layers, hbcd.OutputLayer(2)])
    theta = net.init(0, dtype)
    x, y, w = (table.astype(dtype) for table in (drawn(rows, 3), drawn(rows, 2), drawn(rows) ** 2))
    data, own = core.Data(dtype, x, y, w), net.core_network(dtype)
    outputs, targets, jacobian = core.linearize(own, data, theta, 2)
    again = core.linearize(own, data, theta, 1)
    for one, other in zip((outputs, targets, jacobian), again, strict=True):
        assert (one == other).all()
    assert (outputs[:3] == x.T).all()
    assert (outputs[-2:] == net.predict(theta, x).T).all()
    assert (targets[:2] == y.T).all()
    assert (targets[2:4] == np.sqrt(w)).all()
    assert (targets[4] == w).all()
    flat = jacobian.reshape(len(theta), -1)
    matrix = own.normal(data, theta, -1, 1)[2] * 2 * w.sum(dtype=np.float64)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert np.allclose(flat @ flat.T, matrix, rtol=tolerance, atol=tolerance * abs(matrix).max())


def test_rows_of_an_index_are_a_table_of_their_own():
    x, y, w = drawn(600, 3), drawn(600, 2), drawn(600) ** 2
    index = np.random.default_rng(1).permutation(600)[:300]
    net = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(4), hbcd.OutputLayer(2)])
    theta, own = net.init(0), net.core_network(np.float64)
    taken = core.take_rows(core.Data(np.float64, x, y, w, penalty=0.1), index, 2)
    made = core.Data(np.float64, x[index], y[index], w[index], penalty=0.1)
    assert taken.rows == 300
    assert own.loss(taken, theta, None, 1) == own.loss(made, theta, None, 1)
    for wrong in ([], [600], [-1]):
        with pytest.raises(ValueError, match="index: must be some of the 300 rows"):
            core.take_rows(taken, np.array(wrong, dtype=int), 1)


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (7, 300), (40, 5000)])
def test_products_and_sums_of_rows_are_those_of_numpy(n, columns):
    b, v, c = drawn(n, columns), drawn(3, columns, seed=1), drawn(3, n, seed=2)
    assert np.allclose(core.row_products(b, v, 1), v @ b.T, rtol=1e-12, atol=1e-11)
    assert np.allclose(core.row_sums(b, c, 1), c @ b, rtol=1e-12, atol=1e-12)
    assert (core.row_products(b, v, 2) == core.row_products(b, v, 1)).all()
    assert (core.row_sums(b, c, 2) == core.row_sums(b, c, 1)).all()


def test_a_whitened_matrix_has_products_of_the_inverse():
    b = drawn(30, 2000)
    a, add = b @ b.T, np.full(30, 0.5)
    for threads in (1, 2):
        white = b.copy()
        assert core.whiten(a, add, white, threads)
        root = np.linalg.cholesky(a + 0.5 * np.eye(30))
        assert np.allclose(white, np.linalg.solve(root, b), atol=1e-12)
    kept = b.copy()
    assert not core.whiten(-a, add, kept, 1)
    assert (kept == b).all()


def test_arrays_of_another_shape_are_refused():
    b = drawn(4, 10)
    with pytest.raises(ValueError, match=r"has shape \(3, 9\), must be \(3, 10\)"):
        core.row_products(b, drawn(3, 9), 1)
    with pytest.raises(ValueError, match="has shape"):
        core.row_sums(b, drawn(3, 5), 1)
    with pytest.raises(ValueError, match="has shape"):
        core.whiten(drawn(3, 3), np.ones(3), b, 1)
