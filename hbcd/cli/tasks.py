"""What `hbcd fit` makes of a target: numbers or classes to predict, and the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hbcd.cli.baselines import Baseline, LeastSquares
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor
from hbcd.metrics.classification import class_scores
from hbcd.metrics.regression import scores
from hbcd.parts.losses import Quantile
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.labels import class_numbers
from hbcd.tables.levels import level_text
from hbcd.tables.names import check_columns
from hbcd.tables.targets import split_target

__all__ = ["Classification", "Regression", "Score", "Task", "task_of"]

Array = NDArray[Any]
Scores = dict[str, Any]


@dataclass(frozen=True)
class Score:
    """One number that is shown.

    Attributes
    ----------
    key : str
        In JSON.
    title : str
        Above a column.
    digits : str
        How the number is written.
    short : str
        The same on a card.
    power : int
        Of the target's unit.
    """

    key: str
    title: str
    digits: str
    short: str
    power: int = 0

    def unit(self, unit: str) -> str:
        """Its unit, where the target's is `unit`."""
        if not unit or not self.power:
            return ""
        return unit if self.power == 1 else f"({unit})^{self.power}"


R2 = Score("r2", "R2", ".5f", ".4f")
MSE = Score("mse", "MSE", "#.5g", ".4g", power=2)
MAE = Score("mae", "MAE", "#.5g", ".4g", power=1)
PINBALL = Score("pinball", "pinball", "#.5g", ".4g", power=1)
BELOW = Score("below", "below", ".4f", ".3f")
ACCURACY = Score("accuracy", "accuracy", ".5f", ".4f")
LOG_LOSS = Score("log_loss", "log-loss", "#.5g", ".4g")
ROC_AUC = Score("roc_auc", "ROC AUC", ".5f", ".4f")


class Task(ABC):
    """What a target asks for."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def columns(self) -> tuple[Score, ...]:
        """What is shown of scores."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What they mean, in sentences."""

    @property
    @abstractmethod
    def cards(self) -> tuple[int, int]:
        """Places of the two columns that a reader looks at first."""

    @property
    @abstractmethod
    def search_rule(self) -> str:
        """What `lost` goes by, in words."""

    @abstractmethod
    def outputs(self, model: HybridEstimator, X: Any) -> Array:
        """What a model says of rows, as `measure` takes it: one row each."""

    @abstractmethod
    def measure(self, y: Array, outputs: Array) -> Scores:
        """The scores of outputs."""

    @abstractmethod
    def lost(self, found: Scores) -> float:
        """What a search makes small."""

    @abstractmethod
    def baselines(
        self, model: HybridEstimator, X: EncodedTable, y: Array, parts: Any
    ) -> list[Baseline]:
        """What a network has to beat, the strongest first."""

    @abstractmethod
    def read(self, frame: Any, names: Sequence[str]) -> tuple[Any, Array]:
        """Inputs and targets of a table of new rows."""

    def score(self, model: HybridEstimator, X: Any, y: Array) -> Scores:
        """The scores of a model on rows."""
        return self.measure(y, self.outputs(model, X))


@dataclass(frozen=True)
class Regression(Task):
    """Numbers: R2, MSE and MAE, compared with least squares.

    Attributes
    ----------
    level : float or None
        Where predictions are quantiles of this level two scores more say how good they are: the
        pinball loss, and the share of rows whose target is not above its prediction.
    """

    level: float | None = None

    name = "regression"

    @property
    def columns(self) -> tuple[Score, ...]:
        """The scores of its tables."""
        return (R2, MSE, MAE) if self.level is None else (PINBALL, BELOW, R2, MSE, MAE)

    @property
    def note(self) -> str:
        """What stands below its tables."""
        text = "MSE and MAE in the target's unit; means over several targets."
        if self.level is None:
            return text
        return f"{text} Below: the share of rows not above the prediction, {self.level:g} at best."

    @property
    def cards(self) -> tuple[int, int]:
        """The scores on the cards of the report, by their place."""
        return (0, 2) if self.level is None else (0, 1)

    @property
    def search_rule(self) -> str:
        """What a search looks for, in words."""
        return "the highest R2" if self.level is None else "the lowest pinball loss"

    def outputs(self, model: HybridEstimator, X: Any) -> Array:
        """What is scored: predictions, or raw outputs of classes."""
        assert isinstance(model, HybridRegressor)
        return np.asarray(model._predict(X))

    def measure(self, y: Array, outputs: Array) -> Scores:
        """All scores of outputs."""
        predicted = outputs.reshape(y.shape)
        found: Scores = dict(scores(y, predicted))
        if self.level is not None:
            with np.errstate(over="ignore"):
                over = y - predicted
                pinball = float(np.maximum(self.level * over, (self.level - 1) * over).mean())
            found["pinball"] = pinball if np.isfinite(pinball) else None
            found["below"] = float((y <= predicted).mean())
        return found

    def lost(self, found: Scores) -> float:
        """What a search makes small."""
        # A fit whose score no float64 holds comes last.
        key, sign = ("r2", -1) if self.level is None else ("pinball", 1)
        return float("inf") if found[key] is None else sign * found[key]

    def baselines(
        self, model: HybridEstimator, X: EncodedTable, y: Array, parts: Any
    ) -> list[Baseline]:
        """Methods to compare with."""
        line = LeastSquares.fit(X.features[parts[0]], y[parts[0]])
        found = [self.measure(y[p], line.predict(X.features[p])) for p in parts]
        return [Baseline("baseline_ols", *found)]

    def read(self, frame: Any, names: Sequence[str]) -> tuple[Any, Array]:
        """Features and targets of a table."""
        features, y, _ = split_target(frame, list(names), learned=True)
        return features, y


