"""Compiled layers for tests: C function pointers around NumPy, and a library built from C."""

import ctypes
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
from scipy import LowLevelCallable

import hbcd

NUMBERS = {np.dtype(np.float32): ctypes.c_float, np.dtype(np.float64): ctypes.c_double}


class Quadratic(hbcd.Layer):
    """``out_k = x_k + theta_k x_k**2`` and, as one output more, ``theta_n sum_k x_k``."""

    def n_parameters(self, n_in):
        return n_in + 1

    def n_out(self, n_in):
        return n_in + 1

    def init(self, n_in, rng):
        return rng.normal(size=n_in + 1)

    def forward(self, theta, x, out):
        out[:, :-1] = x + theta[:-1] * x**2
        out[:, -1] = theta[-1] * x.sum(axis=1)

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        grad_x[...] = grad_out[:, :-1] * (1 + 2 * theta[:-1] * x) + theta[-1] * grad_out[:, -1:]
        grad_theta[:-1] += (grad_out[:, :-1] * x**2).sum(axis=0)
        grad_theta[-1] += (grad_out[:, -1] * x.sum(axis=1)).sum()


def tile(pointer, features, rows, ld):
    """The (rows, features) that a compiled function finds at a pointer."""
    return np.ctypeslib.as_array(pointer, (features, ld))[:, :rows].T


def vector(pointer, n):
    return np.ctypeslib.as_array(pointer, (n,))


def layer_callables(twin, dtype=np.float64, *, user_data=False, status=(0, 0), calls=None):
    """(forward, backward) of a `CompiledLayer`, which run the methods of a `Layer`.

    status: what the two return.  calls: a list that receives (name, rows, flags) of every call.
    """
    array, number = ctypes.POINTER(NUMBERS[np.dtype(dtype)]), ctypes.c_int
    extra = [ctypes.c_void_p] if user_data else []
    calls = [] if calls is None else calls

    def forward(rows, ld, n_in, n_out, theta, x, out, *data):
        calls.append(("forward", rows, ()))
        assert (rows <= ld, n_out) == (True, twin.n_out(n_in))
        theta = vector(theta, twin.n_parameters(n_in))
        twin.forward(theta, tile(x, n_in, rows, ld), tile(out, n_out, rows, ld))
        return status[0]

    def backward(rows, ld, n_in, n_out, with_x, with_theta, *pointers):
        calls.append(("backward", rows, (with_x, with_theta)))
        theta, x, out, grad_out, grad_x, grad_theta = pointers[:6]
        n = twin.n_parameters(n_in)
        assert (bool(grad_x), bool(grad_theta)) == (with_x != 0, with_theta != 0)
        twin.backward(
            vector(theta, n),
            tile(x, n_in, rows, ld),
            tile(out, n_out, rows, ld),
            tile(grad_out, n_out, rows, ld),
            tile(grad_x, n_in, rows, ld) if with_x else np.empty((rows, n_in), dtype),
            vector(grad_theta, n) if with_theta else np.zeros(n, dtype),
        )
        return status[1]

    kinds = [
        ctypes.CFUNCTYPE(number, *[number] * sizes, *[array] * arrays, *extra)
        for sizes, arrays in ((4, 3), (6, 6))
    ]
    return LowLevelCallable(kinds[0](forward)), LowLevelCallable(kinds[1](backward))


def compiled_layer(twin, dtype=np.float64, **options):
    """A `CompiledLayer` that computes what a `Layer` computes."""
    pair = layer_callables(twin, dtype, **options)
    return hbcd.CompiledLayer(*pair, twin.n_out, twin.n_parameters, twin.init)


class Loaded(hbcd.CompiledLayer):
    """A `Quadratic` that finds its functions itself: its name is all that a file needs."""

    def __init__(self):
        twin = Quadratic()
        super().__init__(*layer_callables(twin), twin.n_out, twin.n_parameters, twin.init)

    def __reduce__(self):
        return Loaded, ()


SOURCE = """
int forward(int rows, int ld, int n_in, int n_out, real *theta, real *x, real *out)
{
    (void)n_out;
    for (int r = 0; r < rows; r++) {
        real sum = 0;
        for (int k = 0; k < n_in; k++) {
            real value = x[k * ld + r];
            out[k * ld + r] = value + theta[k] * value * value;
            sum += value;
        }
        out[n_in * ld + r] = theta[n_in] * sum;
    }
    return 0;
}

int backward(int rows, int ld, int n_in, int n_out, int with_grad_x, int with_grad_theta,
             real *theta, real *x, real *out, real *grad_out, real *grad_x, real *grad_theta)
{
    (void)n_out, (void)out;
    for (int r = 0; r < rows; r++) {
        real sum = 0, last = grad_out[n_in * ld + r];
        for (int k = 0; k < n_in; k++) {
            real value = x[k * ld + r], slope = grad_out[k * ld + r];
            real straight = theta[n_in] * last;
            if (with_grad_x) grad_x[k * ld + r] = slope * (1 + 2 * theta[k] * value) + straight;
            if (with_grad_theta) grad_theta[k] += slope * value * value;
            sum += value;
        }
        if (with_grad_theta) grad_theta[n_in] += last * sum;
    }
    return 0;
}
"""


def compiler():
    """The C compiler that Python was built with, or None."""
    return shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])


def built_layer(folder: Path, dtype=np.float64):
    """`Quadratic` as a library in C: no Python runs in it."""
    number = NUMBERS[np.dtype(dtype)]
    name = {ctypes.c_float: "float", ctypes.c_double: "double"}[number]
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(f"typedef {name} real;\n{SOURCE}")
    subprocess.run(
        [compiler(), "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True
    )
    functions = ctypes.CDLL(str(library))
    for function, sizes, arrays in ((functions.forward, 4, 3), (functions.backward, 6, 6)):
        function.restype = ctypes.c_int
        function.argtypes = [ctypes.c_int] * sizes + [ctypes.POINTER(number)] * arrays
    twin = Quadratic()
    return hbcd.CompiledLayer(
        LowLevelCallable(functions.forward),
        LowLevelCallable(functions.backward),
        twin.n_out,
        twin.n_parameters,
        twin.init,
    )
