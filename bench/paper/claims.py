"""The article's claims, each judged by rule from paired runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .paired import Comparison, faster, higher, holm, steadier

HOLDS, PARTLY, NOT, UNTESTED = "holds", "holds partly", "does not hold", "not tested"


@dataclass(frozen=True)
class Part:
    """One condition of a claim, whether it is met (None: too few runs), with the figures."""

    text: str
    held: bool | None


@dataclass(frozen=True)
class Claim:
    """A claim, and the conditions it is split into."""

    text: str
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> str:
        """Holds where every part does, does not hold where none does."""
        held = [part.held for part in self.parts]
        if not held or any(one is None for one in held):
            return UNTESTED
        if all(held):
            return HOLDS
        return PARTLY if any(held) else NOT


Scores = Mapping[str, ArrayLike]  # method -> test R2 or seconds, one per run


def most_sensitive(name: str, by_dataset: Mapping[str, Scores]) -> Claim:
    """Whether the rule `name` has a higher test R2 than every other, on every data set."""
    comparisons = [
        higher(f"{dataset}: {name} against {other}", scores[name], values)
        for dataset, scores in by_dataset.items()
        for other, values in scores.items()
        if other != name
    ]
    parts = [_part(c, "mean test R² {:.5f} against {:.5f}") for c in holm(comparisons)]
    return Claim("The most sensitive layer beats the other selection rules.", tuple(parts))


def spread(pairs: Sequence[tuple[str, ArrayLike, ArrayLike]]) -> Claim:
    """Whether ICRS spreads less than L-BFGS: (what, R2 of ICRS, R2 of L-BFGS) each."""
    comparisons = holm([steadier(*pair) for pair in pairs])
    parts = [_part(c, "standard deviation of test R² {:.5f} against {:.5f}") for c in comparisons]
    return Claim("ICRS is steadier than L-BFGS.", tuple(parts))


def lift(
    level: float, with_r2: ArrayLike, pairs: Sequence[tuple[str, ArrayLike, ArrayLike]]
) -> Claim:
    """Whether R2 reaches the level, and is higher with than without in every pair."""
    reached = np.asarray(with_r2, np.float64)
    parts = [
        Part(
            f"CCPP: mean test R² of at least {level} is reached: {reached.mean():.4f} "
            f"({reached.size} runs)",
            bool(reached.mean() >= level),
        )
    ]
    comparisons = holm([higher(*pair) for pair in pairs])
    parts += [_part(c, "mean test R² {:.5f} against {:.5f}") for c in comparisons]
    return Claim("BCD + ICRS lifts R² from 0.872 to 0.931 (CCPP).", tuple(parts))


def gains(text: str, pairs: Sequence[tuple[str, ArrayLike, ArrayLike]]) -> Claim:
    """Whether the first of every pair has the higher R2."""
    comparisons = holm([higher(*pair) for pair in pairs])
    return Claim(text, tuple(_part(c, "mean test R² {:.5f} against {:.5f}") for c in comparisons))


@dataclass(frozen=True)
class Race:
    """Seconds of a and of b, one per run, and how many times faster a is said to be.

    `never` of the runs of a did not get to where the clock stops.
    """

    what: str
    a: ArrayLike
    b: ArrayLike
    factor: float
    never: int = 0


def speed(text: str, races: Sequence[Race]) -> Claim:
    """Whether a takes less than 1/factor of b's time in every race.

    A race in which most runs of a never arrive is lost, however short their budget was.
    """
    comparisons = holm([faster(race.what, race.a, race.b, race.factor) for race in races])
    parts = []
    for race, comparison in zip(races, comparisons, strict=True):
        part = _part(
            comparison,
            f"median {{:.3g}} s against {{:.3g}} s, ratio {_ratio(race):.2g}, "
            f"asked for {race.factor:g}",
            "less than asked for",
        )
        runs = np.size(race.a)
        if race.never:
            part = Part(f"{part.text}; {race.never} of {runs} runs never got there", part.held)
        if part.held and 2 * race.never >= runs:
            part = Part(part.text, False)
        parts.append(part)
    return Claim(text, tuple(parts))


def _ratio(race: Race) -> float:
    return float(np.median(np.asarray(race.b) / np.asarray(race.a)))


def _part(comparison: Comparison, figures: str, reversed_as: str = "the other way round") -> Part:
    text = figures.format(comparison.a, comparison.b)
    ending = f", {reversed_as}" if comparison.reversed else ""
    return Part(
        f"{comparison.what}: {text} ({comparison.n} runs, p = {comparison.p:.2g}{ending})",
        comparison.held,
    )
