"""Each call on a file fails once, in each of five ways: ``python -m bench.faults.files [CASE...]``.

The disk is full from there on, is read-only from there on, takes and gives half of what it should,
is interrupted (EINTR), or is broken (EIO). The cases are those of `faulty_files.CASES`. The laws:
what was there is there, whole, as it was or as it should be then; nothing else is left; what is
done has the same bytes, what is not is told in one line. Ends with status 1 where one is broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support import faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.faults.files", description=__doc__)
    parser.add_argument("case", nargs="*")
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    if faults.missing:
        raise SystemExit(f"bench.faults: {faults.missing}")
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        library = faults.build(Path(folder))
        place = Path(folder, "files")
        place.mkdir()
        for one in faults.results(library, "faulty_files", place, args.step, *args.case):
            found = ", ".join(f"{what} {count}" for what, count in sorted(one["found"].items()))
            print(f"{one['case']:<20} {one['calls']:>4} calls: {found}", flush=True)
            for line in one["wrong"]:
                print(f"    {line}")
            broken += bool(one["wrong"])
    if broken:
        raise SystemExit(f"{broken} cases break a law")


if __name__ == "__main__":
    main()
