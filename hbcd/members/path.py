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
WEAK = 3.0  # above it the path goes in halves of a decade


def first_penalty(networks: FoldNetworks, settings: MemberSettings) -> float:
    """Where a path begins, by few iterations at few penalties on one fold."""
    losses: list[float] = []
    theta = networks.first[0]
    for alpha in settings.probe_penalties:
        stage = networks.train(alpha, [theta], Finish(settings.probe_iterations), [0])
        losses.append(stage.loss)
        if networks.context.over or stage.loss > 1.05 * min(losses):
            break
        theta = restart(stage.thetas[0], networks.first[0], settings.kick)
    best = losses.index(min(losses))
    return {0: 30.0, 1: 3.0 * ROOT}.get(best, WEAK)


def restart(theta: Array, first: Array, kick: float) -> Array:
    """The last weights and a little of the first; the first ones where these collapsed."""
    return np.where(np.abs(theta) < 0.05 * np.abs(first), first, theta + kick * first)


def path(networks: FoldNetworks, start: float, settings: MemberSettings) -> list[Stage]:
    """Stages at falling penalties, and at rising ones where the first was the best."""
    strategy = Finish(settings.path_iterations)

    def onward(last: Stage) -> list[Array]:
        pairs = zip(last.thetas, networks.first, strict=True)
        return [restart(theta, first, settings.kick) for theta, first in pairs]

    at = last = networks.train(start, networks.first, strategy)
    stages, worse, least = [at], 0, at.loss
    factor = ROOT if start > WEAK else 10.0
    while last.alpha / factor >= 0.99 * settings.least_penalty and not networks.context.over:
        last = networks.train(last.alpha / factor, onward(last), strategy)
        stages.append(last)
        least = min(least, last.loss)
        worse = worse + 1 if last.loss > 1.02 * least else 0
        if worse == 2 or last.loss > 1.1 * least:
            break
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
