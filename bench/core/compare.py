"""Compares two files of measured times: python -m bench.core.compare OLD.json NEW.json

The format is ``{"meta": {...}, "results": [{"name": "...", "median_s": 1e-3, ...}, ...]}``, as
rivals.py writes it.  A result is slower only if it is slower by a ratio and by an absolute time:
a ratio alone cries at the noise of tiny times, a time alone at the noise of long ones.

Exits with 0, with 1 if something is slower, with 2 and one line if a file can't be used.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

RATIO = 1.10
MICROSECONDS = 2.0


class Unusable(Exception):
    """A file that is not what it should be; the message is one line."""


@dataclass(frozen=True)
class Line:
    """One result of both files."""

    name: str
    old: float  # seconds
    new: float
    slower: bool

    @property
    def ratio(self) -> float:
        return self.new / self.old


def read_times(path: Path) -> dict[str, float]:
    """Name -> median in seconds."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Unusable(f"{path}: not JSON: {' '.join(str(error).split())}") from None
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list) or not results:
        raise Unusable(f"{path}: has no list of results")
    times: dict[str, float] = {}
    for k, result in enumerate(results):
        name = result.get("name") if isinstance(result, dict) else None
        if not isinstance(name, str):
            raise Unusable(f"{path}: results[{k}] has no name")
        seconds = result.get("median_s")
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not math.isfinite(seconds) or seconds <= 0:
            raise Unusable(f"{path}: {name}: median_s={seconds!r}: must be a positive number")
        if name in times:
            raise Unusable(f"{path}: {name}: appears twice")
        times[name] = float(seconds)
    return times


def compare(
    old: dict[str, float], new: dict[str, float], ratio: float, seconds: float
) -> list[Line]:
    """The results of both, in the order of the old file."""
    lines = []
    for name, before in old.items():
        if name in new:
            after = new[name]
            slower = after > before * ratio and after - before > seconds
            lines.append(Line(name, before, after, slower))
    return lines


def print_table(lines: list[Line]) -> None:
    width = max(len(line.name) for line in lines)
    print(f"{'':{width}} {'old us':>12} {'new us':>12} {'new/old':>8}")
    for line in lines:
        mark = "  SLOWER" if line.slower else ""
        times = f"{1e6 * line.old:12.2f} {1e6 * line.new:12.2f} {line.ratio:8.3f}"
        print(f"{line.name:{width}} {times}{mark}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--ratio", type=float, default=RATIO, help="default %(default)s")
    parser.add_argument(
        "--microseconds", type=float, default=MICROSECONDS, help="default %(default)s"
    )
    parser.add_argument("--only", default="", help="results whose name contains this text")
    options = parser.parse_args(arguments)
    try:
        if not options.ratio >= 1 or not options.microseconds >= 0:
            raise Unusable("--ratio must be at least 1 and --microseconds at least 0")
        old, new = read_times(options.old), read_times(options.new)
        old = {name: seconds for name, seconds in old.items() if options.only in name}
        lines = compare(old, new, options.ratio, 1e-6 * options.microseconds)
        if not lines:
            raise Unusable("no result is in both files")
    except Unusable as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    print_table(lines)
    missing = [name for name in old if name not in new]
    for name in missing:
        print(f"only in the old file: {name}")
    slower = [line for line in lines if line.slower]
    limits = f"more than {options.ratio:g} x and {options.microseconds:g} us"
    print(f"{len(lines)} compared, {len(slower)} slower by {limits}")
    return int(bool(slower))


if __name__ == "__main__":
    sys.exit(main())
