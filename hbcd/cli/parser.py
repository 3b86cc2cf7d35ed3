"""What may be asked on the command line: commands, options, and the help that teaches them.

Commands live in modules of their own, imported when they are asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from hbcd.cli import help as text
from hbcd.cli.config import with_config
from hbcd.cli.export_options import add_export_options
from hbcd.cli.grid import BUDGET, GRID, parse_budget, parse_grid, parse_hidden
from hbcd.cli.predict_options import add_predict_options
from hbcd.cli.strict_parser import StrictParser
from hbcd.utils.version import __version__

__all__ = ["parse"]

Command = Callable[[argparse.Namespace], int]


def _fit(args: argparse.Namespace) -> int:
    from hbcd.cli.fit import fit

    return fit(args)


def _evaluate(args: argparse.Namespace) -> int:
    from hbcd.cli.evaluate import evaluate

    return evaluate(args)


def _predict(args: argparse.Namespace) -> int:
    from hbcd.cli.predict import predict

    return predict(args)


def _explain(args: argparse.Namespace) -> int:
    from hbcd.cli.explain import explain

    return explain(args)


def _info(args: argparse.Namespace) -> int:
    from hbcd.cli.predict import info

    return info(args)


def _export(args: argparse.Namespace) -> int:
    from hbcd.cli.export import export

    return export(args)


def _fetch(args: argparse.Namespace) -> int:
    from hbcd.cli.data import fetch

    return fetch(args)


def _describe(args: argparse.Namespace) -> int:
    from hbcd.cli.data import describe

    return describe(args)


def _completion(args: argparse.Namespace) -> int:
    from hbcd.cli.completion import completion

    return completion(args, _parser()[0])


def _bench(args: argparse.Namespace) -> int:
    from hbcd.cli.bench import bench

    return bench(args)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments of the process, with those of a config file where one is named."""
    parser, commands = _parser()
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name == "fit":
        at = arguments.index(name) + 1
        _refuse_two_targets(arguments[at:])
        arguments = [*arguments[:at], *with_config(commands.choices[name], arguments[at:])]
    return parser.parse_args(arguments)


def _refuse_two_targets(words: list[str]) -> None:
    """ValueError for columns to predict named one by one: all but the last would be inputs."""
    if sum(word.partition("=")[0] == "--target" for word in words) > 1:
        raise ValueError("--target: is there twice; several columns are one list, --target y,z")


