"""What is tried for an effort: architectures, folds, iterations, each with its measurement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hbcd.utils.validation import check_number

__all__ = ["EFFORTS", "Architecture", "MemberSettings", "effort_amount", "settings_of"]

EFFORTS = {"fast": 0.3, "balanced": 1.0, "best": 8.0}
FEW, SMALL, LARGE = 200, 3000, 12_000  # rows
MOST_FEATURES = 128  # inputs and their pieces
MANY_INPUTS = 10


@dataclass(frozen=True)
class Architecture:
    """Hidden widths of a member, the smooth pieces of each of its inputs (0: none), and scales.

    Scaled inputs are those times what they count for in the first networks (`input_scales`), which
    becomes part of the weights once such a network is trained.
    """

    widths: tuple[int, ...]
    pieces: int = 0
    scaled: bool = False

    def __str__(self) -> str:
        text = "-".join(str(width) for width in self.widths)
        text += f" on {self.pieces} pieces" if self.pieces else ""
        return f"{text} on scaled inputs" if self.scaled else text


@dataclass(frozen=True)
class MemberSettings:
    """How members are trained, for a number of rows and an effort.

    Attributes
    ----------
    architectures : tuple of Architecture
        By turns, an arm each: networks of one architecture, each without the rows of its fold.
    arms : float
        Operations that arms may take, in those of the first one; the first is always trained.
    most_arms : int
    folds : int
        Parts of the rows that are left out by turns; 1: one part is left out, once.
    left_out : float
        Of one part, its share of the rows.
    path_rows, path_folds : int
        Rows and folds that the penalty is chosen on.
    probe_penalties, probe_iterations
        Where the path begins, by one fold: at 30 or 9.5 where the first or second one is best.
    path_iterations, end_iterations : int
        At every penalty, and once more at the best one.
    end_share : float
        Of the passes and iterations of `Hybrid.auto`, which ends the training on many rows.
    least_penalty, batch_penalty : float
        Of a path, and of a network trained by batches (kin40k 0.043 at 0.3, 0.046 at 0.003).
    kick : float
        Share of the first parameters added at each penalty: a strong one leaves weights of 0, from
        where no gradient leads away.
    most_members : int
        Members that are kept in the network.
    signs : tuple of int or None
        For every input 1 where outputs are not to fall when it rises, -1: not to rise, 0: free;
        None: all are free.
    exact_loss : float
        Training is in float32, and again as the rows are where the loss of the rows left out, of a
        target of variance 1, falls below it; 0: as the rows are at once.
    """

    architectures: tuple[Architecture, ...]
    arms: float = 1.0
    most_arms: int = 40
    folds: int = 5
    left_out: float = 0.2
    path_rows: int = 10_000
    path_folds: int = 1
    probe_penalties: tuple[float, ...] = (30.0, 3.0, 0.3, 0.03)
    probe_iterations: int = 100
    path_iterations: int = 200
    end_iterations: int = 600
    end_share: float = 1.0
    least_penalty: float = 0.003
    batch_penalty: float = 0.0
    kick: float = 0.1
    most_members: int = 4
    exact_loss: float = 0.0
    signs: tuple[int, ...] | None = None


def settings_of(
    effort: Any, rows: int, inputs: int, folds: int | None, widths: Any
) -> MemberSettings:
    """The settings for an effort, a number of rows, and what of the rest is given.

    Parameters
    ----------
    effort : str or float
    rows : int
    folds : int or None
    widths : tuple of int or None
    """
    amount = effort_amount(effort)
    pieces = _pieces(inputs)
    if rows <= SMALL:
        chosen = _of_few_rows(rows, pieces)
    elif rows <= LARGE:
        chosen = _of_some_rows(pieces, inputs)
    else:
        chosen = _of_many_rows()
    chosen = replace(chosen, arms=chosen.arms * amount)
    if amount < 1:
        chosen = replace(chosen, end_iterations=300, end_share=0.4)
        if rows > SMALL:
            chosen = replace(chosen, folds=min(chosen.folds, 3))
        elif rows >= FEW:
            chosen = replace(chosen, end_iterations=250, folds=4, path_folds=4)
    if amount > 1:
        chosen = replace(chosen, most_members=8, path_iterations=200, end_iterations=600)
    if folds is not None:
        chosen = replace(chosen, folds=folds, path_folds=folds if rows <= SMALL else 1)
    if widths is not None:
        chosen = replace(chosen, architectures=(Architecture(widths),))
    return chosen


def _pieces(inputs: int) -> int:
    """Smooth pieces of each input, so that there are not too many features; 0: none."""
    pieces = min(6, MOST_FEATURES // inputs - 1)
    return pieces if pieces >= 3 else 0


def _with_pieces(pieces: int, *architectures: Architecture) -> tuple[Architecture, ...]:
    """Architectures, those marked with one piece with as many as there are to be, if any."""
    if not pieces:  # narrow ones are there for their pieces
        return tuple(one for one in architectures if not one.pieces)
    return tuple(replace(one, pieces=pieces) if one.pieces else one for one in architectures)


def _of_few_rows(rows: int, pieces: int) -> MemberSettings:
    folds = 10 if rows < FEW else 5
    return MemberSettings(
        _with_pieces(
            pieces,
            Architecture((20, 20)),
            Architecture((20, 20), 1),
            Architecture((10, 10), 1),
            Architecture((40, 20)),
        ),
        arms=2.5,
        folds=folds,
        path_folds=folds,
        probe_iterations=50,
        path_iterations=60,
        end_iterations=300,
    )


def _of_some_rows(pieces: int, inputs: int) -> MemberSettings:
    """Of many inputs those that count for little are better scaled down than cut into pieces."""
    scaled = (Architecture((20, 20), scaled=True),) if inputs >= MANY_INPUTS else ()
    others = (Architecture((20, 20), 1), Architecture((30, 30)))
    return MemberSettings(
        _with_pieces(pieces, Architecture((20, 20)), *scaled, *others),
        arms=2.0,
        folds=4,
        path_iterations=100,
        end_iterations=500,
    )


def _of_many_rows() -> MemberSettings:
    return MemberSettings(
        (Architecture((64, 64)),),
        folds=1,
        left_out=0.0125,
        path_iterations=100,
        batch_penalty=0.1,
    )


def effort_amount(effort: Any) -> float:
    """An effort as a multiple of "balanced".

    Raises
    ------
    ValueError, TypeError
        Neither a name nor a number above 0.
    """
    if isinstance(effort, str):
        if effort not in EFFORTS:
            names = ", ".join(repr(name) for name in EFFORTS)
            raise ValueError(f"effort={effort!r}: must be {names}, or a number above 0")
        return EFFORTS[effort]
    amount = check_number("effort", effort, low=0.0, open_low=True)
    assert amount is not None
    return float(amount)
