"""A `scipy.LowLevelCallable` as a loss: the numbers of a built-in one, without the interpreter."""

import copy
import ctypes
import os
import shutil
import subprocess
import threading

import numpy as np
import pytest
from scipy import LowLevelCallable

import hbcd
from support.custom_parts import both_precisions, data

SHAPE = [hbcd.InputLayer(3), hbcd.HiddenLayer(6), hbcd.OutputLayer(2)]
ROWS = 8000  # enough work for a second thread


def squared_error(number=ctypes.c_double, user_data=False, status=0):
    """Half the mean square over the outputs, as a C function pointer made by ctypes."""
    array = ctypes.POINTER(number)
    extra = [ctypes.c_void_p] if user_data else []

    def loss(rows, ld, outputs, with_gradient, out, target, value, gradient, *data):
        z, y = (np.ctypeslib.as_array(a, (outputs, ld))[:, :rows] for a in (out, target))
        error = z.astype(float) - y
        np.ctypeslib.as_array(value, (rows,))[:] = np.square(error).sum(axis=0) / (2 * outputs)
        assert bool(with_gradient) == bool(gradient)
        if with_gradient:
            np.ctypeslib.as_array(gradient, (outputs, ld))[:, :rows] = error / outputs
        return status

    kinds = [ctypes.c_int] * 4, [array, array, ctypes.POINTER(ctypes.c_double), array]
    made = ctypes.CFUNCTYPE(ctypes.c_int, *kinds[0], *kinds[1], *extra)(loss)
    return LowLevelCallable(made)


def rows(n=ROWS):
    x, y = data(n)
    return x, np.column_stack([y, y**2])


@both_precisions
@pytest.mark.parametrize("user_data", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_compiled_function_is_a_loss(dtype, user_data, n_threads):
    number = ctypes.c_float if dtype == np.float32 else ctypes.c_double
    own = hbcd.Network(SHAPE, hbcd.CompiledLoss(squared_error(number, user_data)))
    built_in = hbcd.Network(SHAPE)
    theta = built_in.init(0, dtype)
    weight = np.random.default_rng(1).integers(0, 3, ROWS)
    x, y = rows()
    f, g = own.loss_and_gradient(theta, x, y, weight, n_threads=n_threads)
    expected_f, expected_g = built_in.loss_and_gradient(theta, x, y, weight)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13  # rounding of sums in another order
    assert f == pytest.approx(expected_f, rel=tolerance)
    assert np.abs(g - expected_g).max() < tolerance
    report = own.train(theta, x[:300], y[:300], strategy=hbcd.FullBatch(max_iterations=20))
    assert report.loss < 0.3 * report.initial_loss


def test_it_may_be_called_from_python_and_from_other_layouts():
    loss = hbcd.CompiledLoss(squared_error())
    rng = np.random.default_rng(0)
    out, target = rng.normal(size=(2, 5, 3))
    grad = np.empty((3, 5)).T
    assert loss.evaluate(out, target, grad) == pytest.approx(np.square(out - target).sum(1) / 6)
    assert np.array_equal(grad, (out - target) / 3)
    assert loss.evaluate(out, target, None).shape == (5,)
    with pytest.raises(ValueError, match="must have the same two axes"):
        loss.evaluate(out, target[:, :2], None)


@pytest.mark.parametrize("n", [0, 256, 257, 700])
def test_called_from_python_it_gets_at_most_256_rows_at_a_time(n):
    real, sizes = ctypes.POINTER(ctypes.c_double), []
    kind = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * 4, *[real] * 4)

    def counting(rows, ld, outputs, with_gradient, out, target, value, gradient):
        sizes.append(rows)
        np.ctypeslib.as_array(value, (rows,))[:] = np.ctypeslib.as_array(out, (outputs, ld))[0]
        return 0

    out = np.arange(3.0 * n).reshape(n, 3)
    values = hbcd.CompiledLoss(LowLevelCallable(kind(counting))).evaluate(out, out, None)
    assert np.array_equal(values, out[:, 0])
    assert sum(sizes) == n
    assert max(sizes, default=0) <= 256


