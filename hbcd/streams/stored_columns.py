"""What is learned of stored columns of numbers: medians, and numbers that stand out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hbcd.tables.dates import may_be_dates, warn_of_dates
from hbcd.tables.encoder import TableEncoder
from hbcd.tables.sentinels import may_be_sentinel, warn_if_far
from hbcd.utils.stored_table import StoredTable

__all__ = ["filled", "order_statistics", "warn_of_numbers"]

Array = NDArray[Any]
SAMPLE: Final = 1 << 16
MARGIN: Final = 64  # parts of the sample, one of which is looked at on either side


def filled(table: StoredTable, encoder: TableEncoder) -> tuple[TableEncoder, StoredTable]:
    """The encoder with the medians of columns that have gaps, and the table without gaps."""
    places = encoder.places
    fills, values = dict(encoder.fills), np.zeros(table.columns)
    numbers = [name for name, fill in fills.items() if fill is not None]
    for name in numbers:
        fills[name] = values[places[name]] = _median(table, places[name])
    return (replace(encoder, fills=fills), table.filled(values)) if numbers else (encoder, table)


def _median(table: StoredTable, column: int) -> float:
    """The median of the numbers that are not missing, as `hbcd.tables.columns.median` has it."""
    own = sum(int(np.count_nonzero(~np.isnan(b[:, column]))) for _, b in table.own_blocks())
    known = sum(table.together(own))
    low, high = order_statistics(table, column, known, (known - 1) // 2, known // 2)
    return float(0.5 * low + 0.5 * high)


def order_statistics(
    table: StoredTable, column: int, known: int, first: int, last: int
) -> tuple[float, float]:
    """The numbers at two neighboring places of a column, once it is sorted.

    Two passes where the table is large: a sample says between which numbers they lie.

    Parameters
    ----------
    table : StoredTable
    column, known : int
        How many of its numbers are not missing.
    first, last : int
    """
    step = -(-known // SAMPLE)
    sample = np.sort(_between(table, column, -np.inf, np.inf, step)[1])
    if step > 1:
        place, margin = first // step, len(sample) // MARGIN
        ends = sample[max(place - margin, 0)], sample[min(place + margin, len(sample) - 1)]
        below, inside = _between(table, column, *ends, 1)
        if not below <= first <= last < below + len(inside):  # rows in an order that misleads
            below, inside = _between(table, column, -np.inf, np.inf, 1)
        sample, first, last = np.sort(inside), first - below, last - below
    return float(sample[first]), float(sample[last])


def _between(
    table: StoredTable, column: int, low: float, high: float, step: int
) -> tuple[int, Array]:
    """How many numbers are below `low`, and each step-th of those from it to `high`."""
    below, kept = 0, []
    for _, block in table.own_blocks():
        values = block[:, column]
        below += int(np.count_nonzero(values < low))
        kept.append(values[(values >= low) & (values <= high)][::step])
    return sum(table.together(below)), np.concatenate(table.joined(kept))


def warn_of_numbers(table: StoredTable, encoder: TableEncoder) -> None:
    """Warns of columns of numbers as a table in memory would be: of -9999, and of dates."""
    places = encoder.places
    names = {
        places[name]: name
        for name, levels in encoder.columns
        if levels is None and name not in encoder.dates
    }
    low, high, counts = _ends(table)
    rows = len(table)
    for column, name in names.items():
        ends = float(low[column]), float(high[column])
        for side, (value, opposite) in enumerate((ends, ends[::-1])):
            count = int(counts[side][column])
            if may_be_sentinel(value, count, rows):
                others = _others(table, column, value, opposite)
                if others is not None:
                    warn_if_far(name, value, count, rows, *others)
        if may_be_dates(*ends):
            warn_of_dates(name, np.concatenate([b[:, column].copy() for _, b in table.blocks()]))


def _ends(table: StoredTable) -> tuple[Array, Array, tuple[Array, Array]]:
    """Least and largest known number of every column, and in how many rows they stand."""
    ends = np.full(table.columns, np.inf), np.full(table.columns, -np.inf)
    counts = np.zeros(table.columns, np.int64), np.zeros(table.columns, np.int64)
    sides = np.less, np.greater
    for _, block in table.own_blocks():
        found = np.fmin.reduce(block, axis=0), np.fmax.reduce(block, axis=0)
        for end, count, own, better in zip(ends, counts, found, sides, strict=True):
            new = better(own, end)
            count[new], end[new] = 0, own[new]
            count += np.count_nonzero(block == end, axis=0)
    of_ranks = [np.array(one) for one in zip(*table.together((*ends, *counts)), strict=True)]
    least, most = of_ranks[0].min(axis=0), of_ranks[1].max(axis=0)
    whole = (of_ranks[2] * (of_ranks[0] == least)), (of_ranks[3] * (of_ranks[1] == most))
    return least, most, (whole[0].sum(axis=0), whole[1].sum(axis=0))


def _others(
    table: StoredTable, column: int, value: float, opposite: float
) -> tuple[float, float] | None:
    """Between which numbers all others of a column lie."""
    low, high = np.inf, -np.inf
    for _, block in table.own_blocks():
        numbers = block[:, column]
        numbers = numbers[(numbers != value) & ~np.isnan(numbers)]
        if value == -opposite:
            numbers = numbers[numbers != opposite]
        if len(numbers):
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
    lows, highs = zip(*table.together((low, high)), strict=True)
    low, high = min(lows), max(highs)
    return (low, high) if low <= high else None
