"""bench/quality and bench/training/selection.py: what they count, without running a race."""

from types import SimpleNamespace

import numpy as np
import pytest

import hbcd

pytest.importorskip("sklearn", reason="the benchmarks need scikit-learn")


@pytest.fixture(scope="module")
def bench():
    from bench.quality import networks, race, table, trees
    from bench.training import selection

    return SimpleNamespace(race=race, nets=networks, table=table, trees=trees, selection=selection)


@pytest.fixture
def task(bench):
    parts = bench.race.split(hbcd.make_plant(200, rng=0), 0)
    return bench.race.Task("plant", 0, parts, (3,), 1, 2.0)


def test_checks_are_every_twentieth_of_the_budget_and_halvings_of_the_first(task):
    assert task.checks[-20:] == pytest.approx(np.arange(1, 21) * 0.1)
    assert task.checks[:5] == pytest.approx([0.1 / 32, 0.1 / 16, 0.1 / 8, 0.1 / 4, 0.1 / 2])


def test_a_check_sees_the_last_model_that_was_ready_by_then(bench, task):
    truth = np.asarray(task.parts[3])
    found = bench.race.Snapshots(predict=lambda model: truth + model)
    for seconds, error in [(0.15, 5.0), (0.2, 3.0), (1.95, 0.0), (2.1, 9.0)]:
        found.add(seconds, error)
    curve = dict(zip(task.checks, found.curve(task), strict=True))
    at = {round(check, 6): r2 for check, r2 in curve.items()}
    assert np.isnan(at[0.1])
    assert at[0.2] == at[1.9] == 1 - 9.0 / truth.var()
    assert at[2.0] == 1.0


def test_seconds_are_those_of_the_first_check_that_sees_the_goal(bench, task):
    curve = [float("nan")] * 5 + [0.5] * 10 + [0.9] + [0.7] * 9
    seconds = bench.race.seconds_to
    assert seconds(curve, task, bench.race.Goal(0.9), 0.0) == task.checks[15]
    assert seconds(curve, task, bench.race.Goal(0.91), 0.0) is None
    assert seconds(curve, task, bench.race.Goal(0.1, gain=True), 0.6) == task.checks[15]


def test_a_split_that_never_gets_there_counts_as_its_budget_and_is_marked(bench):
    lines = [{"seconds_to": {"R2 0.9": s}, "budget": 10.0} for s in (1.0, 3.0, None)]
    assert bench.table.cell(lines, "R2 0.9") == "4.67 (1 of 3 never)"
    assert bench.table.cell(lines[:2], "R2 0.9") == "2.00"


def test_trees_count_from_the_time_they_were_ready(bench, task):
    found = bench.trees.prefixes([0.01, 0.02, 0.15, 5.0], task, lambda k: k)
    assert found.models == [1, 2, 3]
    assert found.seconds == [0.01, 0.02, 0.15]


def test_the_copied_network_predicts_as_scikit_learns(bench, task):
    model, (x, y), _ = bench.nets.sklearn_network(task, "adam")
    model.partial_fit(x, y)
    ours = bench.nets.forward(bench.nets.weights_of(model), x)
    assert ours.ravel() == pytest.approx(model.predict(x), rel=1e-12)


def test_operations_of_visits_are_those_the_selectors_are_told(bench):
    class Watching(hbcd.BlockSelector):
        told = ()

        def next_block(self, about):
            self.told = (*self.told, about)
            return about.step % about.n_blocks

    watching, net = Watching(), bench.selection.network(3, (4, 4), hbcd.Tanh())
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    strategy = bench.selection.Visits(watching, 9)
    report = net.train(net.init(0), x, np.sin(x[:, 0]), strategy=strategy)
    lines = report.history[report.history.event == "visit"]
    spent = np.diff(bench.selection.operations(net, lines), prepend=0.0) * 3 * net.n_parameters
    for step in range(8):
        told = watching.told[step + 1].operations[step % 3]
        assert spent[step] == pytest.approx(told, rel=1e-12)


def test_holms_correction_is_that_of_the_textbook(bench):
    assert bench.selection.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert bench.selection.holm([0.5, 0.9]) == [1.0, 1.0]
