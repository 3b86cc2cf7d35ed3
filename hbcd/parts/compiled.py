"""Parts that are compiled functions of the user, as `scipy.LowLevelCallable`.

They run without the interpreter lock, on all threads, at the speed of the core.  SciPy is imported
when the first of them is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer
from hbcd.parts.losses import Loss, check_shapes
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["CompiledActivation", "CompiledLayer", "CompiledLoss"]

Array = NDArray[Any]
#: Rows of one call.
TILE = 256


def _check_callables(**functions: Any) -> None:
    from scipy import LowLevelCallable

    for name, function in functions.items():
        if not isinstance(function, LowLevelCallable):
            raise TypeError(f"{name}={function!r}: must be a scipy.LowLevelCallable")


def _tiles(rows: int) -> Iterator[slice]:
    return (slice(start, start + TILE) for start in range(0, rows, TILE))


@public
class CompiledActivation(Activation):
    """A pair of `scipy.LowLevelCallable`, run without the interpreter at the speed of the core.

    Parameters
    ----------
    forward : scipy.LowLevelCallable
        ``int forward(int n, double *z, double *a)``: writes n values, returns 0.
    backward : scipy.LowLevelCallable
        ``int backward(int n, double *z, double *a, double *g)``: ``g *= slope``, returns 0.
        ``float *`` in all of them for float32 networks.  A last ``void *`` parameter receives the
        user data.  They are called from several threads at once.
    curvature : scipy.LowLevelCallable, optional
        As `backward`, with the second derivative in place of the slope; None: it is not known, and
        `Network.input_hessian` refuses the activation.

    Raises
    ------
    TypeError
        Not a `LowLevelCallable`.
    ValueError
        A signature other than the above; when the network is used, one of the other precision.
    """

    _native = "compiled"

    def __init__(self, forward: Any, backward: Any, curvature: Any = None) -> None:
        _check_callables(forward=forward, backward=backward)
        if curvature is not None:
            _check_callables(curvature=curvature)
        core.check_compiled_activation(forward, backward, curvature)
        self.forward_function = forward
        self.backward_function = backward
        self.curvature_function = curvature

    def __deepcopy__(self, memo: Any) -> CompiledActivation:
        """Itself: functions cannot be copied, and none of this changes."""
        return self

    def forward(self, z: Array, out: Array) -> None:
        """Runs the compiled function on a vector."""
        core.compiled_forward_call(self, z, out)

    def backward(self, z: Array, a: Array, grad: Array) -> None:
        """Runs the compiled slope on a vector."""
        core.compiled_backward_call(self, z, a, grad)

    def curvature(self, z: Array, a: Array, grad: Array) -> None:
        """Runs the compiled second derivative on a vector."""
        if self.curvature_function is None:
            raise NotImplementedError(f"{type(self).__name__}.curvature: was not given")
        core.compiled_curvature_call(self, z, a, grad)


@public
class CompiledLoss(Loss):
    """A `scipy.LowLevelCallable`, run without the interpreter at the speed of the core.

    Parameters
    ----------
    function : scipy.LowLevelCallable
        ``int loss(int rows, int ld, int outputs, int with_gradient, double *out, double *target,
        double *value, double *gradient)``: sets ``value[r]`` to the loss of each of the first
        `rows` rows, at most 256, and, unless `with_gradient` is 0 (then `gradient` is NULL),
        ``gradient[k * ld + r]`` to its derivative in output k; returns 0.  Output k of row r stands
        at ``out[k * ld + r]``, its target likewise; without weights of rows.  For float32
        networks ``float *`` in place of ``double *``, but for `value`.  A last ``void *`` receives
        the user data.  It is called from several threads at once.
    mean : callable, optional
        What outputs predict, as `Loss.mean`; None: the outputs themselves.
    standardize_target : bool, default True
        Whether an estimator hands over targets standardized, (y - mean) / deviation.

    Raises
    ------
    TypeError
        Not a `LowLevelCallable`.
    ValueError
        A signature other than the above; when the network is used, one of the other precision.
    """

    _native = "compiled"

    def __init__(
        self,
        function: Any,
        mean: Callable[[Array], Array] | None = None,
        *,
        standardize_target: bool = True,
    ) -> None:
        _check_callables(function=function)
        if mean is not None and not callable(mean):
            raise TypeError(f"mean={mean!r}: must be callable or None")
        core.check_compiled_loss(function)
        self.function = function
        self.mean_function = mean
        self.standardize_target = bool(standardize_target)

    def __deepcopy__(self, memo: Any) -> CompiledLoss:
        """Itself: a function cannot be copied, and none of this changes."""
        return self

    def evaluate(self, out: Array, target: Array, grad: Array | None) -> Array:
        """Runs the compiled function on rows."""
        check_shapes(out, target, grad)
        values = np.empty(out.shape[0])
        for rows in _tiles(out.shape[0]):
            to = None if grad is None else grad[rows]
            values[rows] = core.compiled_loss_call(self, out[rows], target[rows], to)
        return values

    def mean(self, out: Array) -> Array:
        """What `mean` of the constructor makes of outputs."""
        return out if self.mean_function is None else np.asarray(self.mean_function(out))


@public
class CompiledLayer(Layer):
    """A kind of layer as a pair of `scipy.LowLevelCallable`: ``forward`` and ``backward``.

    Each call is given a tile, the first `rows` of at most 256 rows: input i of row r stands at
    ``x[i * ld + r]``, output k at ``out[k * ld + r]``, ld >= rows, gradients likewise.  What lies
    beyond the first `rows` of a line of ld numbers must be neither used nor written.  Both are
    called from several threads at once, each with another tile.

    Parameters
    ----------
    forward : scipy.LowLevelCallable
        ``int forward(int rows, int ld, int n_in, int n_out, double *theta, double *x, double
        *out)``: sets `out` (n_out, ld) from the parameters theta (n_parameters,) and `x` (n_in,
        ld); returns 0, or another number where it cannot.
    backward : scipy.LowLevelCallable
        ``int backward(int rows, int ld, int n_in, int n_out, int with_grad_x, int with_grad_theta,
        double *theta, double *x, double *out, double *grad_out, double *grad_x, double
        *grad_theta)``: of the gradient `grad_out` (n_out, ld) in `out`, which `forward` wrote, sets
        `grad_x` (n_in, ld) unless `with_grad_x` is 0, then `grad_x` is NULL, and adds to
        `grad_theta` (n_parameters,), the sum over the rows, unless `with_grad_theta` is 0, then it
        is NULL; returns 0.  In both functions ``float *`` in place of ``double *`` for float32
        networks, and a last ``void *`` receives the user data.
    n_out : int or callable
        Number of outputs, or ``n_out(n_in)``.
    n_parameters : int or callable, default 0
        Number of parameters, or ``n_parameters(n_in)``.
    init : callable, optional
        ``init(n_in, rng)``: the initial parameters (n_parameters,), `rng` a
        `numpy.random.Generator`.  None: N(0, 1 / n_in).

    Raises
    ------
    TypeError
        `forward` or `backward` is not a `LowLevelCallable`; `n_out` or `n_parameters` is neither an
        integer nor callable; `init` is not callable.
    ValueError
        A signature other than the above; when the network is used, one of the other precision, or
        a function that did not return 0.

    Notes
    -----
    `LevenbergMarquardt` refuses a layer of this kind that has parameters, as any custom layer: its
    Jacobian is not known.

    A pickle or a model file cannot hold the address of a function.  A layer that is to be saved is
    a subclass that loads its functions in ``__init__`` and says in ``__reduce__`` how to call that.
    A subclass that overrides neither `forward` nor `backward` is run compiled as well.
    """

    _native = "compiled"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if (cls.forward, cls.backward) == (CompiledLayer.forward, CompiledLayer.backward):
            cls._native = "compiled"

    def __init__(
        self,
        forward: Any,
        backward: Any,
        n_out: int | Callable[[int], int],
        n_parameters: int | Callable[[int], int] = 0,
        init: Callable[[int, np.random.Generator], Array] | None = None,
    ) -> None:
        _check_callables(forward=forward, backward=backward)
        core.check_compiled_layer(forward, backward)
        for name, size, low in (("n_out", n_out, 1), ("n_parameters", n_parameters, 0)):
            if not callable(size):
                check_integer(name, size, low)
        if init is not None and not callable(init):
            raise TypeError(f"init={init!r}: must be callable or None")
        self.forward_function = forward
        self.backward_function = backward
        self._n_out = n_out
        self._n_parameters = n_parameters
        self._init = init

    def __deepcopy__(self, memo: Any) -> CompiledLayer:
        """Itself: functions cannot be copied, and none of this changes."""
        return self

    def __reduce__(self) -> Any:
        kind = type(self).__name__
        raise TypeError(
            f"{kind}: cannot be pickled, an address of compiled code is valid in one process only; "
            "subclass it, load the functions in __init__ and write __reduce__"
        )

    def n_out(self, n_in: int) -> int:
        """Number of outputs: what `n_out` of the constructor says."""
        return _size("n_out", self._n_out, n_in, 1)

    def n_parameters(self, n_in: int) -> int:
        """Number of parameters: what `n_parameters` of the constructor says."""
        return _size("n_parameters", self._n_parameters, n_in, 0)

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        """What `init` of the constructor gives, else N(0, 1 / n_in)."""
        n = self.n_parameters(n_in)
        if self._init is None:
            return rng.normal(0.0, 1.0 / np.sqrt(n_in), size=n)
        found = np.asarray(self._init(n_in, rng), dtype=np.float64)
        if found.shape != (n,):
            raise ValueError(f"init({n_in}, rng): has shape {found.shape}, must be ({n},)")
        return found

    def forward(self, theta: Array, x: Array, out: Array) -> None:
        """Runs the compiled function on rows."""
        theta = self._checked(theta, x, out)
        for rows in _tiles(len(x)):
            core.compiled_layer_forward_call(self, theta, x[rows], out[rows])

    def backward(
        self,
        theta: Array,
        x: Array,
        out: Array,
        grad_out: Array,
        grad_x: Array,
        grad_theta: Array,
    ) -> None:
        """Runs the compiled gradient on rows."""
        theta = self._checked(theta, x, out)
        if grad_out.shape != out.shape or grad_x.shape != x.shape:
            raise ValueError("grad_out, grad_x: must have the shapes of out and x")
        if grad_theta.shape != theta.shape:
            raise ValueError(f"grad_theta: has shape {grad_theta.shape}, must be {theta.shape}")
        for rows in _tiles(len(x)):
            core.compiled_layer_backward_call(
                self, theta, x[rows], out[rows], grad_out[rows], grad_x[rows], grad_theta
            )

    def _checked(self, theta: Array, x: Array, out: Array) -> Array:
        """Contiguous theta in the precision of x; ValueError where shapes do not fit together."""
        if x.ndim != 2 or out.shape != (len(x), self.n_out(x.shape[1])):
            raise ValueError(f"x, out: have shapes {x.shape} and {out.shape}, must fit together")
        if theta.shape != (self.n_parameters(x.shape[1]),):
            n = self.n_parameters(x.shape[1])
            raise ValueError(f"theta: has shape {theta.shape}, must be ({n},)")
        return np.ascontiguousarray(theta, dtype=x.dtype)


def _size(name: str, rule: int | Callable[[int], int], n_in: int, low: int) -> int:
    """The size that a number or a function gives for n_in inputs."""
    found = check_integer(f"{name}({n_in})", rule(n_in) if callable(rule) else rule, low)
    assert found is not None
    return found
