"""What happens where a rank of MPI, or a worker of Dask, is lost in the midst of a fit.

    python -m bench.training.losses [--moments 20] [--seed 0] [--timeout 5] [--json FILE]
                                    [--engines mpi raise restart] [--kinds kill stop cut]

A fit on three ranks or workers loses one of them, chosen by chance, at a moment by chance between
its beginning and a little after its end:

- kill: SIGKILL.
- stop: SIGSTOP, so that its connections stay open and nothing comes.
- cut: each one is in a network namespace of its own, and the link of that goes down.

Engines: MPI by mpiexec; Dask with ``on_worker_loss="raise"`` and ``"restart"``.  Every fit has to
end, by one `RankLost` or by the bits of one process, within the timeout and some seconds; with
"restart" by the bits.  Processes, ports and files that are left behind are counted (not what Dask
itself leaves of a worker that is killed: its lock file).  1 where a law is broken.

Everything runs in namespaces of its own (Linux: unshare, ip), which need no rights beyond those to
make a user namespace.  Needs mpi4py, mpiexec and the extra dask.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.training.losses_network import Machines, enter, files, ports, processes
from bench.training.losses_work import RANKS, Outcome, alone

ENGINES = ("mpi", "raise", "restart")
KINDS = ("kill", "stop", "cut")
GOOD = {"error that names it", "same bits", "ended by mpiexec"}
AFTER = 1.1  # moments are up to so many times the length of a fit


def one(
    engine: str, kind: str, victim: int, moment: float | None, timeout: float, length: float
) -> Outcome:
    """One loss, on machines of its own."""
    folder, mine = Path(os.environ["TMPDIR"]), set(processes(set()))
    open_before, files_before = ports(), files(folder)
    machines = Machines(RANKS)
    try:
        if engine == "mpi":
            from bench.training import losses_mpi

            reference = _reference(losses_mpi.ITERATIONS)
            found = losses_mpi.lose(kind, victim, moment, timeout, reference, machines)
        else:
            from bench.training import losses_dask

            reference = _reference(losses_dask.ITERATIONS)
            found = losses_dask.lose(
                kind, victim, moment, timeout, reference, machines, engine, length
            )
        holders = {holder.pid for holder in machines.holders}
        late, left = time.time() + 5, "?"
        while left and time.time() < late:  # what ends may take a moment
            some = [f"process {k} {v}" for k, v in processes(mine | holders).items()]
            some += [f"port {one}" for one in ports() - open_before]
            some += [f"file {one}" for one in files(folder) - files_before]
            left = ", ".join(some)
            time.sleep(0.05)
    finally:
        machines.close()
    return dataclasses.replace(found, left=", ".join(filter(None, (found.left, left))))


_known: dict[int, str] = {}


def _reference(iterations: int) -> str:
    if iterations not in _known:
        _known[iterations] = alone(iterations)
    return _known[iterations]


def row(engine: str, kind: str, args: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """All moments of one engine and kind: a row of the table, and whether a law is broken."""
    chance = random.Random(f"{args.seed} {engine} {kind}")
    quiet = one(engine, kind, 0, None, args.timeout, 0.0)
    if quiet.what != "same bits":
        print(engine, kind, "without a loss:", quiet)
        return {"engine": engine, "kind": kind, "outcomes": {quiet.what: 1}}, True
    counts: collections.Counter[str] = collections.Counter()
    beyond, bad, left = 0.0, 0, 0
    for _ in range(args.moments):
        victim, moment = chance.randrange(RANKS), chance.uniform(0, AFTER * quiet.seconds)
        found = one(engine, kind, victim, moment, args.timeout, quiet.seconds)
        counts[found.what] += 1
        again = quiet.seconds if engine == "restart" else max(0.0, quiet.seconds - moment)
        if found.what == "same bits":  # the time that the fit itself takes is no delay
            beyond = max(beyond, found.seconds - again - args.timeout)
        else:
            beyond = max(beyond, found.seconds - args.timeout)
        if found.what not in GOOD or found.left:
            bad += found.what not in GOOD
            left += bool(found.left)
            print(
                f"! {engine} {kind} {victim} {moment:.3f} s: {found}", file=sys.stderr, flush=True
            )
        if args.verbose:
            print(f"  {engine} {kind} {victim} {moment:.3f} s: {found.what} {found.seconds:.2f} s")
            sys.stdout.flush()
    line = {
        "engine": engine,
        "kind": kind,
        "moments": args.moments,
        "fit_s": round(quiet.seconds, 2),
        "outcomes": dict(counts.most_common()),
        "s_beyond_timeout": round(beyond, 2),
        "left_behind": left,
    }
    return line, bool(bad or left)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--verbose", action="store_true", help="a line for each moment")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    code = enter()
    if code is not None:
        return code
    lines, broken = [], False
    names = {"mpi": "MPI", "raise": 'Dask, "raise"', "restart": 'Dask, "restart"'}
    print("| engine | loss | moments | outcomes | slowest beyond the timeout | left behind |")
    print("|---|---|---|---|---|---|", flush=True)
    for engine in args.engines:
        for kind in args.kinds:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["TMPDIR"] = tempfile.tempdir = folder
                line, bad = row(engine, kind, args)
            os.environ.pop("TMPDIR")
            tempfile.tempdir = None
            lines.append(line)
            broken |= bad
            outcomes = ", ".join(f"{what}: {n}" for what, n in line["outcomes"].items())
            print(
                f"| {names[engine]} | {kind} | {line.get('moments')} | {outcomes} "
                f"| {line.get('s_beyond_timeout')} s | {line.get('left_behind')} |",
                flush=True,
            )
    if args.json:
        args.json.write_text(
            json.dumps({"seed": args.seed, "timeout": args.timeout, "rows": lines})
        )
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
