"""One method in a process of its own: fits and predicts what it is told, and says the CPU seconds.

    python -P worker.py METHOD [--classes] [--options JSON]

Each line of standard input is a task, {"rows": FILE.npz, "out": FILE.npy, "seed": N}; each line of
standard output answers one.  The first answer says which hbcd was imported, after a small fit that
is not counted: what a library imports or compiles on its first call is not its training.

This file is run by its path and imports nothing of `bench` for a method of hbcd, so that another
version of hbcd, whose `bench` may know nothing of it, can be measured by PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from typing import Any

import numpy as np

HBCD = "hbcd"


def make(method: str, classes: bool, seed: int, options: dict[str, Any]) -> Any:
    """An estimator on one thread; `options` are arguments beside its defaults."""
    if method != HBCD:
        from bench.tables.rivals import RIVALS

        return RIVALS[method].make(classes, seed, **options)
    import hbcd

    kind = hbcd.HybridClassifier if classes else hbcd.HybridRegressor
    return kind(random_state=seed, n_threads=1, **options)


def fit(model: Any, rows: dict[str, Any], classes: bool) -> tuple[Any, float, float]:
    """Predictions for the test rows (probabilities for classes), CPU seconds and seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(rows["x"], rows["y"])
    found = model.predict_proba(rows["x_test"]) if classes else model.predict(rows["x_test"])
    return np.asarray(found), time.process_time() - cpu, time.perf_counter() - wall


def widths(model: Any, options: dict[str, Any]) -> list[int] | None:
    """Of the hidden layers of hbcd's network, where they are an option; else None."""
    if "hidden_layer_sizes" not in options:
        return None
    return [int(weights.shape[1]) for weights in model.coefs_[:-1]]


def small_rows(classes: bool) -> dict[str, Any]:
    """Forty rows with something to learn, for the fit that is not counted."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = x[:, 0] + x[:, 1] * x[:, 2]
    return {"x": x, "y": (y > 0).astype(int) if classes else y, "x_test": x[:2]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method")
    parser.add_argument("--classes", action="store_true")
    parser.add_argument("--options", type=json.loads, default={})
    called = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    warnings.simplefilter("ignore")

    def answer(**said: Any) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    first = {**called.options, **({"seconds": 0.1} if "seconds" in called.options else {})}
    fit(make(called.method, called.classes, 0, first), small_rows(called.classes), called.classes)
    answer(hbcd=getattr(sys.modules.get("hbcd"), "__file__", None))
    for line in sys.stdin:
        task = json.loads(line)
        try:
            with np.load(task["rows"]) as kept:
                rows = dict(kept)
            model = make(called.method, called.classes, task["seed"], called.options)
            found, cpu, wall = fit(model, rows, called.classes)
            np.save(task["out"], found)
            answer(cpu=cpu, wall=wall, widths=widths(model, called.options))
        except Exception as error:
            answer(failed=f"{type(error).__name__}: {error}".splitlines()[0])


if __name__ == "__main__":
    main()
