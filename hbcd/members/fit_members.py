"""Members from rows: arms one after another until the effort is used, and what each counts for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.arm import Arm, train_arm
from hbcd.members.folds import Fold, deal, one_part
from hbcd.members.linear import constant, linear
from hbcd.members.networks import Context, Stage
from hbcd.members.settings import Architecture, MemberSettings
from hbcd.members.weights import best_alone, member_weights
from hbcd.networks.checked_rows import CheckedRows
from hbcd.parts.activations import Activation
from hbcd.parts.losses import Loss

__all__ = ["Member", "MemberFit", "fit_members", "on_all_rows"]

Array = NDArray[Any]
CLOSE = 1.1  # losses of rows left out: architectures beyond it are not tried again


@dataclass(frozen=True)
class Member:
    """A stage of an arm, or a safe member, and what it counts for.

    Attributes
    ----------
    name : str
        "constant", "linear", or the architecture.
    architecture : Architecture or None
    stage : Stage
    weight : float
    """

    name: str
    architecture: Architecture | None
    stage: Stage
    weight: float


@dataclass(frozen=True)
class MemberFit:
    """What was trained.

    Attributes
    ----------
    members : list of Member
        All that were tried; the first two are the constant and the linear model.
    left : ndarray of int
        The rows that are left out by turns, sorted; of many rows those of one part alone.
    predicted : ndarray of float64, shape (rows left out, outputs)
        Of the weighted members for these rows, which they have not seen.
    path : ndarray of shape (penalties, 2)
        Penalties of the first arm, and the loss of the rows left out.
    rows : CheckedRows
        In the precision of the training.
    arms : int
        That no limit cut short.
    """

    members: list[Member]
    left: Array
    predicted: Array
    path: Array
    rows: CheckedRows
    arms: int


def on_all_rows(left: Array, predicted: Array, n: int) -> Array:
    """Predictions of rows left out among those of n rows, (n, outputs), NaN for the others."""
    found = np.full((n, predicted.shape[1]), np.nan)
    found[left] = predicted
    return found


def fit_members(
    rows: CheckedRows,
    loss: Loss,
    activation: Activation,
    settings: MemberSettings,
    generator: np.random.Generator,
    context: Context,
    clip: bool,
) -> MemberFit:
    """Trains members and weighs them on rows that they have not seen.

    Parameters
    ----------
    rows : CheckedRows
        Standardized, as arrays: inputs in the precision of the training, targets in float64.
    loss : Loss
    activation : Activation
        Of all hidden layers.
    settings : MemberSettings
    generator : numpy.random.Generator
    context : Context
    clip : bool
        Whether members are judged within the range of the targets.
    """
    if settings.exact_loss > 0.0:
        short = replace(rows, x=rows.x.astype(np.float32))
        fit = _fit(short, loss, activation, settings, generator, context, clip)
        if fit is not None:
            return fit
        settings = replace(settings, exact_loss=0.0)
        context.told.again("in float64, so little is left")
    fit = _fit(rows, loss, activation, settings, generator, context, clip)
    assert fit is not None
    return fit


def _fit(
    rows: CheckedRows,
    loss: Loss,
    activation: Activation,
    settings: MemberSettings,
    generator: np.random.Generator,
    context: Context,
    clip: bool,
) -> MemberFit | None:
    """Members in the precision of the rows; None where so little is left that it is too short."""
    folds = _folds(rows, settings, generator)
    found = []
    context.told.begin("constant", 0.0)
    found.append(Member("constant", None, constant(rows, folds, loss, context, clip), 0.0))
    context.told.begin("linear", 0.0)
    line = linear(rows, folds, loss, context, clip, settings.signs)
    found.append(Member("linear", None, line, 0.0))
    arms: list[Arm] = []
    begun, whole = context.operations, 0
    while len(arms) < settings.most_arms and not ((arms and context.over) or context.interrupted):
        architecture = _next(arms, settings)
        if architecture is None or not _affordable(architecture, arms, settings, context, begun):
            break
        if arms and settings.folds > 1:
            folds = deal(rows.x, rows.y, settings.folds, generator)
        used = _used(arms, context, begun, settings)
        context.told.begin(f"arm {len(arms) + 1}, {architecture}", used)
        try:
            arm = train_arm(
                architecture,
                rows,
                folds,
                loss,
                activation,
                settings,
                generator,
                context,
                clip,
                arms,
            )
        except KeyboardInterrupt:
            context.interrupted = True
            break
        arms.append(arm)
        if arm.loss < settings.exact_loss and not context.over:
            return None
        whole += not context.over
        found += [Member(str(arm.trained), arm.trained, stage, 0.0) for stage in arm.stages]
        used = _used(arms, context, begun, settings)
        context.told.arm(arm.alpha, arm.loss, used, context.budget.seconds)
    path = arms[0].path if arms else np.empty((0, 2))
    left = np.sort(np.concatenate([fold.left for fold in folds]))
    members, left, predicted = _weighted(found, left, rows, loss, settings, context)
    return MemberFit(members, left, predicted, path, rows, whole)


def _next(arms: list[Arm], settings: MemberSettings) -> Architecture | None:
    """Every architecture once, then those again that came close to the best, by turns."""
    tried = [arm.architecture for arm in arms]
    for architecture in settings.architectures:
        if architecture not in tried:
            return architecture
    least = min(arm.loss for arm in arms)
    close = [a for a in dict.fromkeys(tried) if _least(arms, a) <= CLOSE * least]
    return min(close, key=tried.count) if close else None


def _least(arms: list[Arm], architecture: Architecture) -> float:
    return min(arm.loss for arm in arms if arm.architecture == architecture)


def _affordable(
    architecture: Architecture,
    arms: list[Arm],
    settings: MemberSettings,
    context: Context,
    begun: float,
) -> bool:
    """Whether the effort that is left suffices for an arm, by what such arms have cost."""
    if not arms:
        return True
    same = [arm.operations for arm in arms if arm.architecture == architecture]
    cost = same[-1] if same else max(arm.operations for arm in arms)
    return context.operations - begun + cost <= settings.arms * arms[0].operations * 1.001


def _folds(
    rows: CheckedRows, settings: MemberSettings, generator: np.random.Generator
) -> list[Fold]:
    if settings.folds > 1:
        return deal(rows.x, rows.y, settings.folds, generator)
    return [one_part(rows.x, settings.left_out, settings.path_rows, generator)]


def _weighted(
    found: list[Member],
    left: Array,
    rows: CheckedRows,
    loss: Loss,
    settings: MemberSettings,
    context: Context,
) -> tuple[list[Member], Array, Array]:
    """The members with their weights, and what they predict for rows that they have not seen."""
    predicted = np.stack([member.stage.predicted for member in found])
    seen = ~np.isnan(predicted[0, :, 0])
    left, predicted = left[seen], predicted[:, seen]
    weight, target = None if rows.weight is None else rows.weight[left], rows.y[left]
    try:
        w = member_weights(loss, predicted, target, weight, settings.most_members)
    except KeyboardInterrupt:
        context.interrupted = True
        w = best_alone(loss, predicted, target, weight)
    held = np.flatnonzero(w)
    out = np.einsum("k,kno->no", w[held], predicted[held])
    members = [
        Member(one.name, one.architecture, one.stage, float(share))
        for one, share in zip(found, w, strict=True)
    ]
    return members, left, out


def _used(arms: list[Arm], context: Context, begun: float, settings: MemberSettings) -> float:
    """The share of the effort that is used; 0 before the first arm, which says what it is."""
    if not arms:
        return 0.0
    return (context.operations - begun) / (settings.arms * arms[0].operations)
