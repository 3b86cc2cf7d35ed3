"""One arm: networks of one architecture, the penalty they are trained with, and their stages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.folds import Fold
from hbcd.members.input_scales import input_scales, with_scales
from hbcd.members.networks import Context, FoldNetworks, Stage, joined
from hbcd.members.path import WEAK, first_penalty, path
from hbcd.members.pieces import smooth_pieces
from hbcd.members.settings import LARGE, Architecture, MemberSettings
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.monotone import monotone_layers
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.builtin import Adam
from hbcd.parts.activations import Activation
from hbcd.parts.layers import HiddenLayer, InputLayer, OutputLayer
from hbcd.parts.losses import Loss
from hbcd.training.hybrid import Hybrid
from hbcd.training.strategies import Finish, MiniBatch
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.work import finish_iterations, passes
from hbcd.utils.stored_table import StoredTable

__all__ = ["Arm", "train_arm"]

Array = NDArray[Any]
PRECISE = 1e-3  # loss of rows left out, of a target of variance 1
PRECISE_ITERATIONS = 3000
MOST_PATH_WIDTH = 20  # a penalty found with narrow networks suits wide ones
CONVERGED = 0.95  # training loss over that before: above it there is no more to be gained
FAR = 1.1  # losses of rows left out: an architecture beyond it is not trained to the end


@dataclass(frozen=True)
class Arm:
    """What an arm gave.

    Attributes
    ----------
    architecture, trained : Architecture
        What was asked for, and what the members are: narrower where little is left to learn.
    alpha : float
        The penalty with the least loss.
    loss : float
        That loss, of the rows left out.
    stages : list of Stage
        Members; none where the path is far behind that of another architecture.
    path : ndarray of shape (penalties, 2)
    operations : float
    """

    architecture: Architecture
    trained: Architecture
    alpha: float
    loss: float
    stages: list[Stage]
    path: Array
    operations: float


def train_arm(
    architecture: Architecture,
    rows: CheckedRows,
    folds: list[Fold],
    loss: Loss,
    activation: Activation,
    settings: MemberSettings,
    generator: np.random.Generator,
    context: Context,
    clip: bool,
    arms: list[Arm],
) -> Arm:
    """Chooses the penalty and trains the networks of all folds.

    Parameters
    ----------
    arms : list of Arm
        Those before: a known penalty is not searched for again.
    """
    begun = context.operations
    same = [arm for arm in arms if arm.architecture == architecture]
    scales = _scales(rows, arms, activation, loss) if architecture.scaled else None
    inputs = rows if scales is None else replace(rows, x=rows.x * scales)
    encoded = with_pieces(inputs, architecture.pieces)
    signs = signs_of(settings.signs, inputs, architecture.pieces)

    def networks(widths: tuple[int, ...], parts: list[Fold]) -> FoldNetworks:
        columns = encoded.x.shape[1], rows.y.shape[1]
        structure = structure_of(columns[0], widths, columns[1], activation, loss, signs)
        return FoldNetworks(structure, encoded, parts, generator, context, clip)

    own = networks(architecture.widths, folds)
    on_all = settings.path_folds >= len(folds) > 1
    starts, stages, judged = own.first, list[Stage](), own
    best: Stage | None = None
    if same and not on_all:
        alpha, level, tried = same[0].alpha, same[0].loss, []
    else:
        if not on_all:
            narrow = tuple(min(width, MOST_PATH_WIDTH) for width in architecture.widths)
            judged = networks(narrow, [_some(folds[0], settings.path_rows, generator)])
        if arms:
            start, known = max(WEAK, (same or arms)[0].alpha), list[Stage]()
        else:
            start, known = first_penalty(judged, settings)
        tried = path(judged, start, settings, known)
        best = min(tried, key=lambda stage: stage.loss)
        alpha, level = best.alpha, best.loss
    trained = architecture
    behind = bool(arms) and not on_all and level > FAR * min(arm.loss for arm in arms)
    end = _end(len(rows), own.structure.n_parameters, settings)
    if not on_all and len(rows) > LARGE and level < PRECISE:
        # What batches leave is more than what is left: narrow networks, a part of the rows to the
        # end, and then all of them at once from there.
        narrow = tuple(min(width, MOST_PATH_WIDTH) for width in architecture.widths)
        own, end = networks(narrow, folds), Finish(PRECISE_ITERATIONS)
        starts, trained = own.first, replace(architecture, widths=narrow)
        if best is not None and len(folds) == 1:
            starts = judged.train(alpha, best.thetas, end).thetas
    elif len(rows) > LARGE:
        alpha = max(alpha, settings.batch_penalty)
    if best is not None and on_all:
        last = _longer(own, best, end)
        stages = tried if last is None else [*tried, last]
    elif not behind and (not context.over or not stages):
        stages = [own.train(alpha, starts, end)]
    if on_all:
        level = min(stage.loss for stage in stages)
    if scales is not None:
        stages = [_on_inputs(stage, scales, trained.widths[0]) for stage in stages]
    table = np.array([(stage.alpha, stage.loss) for stage in tried]).reshape(-1, 2)
    return Arm(architecture, trained, alpha, level, stages, table, context.operations - begun)


def _longer(networks: FoldNetworks, best: Stage, end: TrainingStrategy) -> Stage | None:
    """The best stage trained on; None where the first network shows that it has converged.

    Judged by the training loss: networks that overfit, each by itself worse on the rows left out,
    make a better mean (concrete: error 0.226 with them, 0.238 without).
    """
    if networks.context.over:
        return None
    rest = list(range(1, len(best.thetas)))
    first = networks.train(best.alpha, best.thetas[:1], end, [0])
    if networks.context.over or first.training_loss > CONVERGED * best.training_losses[0]:
        return None
    second = networks.train(best.alpha, best.thetas[1:], end, rest)
    loss = networks.judged(first.thetas + second.thetas, [0, *rest])[1]
    context = networks.context
    context.told.stage(best.alpha, loss, context.budget.seconds)
    return joined(first, second, loss)


def _scales(rows: CheckedRows, arms: list[Arm], activation: Activation, loss: Loss) -> Array | None:
    """Those that the first arm's networks, which read plain inputs, have for them."""
    if not arms or arms[0].trained.pieces or not arms[0].stages:
        return None
    first = arms[0]
    n_inputs, n_outputs = rows.x.shape[1], rows.y.shape[1]
    structure = structure_of(n_inputs, first.trained.widths, n_outputs, activation, loss)
    best = min(first.stages, key=lambda stage: stage.loss)
    return input_scales(structure, best.thetas, rows.x)


