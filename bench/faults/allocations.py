"""Each allocation of a fit, a load, a prediction, an export fails once.

``python -m bench.faults.allocations [CASE...]``: the first words of names in `fault_cases.CASES`
("fit", "export c") choose; ``--step N`` tries every N-th only. The laws: `MemoryError`, what was
there is untouched, the next one has the same bits, and memory does not grow. Ends with status 1
where one is broken.

Exports have tens of thousands of allocations: they fail in children of one run (`Trials.forks`),
and in runs of their own those that cannot, and `FEW` more, for the law of the next one and memory.
So do objects and problems of other packages (`fault_objects.OBJECTS`), where they are installed.
"""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support import faults
from support.fault_cases import CASES
from support.fault_objects import OBJECTS

MOST_BYTES = 1000  # of a failure, in the mean: a run takes many times as much
FEW = 40
COMMON = re.compile(r"/(faults|libc|libpython[\d.]*|ld-linux\S*|libpthread)\.so")


class Tried:
    """What came of the failures of a case."""

    def __init__(self):
        self.calls = self.tried = 0
        self.found, self.others = Counter(), Counter()
        self.wrong, self.lost = [], 0.0

    def add(self, one):
        self.calls = self.calls or one["calls"]
        self.tried += one["tried"]
        self.found.update(one["found"])
        self.wrong += one["wrong"]
        if one["tried"] > 500 and one.get("lost", 0.0) > MOST_BYTES:
            self.wrong.append("memory grows")
        if one["tried"] > 500:
            self.lost = max(self.lost, one.get("lost", 0.0))

    def ended(self, k, status, stderr):
        """Allocation k ended the process: in a file of others, or in hbcd, which is wrong."""
        self.tried += 1
        libraries = re.findall(r"^(/\S*\.so[^(\s]*)\(", stderr, re.M)
        libraries = [one for one in libraries if not COMMON.search(one)]
        where = re.search(r'File "(.*)", line', stderr) if not libraries else [0, libraries[0]]
        if where and "site-packages" in where[1]:
            self.others["/".join(Path(where[1]).parts[-2:])] += 1
        else:
            self.wrong.append(f"allocation {k}: status {status}: {stderr}")

    def __str__(self):
        found = ", ".join(f"{what} {count}" for what, count in sorted(self.found.items()))
        found += "".join(f", the end of the process in {one} {n}" for one, n in self.others.items())
        counts = f"{self.calls:>7} allocations, {self.tried:>7} tried"
        kept = f"; {self.lost:.0f} bytes kept each" if self.lost else ""
        lines = [f"{counts}: {found}{kept}"]
        return "\n    ".join([*lines, *self.wrong])


def each(library, name, folder, numbers, tried):
    """Allocations of these numbers (a range or a list), in runs of their own.

    Where one ends the process another one goes on behind it.
    """
    while len(numbers):
        how = ",".join(map(str, numbers))
        if isinstance(numbers, range):
            how = f"every:{numbers.start}:{numbers.step}"
        with tempfile.TemporaryDirectory(dir=folder) as place:
            ended = faults.run(*faults.command(library, "faulty_memory", how, place, name))
        lines = ended.stdout.splitlines()
        found = [line for line in lines if line.startswith("{")]
        if found:
            tried.add(json.loads(found[-1]))
        if ended.returncode == 0:
            return
        if not lines:
            raise RuntimeError(ended.stderr)
        last = int([line for line in lines if not line.startswith("{")][-1])
        tried.ended(last, ended.returncode, ended.stderr)
        after = last + (numbers.step if isinstance(numbers, range) else 1)
        numbers = (
            range(after, numbers.stop, numbers.step)
            if isinstance(numbers, range)
            else [k for k in numbers if k >= after]
        )


def forked(library, name, folder, step, tried):
    """Allocations in children of one run, and in runs of their own those that have to be."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        [one] = faults.results(library, "faulty_memory", f"forks:{step}", place, name)
    tried.add(one)
    for ended in one["ended"]:
        tried.ended(*ended)
    again = one["untried"]
    few = range(3, one["calls"] + 1, max(1, one["calls"] // FEW))
    each(library, name, folder, sorted({*again, *few}), tried)
    tried.tried -= len({*few} - {*again})


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.faults.allocations", description=__doc__)
    parser.add_argument("case", nargs="*", default=[""])
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    if faults.missing:
        raise SystemExit(f"bench.faults: {faults.missing}")
    names = [name for name in CASES | OBJECTS if any(name.startswith(case) for case in args.case)]
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        library = faults.build(Path(folder))
        for name in names:
            tried = Tried()
            if name.startswith(("export", "object")):
                forked(library, name, folder, args.step, tried)
            else:
                each(library, name, folder, range(1, 10**9, args.step), tried)
            print(f"{name:<22} {tried}", flush=True)
            broken += bool(tried.wrong)
    if broken:
        raise SystemExit(f"{broken} of {len(names)} cases break a law")


if __name__ == "__main__":
    main()
