"""Do bounds hold, how tight are they, and what does a monotone fit cost?

    python -m bench.bounds [--quick] [--boxes 1000] [--points 1000000] [--seeds 3] [--oracle]
                           [--only attack|constraints]

1000 boxes of 1e-8 to 2 standard deviations, six activations, depth 0 to 5, both precisions; rows
are random, corners, and on the way of a gradient ascent.  ``--oracle`` compares with the library
bound-propagation, which needs torch.  Truths that are monotone are fitted with and without
`monotonic_cst`.
"""

from __future__ import annotations

import argparse

import numpy as np

from bench.bounds.attack import attack
from bench.bounds.constraints import TRUTHS, costs, wrong_signs


def main() -> None:
    """Runs what is asked for and prints it."""
    parser = argparse.ArgumentParser(prog="python -m bench.bounds", description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="72 boxes, 20 000 rows, 1 seed")
    parser.add_argument("--boxes", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 1500], help="of training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--effort", default="balanced")
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--only", choices=("attack", "constraints", "oracle"))
    args = parser.parse_args()
    if args.quick:
        args.boxes, args.points, args.seeds, args.rows = 72, 20_000, 1, [300]
    if args.only in (None, "attack"):
        tally = attack(args.boxes, args.points)
        assert tally.ratios is not None
        print(f"rows {tally.rows}, outside of either bounds {tally.outside}")
        print(f"width of crown over interval, geometric mean {np.exp(np.mean(tally.ratios)):.3f}")
    if args.oracle or args.only == "oracle":
        _oracle()
    if args.only in (None, "constraints"):
        _constraints(args)


def _oracle() -> None:
    from bench.bounds.oracle import compared

    found = compared()
    for name in ("interval", "crown"):
        print(f"{name}: largest difference {max(one[name] for one in found):.1e}")
    widths = [one["width"] for one in found]
    print(f"ours, met with tighter intervals: width {np.exp(np.mean(np.log(widths))):.4f} of that")


def _constraints(args: argparse.Namespace) -> None:
    parameters = {"effort": args.effort}
    found = costs(args.rows, args.seeds, parameters)
    print("R2 on new rows without noise, mean of seeds: free, monotone, difference; proofs; CPU")
    for name in TRUTHS:
        for rows in args.rows:
            own = [one for one in found if (one["truth"], one["rows"]) == (name, rows)]
            free, bound = np.mean([one["r2"] for one in own], axis=0)
            cpu = np.mean([one["cpu"] for one in own], axis=0)
            proofs = sum(one["proof"] is True for one in own)
            print(
                f"{name:14s} {rows:5d}  {free:.4f} {bound:.4f} {bound - free:+.4f}  "
                f"{proofs}/{len(own)}  {cpu[0]:.1f} s {cpu[1]:.1f} s"
            )
    wrong, seen = wrong_signs(args.points, {"effort": "fast"})
    print(f"derivatives of the wrong sign {wrong}, at {seen} rows")


if __name__ == "__main__":
    main()
