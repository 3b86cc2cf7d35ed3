"""Classes of a classifier: what labels a network is trained on, and what it says of new rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.derivatives.link_derivatives import LinkDerivatives, Softmax
from hbcd.estimators.intervals.class_sets import ClassSets
from hbcd.estimators.targets.class_reader import ClassTargets, class_counts, weights_by_class
from hbcd.estimators.targets.class_target import (
    as_labels,
    check_kind,
    class_factors,
    class_numbers,
    one_hot,
)
from hbcd.estimators.targets.target import Target
from hbcd.members.fit_network import MemberResult
from hbcd.parts.losses import CrossEntropy, Logistic
from hbcd.streams.rows import Rows
from hbcd.training.network import Network
from hbcd.utils.scaling import Scaler
from hbcd.utils.validation import as_exact_weights, as_weights

__all__ = ["ClassOutputs"]

Array = NDArray[Any]


class ClassOutputs(ClassSets):
    """Labels as targets, and predictions as labels and probabilities."""

    class_weight: str | Mapping[Any, float] | None
    classes_: Array

    # ---- targets

    def _all_classes(self, classes: ArrayLike | None) -> Array:
        fitted = self.__sklearn_is_fitted__()
        if classes is None:
            if not fitted:
                raise ValueError("classes=None: must be all labels at the first call")
            return self.classes_
        found = np.unique(as_labels(classes, len(np.atleast_1d(classes)), "classes"))
        if found.size < 2:
            raise ValueError(f"classes: has {found.size}, must have 2 at least")
        if fitted and not np.array_equal(found, self.classes_):
            raise ValueError(f"classes={found!s}: must be {self.classes_!s}, as before")
        return found

    def _check_same_target(self, target: Target) -> None:
        found = target.attributes["classes_"]
        if not np.array_equal(found, self.classes_):
            raise ValueError(f"y: has the classes {found!s}, must have {self.classes_!s} to go on")

    def _learning_target(
        self, y: Any, rows: int, sample_weight: ArrayLike | None, classes: Array | None
    ) -> Target:
        new = classes is None
        if classes is None:
            classes, index = np.unique(as_labels(y, rows), return_inverse=True)
        else:
            index = class_numbers(y, rows, classes)
        weight = as_exact_weights(sample_weight, rows)
        counts = np.bincount(index, weight, classes.size)
        factors = self._factors(classes, counts, new=new)
        if factors is not None:
            each = factors[index] if weight is None else factors[index] * weight
            weight = as_exact_weights(each, rows)
        targets = one_hot(index, classes.size)
        loss = Logistic() if targets.shape[1] == 1 else CrossEntropy()
        return Target(targets, weight, loss, {"classes_": classes})

    def _factors(self, classes: Array, counts: Array, *, new: bool) -> Array | None:
        """What weights of rows of each class are multiplied by."""
        if new and np.count_nonzero(counts) < 2:
            raise ValueError(
                f"y: has {np.count_nonzero(counts)} class with a weight, must have 2 classes at "
                "least"
            )
        return class_factors(self.class_weight, classes, counts)

    def _target_reader(self, classes: Array | None) -> ClassTargets:
        return ClassTargets(classes)

    def _streamed_target(self, reader: ClassTargets, y: Any, weight: Array | None) -> Target:
        classes, weight = reader.classes, as_exact_weights(weight, len(y))
        factors = self._factors(classes, class_counts(y, weight, classes.size), new=reader.looks)
        if factors is not None:
            weight = as_exact_weights(weights_by_class(y, weight, factors), len(y))
        loss = Logistic() if y.shape[1] == 1 else CrossEntropy()
        return Target(y, weight, loss, {"classes_": classes})

    def _held_targets(self, y: Any, rows: int, target: Target) -> Array:
        classes = target.attributes["classes_"]
        return one_hot(class_numbers(y, rows, classes), classes.size)

    def _describe_target(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "labels": self.classes_.dtype.str}

    def _restore_target(self, document: dict[str, Any], network: Network) -> dict[str, Any]:
        kind = np.dtype(document["labels"])
        if kind.kind not in "biufUO":
            raise ValueError(f"labels={document['labels']!r}: must be numbers or text")
        classes = np.array(document["classes"], dtype=kind)
        if classes.ndim != 1 or network.n_outputs != (classes.size if classes.size > 2 else 1):
            raise ValueError(f"classes: has {classes.size} labels for {network.n_outputs} outputs")
        return {"classes_": classes}

    # ---- predict

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> Array:
        """Outputs of the network.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of shape (rows,) or (rows, n_classes)
            Log-odds of ``classes_[1]``; of more than two classes logarithms of probabilities, up to
            a summand of each row.
        """
        out = self._outputs(X)
        return out[:, 0] if out.shape[1] == 1 else out

    def predict_proba(self, X: ArrayLike | pd.DataFrame | Rows) -> Any:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of shape (rows, n_classes)
            Rows sum to 1.  A DataFrame where `set_output` asked for it.
        """
        return self._output(self._probabilities(self._outputs(X)), X, self.classes_)

    def _probabilities(self, out: Array) -> Array:
        """Of the classes, from the outputs of the network."""
        return self._calibrated(out)

    def _link_derivatives(
        self, out: NDArray[np.float64], *, limited: bool = True
    ) -> LinkDerivatives:
        made = self._calibrator()
        if made is not None and made.curves:
            raise ValueError(
                "calibrate='isotonic': its probabilities have no smooth derivatives; 'temperature' "
                "and None have"
            )
        return Softmax(self._probabilities(out), out.shape[1], 1.0 if made is None else made.factor)

    def _oof(self, found: Array, result: MemberResult, scaler: Scaler) -> Array:
        mean = result.network.loss.mean
        return np.hstack([mean(-found), mean(found)]) if found.shape[1] == 1 else mean(found)

    def predict_with_proba(self, X: ArrayLike | pd.DataFrame) -> tuple[Array, Array]:
        """The most probable labels and the probabilities, from one pass through the network.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        labels : ndarray of shape (rows,)
        probabilities : ndarray of shape (rows, n_classes)
        """
        out = self._outputs(X)
        return self._labels(out), self._probabilities(out)

    def predict_log_proba(self, X: ArrayLike | pd.DataFrame) -> Any:
        """Logarithms of the probabilities, finite however small those are.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of shape (rows, n_classes)
            A DataFrame where `set_output` asked for it.
        """
        out = self._outputs(X)
        if self.calibrate is not None:
            return self._output(np.log(self._calibrated(out)), X, self.classes_)
        if out.shape[1] == 1:
            out = np.hstack([np.zeros_like(out), out])
        top = out.argmax(axis=1)[:, np.newaxis]
        below = out - np.take_along_axis(out, top, axis=1)
        others = np.exp(below)
        np.put_along_axis(others, top, 0.0, axis=1)  # added to 1, small ones would be lost
        log_p = below - np.log1p(others.sum(axis=1, keepdims=True))
        return self._output(log_p, X, self.classes_)

    def predict(self, X: ArrayLike | pd.DataFrame | Rows) -> Any:
        """The most probable labels.

        Parameters
        ----------
        X : array_like or DataFrame of shape (rows, features)

        Returns
        -------
        ndarray of shape (rows,)
            A Series where `set_output` asked for it.
        """
        return self._output(self._predict(X), X)

    def _predict(self, X: ArrayLike | pd.DataFrame) -> Array:
        return self._labels(self._outputs(X))

    def _labels(self, out: Array) -> Array:
        """The most probable ones, from the outputs of the network."""
        if self.calibrate == "isotonic":
            return np.asarray(self.classes_[self._calibrated(out).argmax(axis=1)])
        index = (out[:, 0] > 0).astype(int) if out.shape[1] == 1 else out.argmax(axis=1)
        labels: Array = self.classes_[index]
        return labels

    def score(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Accuracy: the share of rows whose label is predicted.

        Parameters
        ----------
        X : array_like, DataFrame of shape (rows, features), or Rows
        y : array_like of shape (rows,), or None with Rows
            Labels.
        sample_weight : array_like of shape (rows,), optional

        Returns
        -------
        float
        """
        predicted, y, sample_weight = self._scored(X, y, sample_weight)
        labels = as_labels(y, len(predicted))
        check_kind(labels, self.classes_)
        met = predicted == labels
        return float(np.average(met, weights=as_weights(sample_weight, len(predicted))))

    def _compared(self, target: Any) -> Array:
        return as_labels(target, len(target))
