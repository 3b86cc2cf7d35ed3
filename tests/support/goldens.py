"""Writes tests/golden for a version that is to be released: python -m support.goldens, from tests.

Files that are there already are never written again: they are what that version wrote.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

import hbcd

FOLDER = Path(__file__).resolve().parent.parent / "golden"
WITH_INTERVALS = {"members", "conformal", "log", "yeo_johnson", "monotonic"}


def table(rows: int = 12) -> pd.DataFrame:
    """Numbers, text, truth values and gaps: what the models predict from."""
    k = np.arange(rows)
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
    yield from models_of_many_networks()


def models_of_many_networks():
    """(name, fitted model, what it predicts from), of what a default fit does with more rows."""
    frame, few = table(60), table()
    y = pd.Series(frame["T"] * (1 + 0.5 * frame["on"]) + 0.05 * (np.arange(60) % 7), name="power")
    words = ["T", "day", "on"]
    options = {"effort": "fast", "members": 2, "random_state": 0, "n_threads": 1}
    make = hbcd.HybridRegressor
    yield "members", make(**options).fit(frame[words], y), few[words]
    with_gaps = make(missing="indicator", **options).fit(frame, y)
    with_gaps.conformalize(table(95)[60:], y[:35].to_numpy())
    yield "conformal", with_gaps, few
    skewed = np.exp(2 * y)
    yield "log", make(target_transform="log", **options).fit(frame[words], skewed), few[words]
    bent = make(target_transform="yeo-johnson", **options).fit(frame[words], skewed)
    yield "yeo_johnson", bent, few[words]
    rising = make(monotonic_cst={"T": 1}, **options).fit(frame[words], y)
    yield "monotonic", rising, few[words]
    sort = hbcd.HybridClassifier
    labels = np.array([*"abc"])[(2.9 * (frame["T"] + 1) / 2).astype(int)]
    yield "member_classes", sort(**options).fit(frame[words], labels), few[words]
    calibrated = sort(calibrate="isotonic", **options).fit(frame[words], labels == "a")
    yield "isotonic", calibrated, few[words]


def answers(model, X, intervals: bool):
    """What is kept of a model: probabilities, or predictions, with intervals if so asked."""
    if hasattr(model, "classes_"):
        return np.asarray(model.predict_proba(X))
    predicted = np.asarray(model.predict(X))
    return np.column_stack([predicted, model.predict_interval(X)]) if intervals else predicted


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, model, X in models():
        path = FOLDER / f"{hbcd.__version__}-{name}.hbcd"
        if path.exists():
            continue
        model.save(path)
        text = json.dumps(answers(model, X, name in WITH_INTERVALS).tolist())
        path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
