"""What the derivatives of a model cost, beside its predictions, and how many digits they have.

    python -m bench.core.derivatives [--rows 100000] [--threads N] [--repeats 7]

Models of one output and of three classes, the members of a default fit among them; every time is
the least of its repeats, taken in turns.  Digits: Jacobian and Hessian beside complex step in
NumPy, of 300 rows.  The bars are 3 times `predict` for the Jacobian of one output, and
1e-12; the exit status is 1 where one is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hbcd

BAR, DIGITS = 3.0, 1e-12


def table(rows: int, columns: int = 8) -> tuple[Any, Any]:
    """A smooth function of some columns, with units."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns))
    y = np.exp(0.4 * x[:, 0]) + np.sin(x[:, 1]) * x[:, 2]
    return x * 10.0 ** np.arange(-3, columns - 3) + 5.0, y


def models(threads: int | None) -> dict[str, Any]:
    """Name to fitted model."""
    x, y = table(2000)
    kind = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    given = {"random_state": 0, "n_threads": threads, "max_iter": 100}
    found: dict[str, Any] = {}
    for dtype in ("float64", "float32"):
        for widths in ((20,), (20, 20), (50, 50)):
            model = hbcd.HybridRegressor(widths, dtype=dtype, **given)
            found[f"{widths} {dtype}"] = model.fit(x, y)
        members = hbcd.HybridRegressor(random_state=0, n_threads=threads, dtype=dtype, effort=0.1)
        found[f"default fit {dtype}"] = members.fit(x, y)
        found[f"three classes {dtype}"] = hbcd.HybridClassifier((20,), dtype=dtype, **given).fit(
            x, kind
        )
    return found


def fastest(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Milliseconds of every call, the least of its repeats, in turns."""
    least = dict.fromkeys(calls, np.inf)
    for _ in range(repeats):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            least[name] = min(least[name], 1e3 * (time.perf_counter() - began))
    return least


def digits(model: Any, x: Any) -> tuple[float, float]:
    """How far Jacobian and Hessian are from complex step, over the largest of the table."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
    from support.complex_model import predictions
    from support.complex_step import stepped

    units = x.std(axis=0)
    pairs = (
        (model.jacobian(x) * units, stepped(lambda z: predictions(model, z)[0], x) * units),
        (
            model.hessian(x) * np.outer(units, units),
            stepped(lambda z: predictions(model, z)[1], x) * np.outer(units, units),
        ),
    )
    first, second = (float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)
    return first, second


def main() -> int:
    """Prints the table; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    x, _ = table(options.rows)
    few, missed = x[: options.rows // 20], False
    print(f"{'model':26} {'predict':>9} {'jacobian':>9} {'ratio':>6} {'product':>9}  digits")
    for name, model in models(options.threads).items():
        outputs = model.jacobian(x[:1]).shape[1]
        factors = np.ones((len(few), outputs))
        predict = model.predict_proba if hasattr(model, "classes_") else model.predict
        calls = {
            "predict": lambda call=predict: call(x),
            "jacobian": lambda model=model: model.jacobian(x),
            "product": lambda model=model, factors=factors: model.hessian_product(few, factors),
        }
        taken = fastest(calls, options.repeats)
        ratio = taken["jacobian"] / taken["predict"]
        off = digits(model, x[:300])
        missed |= (outputs == 1 and ratio > BAR) or any(one > DIGITS for one in off)
        shown = ", ".join(f"{one:.0e}" for one in off)
        print(
            f"{name:26} {taken['predict']:9.2f} {taken['jacobian']:9.2f} {ratio:6.2f} "
            f"{20 * taken['product']:9.2f}  {shown}",
            flush=True,
        )
    print(f"milliseconds of {options.rows} rows (product: 20 times that of a twentieth)")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
