"""What the experiments share: tables, runs, the store of fits, and the rows they all end in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from . import article
from .baselines import BASELINES, baselines
from .data import RANDOM, Source, Split, split
from .methods import Method, default, paper
from .records import Record, Store
from .tables import Row, Table, absent, published, summarize


@dataclass(frozen=True)
class Figure:
    """A picture: file name without ending, caption, and what draws it into a matplotlib figure."""

    name: str
    caption: str
    size: tuple[float, float]
    draw: Callable[[Any], None]


@dataclass
class Found:
    """What an experiment found."""

    name: str
    title: str
    text: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


@dataclass
class Context:
    """Everything an experiment needs."""

    sources: dict[str, Source]
    runs: int
    store: Store
    folder: Path

    def __post_init__(self) -> None:
        self._split = cache(lambda name, kind, seed: split(self.sources[name], kind, seed))

    def splits(self, source: Source, kind: str = RANDOM) -> list[Split]:
        """One split per run, seeds 0, 1, ..."""
        return [self._split(source.name.lower(), kind, seed) for seed in range(self.runs)]

    def records(self, method: Method, source: Source, kind: str = RANDOM) -> list[Record]:
        """One record per run, in the order of the seeds; none where a package is missing."""
        found = [self.store.fit(method, part) for part in self.splits(source, kind)]
        return [record for record in found if record is not None]

    def values(self, method: Method, source: Source, name: str = "r2_test") -> list[float]:
        """One figure per run on random splits."""
        return [record[name] for record in self.records(method, source)]

    def row(self, method: Method, source: Source, kind: str = RANDOM, what: str = "") -> Row:
        """The row of a method in a table."""
        records = self.records(method, source, kind)
        if not records:
            return absent(source.name, kind, method.name, self.store.missing[method.name])
        linear = self.records(BASELINES[0], source, kind)
        return summarize(what or method.name, records, linear, note(records))

    def references(self, source: Source) -> list[Row]:
        """The rows that every table ends in: article, ours twice, baselines, on every split."""
        shown = article.PUBLISHED.get((source.name, "BCD+ICRS"), {})
        rows = [published(source.name, "BCD+ICRS", shown, "" if shown else article.SILENT)]
        for kind in source.kinds:
            for method in (paper(), default(), *baselines(source)):
                rows.append(self.row(method, source, kind))
        return rows

    def table(self, name: str, title: str, rows: Sequence[Row], sources: Sequence[Source]) -> Table:
        """The rows of an experiment, marked as its own, then the references of its tables."""
        ends = [row for source in sources for row in self.references(source)]
        return Table(name, title, [*({**row, "own": True} for row in rows), *ends])


def note(records: Sequence[Record]) -> str:
    """What a reader has to know of these runs."""
    found = []
    limited = sum(record.get("stopped") == "time" for record in records)
    if limited:
        limit = records[0]["seconds_limit"]
        found.append(f"{limited} of {len(records)} ended by the limit of {limit:g} s")
    if "share" in records[0]:
        share = sum(record["share"] for record in records) / len(records)
        inside = sum(record["r2_where_it_applies"] for record in records) / len(records)
        found.append(f"applies to {share:.0%} of the rows, R² {inside:.5f} on those")
    return "; ".join(found)
