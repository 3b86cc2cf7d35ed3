"""The default fit with another encoding where it has smooth pieces, or with arms beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.inputs.encodings import Encode, Fit
from bench.tables.problems import Parts
from hbcd.callbacks.callback_list import CallbackList
from hbcd.members import arm, fit_members
from hbcd.members.arm import Arm
from hbcd.members.fit_members import MemberFit
from hbcd.members.networks import Context
from hbcd.members.progress import MemberProgress
from hbcd.members.settings import Architecture, MemberSettings, settings_of
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Tanh
from hbcd.parts.layers import Layer
from hbcd.parts.losses import SquaredError
from hbcd.parts.stopping import Stop
from hbcd.training.budget import Budget
from hbcd.training.monitor import Monitor

__all__ = ["Tried", "Variant", "fitted"]

Array = NDArray[Any]
MANY = 3000  # rows from which the default fit is in single precision
THIRD = -1  # "pieces" of that architecture
WIDENED = 0.5  # of the targets' range: where predictions are cut off


@dataclass(frozen=True)
class Variant:
    """What takes the place of the smooth pieces: an encoding, a layer that is trained, or nothing.

    Attributes
    ----------
    encoding : callable, optional
    layer : callable, optional
        Makes a layer in front of the first hidden one, from the number of pieces.
    third : callable, optional
        The encoding of one architecture more, which is tried as the third.
    """

    encoding: Fit | None = None
    layer: Callable[[int], Layer] | None = None
    third: Fit | None = None

    def architectures(self, given: tuple[Architecture, ...]) -> tuple[Architecture, ...]:
        """Those of the default, without pieces where there is nothing in their place."""
        if self.encoding is None and self.layer is None:
            given = tuple(replace(one, pieces=0) for one in given)
        if self.third is not None:
            given = (*given[:2], replace(given[0], pieces=THIRD), *given[2:])
        return tuple(dict.fromkeys(given))


@dataclass(frozen=True)
class Tried:
    """RMSE over the target's deviation, operations, CPU seconds, weight of encoded members."""

    error: float
    operations: float
    cpu: float
    encoded: float


class _Encodings:
    """Stands in for the encoding of `hbcd.members.arm`, and remembers the arms so far."""

    def __init__(self, variant: Variant) -> None:
        self.variant, self.pieces = variant, 0
        self.arms: list[Arm] = []
        self.known: dict[int, Encode] = {}

    def of(self, rows: CheckedRows, pieces: int) -> Encode:
        """The encoding of an architecture, fitted once."""
        if pieces not in self.known:
            fit = self.variant.third if pieces == THIRD else self.variant.encoding
            self.known[pieces] = fit(rows, pieces, self.arms) if fit and pieces else lambda x: x
        return self.known[pieces]

    def with_pieces(self, rows: CheckedRows, pieces: int) -> CheckedRows:
        """Encoded rows."""
        self.pieces = pieces
        return replace(rows, x=np.ascontiguousarray(self.of(rows, pieces)(rows.x)))

    def structure(self, *args: Any) -> NetworkStructure:
        """The network of a member, with the layer of the variant where it has pieces."""
        plain = _STRUCTURE(*args)
        if not self.pieces or self.variant.layer is None:
            return plain
        first, *others = plain.layers
        return NetworkStructure([first, self.variant.layer(self.pieces), *others], plain.loss)

    def train(self, *args: Any) -> Arm:
        """One arm, after those before it."""
        self.arms = args[-1]
        return _TRAIN(*args)


_STRUCTURE, _WITH_PIECES, _TRAIN = arm.structure_of, arm.with_pieces, fit_members.train_arm


@contextmanager
def _in_place(encodings: _Encodings) -> Iterator[None]:
    """Architectures with pieces read these encodings."""
    arm.structure_of, arm.with_pieces = encodings.structure, encodings.with_pieces
    fit_members.train_arm = encodings.train
    try:
        yield
    finally:
        arm.structure_of, arm.with_pieces = _STRUCTURE, _WITH_PIECES
        fit_members.train_arm = _TRAIN


def fitted(
    parts: Parts, variant: Variant, effort: str | float, seed: int, arms: float | None
) -> Tried:
    """One fit, as the estimator does it, with the variant's encodings, and its test error."""
    begin = time.process_time()
    dtype = np.float64 if len(parts.x) < MANY else np.float32
    mean, spread = parts.x.mean(axis=0), parts.x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x, x_test = (((side - mean) / spread).astype(dtype) for side in (parts.x, parts.x_test))
    y_mean, y_spread = parts.y.mean(), parts.y.std()
    rows = CheckedRows(np.ascontiguousarray(x), ((parts.y - y_mean) / y_spread)[:, np.newaxis])
    settings = settings_of(effort, len(x), x.shape[1], None, None)
    settings = replace(settings, architectures=variant.architectures(settings.architectures))
    if arms is not None:
        settings = replace(settings, arms=arms)
    encodings = _Encodings(variant)
    with _in_place(encodings):
        fit, operations = _members(rows, settings, seed)
    outputs = _predicted(fit, rows, x_test, encodings)
    low, high = rows.y.min(), rows.y.max()
    slack = WIDENED * (high - low)
    predicted = y_mean + y_spread * np.clip(outputs, low - slack, high + slack)
    cpu = time.process_time() - begin
    error = float(np.sqrt(np.mean((predicted - parts.y_test) ** 2)) / parts.y_test.std())
    encoded = sum(m.weight for m in fit.members if m.architecture and m.architecture.pieces)
    return Tried(error, operations, cpu, encoded)


def _members(rows: CheckedRows, settings: MemberSettings, seed: int) -> tuple[MemberFit, float]:
    budget = Budget(Stop())
    told = MemberProgress((), None)
    context = Context(budget, 1, None, Monitor(CallbackList([])), told)
    generator = np.random.default_rng(seed)
    fit = fit_members.fit_members(
        rows, SquaredError(), Tanh(), settings, generator, context, clip=True
    )
    return fit, context.operations


def _predicted(fit: MemberFit, rows: CheckedRows, x: Array, encodings: _Encodings) -> Array:
    """What the weighted members predict."""
    total = np.zeros(len(x))
    for member in fit.members:
        share = member.weight / len(member.stage.thetas)
        if member.weight == 0.0:
            continue
        pieces = member.architecture.pieces if member.architecture else 0
        inside = np.ascontiguousarray(encodings.of(rows, pieces)(x))
        for theta in member.stage.thetas:
            if member.architecture is None:
                own = theta.astype(np.float64)
                total += share * (own[-1] + (x @ own[:-1] if member.name != "constant" else 0.0))
                continue
            widths = member.architecture.widths
            encodings.pieces = pieces
            net = encodings.structure(inside.shape[1], widths, 1, Tanh(), SquaredError())
            out = np.empty((len(inside), 1), inside.dtype)
            net.core_network(inside.dtype).predict(theta, inside, out, 1)
            total += share * out[:, 0]
    return total