@dataclass(frozen=True, eq=False)
class Classification(Task):
    """Classes: accuracy, log-loss and, of two, the area under the ROC curve.

    Attributes
    ----------
    classes : ndarray of shape (classes,)
        All labels, sorted.
    """

    classes: Array

    name = "classification"

    @property
    def columns(self) -> tuple[Score, ...]:
        """The scores of its tables."""
        return (ACCURACY, LOG_LOSS, ROC_AUC) if len(self.classes) == 2 else (ACCURACY, LOG_LOSS)

    @property
    def note(self) -> str:
        """What stands below its tables."""
        text = (
            "Accuracy: the share of rows predicted correctly. Log-loss: the mean of minus the "
            "logarithm of the probability given to the true class; less is better."
        )
        if len(self.classes) > 2:
            return text
        first, second = (level_text(label) for label in self.classes.tolist())
        return (
            f"{text} ROC AUC: the chance that a row of {second} gets a higher probability of it "
            f"than a row of {first}."
        )

    @property
    def cards(self) -> tuple[int, int]:
        """The scores on the cards of the report, by their place."""
        return (0, 1)

    @property
    def search_rule(self) -> str:
        """What a search looks for, in words."""
        return "the lowest log-loss"

    def outputs(self, model: HybridEstimator, X: Any) -> Array:
        """What is scored: predictions, or raw outputs of classes."""
        assert isinstance(model, HybridClassifier)
        out = model.decision_function(X)
        return out if out.ndim == 2 else np.column_stack([np.zeros_like(out), out])

    def measure(self, y: Array, outputs: Array) -> Scores:
        """All scores of outputs."""
        return class_scores(np.searchsorted(self.classes, y), outputs)

    def lost(self, found: Scores) -> float:
        """What a search makes small."""
        return float(found["log_loss"])

    def baselines(
        self, model: HybridEstimator, X: EncodedTable, y: Array, parts: Any
    ) -> list[Baseline]:
        """Methods to compare with."""
        train = parts[0]
        line = HybridClassifier(**{
            **model.get_params(), "hidden_layer_sizes": (), "activation": "tanh",
            "strategy": "full_batch", "verbose": 0,
            "effort": "balanced", "members": "auto", "encoding": "auto",
        }).fit(X.rows(train), y[train])  # fmt: skip
        if line.report_.interrupted:
            raise KeyboardInterrupt
        shares = np.bincount(np.searchsorted(self.classes, y[train]), minlength=len(self.classes))
        always = np.log(shares / len(train))
        straight = [self.score(line, X.rows(part), y[part]) for part in parts]
        same = [self.measure(y[part], np.tile(always, (len(part), 1))) for part in parts]
        return [
            Baseline("baseline_linear", *straight),
            Baseline("baseline_frequent", *same),
        ]

    def read(self, frame: Any, names: Sequence[str]) -> tuple[Any, Array]:
        """Features and targets of a table."""
        check_columns(frame, "target", names)
        numbers = class_numbers(frame[names[0]], self.classes)
        return frame.drop(columns=list(names)), self.classes[numbers]


def task_of(model: HybridEstimator) -> Task:
    """The task that a fitted model was trained for."""
    if isinstance(model, HybridClassifier):
        return Classification(model.classes_)
    loss = model.network_.loss
    return Regression(loss.q if isinstance(loss, Quantile) else None)
