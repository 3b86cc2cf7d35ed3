"""Whether a fit trains members, and with which settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hbcd.estimators.fit_settings import FitSettings
from hbcd.estimators.member_outputs import as_output_range
from hbcd.estimators.network_layers import grows, hidden_widths
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.members.settings import MemberSettings, settings_of
from hbcd.utils.validation import check_integer

__all__ = ["check_member_parameters", "member_settings"]

FEWEST_ROWS = 20  # below it, nothing is left out
ENCODINGS = ("auto", "pieces")


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
    settings_of(model.effort, 1, 1, None, None)


def member_settings(
    model: EstimatorParameters,
    settings: FitSettings,
    rows: int,
    inputs: int,
    *,
    held_out: bool,
    followed: bool,
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
    """
    automatic = isinstance(model.members, str)
    limits = (settings.stop.max_iterations, settings.stop.max_evaluations)
    if automatic and limits != (None, None):  # every network would need some of them
        return None
    why = _one_network(model, settings, rows, held_out=held_out, followed=followed)
    if settings.partial or settings.resumes or (automatic and why) or model.members == 1:
        return None
    if why:
        raise ValueError(f"members={model.members!r}: must be 'auto' or 1 where {why}")
    given = not isinstance(model.hidden_layer_sizes, str)
    if automatic and given:
        return None
    widths = (
        hidden_widths(model.hidden_layer_sizes, rows, inputs, 1, classes=False) if given else None
    )
    folds = None if automatic else int(model.members)
    if folds is not None and 2 * folds > rows:
        raise ValueError(f"members={folds}: must be at most half of the {rows} rows")
    chosen = settings_of(model.effort, rows, inputs, folds, widths)
    if model.encoding is None:
        plain = [replace(one, pieces=0) for one in chosen.architectures]
        chosen = replace(chosen, architectures=tuple(dict.fromkeys(plain)))
    elif model.encoding == "pieces":
        most = max([one.pieces for one in chosen.architectures] + [3])
        smooth = [replace(one, pieces=most) for one in chosen.architectures]
        chosen = replace(chosen, architectures=tuple(dict.fromkeys(smooth)))
    return chosen


def _one_network(
    model: EstimatorParameters, settings: FitSettings, rows: int, *, held_out: bool, followed: bool
) -> str:
    """Why one network is trained, "" where there is no reason."""
    reasons: dict[str, Any] = {
        "layers are given": model.layers is not None,
        "the network grows": grows(model),
        "a strategy is given": model.strategy != "auto",
        "a penalty is given": not isinstance(model.alpha, str),
        "each hidden layer has its activation": isinstance(model.activation, (list, tuple)),
        "rows are held out": held_out or settings.early_stopping is not None,
        "stop has a target": settings.stop.target is not None,
        "warm_start is True": model.warm_start,
        "callbacks of scikit-learn follow the fit": followed,
        f"there are less than {FEWEST_ROWS} rows": rows < FEWEST_ROWS,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
