"""What there is to choose from: a space of parameters, and candidates drawn from it."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbcd.utils.validation import NUMBERS

__all__ = ["Dimension", "Space", "draw", "parse_space"]

Candidate = dict[str, Any]
Space = dict[str, "Dimension"]
MOST_COUNTED = 100_000  # of combinations: beyond it a space counts as infinite
TRIES = 100  # draws for a candidate that is not there yet


class Dimension(ABC):
    """The values of one parameter."""

    #: How many there are; None: infinitely many.
    size: int | None = None

    @abstractmethod
    def draw(self, generator: np.random.Generator) -> Any:
        """One of the values, at random."""


@dataclass(frozen=True)
class Choice(Dimension):
    """One of several objects, all equally likely; one that is there twice is twice as likely."""

    values: tuple[Any, ...]

    @property
    def size(self) -> int:  # type: ignore[override]
        """How many."""
        return len(self.values)

    def draw(self, generator: np.random.Generator) -> Any:
        """One of them."""
        return self.values[int(generator.integers(len(self.values)))]


@dataclass(frozen=True)
class Range(Dimension):
    """Numbers from low to high, both included; `log`: equally likely in their logarithm."""

    low: float
    high: float
    log: bool
    whole: bool

    def draw(self, generator: np.random.Generator) -> Any:
        """A number; whole where both ends are written as whole numbers."""
        if self.whole and not self.log:
            return int(generator.integers(int(self.low), int(self.high) + 1))
        # Half a step beyond whole ends, so that these are as likely as the others.
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        if self.log:
            value = math.exp(generator.uniform(math.log(low), math.log(high)))
        else:
            value = generator.uniform(low, high)
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return float(min(max(value, self.low), self.high))


@dataclass(frozen=True)
class Distribution(Dimension):
    """A distribution as SciPy has them: something with ``rvs(random_state=)``."""

    distribution: Any

    def draw(self, generator: np.random.Generator) -> Any:
        """A number."""
        value = self.distribution.rvs(random_state=generator)
        return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def parse_space(space: Any) -> Space:
    """The dimensions of a space as a user writes it.

    Raises
    ------
    ValueError, TypeError
        An entry that is none of: list, (low, high), (low, high, "log"), distribution.
    """
    if not isinstance(space, Mapping):
        raise TypeError(f"space={space!r}: must be a dict of parameter names, or None")
    if not space:
        raise ValueError("space={}: must name at least one parameter")
    return {_name(name): _dimension(name, value) for name, value in space.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"space: {name!r} must be the name of a parameter")
    return name


def _dimension(name: str, value: Any) -> Dimension:
    if isinstance(value, list):
        if not value:
            raise ValueError(f"space: {name}=[] must have at least one value")
        return Choice(tuple(value))
    if isinstance(value, tuple):
        return _range(name, value)
    if callable(getattr(value, "rvs", None)):
        return Distribution(value)
    raise TypeError(
        f"space: {name}={value!r} must be a list of values, (low, high), (low, high, 'log') or a "
        "distribution with rvs"
    )


def _range(name: str, value: tuple[Any, ...]) -> Range:
    what = f"space: {name}={value!r}"
    ends, log = value[:2], value[2:] == ("log",)
    numbers = len(ends) == 2 and all(
        isinstance(end, NUMBERS) and not isinstance(end, bool) for end in ends
    )
    if not numbers or (value[2:] and not log):
        raise TypeError(
            f"{what} must be two numbers (low, high), or (low, high, 'log'); values to choose from "
            "stand in a list"
        )
    low, high = float(ends[0]), float(ends[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{what} must be finite, the lower end first")
    whole = all(isinstance(end, (int, np.integer)) for end in ends)
    if log and low <= 0:
        raise ValueError(f"{what} must begin above 0 for equal shares of the logarithm")
    return Range(low, high, log, whole)


def draw(
    space: Space, count: int | None, generator: np.random.Generator, same: Any
) -> list[Candidate]:
    """Candidates, all different.

    Parameters
    ----------
    space : dict
    count : int or None
        How many; None: all combinations of a finite space.
    generator : Generator
    same : callable
        ``same(candidate)``: what two candidates share that come to the same.

    Returns
    -------
    list of dict
        Fewer than `count` where no others are found.
    """
    seen: set[Any] = set()
    found: list[Candidate] = []
    wanted = math.inf if count is None else count
    for candidate in _stream(space, count, generator):
        key = same(candidate)
        if key not in seen:
            seen.add(key)
            found.append(candidate)
        if len(found) >= wanted:
            break
    return found


def combinations(space: Space) -> int | None:
    """How many candidates there are; None: infinitely many, or too many to count."""
    sizes = [dimension.size for dimension in space.values()]
    if any(size is None for size in sizes):
        return None
    total = math.prod(size for size in sizes if size is not None)
    return total if total <= MOST_COUNTED else None


def _stream(space: Space, count: int | None, generator: np.random.Generator) -> Iterator[Candidate]:
    total = combinations(space)
    if total is not None:
        lists = [dimension.values for dimension in space.values() if isinstance(dimension, Choice)]
        every = list(itertools.product(*lists))
        for place in generator.permutation(total):
            yield dict(zip(space, every[place], strict=True))
        return
    assert count is not None
    for _ in range(count + TRIES):
        yield {name: dimension.draw(generator) for name, dimension in space.items()}
