"""Estimators whose `fit` runs on the workers of a Dask cluster, on its arrays and dataframes."""

from __future__ import annotations

import copy
import inspect
import os
import warnings
from dataclasses import replace
from typing import Any, ClassVar, Self

from dask.base import compute, is_dask_collection
from dask.distributed import Client, default_client, get_worker

from hbcd.callbacks.callback_list import as_callbacks
from hbcd.distributed.caught_warnings import caught_warnings
from hbcd.distributed.dask_backend import DaskBackend
from hbcd.distributed.dask_fit import run_on_workers
from hbcd.distributed.dask_predict import lazy_output
from hbcd.distributed.dask_rows import Rows, Table
from hbcd.estimators.base import TrainingInterrupted
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor
from hbcd.parts.stopping import StopReason
from hbcd.utils.sklearn_protocol import Parameters
from hbcd.utils.validation import as_seed, check_integer, check_number

__all__ = ["DaskHybridClassifier", "DaskHybridRegressor"]

Local = HybridRegressor | HybridClassifier
OWN = (
    "client",
    "n_workers",
    "timeout",
    "on_worker_loss",
)  # parameters that estimators in memory do not have
LOSSES = ("raise", "restart")
LONGEST = 1e8  # seconds that can be waited for


class _OnDask(Parameters):
    """The fit of an estimator in memory, on workers; predictions of its collections are lazy."""

    _local: ClassVar[type[Local]]
    client: Any
    n_workers: int | None
    timeout: float
    on_worker_loss: str

    def __init__(
        self,
        *parameters: Any,
        client: Any = None,
        n_workers: int | None = None,
        timeout: float = 60.0,
        on_worker_loss: str = "raise",
        **named: Any,
    ) -> None:
        self._local.__init__(self, *parameters, **named)  # type: ignore[arg-type]
        self.client, self.n_workers = client, n_workers
        self.timeout, self.on_worker_loss = timeout, on_worker_loss

    def __init_subclass__(cls) -> None:
        """The constructor is that of the estimator in memory, with parameters of Dask's."""
        signature = inspect.signature(cls._local.__init__)
        kept = [one for name, one in signature.parameters.items() if name != "backend"]
        own = inspect.signature(_OnDask.__init__).parameters
        function = _constructor()
        function.__signature__ = signature.replace(parameters=[*kept, *(own[name] for name in OWN)])
        cls.__init__ = function  # type: ignore[method-assign]

    # ---- fit

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, eval_set: tuple[Any, Any] | None = None
    ) -> Self:
        """Trains on collections of Dask, on the workers of the client.

        Parameters
        ----------
        X : dask array or dataframe of shape (rows, features)
            Its pieces may be uneven or empty, and need not be those of y.  Rows are taken in their
            order; each worker fetches its share of them once.
        y : dask array, series or dataframe
        sample_weight : dask array or series of shape (rows,), optional
        eval_set : (X, y), optional
            Collections of held-out rows.

        Returns
        -------
        self
            With the attributes, bit by bit, of the estimator in memory after a fit to these rows.

        Raises
        ------
        RankLost
            A worker, or the scheduler, is not there any more.
        KeyboardInterrupt
            Ctrl-C before the training has begun, or a second time.  The first one ends the
            training, as in memory: the best parameters are kept, `TrainingInterrupted` warns.
        ValueError, TypeError
            Bad input or parameters, in one line; a model fitted before stays as it was.
        """
        check_integer("n_workers", self.n_workers, 1, none=True)
        check_number("timeout", self.timeout, low=0.0, high=LONGEST, open_low=True)
        if self.on_worker_loss not in LOSSES:
            listed = " or ".join(map(repr, LOSSES))
            raise ValueError(f"on_worker_loss={self.on_worker_loss!r}: must be {listed}")
        tables = [Table("", (X, y) if sample_weight is None else (X, y, sample_weight))]
        if eval_set is not None:
            if not isinstance(eval_set, (tuple, list)) or len(eval_set) != 2:
                raise ValueError("eval_set: must be a pair (X, y)")
            tables.append(Table("eval_set: ", tuple(eval_set)))
        client = _checked_client(self.client)
        model = self.to_local()
        model.random_state = as_seed("random_state", model.random_state)
        limits = self.n_workers, self.timeout, self.on_worker_loss
        fitted, warned = run_on_workers(client, _Fit(model), tables, *limits)
        for category, text in warned:
            warnings.warn(text, category, stacklevel=2)
        names = set(self.get_params())
        before = {name: self.__dict__[name] for name in names}
        self.__dict__ = {k: v for k, v in vars(fitted).items() if k != "backend"} | before
        return self

    def to_local(self) -> Any:
        """The estimator in memory with the same parameters, fitted where this one is.

        Returns
        -------
        HybridRegressor or HybridClassifier
        """
        local = self._local.__new__(self._local)
        vars(local).update({k: v for k, v in vars(self).items() if k not in OWN}, backend=None)
        return local

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model, as an estimator in memory.

        Parameters
        ----------
        path : str or path
        """
        self.to_local().save(path)

    # ---- predict

    def predict(self, X: Any) -> Any:
        """Predictions: of a collection lazy, else at once.

        Parameters
        ----------
        X : dask array or dataframe, or array_like or DataFrame

        Returns
        -------
        dask array, or what the estimator in memory returns
        """
        return self._lazy("predict", X)

    def _lazy(self, method: str, X: Any) -> Any:
        """What a method of the estimator in memory returns, of a collection piece by piece."""
        model = self.to_local()
        if not is_dask_collection(X):
            return getattr(model, method)(X)
        model._check_fitted()
        return lazy_output(model, method, X)

    def _scored(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        if not is_dask_collection(X):
            found: tuple[Any, Any, Any] = super()._scored(X, y, sample_weight)  # type: ignore[misc]
            return found
        return compute(self.predict(X), y, sample_weight)  # type: ignore[no-any-return]

    def partial_fit(self, X: Any, y: Any = None, *others: Any, **named: Any) -> Self:
        """As of the estimator in memory; collections are refused.

        Parameters
        ----------
        X, y, ...
            Tables in memory.
        """
        if is_dask_collection(X) or is_dask_collection(y):
            raise TypeError(
                "partial_fit: takes tables in memory; fit with warm_start=True goes on training "
                "on collections of Dask"
            )
        super().partial_fit(X, y, *others, **named)  # type: ignore[misc]
        return self

    # ---- copies: a client cannot be copied

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self), client=None)

    def __sklearn_clone__(self) -> Self:
        client = {"client": self.client}
        return type(self)(**(copy.deepcopy(self._without_client()) | client))

    def _without_client(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params().items() if name != "client"}


def _checked_client(client: Any) -> Client:
    client = default_client() if client is None else client
    if not isinstance(client, Client):
        raise TypeError(f"client={client!r}: must be a dask.distributed.Client or None")
    if client.asynchronous:
        raise ValueError("client: must not be asynchronous")
    if client.status in ("closing", "closed"):
        raise ValueError("client: is closed, must be connected to a cluster")
    return client


def _constructor() -> Any:
    def __init__(self: _OnDask, *parameters: Any, **named: Any) -> None:
        signature = __init__.__signature__  # type: ignore[attr-defined]
        signature.bind(self, *parameters, **named)  # `backend` is none of them
        _OnDask.__init__(self, *parameters, **named)

    return __init__


class _Fit:
    """The fit of one rank."""

    def __init__(self, model: Local) -> None:
        self.model = model

    def __call__(self, backend: DaskBackend, tables: list[Rows]) -> Any:
        model = self.model
        model.backend = backend
        if model.n_threads is None:
            model.n_threads = int(get_worker().state.nthreads)
        (x, y, *weight), *held = tables
        callbacks = model.callbacks
        model.callbacks = [*as_callbacks(callbacks), lambda progress: backend.run.interrupted]
        with caught_warnings() as caught:
            model.fit(x, y, weight[0] if weight else None, held[0] if held else None)
        told = list(dict.fromkeys((one.category, str(one.message)) for one in caught))
        if backend.run.interrupted and model.report_.stop_reason == StopReason.CALLBACK:
            model.report_ = replace(model.report_, stop_reason=StopReason.INTERRUPTED)
            text = f"interrupted after {model.report_.seconds:.1f} s: the best parameters are kept"
            told.append((TrainingInterrupted, text))
        model.backend, model.callbacks = None, callbacks
        return model, told


class DaskHybridRegressor(_OnDask, HybridRegressor):  # type: ignore[misc]
    """`HybridRegressor` on the workers of a Dask cluster.

    The rows stay on the workers, each of which has a share of them.  Sums over rows travel from
    worker to worker on Dask's own connections.  A fit has the bits of `HybridRegressor` on the same
    rows in one process, whatever the number of workers and the pieces of the collections.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., dates
        As of `HybridRegressor`; ``n_threads=None``: the threads of each worker.
    client : distributed.Client, optional
        None: the default client.
    n_workers : int, optional
        How many workers take part, at most; None: one, and another one for every 500 000 numbers of
        X beyond the first: sums of fewer rows are done before they have travelled.
    timeout : float, default 60.0
        Seconds without a sign of life after which a worker is lost, and after which a cluster
        without workers is given up.  A worker may work on its rows as long as it has to.
    on_worker_loss : {"raise", "restart"}, default "raise"
        "raise": `fit` raises `RankLost`.  "restart": the workers that are left compute the rows of
        the collections that were lost, and the fit begins anew, with the same bits in the end.

    Examples
    --------
    >>> import dask.array as da, hbcd
    >>> from hbcd.distributed import DaskHybridRegressor
    >>> X, y = (da.from_array(a, chunks=500) for a in hbcd.make_plant(2000, return_X_y=True))
    >>> model = DaskHybridRegressor((5, 5), client=client).fit(X, y)  # doctest: +SKIP
    >>> model.predict(X).compute()  # doctest: +SKIP
    """

    _local = HybridRegressor


class DaskHybridClassifier(_OnDask, HybridClassifier):  # type: ignore[misc]
    """`HybridClassifier` on the workers of a Dask cluster, as `DaskHybridRegressor`.

    Parameters
    ----------
    hidden_layer_sizes, activation, ..., dates
        As of `HybridClassifier`; ``n_threads=None``: the threads of each worker.
    client : distributed.Client, optional
        None: the default client.
    n_workers, timeout
        As of `DaskHybridRegressor`.
    on_worker_loss : {"raise", "restart"}, default "raise"
        As of `DaskHybridRegressor`.
    """

    _local = HybridClassifier

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes: of a collection lazy, else at once.

        Parameters
        ----------
        X : dask array or dataframe, or array_like or DataFrame

        Returns
        -------
        dask array, or ndarray, of shape (rows, n_classes)
        """
        return self._lazy("predict_proba", X)
