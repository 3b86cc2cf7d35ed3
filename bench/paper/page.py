"""RESULTS.md: the claims with their verdicts, then every experiment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import article
from .claims import Claim
from .context import Context, Found
from .paired import LEVEL, MIN_RUNS
from .tables import Table, markdown

BY_HAND = Path(__file__).with_name("BY_HAND.md")


def write(
    context: Context,
    found: Sequence[Found],
    claims: Sequence[Claim],
    machine: dict[str, Any],
    level: str,
    path: Path,
) -> None:
    """The whole page."""
    parts = [
        _head(context, machine),
        _claims(claims, level),
        _references(context),
        *[_experiment(one) for one in found],
        _how(context, machine),
    ]
    if BY_HAND.exists():
        parts.append(f"## Written by hand\n\n{BY_HAND.read_text(encoding='utf-8').strip()}")
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _head(context: Context, machine: dict[str, Any]) -> str:
    rows = " and ".join(f"{n} rows of {name}" for name, n in machine["rows"].items())
    return (
        "# The article's experiments, repeated\n\n"
        f"{article.TITLE}.\n\n"
        f"Written by `python -m bench.paper all --runs {context.runs}`: {context.runs} runs where "
        f"a claim is judged, at most five elsewhere; {rows}. Everything above the last section "
        "is computed. The article's figures are those of its text; its pictures are not at hand."
    )


def _claims(claims: Sequence[Claim], level: str) -> str:
    lines = [
        "## Claims",
        "",
        "Each claim is split into conditions. It holds where all are met, partly where some are, "
        "and does not hold where none is. A condition on a difference is met where the difference "
        f"has the right sign and the paired test a p-value below {LEVEL} after Holm's correction "
        f"within the claim, over at least {MIN_RUNS} runs: Wilcoxon's signed-rank test for R² and "
        "for the logarithm of a ratio of seconds, Pitman and Morgan's for spreads.",
        "",
        "| claim | verdict | conditions met |",
        "|---|---|---|",
    ]
    for claim in claims:
        met = sum(part.held is True for part in claim.parts)
        lines.append(f"| {claim.text} | **{claim.verdict}** | {met} of {len(claim.parts)} |")
    for claim in claims:
        lines += ["", f"**{claim.text}** {claim.verdict.capitalize()}.", ""]
        marks = {True: "met", False: "not met", None: "too few runs"}
        lines += [f"- {marks[part.held]}: {part.text}" for part in claim.parts]
    return "\n".join([*lines, "", level])


def _references(context: Context) -> str:
    rows = [row for source in context.sources.values() for row in context.references(source)]
    return (
        "## What everything is compared with\n\n"
        "These rows end every table. Mean ± standard deviation over runs; `least to most` is the "
        "range of test R²; the gain is over least squares on the same split; seconds are medians. "
        "MSE and MAE are in the units of the table, MW and kWh.\n\n"
        f"{markdown(Table('', '', rows))}"
    )


def _experiment(found: Found) -> str:
    lines = [f"## {found.title}", "", *[f"{text}\n" for text in found.text]]
    links = [f"[{table.title}](results/{table.name}.md)" for table in found.tables]
    lines += [f"Table: {', '.join(links)}.", ""]
    for table in found.tables:
        own = [row for row in table.rows if row.get("own")]
        lines += [markdown(Table("", "", own, table.extra)), ""]
    for figure in found.figures:
        lines += [f"![{figure.caption}](results/{figure.name}.png)", "", figure.caption, ""]
    return "\n".join(lines).rstrip()


def _how(context: Context, machine: dict[str, Any]) -> str:
    budget = context.store.budget
    return (
        "## How it was measured\n\n"
        "Splits: 80 % of the rows to train on, 20 % to test on, by the seeds given below. "
        "`random` shuffles rows; `no duplicates` takes the exact duplicates of CCPP out first, "
        "which a random split shares between both parts; `whole weeks` leaves out a fifth of the "
        "weeks of SIEC, because random rows of a time series have neighbors in the training part. "
        "Networks have three hidden layers of 10 tanh unless said otherwise, and inputs and "
        "targets standardized by the training rows. Nothing is chosen on test rows: every fit "
        "returns what its training rows call best.\n\n"
        f"Budgets: every fit of hbcd at most {budget.seconds:g} s; the network of scikit-learn "
        f"{budget.mlp_iterations} iterations of L-BFGS without penalty (its seconds stand "
        "beside); histogram gradient boosting as scikit-learn sets it. Cubic least squares has "
        "every monomial up to degree 3 of the columns with more than two values, and the other "
        "columns as they are; its predictions are held within the range of the training targets, "
        "because a cubic runs away on a row that is far out. The power triangle is P = Q pf / "
        "sqrt(1 - pf²) of lagging reactive power and power factor where Q > 0 and pf < 1, and "
        "least squares on the other rows. "
        "Seconds are wall-clock time, comparable within a table only.\n\n"
        "Every single run is in [runs.csv](results/runs.csv).\n\n"
        f"```json\n{json.dumps(machine, indent=1, ensure_ascii=False)}\n```"
    )
