"""What a score loses when columns are permuted, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.explain.columns import Column
from hbcd.explain.explained import Explained
from hbcd.explain.member_networks import MemberNetworks, spread_of_members
from hbcd.explain.resampling import Bootstrap
from hbcd.explain.scores import Scorer

__all__ = ["ScoreDrops"]

Array = NDArray[Any]


class ScoreDrops:
    """What the score loses, group by group.

    Parameters
    ----------
    scorer : Scorer
    explained : Explained
        The rows that the scorer has the truth of.
    nets : MemberNetworks or None
    bootstrap : Bootstrap

    Attributes
    ----------
    baseline : float
        The score of the rows as they are.
    drops : list of list of float
        Of each group, by each permutation.
    spreads : list of float
        Of each group, where there are networks.
    """

    def __init__(
        self,
        scorer: Scorer,
        explained: Explained,
        nets: MemberNetworks | None,
        bootstrap: Bootstrap,
    ) -> None:
        self.scorer, self.explained, self.nets, self.bootstrap = scorer, explained, nets, bootstrap
        self.base = explained.evaluate(explained.features)
        self.baseline = scorer.score(self.base)
        self.sign = scorer.metric.sign
        self.drops: list[list[float]] = []
        self.spreads: list[float] = []
        self._losses: list[Array] = []
        self._ends: list[tuple[Array, Array]] = []
        if nets is not None:
            of_base = nets.evaluate(explained.features).swapaxes(0, 1)
            self._alone = np.array([scorer.score(outputs) for outputs in of_base])

    def add(self, group: list[Column], orders: list[Array]) -> None:
        """Permutes the columns of a group."""
        scorer = self.scorer
        outputs: Array = np.empty((len(orders), *self.base.shape))
        for which, part, block in self._permuted(group, orders):
            outputs[which.start : which.stop, part] = self.explained.evaluate_blocks(block)
        if scorer.metric.loss is None:
            scores = [scorer.whole(each) for each in outputs]
            self._ends.append(self._resampled(outputs))
        else:
            losses = [scorer.losses(each) for each in outputs]
            scores = [scorer.of_losses(each) for each in losses]
            self._losses.append(np.mean(losses, axis=0))
        self.drops.append([self.sign * (self.baseline - score) for score in scores])
        if self.nets is not None:
            self.spreads.append(self._spread(group, orders, float(np.mean(self.drops[-1]))))

    def _permuted(
        self, group: list[Column], orders: list[Array]
    ) -> Iterator[tuple[range, slice, Array]]:
        features = self.explained.features
        for which, part, block in self.explained.batches(len(orders)):
            for copy, number in enumerate(which):
                for column in group:
                    block[copy, :, column.slots] = features[orders[number][part], column.slots]
            yield which, part, block

    def _spread(self, group: list[Column], orders: list[Array], whole: float) -> float:
        """Of the importance for each network by itself."""
        assert self.nets is not None
        n, networks, n_outputs = len(self.base), self.nets.weights.size, self.base.shape[1]
        found = np.zeros(networks)
        outputs = np.empty((networks, n, n_outputs))
        for one in orders:
            for _, part, block in self._permuted(group, [one]):
                outputs[:, part] = self.nets.evaluate(block[0]).swapaxes(0, 1)
            found += [self.scorer.score(each) for each in outputs]
        alone = self.sign * (self._alone - found / len(orders))
        return float(spread_of_members(alone, self.nets.weights, np.array(whole)))

    # ---- intervals

    def interval(self) -> tuple[Array, Array]:
        """The ends for all groups."""
        if self._ends:
            low, high = zip(*self._ends, strict=True)
            return np.array(low), np.array(high)
        metric, base = self.scorer.metric, self.scorer.losses(self.base)
        centered = self.scorer.truth - self.scorer.truth.mean(axis=0)  # moments must not cancel
        parts = [base, centered, np.square(centered), *self._losses]
        flat = np.ascontiguousarray(np.concatenate(parts, axis=1).T)

        def drops(weight: Array) -> Array:
            means = np.einsum("bn,mn->bm", weight, flat) / weight.sum(axis=1)[:, np.newaxis]
            split = np.split(means, np.cumsum([part.shape[1] for part in parts])[:-1], axis=1)
            variance = split[2] - np.square(split[1])
            assert metric.finish is not None
            before, *after = (metric.finish(each, variance) for each in (split[0], *split[3:]))
            return np.array([self.sign * (before - one) for one in after]).T

        return self.bootstrap.interval(drops)

    def _resampled(self, outputs: Array) -> tuple[Array, Array]:
        """The ends of one group by a metric that is no mean over rows."""
        numbers = iter(range(max(1, self.bootstrap.samples)))

        def drops(weight: Array) -> Array:
            each = [
                self.scorer.whole(self.base, row)
                - self.scorer.whole(outputs[next(numbers) % len(outputs)], row)
                for row in weight
            ]
            return self.sign * np.array(each)

        return self.bootstrap.interval(drops)
