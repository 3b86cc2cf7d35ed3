"""Proven ranges of what a fitted model can say over boxes of its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.boxes import NetworkBounds, union
from hbcd.estimators.bounds.feature_boxes import (
    FeatureBoxes,
    column_names,
    column_of,
    feature_boxes,
    feature_places,
    table_row,
)
from hbcd.estimators.bounds.monotonicity import Monotonicity, Question, search
from hbcd.estimators.bounds.prediction_ends import (
    calibrated_ends,
    class_differences,
    prediction_ends,
    probability_ends,
)
from hbcd.estimators.bounds.prediction_slopes import prediction_slopes, probability_slopes
from hbcd.estimators.feature_range import FeatureRange
from hbcd.estimators.fitting.monotonic_signs import feature_signs, monotonic_signs
from hbcd.estimators.raw_coefficients import link
from hbcd.uncertainty.calibration import Calibrator
from hbcd.utils.validation import check_integer

__all__ = ["BoundMethods", "NeuronBounds"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


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
        parts = bounds.all_refined(lo, hi, boxes.owner, most, bounds.outputs)
        low, high = self._predicted(*bounds.outputs(*parts[:2]))
        count = int(boxes.owner.max()) + 1
        found = np.stack(union(low, high, parts[2], count), axis=-1)
        found = found[:, 0] if getattr(self, "_flat", False) else found
        found = found[0] if boxes.single else found
        if not per_neuron:
            return found
        neurons = []
        for one in bounds.layers(*parts[:2])[: len(self.network_.layers) - 1]:
            sides = (one.entering, one.leaving)
            own = [np.stack(union(*side, parts[2], count), axis=-1) for side in sides]
            neurons.append(NeuronBounds(*(side[0] if boxes.single else side for side in own)))
        return found, neurons

    def jacobian_bounds(
        self, box: Any = None, method: str = "crown", *, max_boxes: int = 1
    ) -> Array:
        """Ranges that no derivative of a prediction leaves for any row of a box.

        They are proven, rounded outward, for the exact derivatives of the function that the
        parameters describe, and for those of a regressor that `jacobian` computes.

        Parameters
        ----------
        box, method, max_boxes
            As for `output_bounds`; `method` is that of the bounds of the neurons, from which the
            range of every activation's slope follows.

        Returns
        -------
        ndarray of shape (outputs, columns, 2), or (boxes, outputs, columns, 2)
            The least and the greatest ``d prediction_k / d x_i`` in units of the target over units
            of the column; for classes of the probability of class k.  0 for columns that are not of
            numbers.  Where `output_range_` limits predictions their derivative there, 0, is in it.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `output_bounds`.
        """
        self._check_fitted()
        most = check_integer("max_boxes", max_boxes, 1)
        assert most is not None
        boxes = feature_boxes(self, box)
        bounds = self._network_bounds(method)
        kind = self.theta_.dtype

        def evaluate(lo: Array, hi: Array) -> tuple[Array, Array]:
            low, high = bounds.jacobian(lo, hi, kind)
            return low.reshape(len(lo), -1), high.reshape(len(lo), -1)

        lo, hi = self._scaled_boxes(boxes)
        lo, hi, owner = bounds.all_refined(lo, hi, boxes.owner, most, evaluate)
        low, high = self._predicted_slopes(*bounds.outputs(lo, hi), bounds.jacobian(lo, hi, kind))
        ends = union(low, high, owner, int(owner.max()) + 1)
        divisor = self.x_scaler_.divisor
        sides = [end / divisor for end in ends]
        off = [np.abs(side) * 2 * np.finfo(np.float64).eps for side in sides]
        features = np.stack([sides[0] - off[0], sides[1] + off[1]], axis=-1)
        columns, places = feature_places(self)
        found = np.zeros((*features.shape[:2], self.n_features_in_, 2))
        found[:, :, columns] = features[:, :, places]
        return found[0] if boxes.single else found

    def is_monotonic(
        self, box: Any = None, monotonic_cst: Any = None, *, max_boxes: int = 1000
    ) -> Monotonicity:
        """Whether predictions rise or fall in some columns, for every row of a box.

        The signs of derivatives are proven from `jacobian_bounds` without any rounding in between;
        a box in which a sign is not known is cut in two.  A point that refutes it is looked for at
        the same time.

        Parameters
        ----------
        box : None, dict, DataFrame or array_like
            As for `output_bounds`; one box.
        monotonic_cst : array_like of shape (columns,) or dict, optional
            By column 1: predictions do not fall where it rises; -1: do not rise; 0: either.  None:
            that of the estimator.  Of two classes the probability of ``classes_[1]`` is meant.
        max_boxes : int, default 1000
            Boxes that are looked at before the question is left open.

        Returns
        -------
        Monotonicity
            ``holds`` is True, False with a `witness`, or None; ``bool()`` of it is True where it is
            proven.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `output_bounds`; no column is asked for, or one that is not of numbers; more than two
            classes.
        """
        self._check_fitted()
        most = check_integer("max_boxes", max_boxes, 1)
        assert most is not None
        given = getattr(self, "monotonic_cst", None) if monotonic_cst is None else monotonic_cst
        signs = monotonic_signs(given, column_names(self))
        if signs is None:
            raise ValueError("monotonic_cst: must have 1 or -1 for a column that is asked about")
        classes = getattr(self, "classes_", None)
        if classes is not None and len(classes) > 2:
            raise ValueError(f"monotonic_cst: is for two classes, not {len(classes)}")
        boxes = feature_boxes(self, box)
        if boxes.owner[-1]:
            raise ValueError("box: must be one box")
        own = feature_signs(signs, self.encoder_)
        self._scaled_boxes(boxes)
        bounds = self._network_bounds("crown")
        limited = self._limited(bounds)
        question = Question(bounds, boxes, own, self.x_scaler_, self.theta_.dtype, limited)
        holds, found, looked = search(question, most)
        if found is None:
            return Monotonicity(holds, boxes=looked)
        witness = table_row(self, found.row, boxes.shown[found.box])
        column = column_of(self, found.feature)
        return Monotonicity(holds, witness, column, found.output, looked)

    def _limited(
        self, bounds: NetworkBounds
    ) -> Callable[[Array, Array], tuple[Flags, Flags]] | None:
        """Over which boxes predictions do not follow the outputs: nowhere, or somewhere."""
        limits: Any = getattr(self, "output_range_", None)
        made = self._calibrator_or_none()

        def by_range(lo: Array, hi: Array) -> tuple[Flags, Flags]:
            low, high = self._predicted(*bounds.outputs(lo, hi))
            beyond = low <= limits[0], high >= limits[1]
            return (high <= limits[0]) | (low >= limits[1]), beyond[0] | beyond[1]

        def by_steps(lo: Array, hi: Array) -> tuple[Flags, Flags]:
            shape = len(lo), 1
            return np.zeros(shape, np.bool_), np.ones(shape, np.bool_)

        if made is not None and made.curves:
            return by_steps
        return None if limits is None else by_range

    def _calibrator_or_none(self) -> Calibrator | None:
        """Of a classifier what `calibrate` asks for."""
        found = getattr(self, "_calibrator", None)
        made: Calibrator | None = None if found is None else found()
        return made

    def _network_bounds(self, method: str) -> NetworkBounds:
        """Bounds of the outputs, or of their differences where a softmax follows."""
        kind = link(self.network_.loss)
        if kind is None:
            raise ValueError(
                f"loss={self.network_.loss!r}: must have a mean that is known, that of a loss of "
                "hbcd's, for bounds"
            )
        made = self._calibrator_or_none()
        factor = 1.0 if made is None else made.factor
        then = None
        if kind == "softmax" or factor != 1.0:
            then = class_differences(self.network_.n_outputs, factor)
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
            ends, made = probability_ends(low, high, len(classes)), self._calibrator_or_none()
            return ends if made is None or not made.curves else calibrated_ends(ends, made.curves)
        transform = getattr(self, "target_transform_", None)
        limits = getattr(self, "output_range_", None)
        return prediction_ends(low, high, self.network_.loss, self.y_scaler_, transform, limits)

    def _predicted_slopes(
        self, low: Array, high: Array, slopes: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Bounds of the derivatives of predictions from those of outputs."""
        classes = getattr(self, "classes_", None)
        if classes is not None:
            made = self._calibrator_or_none()
            if made is not None and made.curves:
                raise ValueError(
                    "calibrate='isotonic': probabilities rise in pieces, whose slopes jump; bounds "
                    "of derivatives need 'temperature' or None"
                )
            return probability_slopes(low, high, slopes, len(classes))
        transform = getattr(self, "target_transform_", None)
        limits = getattr(self, "output_range_", None)
        loss, scaler = self.network_.loss, self.y_scaler_
        return prediction_slopes(low, high, slopes, loss, scaler, transform, limits)
