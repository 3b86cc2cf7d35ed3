"""What may be asked on the command line: commands, options, and the help that teaches them.

Commands live in modules of their own, imported when they are asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from hbcd._cli_config import with_config
from hbcd._cli_grid import GRID, parse_grid, parse_widths
from hbcd._version import __version__

__all__ = ["parse"]

Command = Callable[[argparse.Namespace], int]

DESCRIPTION = """\
Small dense neural networks for tables of numbers, trained on the CPU by hybrid block coordinate
descent.

examples:
  hbcd fit                              train on the built-in plant (simulated data)
  hbcd fit plant.csv --target power     train on a table of your own
  hbcd predict hbcd-plant.hbcd new.csv  predict with the model that was written
  hbcd evaluate hbcd-plant.hbcd new.csv how good that is, where the target is known
  hbcd info hbcd-plant.hbcd             what is in it

exit codes: 0 done; 2 bad input, told in one line; 130 Ctrl-C; 1 anything else.
hbcd COMMAND --help tells more.
"""

FIT = """\
Trains a network on four fifths of a table, tests it on the rest next to least squares, prints
R2, MSE and MAE in the target's unit, and writes the model. Ctrl-C ends training early; the best
network until then is kept. The same seed gives the same network, whatever the number of threads.

DATA is plant (the default; simulated), ccpp or siec (published, see: hbcd data), or a file:
.csv, .tsv, .parquet, .xlsx, with a row of column names. Columns of text become dummies.

--cv and --search work within the training rows; the rows to test on are never used to choose.
--out DIR writes model.hbcd, metrics.json, the pictures (extra plot) and report.html, a page that
any browser shows. --config FILE reads options from a TOML file, by the names of the flags:
hidden = [10, 10] or max-time = 30; flags win over it.
"""

FIT_EXAMPLES = """\
examples:
  hbcd fit
  hbcd fit ccpp --strategy paper --hidden 5,5,5 --seed 1
  hbcd fit plant.csv --target power --drop time,remark --max-time 30
  hbcd fit lab.xlsx --target yield,purity --hidden 20 --activation sigmoid
  hbcd fit plant --strategy bcd --optimizer adam --selector random
  hbcd fit plant.parquet --target power --out results --json > results.json
  hbcd fit plant.csv --target power --missing indicator --cv 5 --out results
  hbcd fit plant.csv --target power --search --grid 5/10,10/20,20
  hbcd fit --config plant.toml --seed 3
