"""Each allocation of a fit, a load, a prediction, an export fails once.

``python -m bench.faults.allocations [CASE...]``: the first words of names in `fault_cases.CASES`
("fit", "export c") choose; ``--step N`` tries every N-th only. The laws: `MemoryError`, what was
there is untouched, the next one has the same bits, and memory does not grow. Ends with status 1
where one is broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support import faults
from support.fault_cases import CASES

MOST_BYTES = 1000  # of a failure, in the mean: a run takes many times as much


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.faults.allocations", description=__doc__)
    parser.add_argument("case", nargs="*", default=[""])
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    if faults.missing:
        raise SystemExit(f"bench.faults: {faults.missing}")
    names = [name for name in CASES if any(name.startswith(case) for case in args.case)]
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        library = faults.build(Path(folder))
        for name in names:
            one = faults.try_allocations(library, name, folder, step=args.step)
            found = ", ".join(f"{what} {count}" for what, count in sorted(one["found"].items()))
            counts = f"{one['calls']:>7} allocations, {one['tried']:>7} tried"
            print(f"{name:<18} {counts}: {found}; {one['lost']:.0f} bytes kept each", flush=True)
            if one["crashes of others"]:
                print(f"    the process ended {len(one['crashes of others'])} times in", end=" ")
                print(*sorted({*one["crashes of others"]}))
            if one["tried"] > 500 and one["lost"] > MOST_BYTES:
                one["wrong"].append("memory grows")
            for line in (*one["wrong"], *one["crashes"]):
                print(f"    {line}")
            broken += bool(one["wrong"] or one["crashes"])
    if broken:
        raise SystemExit(f"{broken} of {len(names)} cases break a law")


if __name__ == "__main__":
    main()