def test_a_function_of_another_signature_is_refused():
    with pytest.raises(TypeError, match=r"function=.*must be a scipy.LowLevelCallable"):
        hbcd.CompiledLoss(np.square)
    with pytest.raises(TypeError, match="mean=3: must be callable or None"):
        hbcd.CompiledLoss(squared_error(), 3)
    array = ctypes.POINTER(ctypes.c_double)
    wrong = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, array)(lambda n, z: 0)
    rule = r"must be 'int \(int, int, int, int, double \*, double \*, double \*, double \*\)'"
    with pytest.raises(ValueError, match=rf"signature='int \(int, double \*\)': {rule}"):
        hbcd.CompiledLoss(LowLevelCallable(wrong))
    for number, dtype in ((ctypes.c_double, np.float32), (ctypes.c_float, np.float64)):
        net = hbcd.Network(SHAPE, hbcd.CompiledLoss(squared_error(number)))
        with pytest.raises(ValueError, match=f"must be for {np.dtype(dtype)}"):
            net.loss_and_gradient(net.init(0, dtype), *rows(5))


def test_a_function_that_fails_is_an_error():
    net = hbcd.Network(SHAPE, hbcd.CompiledLoss(squared_error(status=1)))
    with pytest.raises(
        ValueError, match=r"^CompiledLoss: function returned 1: a compiled function"
    ):
        net.loss_and_gradient(net.init(0), *rows(5))


def test_it_has_no_gauss_newton_matrix_and_cannot_be_saved(tmp_path):
    loss = hbcd.CompiledLoss(squared_error())
    net = hbcd.Network(SHAPE, loss)
    with pytest.raises(ValueError, match="has no Gauss-Newton matrix"):
        net.train(net.init(0), *rows(50), strategy=hbcd.FullBatch(hbcd.LevenbergMarquardt()))
    with pytest.raises(ValueError, match="has no Gauss-Newton matrix"):
        net.bind(*rows(50)).normal_equations(net.init(0))
    model = hbcd.HybridRegressor((3,), strategy="bcd", loss=loss, random_state=0).fit(*rows(50))
    with pytest.raises(ValueError, match="a file holds no code"):
        model.save(tmp_path / "own.hbcd")


def test_an_estimator_takes_it_with_its_link_and_may_be_cloned():
    from sklearn.base import clone

    x, y = rows(300)
    plain = hbcd.HybridRegressor((5,), random_state=0).fit(x, y)
    loss = hbcd.CompiledLoss(squared_error(), lambda out: 3.0 * out, standardize_target=False)
    model = clone(hbcd.HybridRegressor((5,), loss=loss, random_state=0))
    assert model.loss is loss is copy.deepcopy(loss)
    model.fit(x, y / 3.0)
    assert np.abs(model.network_.predict(model.theta_, model.x_scaler_.forward(x, float)) * 3.0
                  - model.predict(x)).max() < 1e-12  # fmt: skip
    assert model.score(x, y) > 0.8 * plain.score(x, y)


def test_a_subclass_does_not_inherit_the_compiled_path():
    class Twice(hbcd.CompiledLoss):
        def evaluate(self, out, target, grad):
            values = 2.0 * super().evaluate(out, target, grad)
            if grad is not None:
                grad *= 2.0
            return values

    function = squared_error()
    one, two = (hbcd.Network(SHAPE, kind(function)) for kind in (hbcd.CompiledLoss, Twice))
    theta = one.init(0)
    f, g = one.loss_and_gradient(theta, *rows(300))
    twice_f, twice_g = two.loss_and_gradient(theta, *rows(300))
    assert twice_f == pytest.approx(2 * f, rel=1e-14)
    assert np.allclose(twice_g, 2 * g, rtol=1e-13, atol=0)


# ---- functions that a compiler made: no interpreter in them -----------------------------------

