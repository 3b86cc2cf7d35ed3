"""Annotations of users' code may name what only type checkers import (evaluated late: 3.14)."""

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import hbcd
from hbcd.model_files.custom_classes import describe_custom, restore_custom
from hbcd.utils.signatures import parameters_of
from support.functions import both

if TYPE_CHECKING or sys.version_info < (3, 14):
    from unittest.mock import MagicMock

    Unknown = unknown = MagicMock()  # has every attribute and item

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = X[:, 0] - X[:, 1] ** 2


class Scaled(hbcd.Activation):
    def __init__(self, factor: Unknown = 2.0) -> None:
        self.factor = factor

    def forward(self, z: Unknown, out: Unknown) -> None:
        np.tanh(self.factor * z, out=out)

    def backward(self, z: Unknown, a: Unknown, grad: Unknown) -> None:
        grad *= self.factor * (1.0 - a**2)


class Named(hbcd.HybridRegressor):
    def __init__(self, name: Unknown = "none", max_iter: Unknown = 2) -> None:
        super().__init__(max_iter=max_iter)
        self.name = name

    def fit(self, X: Unknown, y: Unknown, weight_of_rows: Unknown = None) -> unknown.of_rows:
        return super().fit(X, y, sample_weight=weight_of_rows)


def annotated(first: Unknown, /, second: unknown.deep[Unknown] = 1, *rest: Unknown) -> Unknown:
    """Takes names, attributes and items of what is not there."""


def test_parameters_are_named_in_order_with_their_defaults():
    found = parameters_of(annotated)
    assert [*found] == ["first", "second", "rest"]
    assert found["second"].default == 1
    assert [*parameters_of(Scaled)] == ["factor"]
    with pytest.raises(TypeError):
        parameters_of(3)


@pytest.mark.parametrize("run", [hbcd.minimize, "scipy"])
def test_a_callback_of_minimize_gets_the_result(run):
    seen = []

    def callback(intermediate_result: Unknown) -> Unknown:
        seen.append(intermediate_result)

    if run == "scipy":
        told = hbcd.callbacks.scipy_callback(callback)
        hbcd.HybridRegressor(hidden_layer_sizes=[2], max_iter=2, callbacks=[told]).fit(X, Y)
    else:
        run(both, np.zeros(3), hbcd.LBFGS(), callback=callback)
    assert seen
    assert {type(one) for one in seen} == {OptimizeResult}


def test_an_estimator_that_inherits_has_the_parameters_of_its_constructor():
    model = Named("first").set_params(name="second")
    assert model.get_params() == {"name": "second", "max_iter": 2}
    assert repr(model) == "Named(name='second')"
    assert [*model.get_metadata_routing().fit.requests] == ["weight_of_rows"]


def test_a_part_of_a_users_class_is_described_and_made_again():
    described = describe_custom("layer", Scaled(3.0))
    assert described["arguments"] == {"factor": 3.0}
    assert restore_custom(described, [Scaled]).factor == 3.0