def _parser() -> tuple[argparse.ArgumentParser, Any]:
    parser = StrictParser(prog="hbcd", description=text.DESCRIPTION, epilog=text.EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"hbcd {__version__}")
    _add_debug(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_fit(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    _add_explain(commands)
    info = _command(commands, "info", _info, "what a model file holds", text.INFO,
                    text.INFO_EXAMPLES)  # fmt: skip
    info.add_argument("model", nargs="?", metavar="FILE", help="a model, or an exported file")
    _add_json(info)
    export = _command(commands, "export", _export, "a model for another tool", text.EXPORT,
                      text.EXPORT_EXAMPLES)  # fmt: skip
    add_export_options(export)
    _add_data(commands)
    bench = _command(commands, "bench", _bench, "time this machine", text.BENCH,
                     text.BENCH_EXAMPLES)  # fmt: skip
    bench.add_argument("--threads", type=int, metavar="N", help="up to so many (default: all)")
    _add_json(bench)
    shell = _command(commands, "completion", _completion, "completion for a shell",
                     text.COMPLETION, text.COMPLETION_EXAMPLES)  # fmt: skip
    shell.add_argument("shell", metavar="bash|zsh|fish")
    return parser, commands


def _command(
    commands: Any, name: str, run: Command, summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """A command whose work is `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=examples + text.EXIT_CODES
    )
    parser.set_defaults(run=run)
    _add_debug(parser)
    return parser


def _add_debug(parser: argparse.ArgumentParser) -> None:
    what = "show the traceback of an error (also: HBCD_DEBUG=1)"
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=what)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def _add_fit(commands: Any) -> None:
    fit = _command(commands, "fit", _fit, "train a network", text.FIT, text.FIT_EXAMPLES)
    fit.add_argument("data", nargs="?", metavar="DATA", help="default: plant")
    fit.add_argument("--config", metavar="FILE", help="options from a TOML file; flags win")
    _add_table(fit)
    add = fit.add_argument_group("network and training").add_argument
    add(
        "--hidden",
        type=parse_hidden,
        default="auto",
        metavar="10,10,10",
        help="widths, none, grow: as many as training finds to be worth it, from one neuron on, or "
        "auto (default): as wide as inputs and outputs ask for, with an L2 penalty chosen by rows "
        "left out",
    )
    add("--effort", default="balanced", metavar="NAME", help="of the default fit: fast, balanced "
        "(default), best, or a multiple of balanced")  # fmt: skip
    add("--members", default="auto", metavar="K", help="networks on parts of the rows, as one: "
        "auto (default) where hidden, strategy and alpha are, a number of parts, or 1")  # fmt: skip
    add("--target-transform", default="auto", metavar="NAME", help="learned in place of "
        "numbers: log, yeo-johnson, none, or auto (default), what rows left out say")  # fmt: skip
    add("--input-encoding", default="auto", metavar="NAME", help="of numbers, as members see them: "
        "pieces (smooth ones), none, or auto (default), what rows left out say")  # fmt: skip
    add("--output-range", nargs=2, type=float, metavar=("LO", "HI"), help="what predictions of "
        "numbers are kept within (default: of members, targets and half a range)")  # fmt: skip
    add("--activation", default="tanh", metavar="NAME[,NAME]", help="one, or one per hidden layer:"
        " tanh (default), sigmoid, relu, leaky_relu, identity")  # fmt: skip
    add("--strategy", default="auto", metavar="NAME",
        help="auto (default), fast, paper, multi_start, full_batch, mini_batch, bcd,"
        " batch_shell")  # fmt: skip
    add("--optimizer", metavar="NAME",
        help="in place of the strategy's: lbfgs, bfgs, adam, bb, icrs")  # fmt: skip
    add("--selector", metavar="NAME", help="in place of the strategy's choice of layers: "
        "most_sensitive, random, forward, ping_pong, backward, gsl, per_operation")  # fmt: skip
    add("--loss", metavar="NAME[:NUMBER]", help="of numbers: squared_error (default), "
        "absolute_error, huber:DELTA, log_cosh, quantile:Q, poisson; DELTA and smoothing in "
        "standard deviations of the target")  # fmt: skip
    add("--alpha", type=float, metavar="A", help="L2 penalty of the weights (default: the "
        "estimator's)")  # fmt: skip
    add("--class-weight", metavar="NAME", help="of classes: none (default), or balanced: every "
        "class counts the same")  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="of split and training, default 0")
    add("--threads", type=int, metavar="N", help="default: all processors")
    add(
        "--mpi",
        action="store_true",
        help="train on all ranks of mpiexec; each reads its part of many files, or the whole table",
    )
    add("--max-time", type=float, metavar="S", help="seconds; the best network is kept")
    add("--max-iter", type=int, metavar="N", help="iterations, of all phases together")
    add("--max-fun", type=int, metavar="N", help="evaluations, of all phases together")
    add("--dtype", default="auto", metavar="NAME", help="float64, float32 or auto (default)")
    _add_validation(fit)
    add = fit.add_argument_group("output").add_argument
    add("--out", metavar="DIR", help="write the model, metrics, pictures and "
        "report.html there (default: ./hbcd-NAME.hbcd, the model only)")  # fmt: skip
    add("--quiet", action="store_true", help="no progress, no table")
    _add_json(fit)


def _add_table(fit: argparse.ArgumentParser) -> None:
    """What is predicted from what."""
    add = fit.add_argument_group("table").add_argument
    add("--target", metavar="COL[,COL2]", help="column or columns to predict")
    add("--drop", metavar="COL,COL", help="columns to leave out")
    add("--task", default="auto", metavar="NAME", help="regression (numbers), classification "
        "(classes; whole numbers, too), or auto (default): classification where the target is of "
        "text, categories or truth values")  # fmt: skip
    add("--test-size", type=float, default=0.2, metavar="SHARE", help="of the rows, default 0.2")
    add(
        "--missing",
        default="error",
        metavar="NAME",
        help="missing inputs: error (default), or indicator: the median, and a column marking them",
    )
    add("--dates", default="error", metavar="NAME", help="columns of dates: error (default), or "
        "features: hour, weekday, day of the year, elapsed days")  # fmt: skip
    add("--text", metavar="COL,COL", help="columns to read as text, whatever they look like")
    add("--data-home", metavar="DIR", help="folder of the published data (also: HBCD_DATA)")
    add("--memory", metavar="SIZE", help="read the table in pieces, and hold no more than this of "
        "it, such as 2G (default for many files: half of what is free)")  # fmt: skip
    _add_reading(fit)


def _add_validation(fit: argparse.ArgumentParser) -> None:
    """Rows left out of the training: to end it, to judge it, and to choose by."""
    add = fit.add_argument_group("validation").add_argument
    add("--hold-out", type=float, metavar="SHARE", help="of the training rows, to keep the best "
        "network by (default: as the strategy has it)")  # fmt: skip
    add("--early-stopping", metavar="METRIC", help="end when the rows held out are predicted no "
        "better: loss, r2, rmse, mae ...; of classes accuracy, log_loss ...")  # fmt: skip
    add("--cv", type=int, metavar="K", help="scores of K folds, mean and spread")
    add(
        "--search",
        action="store_true",
        help="choose the hidden layers by cross-validation (K of --cv, or 3): "
        + "/".join(",".join(map(str, widths)) for widths in GRID),
    )
    add("--grid", type=parse_grid, metavar="5/10,10", help="layers to search, other than these")
    add("--tune", nargs="?", type=parse_budget, const=BUDGET, metavar="BUDGET", help="choose "
        "layers, activation, penalty and strategy by successive halving, at the cost of so many "
        f"fits (default {BUDGET}) for every split: K folds of --cv, else 3, or a fifth of 2000 "
        "rows and more")  # fmt: skip


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """How a file is read; what is not said is found out, or taken from the model."""
    add = parser.add_argument_group("reading a file").add_argument
    add("--sep", metavar="NAME", help="what parts fields: comma, semicolon, tab, bar, or a "
        "character (default: found out)")  # fmt: skip
    add("--decimal", metavar="MARK", help="decimal mark, . or , (default: found out)")
    add("--thousands", metavar="MARK", help="what stands between groups of three digits: , . or '")
    add("--encoding", metavar="NAME", help="such as utf-8, cp1252, utf-16 (default: found out)")
    add("--na", action="append", metavar="VALUE", help="a cell that stands for a missing value, "
        "such as -9999 or Bad; may be given several times")  # fmt: skip


def _add_predict(commands: Any) -> None:
    predict = _command(commands, "predict", _predict, "predict with a model", text.PREDICT,
                       text.PREDICT_EXAMPLES)  # fmt: skip
    add_predict_options(predict)
    _add_reading(predict)
    _add_json(predict)


def _add_evaluate(commands: Any) -> None:
    command = _command(commands, "evaluate", _evaluate, "test a model", text.EVALUATE,
                       text.EVALUATE_EXAMPLES)  # fmt: skip
    command.add_argument("model", metavar="MODEL", help="a model file that hbcd fit wrote")
    command.add_argument("file", metavar="DATA", help="a table with the targets, or a data set")
    command.add_argument("--data-home", metavar="DIR", help="folder of the published data")
    _add_reading(command)
    _add_json(command)


def _add_explain(commands: Any) -> None:
    command = _command(commands, "explain", _explain, "what a model uses", text.EXPLAIN,
                       text.EXPLAIN_EXAMPLES)  # fmt: skip
    command.add_argument("model", metavar="MODEL", help="a model file that hbcd fit wrote")
    command.add_argument(
        "file", metavar="DATA", help="a table, best with the targets, or a data set"
    )
    add = command.add_argument
    add("--out", metavar="DIR", help="write curves, tables, pictures and explain.html there")
    add("--features", metavar="COL,COL", help="columns to draw (default: the most important four)")
    add("--rows", type=int, metavar="N", help="rows to use (default: as few as a second allows)")
    add("--seed", type=int, default=0, metavar="N", help="of rows and permutations, default 0")
    add("--data-home", metavar="DIR", help="folder of the published data")
    _add_reading(command)
    _add_json(command)


def _add_data(commands: Any) -> None:
    data = commands.add_parser("data", help="the data sets", description=text.DATA,
                               epilog=text.DATA_EXAMPLES + text.EXIT_CODES)  # fmt: skip
    actions = data.add_subparsers(title="commands", metavar="COMMAND", required=True)
    fetch = _command(actions, "fetch", _fetch, "download a data set", text.FETCH,
                     text.DATA_EXAMPLES)  # fmt: skip
    fetch.add_argument("name", metavar="ccpp|siec")
    fetch.add_argument("--data-home", metavar="DIR", help="where to (also: HBCD_DATA)")
    describe = _command(actions, "describe", _describe, "what a data set is", text.DESCRIBE,
                        text.DATA_EXAMPLES)  # fmt: skip
    describe.add_argument("name", metavar="plant|ccpp|siec")
