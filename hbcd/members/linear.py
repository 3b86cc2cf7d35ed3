"""The safe members: a constant, and a linear model with the best of a range of penalties."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from hbcd.members.folds import Fold
from hbcd.members.networks import Context, FoldNetworks, Stage
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.monotone import monotone_layers
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.layers import InputLayer, OutputLayer
from hbcd.parts.losses import Loss
from hbcd.training.strategies import Finish
from hbcd.utils.stored_table import StoredTable

__all__ = ["constant", "linear"]

Signs = tuple[int, ...] | None
PENALTIES = (1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 0.1, 0.01)
SETTLED = 0.9995  # loss of rows left out over the least at stronger penalties: no weaker ones
ITERATIONS = 50  # a quadratic function of few variables, from the minimum of the one before


def constant(
    rows: CheckedRows, folds: list[Fold], loss: Loss, context: Context, clip: bool
) -> Stage:
    """The best constant outputs, judged by those of each fold: a network whose only input is 0."""
    stored = isinstance(rows.x, StoredTable)
    zeros = rows.x.zeros() if stored else np.zeros((len(rows), 1), rows.x.dtype)
    none = CheckedRows(zeros, rows.y, rows.weight)
    stage = _networks(none, folds, loss, context, clip).train(
        0.0, _zeros(none, folds, loss), Finish(ITERATIONS)
    )
    return _on_all_rows(stage, none, loss, context, clip)


def linear(
    rows: CheckedRows,
    folds: list[Fold],
    loss: Loss,
    context: Context,
    clip: bool,
    signs: Signs = None,
) -> Stage:
    """The linear model at the penalty with the least loss of the rows left out by turns.

    Parameters
    ----------
    signs
        See `MemberSettings`.
    """
    networks = _networks(rows, folds, loss, context, clip, signs)
    starts, stages, least = _zeros(rows, folds, loss), list[Stage](), math.inf
    for alpha in PENALTIES:
        stages.append(networks.train(alpha, starts, Finish(ITERATIONS)))
        starts = stages[-1].thetas
        settled = alpha < len(rows) and stages[-1].loss > SETTLED * least
        if context.over or settled or stages[-1].loss > 1.02 * least:
            break
        least = min(least, stages[-1].loss)
    best = min(stages, key=lambda stage: stage.loss)
    return _on_all_rows(best, rows, loss, context, clip, signs)


def _on_all_rows(
    stage: Stage,
    rows: CheckedRows,
    loss: Loss,
    context: Context,
    clip: bool,
    signs: Signs = None,
) -> Stage:
    """The same with one model of all rows: the mean of folds is another one under a link."""
    everything = [Fold(np.arange(len(rows), dtype=np.uint32), np.empty(0, np.uint32))]
    networks = _networks(rows, everything, loss, context, clip, signs)
    last = networks.train(stage.alpha, stage.thetas[:1], Finish(ITERATIONS))
    return replace(stage, thetas=last.thetas)


def _structure(rows: CheckedRows, loss: Loss, signs: Signs = None) -> NetworkStructure:
    layers: list[Any] = [OutputLayer(rows.y.shape[1])]
    layers = layers if signs is None else monotone_layers(layers, signs)
    return NetworkStructure([InputLayer(rows.x.shape[1]), *layers], loss)


def _networks(
    rows: CheckedRows,
    folds: list[Fold],
    loss: Loss,
    context: Context,
    clip: bool,
    signs: Signs = None,
) -> FoldNetworks:
    generator = np.random.default_rng(0)  # nothing is drawn: the start is 0, the minimum unique
    return FoldNetworks(_structure(rows, loss, signs), rows, folds, generator, context, clip)


def _zeros(rows: CheckedRows, folds: list[Fold], loss: Loss) -> list[np.ndarray]:
    return [np.zeros(_structure(rows, loss).n_parameters, rows.x.dtype) for _ in folds]