SOURCE = r"""
#include <time.h>
typedef struct { long called, released, inside, most; } meeting;

#define ARGUMENTS                                                                              \
    int rows, int ld, int outputs, int with_gradient, const double *out, const double *target, \
        double *value, double *gradient
#define LOAD(where) __atomic_load_n(&(where), __ATOMIC_SEQ_CST)

static void squares(ARGUMENTS)
{
    for (int r = 0; r < rows; r++) value[r] = 0;
    for (int k = 0; k < outputs; k++)
        for (int r = 0; r < rows; r++) {
            double e = out[k * ld + r] - target[k * ld + r];
            value[r] += e * e / (2 * outputs);
            if (with_gradient) gradient[k * ld + r] = e / outputs;
        }
}

/* Waits until some Python thread has released it: in vain where the interpreter lock is held. */
int waits(ARGUMENTS, void *data)
{
    meeting *m = data;
    time_t end = time(0) + 30;
    __atomic_store_n(&m->called, 1, __ATOMIC_SEQ_CST);
    while (!LOAD(m->released))
        if (time(0) > end) return 1;
    squares(rows, ld, outputs, with_gradient, out, target, value, gradient);
    return 0;
}

/* Waits until two threads have been in it at once. */
int meets(ARGUMENTS, void *data)
{
    meeting *m = data;
    time_t end = time(0) + 30;
    if (__atomic_add_fetch(&m->inside, 1, __ATOMIC_SEQ_CST) == 2)
        __atomic_store_n(&m->most, 2, __ATOMIC_SEQ_CST);
    while (LOAD(m->most) < 2)
        if (time(0) > end) return 1;
    __atomic_sub_fetch(&m->inside, 1, __ATOMIC_SEQ_CST);
    squares(rows, ld, outputs, with_gradient, out, target, value, gradient);
    return 0;
}
"""
COMPILER = os.environ.get("CC", "cc").split()


class Meeting(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("called", "released", "inside", "most")]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if shutil.which(COMPILER[0]) is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("loss")
    (folder / "loss.c").write_text(SOURCE)
    subprocess.run([*COMPILER, "-O2", "-fPIC", "-shared", "loss.c", "-o", "loss.so"], cwd=folder,
                   check=True, timeout=120)  # fmt: skip
    return ctypes.CDLL(str(folder / "loss.so"))


def network_of(library, name):
    """A network with one of the functions above, and what the function notes."""
    meeting = Meeting()
    function, array = getattr(library, name), ctypes.POINTER(ctypes.c_double)
    function.argtypes = [*[ctypes.c_int] * 4, *[array] * 4, ctypes.c_void_p]
    function.restype = ctypes.c_int
    place = ctypes.cast(ctypes.byref(meeting), ctypes.c_void_p)
    return hbcd.Network(SHAPE, hbcd.CompiledLoss(LowLevelCallable(function, place))), meeting


def test_other_python_threads_run_while_it_runs(library):
    net, meeting = network_of(library, "waits")

    def release():
        while not meeting.called:
            pass
        meeting.released = 1

    other = threading.Thread(target=release)
    other.start()
    found = net.loss_and_gradient(net.init(0), *rows(5))
    other.join()
    expected = hbcd.Network(SHAPE).loss_and_gradient(net.init(0), *rows(5))
    assert found[0] == pytest.approx(expected[0], rel=1e-13)


@pytest.mark.skipif(not hbcd.show_config()["openmp"], reason="one thread per fit without OpenMP")
def test_it_runs_on_several_threads_at_once_with_the_bits_of_one(library):
    net, meeting = network_of(library, "meets")
    theta = net.init(0)
    together = net.loss_and_gradient(theta, *rows(), n_threads=2)
    assert meeting.most == 2
    alone = net.loss_and_gradient(theta, *rows(), n_threads=1)
    assert together[0] == alone[0]
    assert together[1].tobytes() == alone[1].tobytes()
