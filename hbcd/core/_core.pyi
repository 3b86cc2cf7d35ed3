"""Types of what the compiled module offers to the package; what only it uses is left out."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import disjoint_base  # known to every type checker; never imported

# Vectors and tables of float32 or float64.
_Real: TypeAlias = NDArray[Any]
_Box: TypeAlias = tuple[_Real, _Real]
_Columns: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]  # mean, scale
# (part or None for a dense layer, activation or None, n_out, n_params)
_LayerRow: TypeAlias = tuple[Any, Any, int, int]
# phase, epoch, step, block, loss, best, seconds, n_evaluations
_Progress: TypeAlias = Callable[[int, int, int, int, float, float, float, int], object]

# Name -> kind of the tables of built-in parts.
ACTIVATIONS: Final[dict[str, int]]
LOSSES: Final[dict[str, int]]
SENSITIVITIES: Final[dict[str, int]]
SELECTORS: Final[dict[str, int]]
# One line of a history as the core writes it.
RECORD: Final[np.dtype[np.void]]

# The kinds of events of the core, by their numbers.
EVENTS: Final[tuple[str, ...]]
HISTORY_TYPES: dict[str, np.dtype[Any]]

class StopEvaluating(Exception): ...

class StopLimits:
    __slots__ = ("f_tol", "max_evaluations", "max_iterations", "max_seconds", "pg_tol", "target")
    pg_tol: float
    f_tol: float
    target: float | None
    max_iterations: int | None
    max_evaluations: int | None
    max_seconds: float | None
    def __init__(
        self,
        pg_tol: float,
        f_tol: float,
        target: float | None,
        max_iterations: int | None,
        max_evaluations: int | None,
    ) -> None: ...

@disjoint_base
class BlockState:
    def __init__(
        self,
        n_blocks: int,
        sensitivities: ArrayLike,
        *,
        last_visits: ArrayLike | None = None,
        gradient_norms: ArrayLike | None = None,
        curvatures: ArrayLike | None = None,
        gains: ArrayLike | None = None,
        operations: ArrayLike | None = None,
        tolerance: float = 0.0,
        last: int = -1,
        repeats: int = 0,
        step: int = 0,
        rng: np.random.Generator | int | None = None,
    ) -> None: ...
    @property
    def n_blocks(self) -> int: ...
    @property
    def sensitivities(self) -> NDArray[np.float64]: ...
    @property
    def last_visits(self) -> NDArray[np.uintp]: ...
    @property
    def gradient_norms(self) -> NDArray[np.float64]: ...
    @property
    def curvatures(self) -> NDArray[np.float64]: ...
    @property
    def gains(self) -> NDArray[np.float64]: ...
    @property
    def operations(self) -> NDArray[np.float64]: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def last(self) -> int: ...
    @property
    def repeats(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def rng(self) -> np.random.Generator: ...

@disjoint_base
class CoreObjective:
    def __call__(self, x: ArrayLike) -> tuple[float, _Real]: ...
    def value(self, x: ArrayLike) -> float: ...
    @property
    def status(self) -> int: ...

@disjoint_base
class Data:
    def __init__(
        self,
        dtype: DTypeLike,
        x: _Real,
        y: _Real,
        weight: _Real | None = None,
        x_columns: _Columns | None = None,
        y_columns: _Columns | None = None,
        penalty: float = 0.0,
        index: NDArray[np.integer[Any]] | None = None,
        n_threads: int = 1,
        ranks: Any = None,
        first: ArrayLike | None = None,
    ) -> None: ...
    @staticmethod
    def streamed(
        dtype: DTypeLike,
        rows: int,
        n_in: int,
        n_out: int,
        tiles: Any,
        weighted: bool = False,
        penalty: float = 0.0,
        ranks: Any = None,
        first: ArrayLike | None = None,
    ) -> Data: ...
    def set_penalty(self, penalty: float) -> None: ...
    @property
    def own_rows(self) -> int: ...
    @property
    def all_here(self) -> bool: ...
    @property
    def weight_sum(self) -> float: ...
    @property
    def dtype(self) -> int: ...
    @property
    def rows(self) -> int: ...
    def draw_to(self, center: ArrayLike | None) -> None: ...

@disjoint_base
class Net:
    def __init__(
        self, dtype: DTypeLike, n_in: int, layers: Sequence[_LayerRow], loss: Any
    ) -> None: ...
    @property
    def dtype(self) -> int: ...
    @property
    def n_params(self) -> int: ...
    @property
    def calls_python(self) -> bool: ...
    def blocks(self) -> list[tuple[int, int, int, int, int]]: ...
    def predict_few(self, theta: Any, x: Any) -> Any: ...
    def predict(
        self,
        theta: _Real,
        x: _Real,
        out: _Real,
        n_threads: int,
        x_columns: _Columns | None = None,
    ) -> None: ...
    def loss(self, data: Data, theta: _Real, gradient: _Real | None, n_threads: int) -> float: ...
    def normal(
        self, data: Data, theta: _Real, block: int, n_threads: int
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]: ...
    def pullback(
        self,
        theta: _Real,
        x: _Real,
        grad_out: _Real,
        grad_x: _Real | None,
        grad: NDArray[np.float64],
    ) -> None: ...
    def sensitivities(
        self, measure: Any, theta: _Real, gradient: _Real, box: _Box | None = None
    ) -> NDArray[np.float64]: ...

@disjoint_base
class LossFunction:
    def __init__(self, net: Net, data: Data, n_threads: int) -> None: ...
    def evaluate(self, theta: _Real, gradient: _Real | None) -> float: ...

@disjoint_base
class Points:
    @property
    def theta(self) -> _Real: ...
    @property
    def best_theta(self) -> _Real: ...

@disjoint_base
class Watch:
    interrupted: bool
    def __init__(
        self,
        context: Any,
        max_seconds: float | None,
        progress: _Progress | None = None,
        callback: Callable[[NDArray[np.float64], float], object] | None = None,
        keep_history: bool = False,
    ) -> None: ...
    def history(self) -> dict[str, _Real]: ...

def all_finite(array: _Real) -> bool: ...
def config() -> dict[str, Any]: ...
def status_text(status: int) -> str: ...
def activation_forward(name: str, parameter: float, z: _Real, out: _Real) -> None: ...
def activation_backward(
    name: str, parameter: float, z: _Real | None, a: _Real, grad: _Real
) -> None: ...
def activation_curvature(name: str, parameter: float, a: _Real, grad: _Real) -> None: ...
def loss_of_rows(
    name: str, parameters: Sequence[float], out: _Real, target: _Real, grad: _Real | None = None
) -> NDArray[np.float64]: ...
def compiled_forward_call(part: Any, z: _Real, out: _Real) -> None: ...
def compiled_backward_call(part: Any, z: _Real, a: _Real, grad: _Real) -> None: ...
def compiled_curvature_call(part: Any, z: _Real, a: _Real, grad: _Real) -> None: ...
def measure_sensitivity(
    name: str,
    theta: _Real,
    gradient: _Real,
    block: slice,
    box: _Box | None = None,
    n_outputs: int = 1,
) -> float: ...
def select_block(name: str, about: BlockState, max_repeats: int | None = None) -> int: ...
def check_compiled_activation(forward: Any, backward: Any, curvature: Any = None) -> None: ...
def check_compiled_layer(forward: Any, backward: Any) -> None: ...
def check_compiled_loss(function: Any) -> None: ...
def compiled_layer_forward_call(part: Any, theta: _Real, x: _Real, out: _Real) -> None: ...
def compiled_layer_backward_call(
    part: Any,
    theta: _Real,
    x: _Real,
    out: _Real,
    grad_out: _Real,
    grad_x: _Real,
    grad_theta: _Real,
) -> None: ...
def compiled_loss_call(
    part: Any, out: _Real, target: _Real, grad: _Real | None = None
) -> NDArray[np.float64]: ...
def minimize(
    optimizer: Any,
    fun: Callable[[Any, bool], tuple[float, Any]],
    x: _Real,
    lo: _Real | None,
    hi: _Real | None,
    stop: Any,
    seed: int,
    callback: Callable[[NDArray[np.float64], float], object] | None = None,
    row: str | None = None,
    normal: Callable[[Any], tuple[float, Any, Any]] | None = None,
) -> dict[str, Any]: ...
def train(
    net: Net,
    data: Data,
    held_out: Data | None,
    theta: _Real,
    phases: Sequence[Any],
    stop: Any,
    seed: int,
    n_threads: int,
    progress: _Progress | None = None,
    events: Callable[..., int] | None = None,
    wanted: int = 0,
    score: Callable[[_Real, float], float] | None = None,
    patience: int | None = None,
) -> tuple[dict[str, Any], dict[str, _Real], BaseException | None]: ...
def lane_rows(rows: int) -> NDArray[np.int64]: ...
def add_nodes(
    first: ArrayLike, lanes: ArrayLike, vectors: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def pack_tiles(
    dtype: DTypeLike,
    x: _Real,
    y: _Real,
    weight: _Real | None = None,
    x_columns: _Columns | None = None,
    y_columns: _Columns | None = None,
) -> tuple[_Real, _Real, _Real | None]: ...
def take_rows(data: Data, index: ArrayLike, n_threads: int) -> Data: ...
def linearize(
    net: Net, data: Data, theta: _Real, n_threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def jacobian(
    net: Net,
    theta: _Real,
    x: _Real,
    out: _Real | None,
    jacobian: _Real,
    in_theta: bool,
    n_threads: int,
    x_columns: _Columns | None = None,
) -> None: ...
def hessian(
    net: Net,
    theta: _Real,
    x: _Real,
    multipliers: _Real | None,
    hessian: _Real,
    n_threads: int,
    x_columns: _Columns | None = None,
) -> None: ...
def whiten(
    a: NDArray[np.float64], add: NDArray[np.float64], b: NDArray[np.float64], n_threads: int
) -> bool: ...
def row_products(
    b: NDArray[np.float64], v: NDArray[np.float64], n_threads: int
) -> NDArray[np.float64]: ...
def row_sums(
    b: NDArray[np.float64], c: NDArray[np.float64], n_threads: int
) -> NDArray[np.float64]: ...
