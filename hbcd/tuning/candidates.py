"""A model with the parameters of a candidate, those of the parts of its strategy among them."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any

from hbcd.estimators.base import HybridEstimator
from hbcd.training import registry
from hbcd.tuning.space import Choice, Space

__all__ = ["Tunable", "short_text", "text_of"]

_BY_NAME = {"strategy": registry.strategy, "loss": registry.loss}  # parts that names stand for


def text_of(value: Any) -> str:
    """A value as text that is the same in every process."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def short_text(value: Any) -> str:
    """A value for readers: of parts only what is not as it is by default.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(short_text, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, float):
        return f"{value:.4g}"
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value if isinstance(value, str) else text_of(value)
    shown = []
    for field in dataclasses.fields(value):
        own = getattr(value, field.name)
        factory = field.default_factory
        default = field.default if factory is dataclasses.MISSING else factory()
        if text_of(own) != text_of(default):
            shown.append(f"{field.name}={short_text(own)}")
    return f"{type(value).__name__}({', '.join(shown)})"


class Tunable:
    """A model whose parameters are to be chosen.

    Parameters
    ----------
    model : HybridEstimator, or an estimator of scikit-learn that holds one
        It is not changed.

    Attributes
    ----------
    prefix : str
        What stands before the names of the network's parameters: "" or, such as of a pipeline,
        "hybridregressor__".

    Raises
    ------
    TypeError
        No estimator of hbcd in it, or more than one.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.prefix = _prefix(model)
        self.parameters: dict[str, Any] = (
            model.get_params() if not self.prefix else model.get_params(deep=True)
        )

    @property
    def estimator(self) -> HybridEstimator:
        """The estimator of hbcd itself."""
        found: HybridEstimator = (
            self.parameters[self.prefix.removesuffix("__")] if self.prefix else self.model
        )
        return found

    def check_names(self, space: Space) -> None:
        """ValueError where a name of a space is no parameter, nor a part of one that may be drawn.

        Parameters
        ----------
        space : dict
        """
        for name in space:
            base, path = self._split(name)
            if path and not self._may_have(space, base, path):
                raise ValueError(
                    f"space: {name} must be a part of {base}; {text_of(self.parameters[base])} "
                    f"and what the space has for it have no {'__'.join(path)}"
                )

    def effective(self, candidate: Mapping[str, Any]) -> dict[str, Any]:
        """The entries of a candidate that come to something, in the order of the space.

        ``strategy__batch_rows`` of a strategy without batches does not.

        Parameters
        ----------
        candidate : dict
        """
        return self._resolve(candidate)[1]

    def with_parameters(self, candidate: Mapping[str, Any], **others: Any) -> Any:
        """A new model, not fitted, with the parameters of a candidate.

        Parameters
        ----------
        candidate : dict
        **others : object
            Further parameters of the estimator of hbcd, without the prefix.
        """
        made = _clone(self.model)
        changes = {self.prefix + name: value for name, value in others.items()}
        made.set_params(**{**self._resolve(candidate)[0], **changes})
        return made

    def _resolve(self, candidate: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters to set, and the entries that come to something."""
        setting: dict[str, Any] = {}
        kept = {}
        for name in sorted(candidate, key=lambda name: len(self._split(name)[1])):
            base, path = self._split(name)
            value = candidate[name]
            if path:
                whole = setting.get(base, self.parameters[base])
                value = _with_part(_part(base, whole), path, value)
                if value is None:
                    continue
            setting[base] = value
            kept[name] = candidate[name]
        return setting, {name: kept[name] for name in candidate if name in kept}

    def _split(self, name: str) -> tuple[str, list[str]]:
        """The parameter that a name begins with, and the path to a part of it."""
        words = name.split("__")
        for length in range(len(words), 0, -1):
            base = "__".join(words[:length])
            if base in self.parameters:
                return base, words[length:]
        near = difflib.get_close_matches(name, self.parameters, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"space: {name} must be a parameter of {type(self.model).__name__}, or a part of one "
            f"such as {self.prefix}strategy__batch_rows{hint}"
        )

    def _may_have(self, space: Space, base: str, path: list[str]) -> bool:
        """Whether a value that may be drawn for a parameter has such a part."""
        inner = ["__".join([base, *path[:k]]) for k in range(1, len(path))]
        if any(name in space for name in inner):
            return True  # the part above is drawn, too: each candidate will tell
        drawn = space.get(base)
        if drawn is not None and not isinstance(drawn, Choice):
            return False
        values = (self.parameters[base],) if drawn is None else drawn.values
        return any(_has_part(_part(base, value), path) for value in values)


def _prefix(model: Any) -> str:
    if isinstance(model, HybridEstimator):
        return ""
    rule = "must be a HybridRegressor, a HybridClassifier, or an estimator that holds one"
    if isinstance(model, type) or not callable(getattr(model, "get_params", None)):
        raise TypeError(f"model={model!r}: {rule}")
    inside = [
        name
        for name, value in model.get_params(deep=True).items()
        if isinstance(value, HybridEstimator)
    ]
    if len(inside) != 1:
        raise TypeError(f"model={type(model).__name__}: {rule}; it holds {len(inside)}")
    return f"{inside[0]}__"


def _clone(model: Any) -> Any:
    if isinstance(model, HybridEstimator):
        return type(model)(**model.get_params())
    from sklearn.base import clone

    return clone(model)


def _part(base: str, value: Any) -> Any:
    """The part that a name stands for."""
    known = _BY_NAME.get(base.rpartition("__")[2])
    if known is None or not isinstance(value, str):
        return value
    try:
        return known(value)
    except ValueError:  # a wrong name is told by the fit
        return value


def _fields(part: Any) -> list[str]:
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return []
    return [field.name for field in dataclasses.fields(part)]


def _has_part(part: Any, path: list[str]) -> bool:
    if path[0] not in _fields(part):
        return False
    return len(path) == 1 or _has_part(getattr(part, path[0]), path[1:])


def _with_part(part: Any, path: list[str], value: Any) -> Any:
    """A part with a part of it replaced; None where it has none of this name."""
    if path[0] not in _fields(part):
        return None
    if len(path) > 1:
        value = _with_part(getattr(part, path[0]), path[1:], value)
        if value is None:
            return None
    return dataclasses.replace(part, **{path[0]: value})
