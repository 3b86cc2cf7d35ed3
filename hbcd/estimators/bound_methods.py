"""Proven ranges of what a fitted model can say over boxes of its columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.boxes import NetworkBounds
from hbcd.estimators.feature_boxes import FeatureBoxes, feature_boxes
from hbcd.estimators.feature_range import FeatureRange
from hbcd.estimators.prediction_ends import class_differences, prediction_ends, probability_ends
from hbcd.estimators.raw_coefficients import link
from hbcd.utils.validation import check_integer

__all__ = ["BoundMethods", "NeuronBounds"]

Array = NDArray[np.float64]


class NeuronBounds(NamedTuple):
    """Bounds of the neurons of one layer, in the units of the network.

    Attributes
    ----------
    entering, leaving : ndarray of shape (neurons, 2), or (boxes, neurons, 2)
        The least and the greatest value of what enters the activations, and of what leaves them.
    """

    entering: Array
    leaving: Array


class BoundMethods(FeatureRange):
    """Adds `output_bounds`."""

    def output_bounds(
        self,
        box: Any = None,
        method: str = "crown",
        *,
        max_boxes: int = 1,
        per_neuron: bool = False,
    ) -> Any:
        """A range that no prediction leaves for any row of a box, in the target's units.

        It is proven, not sampled: bounds of the network go from layer to layer and are rounded
        outward, so that they hold for what `predict` computes in the precision of the model, and
        for the exact function of its parameters.  They may be wider than what is attained.

        Parameters
        ----------
        box : None, dict, DataFrame or array_like
            None: the training range of every column, `feature_range_`, with all levels.  A dict:
            by column a pair (least, greatest) or one value; of text a level or a list of levels;
            other columns have their training range.  A DataFrame: rows "min" and "max", as
            ``X.agg(["min", "max"])`` has them, or two rows; of text all levels from one to the
            other.  An array of shape (columns, 2), or (boxes, columns, 2) of many boxes.  A box has
            no missing values.
        method : {"crown", "interval"}
            "crown" follows linear bounds of the activations backward through the network and is
            never wider than "interval", which is faster.
        max_boxes : int, default 1
            The box may be cut into so many, where that promises most: bounds become tighter, in
            time that grows with this number.
        per_neuron : bool, default False
            Whether the bounds of all neurons are returned as well.

        Returns
        -------
        bounds : ndarray of shape (2,), (outputs, 2) or (classes, 2)
            The least and the greatest prediction; of several outputs, or of classes, whose
            probabilities are meant, of each.  Of many boxes (boxes, ...).
        neurons : list of NeuronBounds
            With `per_neuron` alone: `entering` and `leaving` of every layer of `network_` after the
            inputs, in its units.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            A box that is none, a layer, an activation or a mean of a loss that hbcd does not know.

        Notes
        -----
        "crown" is the backward bound propagation of Zhang et al., Efficient neural network
        robustness certification with general activation functions, NeurIPS 2018, met with
        intervals in every layer.  What rounding can do is bounded after Higham, Accuracy and
        stability of numerical algorithms, SIAM 2002, section 3.1.
        """
        self._check_fitted()
        most = check_integer("max_boxes", max_boxes, 1)
        assert most is not None
        boxes = feature_boxes(self, box)
        bounds = self._network_bounds(method)
        lo, hi = self._scaled_boxes(boxes)
        parts = _refined(bounds, lo, hi, boxes.owner, most)
        low, high = self._predicted(*bounds.outputs(*parts[:2]))
        count = int(boxes.owner.max()) + 1
        found = np.stack(_union(low, high, parts[2], count), axis=-1)
        found = found[:, 0] if getattr(self, "_flat", False) else found
        found = found[0] if boxes.single else found
        if not per_neuron:
            return found
        neurons = []
        for one in bounds.layers(*parts[:2])[: len(self.network_.layers) - 1]:
            sides = (one.entering, one.leaving)
            own = [np.stack(_union(*side, parts[2], count), axis=-1) for side in sides]
            neurons.append(NeuronBounds(*(side[0] if boxes.single else side for side in own)))
        return found, neurons

    def _network_bounds(self, method: str) -> NetworkBounds:
        """Bounds of the outputs, or of their differences where a softmax follows."""
        kind = link(self.network_.loss)
        if kind is None:
            raise ValueError(
                f"loss={self.network_.loss!r}: must have a mean that is known, that of a loss of "
                "hbcd's, for bounds"
            )
        then = class_differences(self.network_.n_outputs) if kind == "softmax" else None
        return NetworkBounds(self.network_, self.theta_, method, then)

    def _scaled_boxes(self, boxes: FeatureBoxes) -> tuple[Array, Array]:
        """Boxes of the network's inputs: standardizing is monotone, also as it is computed."""
        kind = self.theta_.dtype
        sides = [self.x_scaler_.forward(side, kind).astype(np.float64) for side in boxes[:2]]
        for side in sides:
            if not np.isfinite(side).all():
                raise ValueError(f"box: has values too large for {kind}, the model's precision")
        return sides[0], sides[1]

    def _predicted(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Bounds of outputs as those of predictions; of classes, of probabilities."""
        classes = getattr(self, "classes_", None)
        if classes is not None:
            return probability_ends(low, high, len(classes))
        transform = getattr(self, "target_transform_", None)
        limits = getattr(self, "output_range_", None)
        return prediction_ends(low, high, self.network_.loss, self.y_scaler_, transform, limits)


def _refined(
    bounds: NetworkBounds, lo: Array, hi: Array, owner: NDArray[np.intp], most: int
) -> tuple[Array, Array, NDArray[np.intp]]:
    """The boxes cut into up to `most` for each of the user's; and whose they are."""
    if most == 1:
        return lo, hi, owner
    parts = [
        bounds.refined(lo[owner == k], hi[owner == k], most) for k in range(int(owner.max()) + 1)
    ]
    sides = [np.concatenate(side) for side in zip(*parts, strict=True)]
    numbers = np.repeat(np.arange(len(parts), dtype=np.intp), [len(part[0]) for part in parts])
    return sides[0], sides[1], numbers


def _union(low: Array, high: Array, owner: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    """The least and the greatest over the parts of each of the user's boxes, (boxes, ...)."""
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    assert len(first) == count
    return np.minimum.reduceat(low, first, axis=0), np.maximum.reduceat(high, first, axis=0)
