"""What tests of the command line share: a table to learn from, and running a command on it."""

import csv
import io
import json
import os
import sys

import numpy as np
import pandas as pd

from hbcd.cli.main import main

QUICK = ("--hidden", "3", "--strategy", "bcd", "--threads", "1")  # milliseconds


def table(n=120, seed=0):
    """Numbers, a column of text and a column of truth values; `y` depends on all."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 2)).round(6), columns=["a", "b"])
    frame["day"] = np.array(["Mon", "Tue", "Wed"])[np.arange(n) % 3]
    frame["on"] = np.arange(n) % 2 == 0
    y = frame.a + np.tanh(frame.b) + 0.5 * (frame.day == "Tue") - 0.3 * frame.on
    return frame.assign(y=y.round(6))


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of a command run in this process."""
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def fit(capsys, *arguments):
    """The JSON object of a fit that must succeed and say nothing else."""
    code, out, err = run(capsys, "fit", *arguments, *QUICK, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1), err
    return json.loads(out)


def refusal(capsys, *arguments):
    """The one line on standard error of a command that must fail with exit code 2."""
    code, out, err = run(capsys, *arguments)
    assert code == 2, (code, out, err)
    assert out == ""
    assert err.startswith("hbcd: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    return err


def read_predictions(text):
    """CSV of predictions as arrays of float64, by name."""
    names, *lines = csv.reader(io.StringIO(text))
    values = np.array([[float(word) for word in line] for line in lines])
    return {name: values[:, k] for k, name in enumerate(names)}


def environment(**more):
    """For a Python of its own that sees the same packages."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    # Without buffers Python does not notice that a reader has gone in the middle of a write.
    ours = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "", "HBCD_DEBUG": ""}
    return {**os.environ, **ours, **more}
