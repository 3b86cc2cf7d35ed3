"""The settings of the choice of a penalty, each with the measurement that it comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PenaltySettings"]


@dataclass(frozen=True)
class PenaltySettings:
    """How a penalty is chosen by rows left out.

    The figures are mean scores (R2, accuracy of classes) of five folds of the ten tables of
    ``python -m bench.tables``; bench/README.md, "Tables of scikit-learn", has all of them.

    Attributes
    ----------
    penalties : tuple of float
        Falling.  With a standardized target alpha is the variance of its noise over that of the
        weights: 30 leaves a line, 0.001 is next to none.  Against ten in steps of 3 from 30 to
        0.001 with 100 iterations each, ten tables of UCI, geometric mean of the error: these with
        200 each 0.96 in 1.03 times the time; 30, 3, 0.3, 0.03, 0.003: 0.99; without the strong
        ones, 1, 0.1, 0.01, 0.001: 1.07, and 1.5 on noise (forest).  On the ten and the fourteen
        tables of bench.tables the scores are the same within their standard errors.
    unknown : float
        The penalty where too few rows, or limits, leave nothing to choose it by: one observation's
        worth of noise.  None fits all tables: 10 is right for diabetes (0.46; 1 gives 0.01) and
        wrong for sines (0.33; 1 gives 0.82).
    folds : int
        Parts that are left out by turns of a small table.  Five instead of three: within 0.005 but
        for sines (0.010 less) and iris (0.007 less), at 1.6 times the work.
    fold_rows : int
        Rows of a small table.  2000 instead of 1000: digits 0.9780 against 0.9772 at 2.4 times the
        work.
    one_of : int
        Of a larger table one in so many rows is left out, once.
    most_rows : int
        Rows looked at, drawn at random: more did not move the best penalty.
    step_iterations : int
        Iterations at each penalty.  150 instead of 200: 0.97 instead of 0.96 of the error above.
    kick : float
        Share of the first parameters added at each penalty: a strong penalty leaves all weights 0,
        from where no gradient leads away.
    worse, patience : float, int
        The descent ends when the loss of the rows left out was by this share above its least so
        many times one after another.  Twice by 0.005: the same network in 80 fits of 81 to these
        tables, in 1.2 times the time.
    share : float
        Of the limits of the fit, what the choice may use; the rest is for the training.
    """

    penalties: tuple[float, ...] = (30.0, 3.0, 1.0, 0.1, 0.01, 0.001)
    unknown: float = 1.0
    folds: int = 3
    fold_rows: int = 1000
    one_of: int = 5
    most_rows: int = 10_000
    step_iterations: int = 200
    kick: float = 0.1
    worse: float = 0.02
    patience: int = 1
    share: float = 0.5

    @property
    def fewest_rows(self) -> int:
        """Rows below which nothing is left out: two for every part."""
        return 2 * self.folds
