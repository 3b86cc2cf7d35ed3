"""NIST's nonlinear regression problems: the models here, the data and certified values beside.

Source: Statistical Reference Datasets, National Institute of Standards and Technology,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml.  `nist.json` holds for every problem the
two start points, the certified parameters and sum of squares, the responses y (m,) and the
predictors x, one list (m,) for each.  Lanczos1 is left out: its sum of squares of 1.4e-25 is the
rounding of its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parent / "nist.json"
COMPLEX_STEP = 1e-30


def saturating(b: Any, x: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * x))


def decaying(b: Any, x: Any) -> Any:
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def three_exponentials(b: Any, x: Any) -> Any:
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def two_bells(b: Any, x: Any) -> Any:
    bells = b[2] * np.exp(-(((x - b[3]) / b[4]) ** 2)) + b[5] * np.exp(-(((x - b[6]) / b[7]) ** 2))
    return b[0] * np.exp(-b[1] * x) + bells


def cubic_over_cubic(b: Any, x: Any) -> Any:
    top = b[0] + x * (b[1] + x * (b[2] + x * b[3]))
    return top / (1 + x * (b[4] + x * (b[5] + x * b[6])))


def three_cycles(b: Any, x: Any) -> Any:
    def cycle(period: Any, cosine: Any, sine: Any) -> Any:
        turn = 2 * np.pi * x / period
        return cosine * np.cos(turn) + sine * np.sin(turn)

    return b[0] + cycle(12, b[1], b[2]) + cycle(b[3], b[4], b[5]) + cycle(b[6], b[7], b[8])


MODELS: dict[str, Callable[..., Any]] = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": saturating,
    "Chwirut1": decaying,
    "Chwirut2": decaying,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": three_cycles,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-(((x - b[2]) / b[1]) ** 2) / 2),
    "Gauss1": two_bells,
    "Gauss2": two_bells,
    "Gauss3": two_bells,
    "Hahn1": cubic_over_cubic,
    "Kirby2": lambda b, x: (b[0] + x * (b[1] + x * b[2])) / (1 + x * (b[3] + x * b[4])),
    "Lanczos2": three_exponentials,
    "Lanczos3": three_exponentials,
    "MGH09": lambda b, x: b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": saturating,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    # The response is log(y), see `problems`.
    "Nelson": lambda b, x, heat: b[0] - b[1] * x * np.exp(-b[2] * heat),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": cubic_over_cubic,
}


@dataclass(frozen=True)
class Regression:
    """One problem from one start; ``residuals(b) -> (r, J)``, and r'r is at best `f_min`."""

    name: str
    x0: Any
    residuals: Callable[[Any], tuple[Any, Any]]
    f_min: float
    certified: Any


def residuals(model: Callable[..., Any], y: Any, predictors: Any, b: Any) -> tuple[Any, Any]:
    """Model minus response (m,) and its Jacobian (m, n).

    The derivative of an analytic model f is ``Im f(b + i h e_k) / h``: nothing is subtracted, so a
    tiny h gives every digit (Squire and Trapp, SIAM Rev. 40 (1998) 110-112).
    """
    b = np.asarray(b, dtype=float)
    # A trial may be far too long: its residuals are then infinite or not a number.
    with np.errstate(all="ignore"):
        r = model(b, *predictors) - y
        jacobian = np.empty((y.size, b.size))
        for k in range(b.size):
            shifted = b.astype(complex)
            shifted[k] += 1j * COMPLEX_STEP
            jacobian[:, k] = model(shifted, *predictors).imag / COMPLEX_STEP
    return r, jacobian


def problems() -> list[Regression]:
    """Every problem from its two starts, the far one first."""
    found = []
    for name, record in json.loads(DATA.read_text()).items():
        y = np.array(record["y"])
        y = np.log(y) if name == "Nelson" else y
        both = partial(residuals, MODELS[name], y, [np.array(x) for x in record["x"]])
        certified = np.array(record["certified"])
        for start in (1, 2):
            x0 = np.array(record[f"start_{start}"])
            found.append(Regression(f"{name}, {start}", x0, both, record["rss"], certified))
    return found
