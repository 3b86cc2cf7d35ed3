"""A fit, in steps that are read downwards: check, rows, scale, train, apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.estimators.constant_columns import constant_features, without_constant_features
from hbcd.estimators.dataframes import FILL
from hbcd.estimators.fitting.fit_on_ranks import rows_for_ranks
from hbcd.estimators.fitting.fit_rows import FitRows, fit_rows
from hbcd.estimators.fitting.fit_settings import FitSettings, fit_settings
from hbcd.estimators.fitting.hold_out import held_share
from hbcd.estimators.fitting.member_plan import check_member_parameters, member_settings
from hbcd.estimators.fitting.monotonic_signs import constrained_signs
from hbcd.estimators.fitting.network_layers import first_network, network_of
from hbcd.estimators.fitting.transform_choice import (
    given_transform,
    judges_transform,
    learned_transform,
    transformed,
)
from hbcd.estimators.fitting.transform_judgement import Judgement, judged
from hbcd.estimators.fitting.warm_start import HELD, resumed_parameters, with_alpha
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.raw_coefficients import link
from hbcd.estimators.targets.target import target_scaler
from hbcd.estimators.targets.target_transform import TargetTransform, TransformedScaler
from hbcd.members.fit_network import MemberResult, train_by_members
from hbcd.members.settings import MemberSettings
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.data import as_rows
from hbcd.networks.shared_table import on_ranks
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop
from hbcd.training.monitor import ProgressFunction
from hbcd.training.network import Network
from hbcd.training.penalty_path import PenaltyChoice, choose_penalty
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.column_statistics import column_statistics
from hbcd.utils.scaling import Scaled, Scaler
from hbcd.utils.stored_table import standardized
from hbcd.utils.validation import as_weights

__all__ = ["FitPlan", "plan_fit"]

Array = NDArray[Any]


@dataclass
class FitPlan:
    """Everything a training needs; nothing of the estimator has changed yet.

    Attributes
    ----------
    settings : FitSettings
    rows : FitRows
        In the units of the table, but for targets that are transformed.
    units : ndarray of shape (training rows, outputs)
        Targets in their units.
    transform : TargetTransform or None
        Of the targets, once that is known.
    judges : bool
        Whether members are to find it.
    build, first : callable
        The network with a penalty, ``build(alpha)``, and the one that training begins with; where
        it grows they differ.
    network : Network
        With the penalty it is trained with, once that is known.
    x_scaler, y_scaler : Scaler
    strategy, stop : TrainingStrategy, Stop
        Those of the last training, once the penalty is known.
    theta : ndarray or None
        Where training goes on; None: new parameters.
    hold_out : float
        Share of the rows that the training itself holds out.
    alpha_path : ndarray of shape (penalties, 2)
        Penalties tried, and the loss of the rows left out.
    rows_before : int
        What the parameters that a `partial_fit` goes on from stand for.
    """

    settings: FitSettings
    rows: FitRows
    units: Array
    transform: TargetTransform | None
    judges: bool
    build: Callable[[float], Network]
    first: Callable[[float], Network]
    network: Network
    x_scaler: Scaler
    y_scaler: Scaler
    inputs: Scaled
    outputs: Scaled
    strategy: TrainingStrategy
    stop: Stop
    theta: Array | None
    hold_out: float
    alpha_path: Array
    rows_before: int
    members: MemberSettings | None
    result: MemberResult | None = None

    def train(
        self, n_threads: int | None, progress: ProgressFunction | None, callbacks: list[Any]
    ) -> FitReport:
        """Trains members, or chooses the penalty where that is asked for, and trains."""
        if self.members is not None:
            return self._train_members(self.members, n_threads, progress, callbacks)
        choose = self.settings.alpha is None
        choice = self._choose_penalty(n_threads, progress) if choose else None
        theta, goes_on = self.theta, self.settings.goes_on
        if theta is None:
            theta = self.network.init(self.settings.generator, self.settings.dtype)
        start = without_constant_features(self.network, theta, self.x_scaler)
        alpha = self.network.alpha
        if goes_on:  # the rows before are in these parameters
            self.network = with_alpha(self.network, max(alpha, HELD * self.rows_before))
        report = self.network.train(
            start,
            self.inputs,
            self.outputs,
            self.rows.train.weight,
            self._held_out(),
            self.strategy,
            self.stop,
            self.settings.generator,
            n_threads,
            hold_out=self.hold_out,
            progress=progress,
            callbacks=callbacks,
            early_stopping=self.settings.early_stopping,
            penalty_center=start if goes_on else None,
        )
        # What a strategy that grows has made of it.
        self.network = with_alpha(report.network, alpha) if goes_on else report.network
        return report if choice is None else choice.counted(report)

    def apply(self, model: Any, theta: Array, network: Network) -> None:
        """Makes a fitted model of an estimator, which is of no other use to the plan.

        Parameters
        ----------
        model : HybridEstimator
        theta : ndarray of shape (n_parameters,)
        network : Network
            What theta are parameters of: the plan's, or what that has become.
        """
        if "target_transform" in model.parameter_defaults():
            model.target_transform_ = self._transform(theta, network)
        model._set_fitted(
            network,
            without_constant_features(network, theta, self.x_scaler),
            self.x_scaler,
            self.y_scaler,
            self.rows.encoder,
            {} if self.settings.goes_on else self.rows.target.attributes,
        )
        units, resumes = self.units, self.settings.resumes
        model._set_members(self.result, self.rows.place, units, self.y_scaler, resumes=resumes)
        model._set_feature_range(self.inputs.ends, resumes=resumes)
        if not self.settings.goes_on:
            model._rows_before = self.rows.train.counted
        model.column_labels_ = self.rows.column_labels
        model.target_names_, model.alpha_path_ = self.rows.target_names, self.alpha_path

    def constant_features(self) -> list[Any]:
        """Features that do not vary in the training rows, by name or number."""
        return constant_features(self.x_scaler, self.rows.encoder)

    def _transform(self, theta: Array, network: Network) -> TargetTransform | None:
        """The transform of the targets with the errors that say how it is undone."""
        scalers = self.x_scaler, self.y_scaler
        if self.transform is None:
            return None
        found, n, partial = self.result, len(self.rows.train), self.settings.partial
        left_out = None if found is None else self.y_scaler.backward(found.of_rows(n))
        own = network, without_constant_features(network, theta, self.x_scaler)
        return learned_transform(self.transform, self.rows, own, scalers, left_out, partial=partial)

    def _judge_transform(self, given: CheckedRows, *how: Any) -> Judgement:
        """Finds the transform of the targets, and what they are standardized by then."""
        found = judged(given, self.network.loss, self.settings.generator, self.stop, *how)
        self.transform, self.stop = found.transform, found.stop
        self.rows = transformed(self.rows, self.transform)
        if self.transform is not None:
            self.y_scaler = target_scaler(self.network.loss, self.rows.train.y, given.weight)
        return found

    def _held_out(self) -> tuple[Scaled, Scaled, Array | None] | None:
        held = self.rows.held_out
        if held is None:
            return None
        return Scaled(held.x, self.x_scaler), Scaled(held.y, self.outputs.scaler), held.weight

    def _train_members(
        self,
        members: MemberSettings,
        n_threads: int | None,
        progress: ProgressFunction | None,
        callbacks: list[Any],
    ) -> FitReport:
        """Trains members, and has the network that they are."""
        train, dtype = self.rows.train, self.settings.dtype
        as_rows(self.network, self.inputs, self.outputs, train.weight, dtype)  # they fit into it
        x = standardized(train.x, self.x_scaler, dtype)
        weight, activation = as_weights(train.weight, len(train)), self.network.layers[1].activation
        how = members, activation, n_threads, progress, (ranks := self.settings.ranks)
        given = CheckedRows(x, train.y, weight)
        judgement = self._judge_transform(given, *how) if self.judges else None
        rows = CheckedRows(x, standardized(self.rows.train.y, self.y_scaler, np.float64), weight)
        loss, generator = self.network.loss, self.settings.generator
        told = n_threads, progress, callbacks, link(loss) == "identity", ranks
        self.result = train_by_members(rows, loss, activation, members, generator, self.stop, *told)
        self.network, self.alpha_path = self.result.network, self.result.path
        report = replace(self.result.report, network=self.network)
        return report if judgement is None else judgement.counted(report)

    def _choose_penalty(
        self, n_threads: int | None, progress: ProgressFunction | None
    ) -> PenaltyChoice:
        """The penalty, and with it network, start, strategy and what is left of the limits."""
        choice = choose_penalty(
            self.build,
            (self.inputs, self.outputs, self.rows.train.weight),
            self._held_out(),
            self.stop,
            self.settings.generator,
            self.settings.dtype,
            n_threads,
            progress,
            ranks=self.settings.ranks,
        )
        self.network, self.alpha_path = self.first(choice.alpha), choice.path
        self.theta, self.strategy = choice.start(self.strategy, self.hold_out)
        self.stop = choice.limits()
        return choice


def plan_fit(
    model: EstimatorParameters,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    eval_set: Any,
    *,
    partial: bool,
    classes: Array | None,
) -> FitPlan:
    """Checks everything that a fit needs and standardizes; nothing of the model changes."""
    # check
    settings = fit_settings(model, partial)
    check_member_parameters(model)

    # rows
    given = X, y, sample_weight, eval_set
    if settings.ranks is not None:
        settings, given = rows_for_ranks(model, settings, *given)
    rows = fit_rows(model, *given, settings, classes)
    settings = settings.for_rows(len(rows.train))
    transform = given_transform(model, rows, settings)
    units, rows = rows.train.y, transformed(rows, transform)
    n_inputs = rows.train.x.shape[1]

    resumes = settings.resumes
    signs = constrained_signs(model, rows, resumes)

    def build(alpha: float) -> Network:
        return network_of(model, n_inputs, rows.target, alpha, resumes=resumes, signs=signs)

    def first(alpha: float) -> Network:
        return first_network(model, build(alpha), goes_on=partial or resumes)

    network = first(settings.alpha or 0.0)

    # scale
    weight = as_weights(rows.train.weight, len(rows.train))
    statistics = column_statistics("X", rows.train.x, weight, FILL)
    scalers = Scaler.of(statistics), target_scaler(rows.target.loss, rows.train.y, weight)
    theta, strategy = None, settings.strategy
    if resumes:
        theta, scalers = resumed_parameters(model, network, rows.target, scalers, settings)
        strategy = strategy.after(theta)
    strategy = strategy.one_pass() if partial else strategy
    x_scaler, y_scaler = scalers
    ends = np.array([statistics.least, statistics.most])
    return FitPlan(
        settings=settings,
        rows=rows,
        units=units,
        transform=transform,
        judges=judges_transform(model, rows.target.loss),
        build=build,
        first=first,
        network=network,
        x_scaler=x_scaler,
        y_scaler=y_scaler,
        inputs=Scaled(on_ranks(rows.train.x, settings.ranks), x_scaler, ends),
        outputs=Scaled(rows.train.y, TransformedScaler.of_targets(y_scaler, transform)),
        strategy=strategy,
        stop=settings.stop,
        theta=theta,
        hold_out=held_share(model, network, rows.train, rows.held_out, strategy, settings),
        alpha_path=model.alpha_path_ if resumes else np.empty((0, 2)),
        rows_before=getattr(model, "_rows_before", 0),  # pickles of builds before 0.1.0 have none
        members=member_settings(
            model,
            settings,
            len(rows.train),
            n_inputs,
            held_out=rows.held_out is not None,
            followed="_skl_callbacks" in vars(model),
            signs=signs,
        ),
    )
