"""Whether a fit trains members, and with which settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.fitting.member_outputs import as_output_range
from hbcd.estimators.fitting.network_layers import grows, hidden_widths
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.members.settings import MemberSettings, effort_amount, settings_of
from hbcd.training import registry
from hbcd.utils.validation import check_integer

__all__ = ["FEWEST_ROWS", "check_member_parameters", "member_settings", "why_one_network"]

FEWEST_ROWS = 20  # below it, nothing is left out
ENCODINGS = ("auto", "pieces")
GIVEN_WIDTHS = "hidden_layer_sizes is given"
GIVEN_LIMITS = "max_iter or max_fun is given"
EXACT = 1e-4  # loss of rows left out, of a target of variance 1: below it there may be an exact law


def check_member_parameters(model: EstimatorParameters) -> None:
    """ValueError or TypeError where members, effort or encoding are no such thing."""
    if not (isinstance(model.members, str) and model.members == "auto"):
        if isinstance(model.members, str):
            raise ValueError(f"members={model.members!r}: must be 'auto' or an integer")
        check_integer("members", model.members, 1)
    known = model.encoding is None or isinstance(model.encoding, str)
    if not known or model.encoding not in (None, *ENCODINGS):
        raise ValueError(f"encoding={model.encoding!r}: must be 'auto', 'pieces' or None")
    as_output_range(getattr(model, "output_range", None))
    effort_amount(model.effort)


def why_one_network(model: EstimatorParameters) -> str:
    """Which of its parameters has an estimator train one network; "" where none does."""
    automatic = isinstance(model.members, str)
    stop = model.stop
    limits = [model.max_iter, model.max_fun]
    if stop is not None:
        limits += [stop.max_iterations, stop.max_evaluations]
    reasons: dict[str, Any] = {
        "members is 1": model.members == 1,
        "layers are given": model.layers is not None,
        "the network grows": grows(model),
        "a strategy is given": model.strategy != "auto",
        "a penalty is given": not isinstance(model.alpha, str),
        "each hidden layer has its activation": isinstance(model.activation, (list, tuple)),
        "rows are held out": not _default_fraction(model) or bool(model.early_stopping),
        "stop has a target": stop is not None and stop.target is not None,
        "warm_start is True": model.warm_start,
        GIVEN_WIDTHS: automatic and not isinstance(model.hidden_layer_sizes, str),
        # Every network would need some of them.
        GIVEN_LIMITS: automatic and any(limit is not None for limit in limits),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _default_fraction(model: EstimatorParameters) -> bool:
    """Whether `validation_fraction` is what it is by default."""
    given, default = model.validation_fraction, model.parameter_defaults()["validation_fraction"]
    return given is None or (isinstance(given, str) and given == default)


def member_settings(
    model: EstimatorParameters,
    settings: FitSettings,
    rows: int,
    inputs: int,
    *,
    held_out: bool,
    followed: bool,
    signs: tuple[int, ...] | None = None,
) -> MemberSettings | None:
    """The settings of the members, or None where one network is trained.

    Parameters
    ----------
    model : EstimatorParameters
    settings : FitSettings
    rows, inputs : int
    held_out : bool
        Whether rows are held out by the user.
    followed : bool
        Whether callbacks of scikit-learn follow the fit: they want one network.
    signs : tuple of int or None
        Of the inputs, see `MemberSettings`.

    Raises
    ------
    ValueError
        One network is trained, and a parameter that counts for members says something.
    """
    # What trains on is there, and `partial_fit` begins with one network: both say nothing of `fit`.
    if settings.resumes or settings.partial:
        return None
    of_the_fit = {
        "rows are held out": held_out,
        "callbacks of scikit-learn follow the fit": followed,
        f"there are less than {FEWEST_ROWS} rows": rows < FEWEST_ROWS,
    }
    why = why_one_network(model) or next((one for one, holds in of_the_fit.items() if holds), "")
    if why:
        _check_nothing_asked_of_members(model, why)
        return None
    given = not isinstance(model.hidden_layer_sizes, str)
    widths = (
        hidden_widths(model.hidden_layer_sizes, rows, inputs, 1, classes=False) if given else None
    )
    folds = None if isinstance(model.members, str) else int(model.members)
    if folds is not None and 2 * folds > rows:
        raise ValueError(f"members={folds}: must be at most half of the {rows} rows")
    chosen = replace(settings_of(model.effort, rows, inputs, folds, widths), signs=signs)
    if registry.dtype(model.dtype) is None and settings.dtype is np.float64:
        chosen = replace(chosen, exact_loss=EXACT)
    if model.encoding is None:
        plain = tuple(one for one in chosen.architectures if not one.pieces)
        chosen = replace(chosen, architectures=plain)
    elif model.encoding == "pieces":
        most = max([one.pieces for one in chosen.architectures] + [3])
        smooth = [replace(one, pieces=most, scaled=False) for one in chosen.architectures]
        chosen = replace(chosen, architectures=tuple(dict.fromkeys(smooth)))
    return chosen


def _check_nothing_asked_of_members(model: EstimatorParameters, why: str) -> None:
    """ValueError where `members`, `effort` or `encoding` say what one network leaves undone."""
    asked = {
        "members": model.members not in ("auto", 1),
        "effort": effort_amount(model.effort) != 1.0,
        "encoding": model.encoding != "auto",
    }
    remedy = "leave one of them out"
    if why in (GIVEN_WIDTHS, GIVEN_LIMITS):
        remedy = f"give members=5 as well, or {remedy}"
    for name, says in asked.items():
        if says:
            value = getattr(model, name)
            raise ValueError(
                f"{name}={value!r}: is for members, one network is trained where {why}; {remedy}"
            )
