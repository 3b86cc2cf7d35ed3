"""A fit by members: one network with their weighted outputs, the same bits everywhere, safe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hbcd
from hbcd.members.fit_network import MemberResult, train_by_members
from hbcd.members.settings import Architecture, MemberSettings
from hbcd.networks.checked_rows import CheckedRows
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces

SMALL = MemberSettings(
    (Architecture((4, 3)), Architecture((4, 3), 3)),
    arms=3.0,
    folds=3,
    path_folds=3,
    path_iterations=30,
    probe_iterations=20,
    end_iterations=40,
)

SCALED = Architecture((4, 3), scaled=True)


def rows_of(seed: int, n: int, outputs: int = 1, dtype: Any = np.float64) -> CheckedRows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = np.column_stack([np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2], x[:, 0] ** 2])[:, :outputs]
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    return CheckedRows(x.astype(dtype), y + 0.05 * rng.normal(size=y.shape))


def train(rows: CheckedRows, settings: MemberSettings = SMALL, **options: Any) -> MemberResult:
    given = {
        "loss": hbcd.SquaredError(),
        "stop": hbcd.Stop(),
        "n_threads": 1,
        "callbacks": [],
        "clip": True,
    } | options
    return train_by_members(
        rows,
        given["loss"],
        hbcd.Tanh(),
        settings,
        np.random.default_rng(given.get("seed", 0)),
        given["stop"],
        given["n_threads"],
        None,
        given["callbacks"],
        given["clip"],
    )


def weighted_sum(result: MemberResult, x: np.ndarray, outputs: int) -> np.ndarray:
    """The members' outputs, each network by itself, weighted."""
    pieces = next((la for la in result.network.layers if isinstance(la, SmoothPieces)), None)
    total = np.zeros((x.shape[0], outputs))
    for member in result.members:
        layers: list[Any] = [hbcd.InputLayer(x.shape[1])]
        if member.name == "constant":
            total += member.weight * np.mean([t[-outputs:] for t in member.stage.thetas], axis=0)
            continue
        if member.architecture is not None:
            layers += [pieces] if member.architecture.pieces else []
            layers += [hbcd.HiddenLayer(width) for width in member.architecture.widths]
        network = hbcd.Network([*layers, hbcd.OutputLayer(outputs)])
        share = member.weight / len(member.stage.thetas)
        for theta in member.stage.thetas:
            if share:
                total += share * network.predict(theta, x)
    return total


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_network_has_the_weighted_outputs_of_its_members(outputs: int) -> None:
    rows = rows_of(0, 150, outputs)
    result = train(rows, replace(SMALL, architectures=(*SMALL.architectures, SCALED), arms=9.0))
    assert "4-3 on scaled inputs" in [member.name for member in result.members]
    assert any(isinstance(layer, BlockDiagonalLayer) for layer in result.network.layers)
    x = np.random.default_rng(5).normal(size=(40, 3))
    np.testing.assert_allclose(
        result.network.predict(result.report.theta, x),
        weighted_sum(result, x, outputs),
        rtol=1e-11,
        atol=1e-11,
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_number_of_threads_gives_the_same_bits(dtype: Any) -> None:
    rows = rows_of(0, 150, dtype=dtype)
    one, *others = (train(rows, n_threads=n) for n in (1, 2, 5))
    assert one.report.theta.dtype == dtype
    for other in others:
        assert np.array_equal(one.report.theta, other.report.theta)
        assert np.array_equal(one.predicted, other.predicted)


def test_predictions_of_rows_left_out_are_by_networks_that_have_not_seen_them() -> None:
    rows = rows_of(0, 90)
    moved = CheckedRows(rows.x, rows.y.copy())
    moved.y[7] += 0.0  # the fold of each row follows from the targets: they stay
    result = train(rows)
    one = max(result.members[2:], key=lambda member: member.weight)
    errors = (one.stage.predicted - rows.y)[:, 0]
    seen = np.mean([
        np.std(rows.y[:, 0] - _network(one).predict(theta, _inputs(one, rows, result))[:, 0])
        for theta in one.stage.thetas
    ])  # fmt: skip
    assert errors.std() > seen  # of which two thirds of the rows were trained on


def _network(member: Any) -> hbcd.Network:
    n = 3 if not member.architecture.pieces else member.stage.thetas[0].size
    widths = member.architecture.widths
    if member.architecture.pieces:  # (n + 1) 4 + 5 * 3 + 4 = size
        n = (member.stage.thetas[0].size - 19) // 4 - 1
    hidden = [hbcd.HiddenLayer(width) for width in widths]
    return hbcd.Network([hbcd.InputLayer(n), *hidden, hbcd.OutputLayer(1)])


def _inputs(member: Any, rows: CheckedRows, result: MemberResult) -> np.ndarray:
    if not member.architecture.pieces:
        return rows.x
    pieces = next(la for la in result.network.layers if isinstance(la, SmoothPieces))
    out = np.empty((len(rows), pieces.n_out(3)))
    pieces.forward(np.zeros(0), rows.x, out)
    return out


@pytest.mark.parametrize("seed", range(3))
def test_on_noise_nothing_is_learned(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = CheckedRows(rng.normal(size=(200, 8)), rng.normal(size=(200, 1)))
    result = train(rows)
    x = rng.normal(size=(500, 8))
    assert np.mean(result.network.predict(result.report.theta, x) ** 2) < 0.03


@pytest.mark.parametrize(
    "limit", [{"max_evaluations": 40}, {"max_iterations": 30}, {"max_seconds": 1e-3}]
)
def test_a_limit_ends_it_with_the_best_so_far(limit: dict[str, Any]) -> None:
    result = train(rows_of(0, 150), stop=hbcd.Stop(**limit))
    assert np.isfinite(result.report.loss)
    assert result.report.stop_reason.name.lower() in ("evaluations", "iterations", "time")


def test_a_callback_ends_it() -> None:
    counted: list[str] = []

    def end(event: hbcd.Event) -> bool:
        counted.append(event.what)
        return len(counted) > 20

    result = train(rows_of(0, 150), callbacks=[end])
    assert result.report.stop_reason is hbcd.StopReason.CALLBACK
    assert np.isfinite(result.report.loss)
    assert counted[-1] == "end"


@pytest.mark.parametrize(
    "loss", [hbcd.AbsoluteError(), hbcd.Huber(), hbcd.Quantile(0.9), hbcd.LogCosh()]
)
def test_every_loss_of_numbers_is_trained(loss: hbcd.Loss) -> None:
    rows = rows_of(0, 150)
    result = train(rows, loss=loss)
    constant = result.members[0].stage.loss
    assert result.report.loss < 0.5 * constant


def test_more_effort_trains_more_arms() -> None:
    from dataclasses import replace

    rows = rows_of(0, 100)
    few, many = (train(rows, replace(SMALL, arms=arms)) for arms in (1.0, 6.0))
    assert few.report.n_fev < many.report.n_fev
    assert len(few.members) < len(many.members)


def test_the_history_has_a_line_for_every_stage() -> None:
    result = train(rows_of(0, 100))
    history = result.report.history
    assert len(history) == len(result.members)
    assert history["n_fev"].is_monotonic_increasing
    assert history["n_fev"].iloc[-1] == result.report.n_fev