"""

EVALUATE = """\
Predicts a table whose targets are known, and prints R2, MSE and MAE in the target's unit; of each
target where there are several. DATA is a file or a data set, as for: hbcd fit.
"""

PREDICT = """\
Predicts with a model for every row of a table, as CSV: one column per target, one line per row,
in digits that read back as the same numbers. Columns are found by name; others are ignored.
The table is read piece by piece, so it may be larger than memory (a spreadsheet may not be); the
predictions are the same whatever the size of the pieces, and written when all of them are there.
"""

INFO = "What a model file holds; without one, what this installation of hbcd can do."

BENCH = """\
Times this machine: the gradient of a 4-10-10-10-1 network on 7654 rows by threads and precision,
and the prediction for one row. Medians; close other programs first.
"""


def _fit(args: argparse.Namespace) -> int:
    from hbcd._cli_fit import fit

    return fit(args)


def _evaluate(args: argparse.Namespace) -> int:
    from hbcd._cli_evaluate import evaluate

    return evaluate(args)


def _predict(args: argparse.Namespace) -> int:
    from hbcd._cli_model import predict

    return predict(args)


def _info(args: argparse.Namespace) -> int:
    from hbcd._cli_model import info

    return info(args)


def _fetch(args: argparse.Namespace) -> int:
    from hbcd._cli_data import fetch

    return fetch(args)


def _describe(args: argparse.Namespace) -> int:
    from hbcd._cli_data import describe

    return describe(args)


def _bench(args: argparse.Namespace) -> int:
    from hbcd._cli_bench import bench

    return bench(args)


class _Parser(argparse.ArgumentParser):
    """Bad arguments are an exception, not a message and an exit."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see: {self.prog} --help)")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments of the process, with those of a config file where one is named."""
    parser, commands = _parser()
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name == "fit":
        at = arguments.index(name) + 1
        arguments = [*arguments[:at], *with_config(commands.choices[name], arguments[at:])]
    return parser.parse_args(arguments)


def _parser() -> tuple[argparse.ArgumentParser, Any]:
    parser = _Parser(prog="hbcd", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"hbcd {__version__}")
    _add_debug(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_fit(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    info = _command(commands, "info", _info, "what a model file holds", INFO)
    info.add_argument("model", nargs="?", metavar="MODEL", help="a model file")
    _add_json(info)
    _add_data(commands)
    bench = _command(commands, "bench", _bench, "time this machine", BENCH)
    bench.add_argument("--threads", type=int, metavar="N", help="up to so many (default: all)")
    _add_json(bench)
    return parser, commands


def _command(
    commands: Any, name: str, run: Command, summary: str, description: str, epilog: str = ""
) -> argparse.ArgumentParser:
    """A command whose work is `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=epilog
    )
    parser.set_defaults(run=run)
    _add_debug(parser)
    return parser


def _add_debug(parser: argparse.ArgumentParser) -> None:
    text = "show the traceback of an error (also: HBCD_DEBUG=1)"
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=text)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def _add_fit(commands: Any) -> None:
    fit = _command(commands, "fit", _fit, "train a network", FIT, FIT_EXAMPLES)
    fit.add_argument("data", nargs="?", metavar="DATA", help="default: plant")
    fit.add_argument("--config", metavar="FILE", help="options from a TOML file; flags win")
    add = fit.add_argument_group("table").add_argument
    add("--target", metavar="COL[,COL2]", help="column or columns to predict")
    add("--drop", metavar="COL,COL", help="columns to leave out")
    add("--test-size", type=float, default=0.2, metavar="SHARE", help="of the rows, default 0.2")
    add(
        "--missing",
        default="error",
        metavar="NAME",
        help="missing inputs: error (default), or indicator: the median, and a column that tells",
    )
    add("--data-home", metavar="DIR", help="folder of the published data (also: HBCD_DATA)")
    add = fit.add_argument_group("network and training").add_argument
    add(
        "--hidden",
        type=parse_widths,
        default=(10, 10, 10),
        metavar="10,10,10",
        help="widths, or none",
    )
    add("--activation", default="tanh", metavar="NAME[,NAME]", help="one, or one per hidden layer:"
        " tanh (default), sigmoid, relu, leaky_relu, identity")  # fmt: skip
    add("--strategy", default="fast", metavar="NAME",
        help="fast (default), paper, multi_start, full_batch, mini_batch, bcd,"
        " batch_shell")  # fmt: skip
    add("--optimizer", metavar="NAME",
        help="in place of the strategy's: lbfgs, bfgs, adam, bb, icrs")  # fmt: skip
    add("--selector", metavar="NAME", help="in place of the strategy's choice of layers: "
        "most_sensitive, random, forward, ping_pong, backward, gsl, per_operation")  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="of split and training, default 0")
    add("--threads", type=int, metavar="N", help="default: all processors")
    add("--max-time", type=float, metavar="S", help="seconds; the best network is kept")
    add("--dtype", default="float64", metavar="NAME", help="float64 (default) or float32")
    add = fit.add_argument_group("validation").add_argument
    add("--cv", type=int, metavar="K", help="scores of K folds, mean and spread")
    add(
        "--search",
        action="store_true",
        help="choose the hidden layers by cross-validation (K of --cv, or 3): "
        + "/".join(",".join(map(str, widths)) for widths in GRID),
    )
    add("--grid", type=parse_grid, metavar="5/10,10", help="layers to search, other than these")
    add = fit.add_argument_group("output").add_argument
    add("--out", metavar="DIR", help="write the model, metrics, pictures and "
        "report.html there (default: ./hbcd-NAME.hbcd, the model only)")  # fmt: skip
    add("--quiet", action="store_true", help="no progress, no table")
    _add_json(fit)


def _add_predict(commands: Any) -> None:
    epilog = "example:\n  hbcd predict hbcd-plant.hbcd new.csv --out predicted.csv\n"
    predict = _command(commands, "predict", _predict, "predict with a model", PREDICT, epilog)
    predict.add_argument("model", metavar="MODEL", help="a model file that hbcd fit wrote")
    predict.add_argument("file", metavar="FILE", help="a table: .csv, .tsv, .parquet, .xlsx")
    predict.add_argument("--out", metavar="FILE.csv", help="write there, not to standard output")
    predict.add_argument("--chunk-rows", type=int, default=65536, metavar="N",
                         help="rows held in memory at a time, default 65536")  # fmt: skip
    _add_json(predict)


def _add_evaluate(commands: Any) -> None:
    epilog = "example:\n  hbcd evaluate hbcd-plant.hbcd measured.csv\n"
    command = _command(commands, "evaluate", _evaluate, "test a model", EVALUATE, epilog)
    command.add_argument("model", metavar="MODEL", help="a model file that hbcd fit wrote")
    command.add_argument("file", metavar="DATA", help="a table with the targets, or a data set")
    command.add_argument("--data-home", metavar="DIR", help="folder of the published data")
    _add_json(command)


def _add_data(commands: Any) -> None:
    data = commands.add_parser("data", help="the data sets", description="The data sets.")
    actions = data.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "Downloads a published table, unless it is there already, and checks its content."
    fetch = _command(actions, "fetch", _fetch, "download a data set", text)
    fetch.add_argument("name", metavar="ccpp|siec")
    fetch.add_argument("--data-home", metavar="DIR", help="where to (also: HBCD_DATA)")
    text = "What a data set is: origin, columns, units, license."
    describe = _command(actions, "describe", _describe, "what a data set is", text)
    describe.add_argument("name", metavar="plant|ccpp|siec")
