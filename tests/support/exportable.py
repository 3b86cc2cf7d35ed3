"""Models of every kind that an export has to hold, fitted in milliseconds."""

import functools

import numpy as np
import pandas as pd

import hbcd

ACTIVATIONS = {
    "tanh": hbcd.Tanh(),
    "sigmoid": hbcd.Sigmoid(),
    "relu": hbcd.ReLU(),
    "leaky_relu": hbcd.LeakyReLU(0.1),
    "identity": hbcd.Identity(),
}
FAST = {"strategy": "full_batch", "max_iter": 8, "random_state": 0, "alpha": 0.0,
        "validation_fraction": None}  # fmt: skip


def rows(n=120, seed=0):
    """Inputs of very different units, and two smooth targets of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * [6.0, 1e-3, 400.0] + [1013.0, 0.02, -50.0]
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, np.column_stack([np.tanh(z[:, 0]) + z[:, 1], z[:, 1] * z[:, 2], 5.0 + z[:, 0]])


@functools.cache
def regressor(activation="tanh", depth=2, outputs=1, **options):
    X, Y = rows()
    y = Y[:, 0] if outputs == 1 else Y[:, :outputs]
    widths = (5, 4, 3, 2)[:depth]
    model = hbcd.HybridRegressor(widths, ACTIVATIONS[activation], **(FAST | options))
    return model.fit(X, y)


@functools.cache
def classifier(classes=3, activation="tanh", **options):
    X, Y = rows()
    labels = np.array(["low", "mid", "high"][:classes])
    cuts = np.quantile(Y[:, 0], np.linspace(0, 1, classes + 1)[1:-1])
    y = labels[np.digitize(Y[:, 0], cuts)]
    model = hbcd.HybridClassifier((4, 3), ACTIVATIONS[activation], **(FAST | options))
    return model.fit(X, y)


def table(gaps=False, dates=False):
    """Numbers, text and truth values, with gaps or dates on request."""
    X, Y = rows()
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(X, columns=["pressure", "a b*/", "flow"])
    frame["grade"] = rng.choice(["A", "B ?", "C"], size=len(X))
    frame["open"] = rng.random(len(X)) < 0.5
    if gaps:
        frame.loc[::7, "flow"] = np.nan
        frame.loc[::5, "grade"] = None
    if dates:
        frame["when"] = pd.date_range("2026-01-01", periods=len(X), freq="7h")
    return frame, pd.Series(Y[:, 0] + frame["open"], name="power")


def of_table(gaps=False, dates=False, **options):
    frame, y = table(gaps, dates)
    options = {"missing": "indicator" if gaps else "error",
               "dates": "features" if dates else "error"} | options  # fmt: skip
    return hbcd.HybridRegressor((4,), **(FAST | options)).fit(frame, y)


def ensemble(**options):
    """Members side by side, with pieces and a linear part, as a fit makes them by itself."""
    X, Y = rows(300)
    return hbcd.HybridRegressor(effort=0.1, random_state=0, **options).fit(X, Y[:, 0])


@functools.cache
def members_of_classes(classes=3):
    X, Y = rows(150)
    y = np.digitize(Y[:, 0], np.quantile(Y[:, 0], np.linspace(0, 1, classes + 1)[1:-1]))
    model = hbcd.HybridClassifier(effort=0.05, members=3, random_state=0, calibrate="temperature")
    return model.fit(X, y)


def of_layers(layers, outputs=1):
    X, Y = rows()
    y = Y[:, 0] if outputs == 1 else Y[:, :outputs]
    return hbcd.HybridRegressor(layers=layers, **FAST).fit(X, y)


def transformed(name, loss="squared_error", **options):
    X, Y = rows()
    y = np.exp(Y[:, 0])
    return hbcd.HybridRegressor((4,), target_transform=name, loss=loss, **(FAST | options)).fit(
        X, y
    )


KINDS = {
    "two classes": lambda: classifier(2),
    "three classes": lambda: classifier(3),
    "classes, sigmoid": lambda: classifier(3, "sigmoid"),
    "calibrated classes": members_of_classes,
    "ensemble": ensemble,
    "ensemble of two targets": lambda: hbcd.HybridRegressor(
        effort=0.1, random_state=0
    ).fit(rows(300)[0], rows(300)[1][:, :2]),
    "text": of_table,
    "gaps": lambda: of_table(gaps=True),
    "dates": lambda: of_table(dates=True),
    "dates and gaps": lambda: of_table(gaps=True, dates=True),
    "poisson": lambda: transformed(None, "poisson"),
    "log": lambda: transformed("log"),
    "yeo-johnson": lambda: transformed("yeo-johnson"),
    "yeo-johnson of a median": lambda: transformed("yeo-johnson", "absolute_error"),
    "kept within a range": lambda: regressor(output_range=(-0.5, 0.5)),
    "float32": lambda: regressor(dtype="float32"),
    "mixed activations": lambda: of_layers(
        [hbcd.BlockDiagonalLayer([(3, 2, hbcd.Tanh()), (3, 2, hbcd.LeakyReLU(0.2)),
                                  (3, 1, hbcd.Identity())], shared_input=True),
         hbcd.HiddenLayer(3, hbcd.ReLU())]),
    "pieces": lambda: of_layers(
        [hbcd.SmoothPieces([0, 0, 2], [-0.5, 0.5, 0.0], [0.3, 0.4, 0.5]),
         hbcd.HiddenLayer(3, hbcd.Tanh())]),
    "grown": lambda: regressor(strategy=hbcd.Grow(), alpha="auto", max_iter=100, depth=1),
}  # fmt: skip


@functools.cache
def model_of(kind):
    """One of `KINDS`, fitted once: not to be changed."""
    return KINDS[kind]()
