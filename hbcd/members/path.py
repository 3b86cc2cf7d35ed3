"""A path of penalties for the networks of one arm: where it begins, how it goes, and its end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.networks import FoldNetworks, Stage
from hbcd.members.settings import MemberSettings
from hbcd.training.strategies import Finish

__all__ = ["first_penalty", "path"]

Array = NDArray[Any]
ROOT = math.sqrt(10.0)
LITTLE, FALLS = 1e-3, 0.7  # loss of rows left out, of a target of variance 1; over the one before
WEAKEST = 1e-9
WEAK = 3.0  # above it the path goes in halves of a decade


def first_penalty(networks: FoldNetworks, settings: MemberSettings) -> tuple[float, list[Stage]]:
    """Where a path begins, by few iterations at few penalties on one fold.

    Returns
    -------
    start : float
    known : list of Stage
        What has been trained, at falling penalties, where the path has no other networks.
    """
    stages: list[Stage] = []
    theta = networks.first[0]
    for alpha in settings.probe_penalties:
        stages.append(networks.train(alpha, [theta], Finish(settings.probe_iterations), [0]))
        if networks.context.over or stages[-1].loss > 1.05 * min(stage.loss for stage in stages):
            break
        theta = restart(stages[-1].thetas[0], networks.first[0], settings.kick)
    losses = [stage.loss for stage in stages]
    start = {0: 30.0, 1: 3.0 * ROOT}.get(losses.index(min(losses)), WEAK)
    same = len(networks.folds) == 1 and settings.probe_iterations == settings.path_iterations
    return start, stages if same else []


def restart(theta: Array, first: Array, kick: float) -> Array:
    """The last weights and a little of the first; the first ones where these collapsed."""
    return np.where(np.abs(theta) < 0.05 * np.abs(first), first, theta + kick * first)


def _goes_on(stages: list[Stage], factor: float, least_penalty: float) -> bool:
    """Whether there is a weaker penalty; below the least, while little is left and falls."""
    last = stages[-1]
    if last.alpha / factor >= 0.99 * least_penalty:
        return True
    falls = len(stages) > 1 and last.loss < FALLS * stages[-2].loss
    return falls and last.loss < LITTLE and last.alpha > WEAKEST


def path(
    networks: FoldNetworks, start: float, settings: MemberSettings, known: list[Stage]
) -> list[Stage]:
    """Stages at falling penalties, and at rising ones where the first was the best.

    Parameters
    ----------
    known : list of Stage
        Of these networks already, at falling penalties; may be empty.
    """
    strategy = Finish(settings.path_iterations)

    def onward(last: Stage) -> list[Array]:
        pairs = zip(last.thetas, networks.first, strict=True)
        return [restart(theta, first, settings.kick) for theta, first in pairs]

    if known and start <= WEAK:
        stages = list(known)
    else:
        begun = [stage for stage in known if stage.alpha == start]
        stages = begun or [networks.train(start, networks.first, strategy)]
    at = stages[0]
    worse, least = 0, min(stage.loss for stage in stages)
    factor = ROOT if start > WEAK else 10.0
    last = stages[-1]
    while _goes_on(stages, factor, settings.least_penalty) and not networks.context.over:
        worse = worse + 1 if last.loss > 1.02 * least else 0
        if worse == 2 or last.loss > 1.1 * least:
            break
        last = networks.train(last.alpha / factor, onward(last), strategy)
        stages.append(last)
        least = min(least, last.loss)
    if not math.isfinite(at.loss) or at.loss > least:
        return stages
    most, last = max(300.0, 0.3 * len(networks.rows)), at
    while last.alpha * ROOT <= most and not networks.context.over:
        last = networks.train(last.alpha * ROOT, onward(last), strategy)
        stages.append(last)
        if last.loss > 1.002 * least:
            break
        least = min(least, last.loss)
    return stages
