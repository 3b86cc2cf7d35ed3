"""A phase with every default filled in, as the core reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.requirements import check_requirements
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.stopping import Stop
from hbcd.training.phase import Phase
from hbcd.utils.validation import box_vectors

__all__ = ["ResolvedPhase", "in_calls", "resolve"]

Array = NDArray[Any]
Bounds = tuple[Array | None, Array | None]


@dataclass(frozen=True)
class ResolvedPhase:
    """A phase with every default filled in.

    Attributes
    ----------
    lo, hi : ndarray of shape (n_parameters,) or None
        Bounds of the parameters, those of the layers among them.
    full_sensitivity : bool
        The tolerance of sensitivities is also a stopping test on all rows.
    Others : see `Phase`
    """

    optimizer: Any
    selector: Any
    sensitivity: Any
    batch_rows: int | None
    batch_growth: float
    inner_iterations: int | None
    visits_per_batch: int
    epochs: int | None
    sensitivity_tol: float
    full_sensitivity: bool
    lo: Array | None
    hi: Array | None
    stop: Stop


def in_calls(phases: Iterable[Phase]) -> list[list[Phase]]:
    """The phases of each call of the core.

    All go into one, but a search whose box is laid around the parameters at its beginning begins
    another, because these are known between calls only.
    """
    calls: list[list[Phase]] = [[]]
    for phase in phases:
        if not isinstance(phase, Phase):
            raise TypeError(f"phase={phase!r}: must be an hbcd.Phase")
        if phase.searches_in_box and calls[-1]:
            calls.append([])
        calls[-1].append(phase)
    return calls


def resolve(phase: Phase, run: Stop, network: NetworkStructure, theta: Array) -> ResolvedPhase:
    """Fills in the defaults of a phase, and refuses an optimizer that this network does not suit.

    Parameters
    ----------
    phase : Phase
    run : Stop
        Of the run: its tolerances are those of a phase without any.
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
        Parameters at the beginning.
    """
    check_requirements(phase.optimizer, network, phase.selector is not None)
    stop = _stop(phase, run)
    if phase.searches_in_box:
        box = _search_box(phase.optimizer, theta)
    else:
        box = box_vectors("box", phase.box, network.n_parameters, theta.dtype)
    lo, hi = _inside(box, network.bounds, theta.dtype)
    inner = phase.inner_iterations
    if inner is None and phase.optimizer.most_iterations is not None:
        inner = phase.optimizer.most_iterations if phase.epochs is None else 1
    tolerance = phase.sensitivity_tol
    return ResolvedPhase(
        phase.optimizer,
        phase.selector,
        phase.sensitivity,
        phase.batch_rows,
        phase.batch_growth,
        inner,
        phase.visits_per_batch,
        phase.epochs,
        10 * stop.pg_tol if tolerance is None else tolerance,
        tolerance is not None,
        lo,
        hi,
        stop,
    )


def _stop(phase: Phase, run: Stop) -> Stop:
    """The tolerances and limits of a phase, which has its own limits or the tolerances of a run."""
    own = phase.stop
    if own is None:
        return Stop(run.pg_tol, run.f_tol, phase.max_iterations, phase.max_evaluations)
    if phase.max_iterations is None and phase.max_evaluations is None:
        return own
    return replace(
        own,
        max_iterations=_least(own.max_iterations, phase.max_iterations),
        max_evaluations=_least(own.max_evaluations, phase.max_evaluations),
    )


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _search_box(optimizer: Optimizer, theta: Array) -> Bounds:
    """The box of an optimizer that needs one, made wider where theta lies outside."""
    assert optimizer.search_box is not None
    size = np.abs(theta)
    half = np.where(size > optimizer.search_box, 2.0 * size, optimizer.search_box)
    half = half.astype(theta.dtype)
    return -half, half


def _inside(box: Bounds, bounds: tuple[Array, Array] | None, dtype: Any) -> Bounds:
    """The box of a phase within the bounds of the network, which win where the two do not meet."""
    if bounds is None:
        return box
    least, most = (side.astype(dtype) for side in bounds)
    lo = least if box[0] is None else np.maximum(box[0], least)
    hi = most if box[1] is None else np.minimum(box[1], most)
    apart = lo > hi
    return np.where(apart, least, lo), np.where(apart, most, hi)
