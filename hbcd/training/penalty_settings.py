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
        weights: 30 leaves a line, 0.001 is next to none.  Steps of 3 instead of 10: friedman1
        0.951 against 0.946, friedman3 0.899 against 0.893, moons 0.942 against 0.930.
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
        Iterations at each penalty.  50 or 200 instead of 100: friedman1 0.944 and 0.951 against
        0.951, the others within 0.009, without a direction.
    kick : float
        Share of the first parameters added at each penalty: a strong penalty leaves all weights 0,
        from where no gradient leads away.
    worse, patience : float, int
        The descent ends when the loss of the rows left out was by this share above its least so
        many times one after another: once may be noise of the folds.
    share : float
        Of the limits of the fit, what the choice may use; the rest is for the training.
    """

    penalties: tuple[float, ...] = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
    unknown: float = 1.0
    folds: int = 3
    fold_rows: int = 1000
    one_of: int = 5
    most_rows: int = 10_000
    step_iterations: int = 100
    kick: float = 0.1
    worse: float = 0.005
    patience: int = 2
    share: float = 0.5

    @property
    def fewest_rows(self) -> int:
        """Rows below which nothing is left out: two for every part."""
        return 2 * self.folds