def _on_inputs(stage: Stage, scales: Array, width: int) -> Stage:
    """The same networks for inputs as they are."""
    return replace(stage, thetas=[with_scales(theta, scales, width) for theta in stage.thetas])


def structure_of(
    n_inputs: int,
    widths: tuple[int, ...],
    n_outputs: int,
    activation: Activation,
    loss: Loss,
    signs: tuple[int, ...] | None = None,
) -> NetworkStructure:
    """A network of one member; `signs` of its inputs bound its weights."""
    layers = [*(HiddenLayer(width, activation) for width in widths), OutputLayer(n_outputs)]
    layers = layers if signs is None else monotone_layers(layers, signs)
    return NetworkStructure([InputLayer(n_inputs), *layers], loss)


def with_pieces(rows: CheckedRows, pieces: int) -> CheckedRows:
    """Rows whose inputs are followed by their smooth pieces."""
    layer = smooth_pieces(rows.x, pieces) if pieces else None
    if layer is None:
        return rows
    columns = layer.n_out(rows.x.shape[1])

    def encoded(x: Array) -> Array:
        out = np.empty((len(x), columns), x.dtype)
        layer.forward(np.zeros(0, x.dtype), np.ascontiguousarray(x), out)
        return out

    stored = isinstance(rows.x, StoredTable)
    return replace(rows, x=rows.x.mapped(encoded, columns) if stored else encoded(rows.x))


def signs_of(
    signs: tuple[int, ...] | None, rows: CheckedRows, pieces: int
) -> tuple[int, ...] | None:
    """The signs of inputs and of their smooth pieces, which rise with them."""
    layer = smooth_pieces(rows.x, pieces) if pieces and signs is not None else None
    if signs is None or layer is None:
        return signs
    return signs + tuple(signs[column] for column in layer.columns)


def _some(fold: Fold, most: int, generator: np.random.Generator) -> Fold:
    """At most so many rows of each part of a fold."""

    def some(index: Array) -> Array:
        if index.size <= most:
            return index
        return np.sort(generator.permutation(index)[:most])

    return Fold(some(fold.kept), some(fold.left))


def _end(n: int, n_parameters: int, settings: MemberSettings) -> TrainingStrategy:
    """The training at the chosen penalty: of many rows `Hybrid.auto`, or a share of its passes."""
    if n <= LARGE:
        return Finish(settings.end_iterations)
    if settings.end_share == 1.0:
        return Hybrid.auto()
    epochs = max(round(settings.end_share * passes(n)), 1)
    iterations = max(round(settings.end_share * finish_iterations(n_parameters, n)), 1)
    batches = MiniBatch(Adam(1e-2, schedule="cosine"), batch_rows=128, epochs=epochs)
    return Hybrid(None, batches, Finish(iterations))
