"""Intervals in a model file: arrays and JSON, and back with the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.intervals.intervals import SOURCES, Intervals
from hbcd.networks.evaluation import NetworkEvaluation
from hbcd.uncertainty.conformal import Scores
from hbcd.uncertainty.distance import Distance
from hbcd.uncertainty.noise_scale import NoiseScale

__all__ = [
    "PREFIX",
    "distance_arrays",
    "interval_arrays",
    "restored_distance",
    "restored_intervals",
]

Array = NDArray[Any]
PREFIX = "interval_"
OF_DISTANCE = ("linear", "roots", "shares", "centers", "own")
OTHERS = ("usual_spread", "variance", "noise")


def distance_arrays(known: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays by name without prefix, and JSON types, of a distance and training rows' leverage.

    Parameters
    ----------
    known : Intervals or ClassErrors
    """
    distance: Distance = known.distance
    found = {
        "linear": distance.linear,
        "roots": _flat(distance.roots),
        "shares": distance.shares,
        "centers": distance.centers,
        "own": known.own,
    }
    described = {"source": known.source, "widths": [len(root) for root in distance.roots]}
    return found, described


def interval_arrays(known: Intervals) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays by name, and the rest as JSON types.

    Parameters
    ----------
    known : Intervals

    Returns
    -------
    arrays : dict of str to ndarray
    described : dict
    """
    found, described = distance_arrays(known)
    noise = [np.append(one.coefficients, one.intercept) for one in known.noise]
    found |= {
        "usual_spread": known.usual_spread,
        "variance": known.variance,
        "noise": _flat(noise),
        "scores": np.stack([one.values for one in known.scores]),
    }
    weight = known.scores[0].weight
    if weight is not None:
        found["score_weight"] = weight
    described |= {
        "factor": known.factor,
        "noise_inputs": [one.inputs.tolist() for one in known.noise],
        "scaled": known.scaled,
    }
    return {PREFIX + name: np.asarray(one, np.float64) for name, one in found.items()}, described


def restored_distance(
    network: NetworkEvaluation, theta: Array, arrays: dict[str, Array], described: dict[str, Any]
) -> tuple[Distance, Array]:
    """What `distance_arrays` gave, with the prefix: the distance and the rows' own leverage.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    arrays : dict of str to ndarray
    described : dict
    """
    found = {name: arrays[PREFIX + name].astype(np.float64) for name in OF_DISTANCE}
    q, p = network.n_outputs, network.n_inputs
    widths = [int(width) for width in described["widths"]]
    sizes = [width * width for width in widths]
    shapes = {
        "linear": (p + 1, p + 1),
        "roots": (sum(sizes),),
        "shares": (max(len(widths), 1),),
        "centers": (max(len(widths), 1), q),
        "own": (max(found["own"].size, 1),),
    }
    _check(found, shapes)
    if described["source"] not in SOURCES:
        raise ValueError(f"intervals: source={described['source']!r:.100} is none")
    roots = [
        part.reshape(width, width)
        for part, width in zip(_cut(found["roots"], sizes), widths, strict=True)
    ]
    distance = Distance(network, theta, found["linear"], roots, found["shares"], found["centers"])
    return distance, found["own"]


def restored_intervals(
    network: NetworkEvaluation,
    theta: Array,
    signed: bool,
    arrays: dict[str, Array],
    described: dict[str, Any],
) -> Intervals:
    """What `interval_arrays` gave; ValueError, TypeError or KeyError where it is none.

    Parameters
    ----------
    network : NetworkEvaluation
    theta : ndarray of shape (n_parameters,)
    signed : bool
        Whether each side of an interval has quantiles of its own.
    arrays : dict of str to ndarray
    described : dict
    """
    distance, own = restored_distance(network, theta, arrays, described)
    q, p = network.n_outputs, network.n_inputs
    found = {name: arrays[PREFIX + name].astype(np.float64) for name in OTHERS}
    scores, weight = arrays[PREFIX + "scores"], arrays.get(PREFIX + "score_weight")
    _check(found | {"scores": scores}, {
        "usual_spread": (q,), "variance": (q,), "scores": (q, max(scores.size // q, 1)),
    })  # fmt: skip
    if weight is not None and (weight.shape != scores.shape[1:] or not (weight > 0).all()):
        raise ValueError(f"{PREFIX}score_weight: must be above 0 for every score")
    return Intervals(
        source=described["source"],
        distance=distance,
        factor=float(described["factor"]),
        own=own,
        usual_spread=found["usual_spread"],
        variance=found["variance"],
        noise=_noise(found["noise"], described["noise_inputs"], p, q),
        scores=[Scores(one, weight, signed=signed) for one in scores],
        scaled=bool(described["scaled"]),
    )


def _check(found: dict[str, Array], shapes: dict[str, tuple[int, ...]]) -> None:
    """ValueError unless arrays have these shapes and all are finite."""
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise ValueError(f"{PREFIX}{name}: has shape {found[name].shape}, must be {shape}")
    if not all(np.isfinite(one).all() for one in found.values()):
        raise ValueError("intervals: must be finite")


def _noise(flat: Array, inputs: list[list[int]], p: int, q: int) -> list[NoiseScale]:
    chosen = [np.array(one, np.intp) for one in inputs]
    if len(chosen) != q or any(((one < 0) | (one >= p)).any() for one in chosen):
        raise ValueError("noise_inputs: must be numbers of inputs for every output")
    sizes = [2 * one.size + 3 if one.size else 1 for one in chosen]
    if flat.shape != (sum(sizes),):
        raise ValueError(f"{PREFIX}noise: has shape {flat.shape}, must be ({sum(sizes)},)")
    return [
        NoiseScale(one, part[:-1], float(part[-1]))
        for one, part in zip(chosen, _cut(flat, sizes), strict=True)
    ]


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([np.zeros(0), *(one.ravel() for one in arrays)])


def _cut(flat: Array, sizes: list[int]) -> list[Array]:
    """A vector in parts of these sizes."""
    return np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []
