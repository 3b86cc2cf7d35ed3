"""Writes tests/golden for a version that is to be released: python -m support.goldens, from tests.

Files that are there already are never written again: they are what that version wrote.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

import hbcd

FOLDER = Path(__file__).resolve().parent.parent / "golden"


def table() -> pd.DataFrame:
    """Numbers, text, truth values and gaps: what the models predict from."""
    k = np.arange(12)
    frame = pd.DataFrame({"T": np.sin(k), "p": 1e5 + 1e3 * np.cos(2 * k)})
    frame["day"] = np.array(["Mon", "Tue", "Wed"])[k % 3]
    frame["on"] = k % 2 == 0
    return frame.assign(gap=[None if i % 5 == 2 else float(i) for i in k])


def models():
    """(name, fitted model, what it predicts from)."""
    frame = table()
    y = pd.Series(frame["T"] + 0.1 * frame["on"], name="power")
    both = pd.DataFrame({"power": y, "heat": frame["p"] / 1e3})
    options = {"strategy": "bcd", "random_state": 0, "n_threads": 1, "max_time": 5}
    make = hbcd.HybridRegressor
    numbers = frame[["T", "p"]].to_numpy()
    yield "array", make((3,), **options).fit(numbers, y.to_numpy()), numbers
    single = make((4, 2), ["sigmoid", "relu"], dtype="float32", **options)
    yield "float32", single.fit(numbers, y.to_numpy()), numbers
    words = frame[["T", "day", "on"]]
    kinds = [hbcd.LeakyReLU(0.2), "identity"]
    yield "levels_two_targets", make((3, 2), kinds, **options).fit(words, both), words
    yield "gaps", make((3,), missing="indicator", **options).fit(frame, y), frame
    yield "line", make((), **options).fit(words, y), words
    yield "quantile", make((3,), "relu", loss=hbcd.Quantile(0.8), **options).fit(words, y), words
    yield "huber", make((3,), loss=hbcd.Huber(1.5), **options).fit(numbers, y.to_numpy()), numbers
    counts = np.arange(12) % 4
    yield "poisson", make((2,), loss="poisson", **options).fit(numbers, counts), numbers
    layers = [hbcd.HiddenLayer(3, hbcd.ReLU(), weight_bounds=(0.0, 2.0)), hbcd.HiddenLayer(2)]
    yield "bounded_layers", make(layers=layers, **options).fit(numbers, y.to_numpy()), numbers
    sides = hbcd.BlockDiagonalLayer([(3, 2, hbcd.Tanh())] * 2 + [(3, 1, hbcd.Identity())], True)
    layers = [hbcd.SmoothPieces([1], [0.5], [0.25]), sides]
    yield "parts_of_pieces", make(layers=layers, **options).fit(numbers, y.to_numpy()), numbers
    dated = frame[["T"]].assign(at=pd.date_range("2026-01-30", periods=12, freq="7h"))
    yield "dates", make((2,), dates="features", **options).fit(dated, y), dated
    sort = hbcd.HybridClassifier
    yield "two_classes", sort((3,), **options).fit(numbers, counts > 1), numbers
    yield "classes", sort((3,), "relu", **options).fit(words, np.array([*"abca"])[counts]), words


def answers(model, X):
    """What is kept of a model: what it predicts, of a classifier the probabilities."""
    return np.asarray(model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X))


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, model, X in models():
        path = FOLDER / f"{hbcd.__version__}-{name}.hbcd"
        if path.exists():
            continue
        model.save(path)
        text = json.dumps(answers(model, X).tolist())
        path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
