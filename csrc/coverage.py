"""Branches and lines of the core that tests have gone through: ``make coverage`` ends with it.

``python3 coverage.py [--least PERCENT] [--missing] BUILD...`` reads what gcc --coverage left in
build folders. A branch is one way out of a condition, as gcov numbers them within a line. A source
line is counted once, however often it is compiled: a .inl file stands in the objects of two
precisions and three instruction sets and in several builds, and a way out counts as gone where one
of them has gone there. For that all are built with -O0, and without inlining (Makefile): an
inlined copy has ways out of its own, dead ones among them. Ends with status 1 where less than the
wanted share of all branches is gone.
"""

import argparse
import gzip
import itertools
import json
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
Key = tuple[str, int, int]  # file, line, number of the way out of its line


def reports(build: Path):
    """What gcov tells of every object, as dictionaries."""
    notes = sorted(path.resolve() for path in build.rglob("*.gcno") if "tests" not in path.parts)
    if not notes:
        raise SystemExit(f"coverage: {build} holds no .gcno files: build with --coverage")
    with tempfile.TemporaryDirectory() as folder:
        command = ["gcov", "--json-format", "--branch-probabilities", "--preserve-paths"]
        subprocess.run(
            [*command, *map(str, notes)], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        for path in sorted(Path(folder).glob("*.gcov.json.gz")):
            yield json.loads(gzip.decompress(path.read_bytes()))


def merged(builds: list[Path]) -> tuple[dict[Key, int], dict[tuple[str, int], int]]:
    """How often each way out and each line was gone, over all objects that have it."""
    ways: dict[Key, int] = defaultdict(int)
    lines: dict[tuple[str, int], int] = defaultdict(int)
    for report in itertools.chain.from_iterable(map(reports, builds)):
        for file in report["files"]:
            name = "src/" + file["file"].rpartition("src/")[2]
            if not (HERE / name).is_file():
                continue
            for line in file["lines"]:
                lines[name, line["line_number"]] += line["count"]
                for way, branch in enumerate(line["branches"]):
                    ways[name, line["line_number"], way] += branch["count"]
    return ways, lines


def table(ways: dict[Key, int], lines: dict[tuple[str, int], int]) -> float:
    """Prints a row for each file; the percentage of all ways out that were gone."""
    print(f"{'file':<42} {'branches':>14} {'':>7} {'lines':>12}")
    for name in [*sorted({name for name, _ in lines}), "all"]:
        of_file = [n for key, n in ways.items() if name in ("all", key[0])]
        of_lines = [n for key, n in lines.items() if name in ("all", key[0])]
        gone, walked = sum(n > 0 for n in of_file), sum(n > 0 for n in of_lines)
        share = 100 * gone / len(of_file) if of_file else 100.0
        branches = f"{gone:>6} of {len(of_file):<5} {share:6.1f} %"
        print(f"{name:<42} {branches} {walked:>5} of {len(of_lines)}")
    return share


def missing(ways: dict[Key, int]) -> None:
    """Every line with a way out that was never gone."""
    open_lines = defaultdict(list)
    for (name, line, way), count in ways.items():
        open_lines[name, line].append((way, count))
    for (name, line), found in sorted(open_lines.items()):
        never = [way for way, count in sorted(found) if count == 0]
        if never:
            text = (HERE / name).read_text().splitlines()[line - 1].strip()
            print(f"{name}:{line}: {len(never)} of {len(found)} {never}: {text}")


def main() -> None:
    """Reads, prints, judges."""
    parser = argparse.ArgumentParser(prog="coverage.py", description=__doc__)
    parser.add_argument("build", nargs="+", type=Path)
    parser.add_argument("--least", type=float, default=0.0)
    parser.add_argument("--missing", action="store_true", help="lines with ways never gone")
    args = parser.parse_args()
    ways, lines = merged(args.build)
    share = table(ways, lines)
    if args.missing:
        missing(ways)
    if share < args.least:
        raise SystemExit(f"coverage: {share:.1f} % of the branches, must be {args.least:g} %")


if __name__ == "__main__":
    main()
