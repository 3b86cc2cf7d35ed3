"""Scores of predicted classes: accuracy, log-loss, ROC AUC, confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_scores", "confusion", "roc_auc"]

Array = NDArray[Any]


def class_scores(truth: Array, outputs: Array) -> dict[str, float | None]:
    """Accuracy, log-loss and area under the ROC curve.

    Parameters
    ----------
    truth : ndarray of int, shape (rows,)
        The number of each row's class.
    outputs : ndarray of shape (rows, classes)
        Logarithms of probabilities, up to a summand of each row.

    Returns
    -------
    dict
        ``accuracy``; ``log_loss``, the mean of minus the logarithm of the probability given to the
        true class; ``roc_auc``, None unless there are two classes and rows of both.
    """
    above = outputs - outputs.max(axis=1, keepdims=True)
    total = np.log(np.exp(above).sum(axis=1))
    own = np.take_along_axis(above, truth[:, np.newaxis], axis=1)[:, 0]
    two = outputs.shape[1] == 2
    return {
        "accuracy": float((outputs.argmax(axis=1) == truth).mean()),
        "log_loss": float((total - own).mean()),
        "roc_auc": roc_auc(truth == 1, outputs[:, 1] - outputs[:, 0]) if two else None,
    }


def roc_auc(positive: Array, score: Array) -> float | None:
    """The chance that a row of one class has a higher score than a row of the other; ties are half.

    Parameters
    ----------
    positive : ndarray of bool, shape (rows,)
    score : ndarray of shape (rows,)

    Returns
    -------
    float or None
        None where one of the classes has no row.
    """
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return None
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2  # mean rank of equal scores, from 1
    return float((rank[place][positive].sum() - ups * (ups + 1) / 2) / (ups * downs))


def confusion(truth: Array, predicted: Array, n_classes: int) -> NDArray[np.intp]:
    """Rows counted by their class (down) and the class they were taken for (across)."""
    cells = np.bincount(truth * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)
