"""The article's claims with the runs of this command put in."""

from __future__ import annotations

import numpy as np

from . import article, fig3, fig4, fig5, times
from .baselines import BASELINES
from .claims import Claim, Race, gains, lift, most_sensitive, speed, spread
from .context import Context
from .data import Source
from .methods import DEFAULT, ICRS_ALL, ICRS_SUBSET, JOINT, LBFGS_SUBSET, PAPER, paper, whole


def claims(context: Context) -> list[Claim]:
    """Every claim of the article, then what we ask beside them."""
    ccpp, siec = context.sources["ccpp"], context.sources["siec"]
    return [
        _rules(context),
        _spread(context),
        _lift(context),
        speed(
            "ICRS is five times faster than L-BFGS on CCPP (35 against 7 minutes).",
            [
                race
                for name in (ICRS_SUBSET, ICRS_ALL)
                for race in _races(context, ccpp, name, ("in all", "to the target"))
            ],
        ),
        speed(
            "BCD-ICRS is six times faster than L-BFGS on SIEC (220 against 35 minutes).",
            [
                race
                for name in (PAPER, times.ICRS_BCD)
                for race in _races(context, siec, name, ("in all", "to the target"))
            ],
        ),
        _each_part(context),
        speed(
            "Asked by us: the default is five times faster than full-batch L-BFGS to "
            "the target on CCPP, and six times on SIEC.",
            [
                race
                for source in (ccpp, siec)
                for race in _races(context, source, DEFAULT, ("to the target",))
            ],
        ),
    ]


def _rules(context: Context) -> Claim:
    scores = {
        source.name: {
            rule: context.values(fig3.method(rule), source)
            for rule in fig3.RULES
            if not rule.endswith("(ours)")
        }
        for source in context.sources.values()
    }
    return most_sensitive(fig3.MOST_SENSITIVE, scores)


def _spread(context: Context) -> Claim:
    pairs = []
    for source in context.sources.values():
        for icrs, lbfgs in ((ICRS_SUBSET, LBFGS_SUBSET), (ICRS_ALL, JOINT)):
            pairs.append(
                (
                    f"{source.name}, random splits: {icrs} against {lbfgs}",
                    context.values(whole(icrs), source),
                    context.values(whole(lbfgs), source),
                )
            )
        starts = {
            name: [r["r2_test"] for r in fig4.from_starts(context, name, source)]
            for name in fig4.ONE_SPLIT
        }
        for lbfgs in (LBFGS_SUBSET, JOINT):
            pairs.append(
                (
                    f"{source.name}, one split, random starts: {ICRS_SUBSET} against {lbfgs}",
                    starts[ICRS_SUBSET],
                    starts[lbfgs],
                )
            )
    return spread(pairs)


def _lift(context: Context) -> Claim:
    pairs = []
    for source in context.sources.values():
        for name in (fig5.SAME_BATCHES, JOINT, fig5.FEW_STEPS):
            pairs.append(
                (
                    f"{source.name}: {PAPER} against {name}",
                    context.values(paper(), source),
                    context.values(fig5.without(name), source),
                )
            )
    with_r2 = context.values(paper(), context.sources["ccpp"])
    return lift(article.BCD_ICRS_R2, with_r2, pairs)


def _each_part(context: Context) -> Claim:
    pairs = []
    for source in context.sources.values():
        with_both = context.values(paper(), source)
        for what, name in (
            ("BCD with ICRS before it against BCD alone", fig5.NO_ICRS),
            ("BCD after ICRS against all layers at once after ICRS", fig5.NO_BCD),
        ):
            without = context.values(fig5.without(name), source)
            pairs.append((f"{source.name}, same batches: {what}", with_both, without))
    return gains("Asked by us: ICRS and BCD each bring something to the hybrid.", pairs)


def _races(context: Context, source: Source, name: str, kinds: tuple[str, ...]) -> list[Race]:
    """A method against L-BFGS on all rows."""
    a, b = (times.records(context, source, which) for which in (name, JOINT))
    races = []
    for kind in kinds:
        key = "seconds" if kind == "in all" else "seconds_to"
        never = 0 if kind == "in all" else sum(not record["reached"] for record in a)
        goal = kind if kind == "in all" else f"to test R² {article.TARGETS[source.name]:g}"
        races.append(
            Race(
                f"{source.name}, {goal}: {name} against {JOINT}",
                np.array([record[key] for record in a]),
                np.array([record[key] for record in b]),
                article.FASTER[source.name],
                never,
            )
        )
    return races


def level_of_least_squares(context: Context) -> str:
    """Where the article's R2 of 0.872 and 0.931 stand beside least squares."""
    source = context.sources["ccpp"]
    linear, cubic = (float(np.mean(context.values(m, source))) for m in BASELINES[:2])
    few, all_rows = (
        float(np.mean(context.values(fig5.without(name), source)))
        for name in (fig5.FEW_STEPS, JOINT)
    )
    below = "below" if linear > article.WITHOUT_R2 else "above"
    side = "below" if cubic > article.BCD_ICRS_R2 else "above"
    return (
        f"On the same random splits of CCPP least squares has a mean test R² of {linear:.4f} and "
        f"cubic least squares {cubic:.4f}: the article's {article.WITHOUT_R2} without BCD + ICRS "
        f"lies {below} least squares, its {article.BCD_ICRS_R2} with it lies {side} cubic least "
        f"squares. The same network trained jointly has {all_rows:.4f} with L-BFGS on all rows, "
        f"and {few:.4f} after ten epochs of ADAM."
    )
