"""The options of `hbcd predict` that say what is written of a row."""

from __future__ import annotations

import argparse

__all__ = ["add_predict_options"]


def add_predict_options(predict: argparse.ArgumentParser) -> None:
    """Adds them to the command.

    Parameters
    ----------
    predict : argparse.ArgumentParser
    """
    add = predict.add_argument
    add("model", metavar="MODEL", help="a model file that hbcd fit wrote")
    add("file", metavar="FILE", help="a table: .csv, .tsv, .parquet, .xlsx")
    add("--out", metavar="FILE.csv", help="write there, not to standard output")
    add(
        "--proba", action="store_true", help="of classes: a column more for the probability of each"
    )
    add("--interval", type=float, metavar="LEVEL", help="of numbers: columns more for the ends of "
        "intervals that hold the target with this probability, such as 0.9")  # fmt: skip
    add("--novelty", action="store_true", help="a column more: how far the row is from training "
        "rows, 0 to 1")  # fmt: skip
    add("--chunk-rows", type=int, default=65536, metavar="N", help="rows held in memory at a time, "
        "default 65536")  # fmt: skip
