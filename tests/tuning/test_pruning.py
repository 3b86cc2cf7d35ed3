"""Fits that are far behind others are ended early, the same ones every time."""

import math

import numpy as np
import pytest

import hbcd
from hbcd.callbacks.callback import Event
from hbcd.tuning.curves import FitWatch
from support.tuning import model, signature, table

X, Y = table(120)


def sweep(n_fev, validation_loss, rows=100, start=0):
    return Event("sweep_end", start, rows=rows, n_fev=n_fev, validation_loss=validation_loss)


def test_evaluations_of_a_batch_count_by_its_rows():
    watch = FitWatch(100, (), 0)
    for n_fev, rows in ((10, 50), (20, 100), (24, 25)):
        watch.on_sweep_end(sweep(n_fev, 1.0, rows))
    assert watch.passes == 10 * 0.5 + 10 * 1.0 + 4 * 0.25
    assert watch.n_fev == 24


def test_starts_side_by_side_are_counted_each():
    watch = FitWatch(100, (), 0)
    for n_fev, start in ((10, 0), (7, 1), (12, 0), (9, 1)):
        watch.on_sweep_end(sweep(n_fev, 1.0, start=start))
    assert (watch.passes, watch.n_fev) == (21.0, 21)


def test_a_fit_is_ended_where_it_is_far_behind_those_that_go_on():
    others = [[(10.0, 1.0), (20.0, 0.1)], [(10.0, 2.0), (20.0, 0.2)], [(10.0, 9.0)]]
    for losses, ended in (((2.9, 0.31), 1), ((3.1,), 0), ((2.9, 0.29), None), ((0.1, 5.0), None)):
        watch = FitWatch(100, others, keep=2)
        answers = [watch.on_sweep_end(sweep(10 * (k + 1), v)) for k, v in enumerate(losses)]
        assert answers == [k == ended for k in range(len(losses))]
        assert watch.pruned is (ended is not None)


def test_nothing_is_ended_without_as_many_others_as_go_on_or_rows_held_out():
    assert not FitWatch(100, [[(1.0, 1e-9)]], keep=2).on_sweep_end(sweep(10, 1e9))
    assert not FitWatch(100, [[(1.0, 1e-9)]], keep=0).on_sweep_end(sweep(10, 1e9))
    watch = FitWatch(100, [[(1.0, 1e-9)]], keep=1)
    assert not watch.on_sweep_end(sweep(10, math.nan))
    assert watch.curve == []
    # Before an other has measured anything it is not known to be better.
    assert not FitWatch(100, [[(50.0, 1e-9)]], keep=1).on_sweep_end(sweep(10, 1e9))


SPACE = {"alpha": (1e-3, 1e4, "log"), "hidden_layer_sizes": [(2,), (4,), (8,)]}
OPTIONS = {"budget": 10, "cv": 0.3, "random_state": 0}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_pruning_saves_work_and_finds_the_same(n_jobs):
    given = model(validation_fraction=0.25, max_iter=300)
    found = {
        pruning: hbcd.tune(
            given, X, Y, SPACE, n_jobs=n_jobs,
            halving=hbcd.SuccessiveHalving(group=4, pruning=pruning), **OPTIONS,
        )
        for pruning in (True, False)
    }  # fmt: skip
    assert found[False].cost["pruned"] == 0
    assert found[True].cost["pruned"] >= 3
    assert found[True].cost["evaluations"] < found[False].cost["evaluations"]
    assert found[True].best_params_ == found[False].best_params_
    assert not found[True].trials.query("rung == 2")["pruned"].any()


def test_the_same_fits_are_ended_whatever_the_number_of_jobs():
    halving = hbcd.SuccessiveHalving(group=4)
    found = [
        hbcd.tune(
            model(validation_fraction=0.25), X, Y, SPACE, n_jobs=n, halving=halving, **OPTIONS
        )
        for n in (1, 2)
    ]
    assert signature(found[0]) == signature(found[1])
    assert found[0].trials["pruned"].tolist() == found[1].trials["pruned"].tolist()


def test_starts_side_by_side_are_not_ended():
    several = hbcd.MultiStart(hbcd.FullBatch(max_iterations=60, check_every=5), starts=2)
    given = model(strategy=several, validation_fraction=0.25, max_iter=None)
    found = hbcd.tune(given, X, Y, SPACE, halving=hbcd.SuccessiveHalving(group=4), **OPTIONS)
    assert found.cost["pruned"] == 0
    assert np.isfinite(found.best_score_)
