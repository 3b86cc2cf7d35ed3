"""From the options of `hbcd fit` to an estimator: what is wrong is reported before data is read."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from hbcd.cli.tasks import Classification, Task
from hbcd.cli.text_options import text_format
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.fitting.member_outputs import as_output_range
from hbcd.estimators.fitting.transform_choice import as_target_transform
from hbcd.estimators.regressor import HybridRegressor
from hbcd.members.settings import effort_amount
from hbcd.parts.losses import Loss
from hbcd.tables.choices import DATES, MISSING, TASKS
from hbcd.training import registry
from hbcd.training.validation_score import as_early_stopping
from hbcd.utils.validation import check_integer, check_number

__all__ = ["check_options", "make_model", "parse_loss"]


def check_options(args: argparse.Namespace) -> None:
    """ValueError for what needs no data to be seen as wrong."""
    if args.task not in TASKS:
        raise ValueError(f"task={args.task!r}: must be one of {', '.join(TASKS)}")
    _strategy(args)
    activation = _activation(args)
    if (args.search or args.grid) and isinstance(activation, list):
        raise ValueError("activation: must be one name where the number of layers is searched")
    hidden = _default("hidden_layer_sizes") if args.hidden is None else args.hidden
    if not isinstance(hidden, str) and isinstance(hidden, Sequence):
        registry.activations(activation, len(hidden) if isinstance(activation, list) else 1)
    elif isinstance(activation, list):
        raise ValueError("activation: must be one name, or --hidden must say how many layers")
    effort_amount(_effort(args))
    _members(args)
    _target_transform(args)
    _encoding(args)
    if args.output_range is not None:
        as_output_range(tuple(args.output_range))
    registry.dtype(args.dtype)
    check_integer("seed", args.seed, 0)
    check_integer("threads", args.threads, 1, none=True)
    check_number("max_time", args.max_time, low=0.0, open_low=True, none=True)
    check_integer("max_iter", args.max_iter, 1, none=True)
    check_integer("max_fun", args.max_fun, 1, none=True)
    check_number("hold_out", args.hold_out, low=0.0, high=1.0, open_high=True, none=True)
    as_early_stopping(args.early_stopping)
    check_number("alpha", args.alpha, low=0.0, none=True)
    check_integer("cv", args.cv, 2, none=True)
    if args.tune and (args.search or args.grid):
        raise ValueError("tune: must be given without --search and --grid, it chooses layers, too")
    if args.loss is not None:
        parse_loss(args.loss)
    if args.class_weight not in (None, "none", "balanced"):
        raise ValueError(f"class_weight={args.class_weight!r}: must be none or balanced")
    for name, value, known in (("missing", args.missing, MISSING), ("dates", args.dates, DATES)):
        if value not in known:
            raise ValueError(f"{name}={value!r}: must be one of {', '.join(known)}")
    text_format(args)


def _default(name: str) -> Any:
    return inspect.signature(HybridRegressor).parameters[name].default


def _effort(args: argparse.Namespace) -> str | float:
    """A name, or a number."""
    try:
        return float(args.effort)
    except ValueError:
        return str(args.effort)


def _members(args: argparse.Namespace) -> str | int:
    """The word auto, or a number of at least 1."""
    if args.members == "auto":
        return "auto"
    try:
        members = int(args.members)
    except ValueError:
        raise ValueError(f"members={args.members!r}: must be auto or an integer") from None
    check_integer("members", members, 1)
    return members


def _target_transform(args: argparse.Namespace) -> str | None:
    """A name, or None for the word none."""
    name = None if args.target_transform == "none" else args.target_transform
    loss = parse_loss("squared_error" if args.loss is None else args.loss)
    return as_target_transform(name, loss) if name != "auto" else "auto"


def _encoding(args: argparse.Namespace) -> str | None:
    """A name, or None for the word none."""
    known: dict[str, str | None] = {"auto": "auto", "pieces": "pieces", "none": None}
    encoding: str | None = registry.choose("input_encoding", args.input_encoding, known)
    return encoding


def _activation(args: argparse.Namespace) -> str | list[str]:
    names: str = args.activation
    return names.split(",") if "," in names else names


def _strategy(args: argparse.Namespace) -> Any:
    registry.strategy(args.strategy)
    if not args.optimizer and not args.selector:
        return args.strategy
    optimizer = args.optimizer and registry.choose("optimizer", args.optimizer, registry.OPTIMIZERS)
    selector = args.selector and registry.choose("selector", args.selector, registry.SELECTORS)
    return registry.strategy_with(
        args.strategy, optimizer() if optimizer else None, selector() if selector else None
    )


def parse_loss(text: str) -> Loss:
    """`huber`, `huber:0.5`, `quantile:0.9`: a loss, and its first parameter."""
    name, colon, word = text.partition(":")
    kind: Any = registry.choose("loss", name, registry.LOSSES)
    options = [field.name for field in dataclasses.fields(kind)]
    if not colon:
        made: Loss = kind()
        return made
    if not options:
        raise ValueError(f"loss={text!r}: must be {name}, which takes no number")
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"loss={text!r}: must be {name}:NUMBER, its {options[0]}") from None
    made = kind(**{options[0]: number})
    return made


def make_model(args: argparse.Namespace, task: Task) -> HybridEstimator:
    """The estimator that the options describe; what is not said is as the estimator has it."""
    options: dict[str, Any] = {
        "activation": _activation(args),
        "strategy": _strategy(args),
        "effort": _effort(args),
        "members": _members(args),
        "encoding": _encoding(args),
        "random_state": args.seed,
        "n_threads": args.threads,
        "dtype": args.dtype,
        "max_time": args.max_time,
        "max_iter": args.max_iter,
        "max_fun": args.max_fun,
        "early_stopping": args.early_stopping,
        "verbose": 0 if args.quiet else 1,
        "missing": args.missing,
        "dates": args.dates,
    }
    if args.hidden is not None:
        options["hidden_layer_sizes"] = args.hidden
    if args.alpha is not None:
        options["alpha"] = args.alpha
    if args.hold_out is not None:
        options["validation_fraction"] = args.hold_out
    if isinstance(task, Classification):
        if args.loss is not None:
            raise ValueError(f"loss={args.loss!r}: must be left out, classes have their own")
        if args.target_transform not in ("auto", "none"):
            raise ValueError("target_transform: must be left out, the target is of classes")
        if args.output_range is not None:
            raise ValueError("output_range: must be left out, the target is of classes")
        balanced = args.class_weight == "balanced"
        return HybridClassifier(**options, class_weight="balanced" if balanced else None)
    if args.class_weight is not None:
        raise ValueError("class_weight: must be left out, the target is of numbers")
    options["target_transform"] = _target_transform(args)
    if args.output_range is not None:
        options["output_range"] = tuple(args.output_range)
    if args.loss is not None:
        options["loss"] = parse_loss(args.loss)
    return HybridRegressor(**options)
