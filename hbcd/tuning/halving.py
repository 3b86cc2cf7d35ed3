"""Successive halving: how many candidates train for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = ["Rung", "SuccessiveHalving"]


@dataclass(frozen=True)
class Rung:
    """One round of the search.

    Attributes
    ----------
    share : float
        Of its own training, what every candidate is given.
    candidates : int
        How many there are at most.
    """

    share: float
    candidates: int


@public
@dataclass(frozen=True)
class SuccessiveHalving:
    """Many candidates train briefly, the best of them longer, the best of these to the end.

    In rung k = 0 .. rungs - 1 every candidate trains from the beginning for the share
    ``eta**(k + 1 - rungs)`` of its own training (see `tune`), and one of eta goes on to the next
    rung (Jamieson and Talwalkar 2016).  All rungs cost about the same.

    Parameters
    ----------
    eta : int, default 3
        One of so many candidates goes on, with so many times the training.
    rungs : int, default 3
        1: all candidates train to the end, which is a random search.  A small budget makes do with
        fewer.
    group : int, default 8
        Candidates that train side by side.  A later group of a rung knows the losses of the earlier
        ones (`pruning`), so it is a number of its own and not that of the processors: the result is
        the same whatever their number.
    pruning : bool, default True
        A fit that holds rows out, as early stopping does, is ended when their loss is 1.5 times
        that which would go on: the m-th least loss after as many evaluations in fits on the same
        rows in earlier groups, with m the candidates that go on.  The last rung prunes nothing.

    Raises
    ------
    ValueError, TypeError
        A value outside its range.
    """

    eta: int = 3
    rungs: int = 3
    group: int = 8
    pruning: bool = True

    def __post_init__(self) -> None:
        check_integer("eta", self.eta, 2)
        check_integer("rungs", self.rungs, 1, high=10)
        check_integer("group", self.group, 1)
        if not isinstance(self.pruning, bool):
            raise TypeError(f"pruning={self.pruning!r}: must be True or False")

    def plan(self, budget: int, most: int | None = None) -> list[Rung]:
        """The rungs that a budget allows.

        Parameters
        ----------
        budget : int
            Whole fits, at least 2: one is for the model as it is given.
        most : int, optional
            How many different candidates there are; None: any number.

        Returns
        -------
        list of Rung
            Their costs add up to at most ``budget - 1`` whole fits.
        """
        left = budget - 1
        if most is not None and most <= left:
            return [Rung(1.0, most)]
        rungs = min(self.rungs, left)
        first = 1
        while (most is None or first < most) and self._cost(first + 1, rungs) <= left:
            first += 1
        return [
            Rung(float(self.eta) ** (k + 1 - rungs), count)
            for k, count in enumerate(self._counts(first, rungs))
        ]

    def _counts(self, first: int, rungs: int) -> list[int]:
        return [math.ceil(first / self.eta**k) for k in range(rungs)]

    def _cost(self, first: int, rungs: int) -> float:
        counts = self._counts(first, rungs)
        # Shares are fractions of whole numbers: eta**(k + 1 - rungs), added up without rounding.
        whole = self.eta ** (rungs - 1)
        return sum(count * int(self.eta**k) for k, count in enumerate(counts)) / int(whole)
