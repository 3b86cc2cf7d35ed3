"""The strategy that the rows call for: `ByRows`, and `Hybrid.auto`, which is made of it."""

import numpy as np
import pytest

import hbcd
from hbcd.training.work import finish_iterations, passes
from support.training_runs import NET, THETA, X, Y, network, train

FEW = hbcd.FullBatch(hbcd.LBFGS(), 30)
MANY = hbcd.MiniBatch(hbcd.Adam(0.01), 50, epochs=2)
EITHER = hbcd.ByRows(FEW, MANY, rows=200)
MUCH = 1_000_000  # rows, times parameters more than Hybrid.auto takes for few


def test_the_work_chooses_where_there_are_rows_enough():
    n = NET.n_parameters
    either = hbcd.ByRows(FEW, MANY, rows=200, work=300 * n)
    assert either.chosen(NET, 299) == FEW
    assert either.chosen(NET, 300) == MANY
    assert hbcd.ByRows(FEW, MANY, rows=400, work=300 * n).chosen(NET, 399) == FEW


@pytest.mark.parametrize(("rows", "chosen"), [(199, FEW), (200, MANY)])
def test_the_number_of_training_rows_chooses(rows, chosen):
    assert EITHER.phases(NET, rows) == chosen.phases(NET, rows)
    table = {"x": X[:rows], "y": Y[:rows]}
    assert np.array_equal(train(EITHER, **table).theta, train(chosen, **table).theta)


def test_a_choice_hands_on_what_it_is_asked():
    other = EITHER.with_parts(optimizer=hbcd.BFGS())
    assert (other.few.optimizer, other.many.optimizer) == (hbcd.BFGS(), hbcd.BFGS())
    assert EITHER.one_pass() == hbcd.ByRows(FEW.one_pass(), MANY.one_pass(), 200)
    assert EITHER.after(THETA) == EITHER
    shares = hbcd.ByRows(hbcd.Hybrid.fast(), MANY, 200)
    n = NET.n_parameters
    assert shares.hold_out_share(NET, min(199, 9 * n)) == 0.15
    assert shares.hold_out_share(NET, 200) == 0.0
    for strategies in ((FEW, Stepwise()), (Stepwise(), FEW)):
        assert not hbcd.ByRows(*strategies).planned
        assert not hbcd.ByRows(*strategies).is_compiled(NET)
    assert EITHER.planned
    assert EITHER.is_compiled(NET)


class Stepwise(hbcd.TrainingStrategy):
    """Runs its phases one by one."""

    def run(self, run_phase, problem):
        run_phase(*FEW.phases(problem.network, problem.n_rows))


def test_a_choice_of_what_is_no_strategy_is_refused():
    with pytest.raises(TypeError, match=r"many='fast': must be an hbcd\.TrainingStrategy"):
        hbcd.ByRows(FEW, "fast")
    with pytest.raises(ValueError, match="rows=0"):
        hbcd.ByRows(FEW, MANY, 0)


# ---- auto ----------------------------------------------------------------------------------------


def test_auto_is_fast_on_few_rows():
    assert hbcd.Hybrid.auto().phases(NET, 2999) == hbcd.Hybrid.fast().phases(NET, 2999)


def test_auto_searches_takes_batches_and_finishes_on_many_rows():
    explore, batches, finish = hbcd.Hybrid.auto().phases(NET, MUCH)
    assert isinstance(explore.optimizer, hbcd.ICRS)
    assert batches.optimizer == hbcd.Adam(0.01, schedule="cosine")
    assert (batches.batch_rows, batches.epochs, batches.selector) == (128, 10, None)
    assert isinstance(finish.optimizer, hbcd.BFGS)
    assert finish.batch_rows is None
    wide = network(3, 200, 200, 1)
    assert isinstance(hbcd.Hybrid.auto().phases(wide, 40_000)[-1].optimizer, hbcd.LBFGS)


def test_passes_fall_with_many_rows_and_evaluations_with_their_square():
    assert [passes(n) for n in (100, 36_000, 144_000, 10**6, 10**9)] == [100, 100, 25, 10, 10]
    n = 300
    assert finish_iterations(n, 3000) == 1000
    assert finish_iterations(n, 72_000) == pytest.approx(finish_iterations(n, 36_000) / 4, rel=0.03)
    assert finish_iterations(n, 10**12) == 20
    dear, cheap = finish_iterations(7000, 40_000), finish_iterations(9000, 40_000)
    assert dear < cheap  # 9000 are finished by L-BFGS


def test_auto_goes_on_by_its_finish_on_few_rows_and_by_batches_on_many():
    on = hbcd.Hybrid.auto().after(THETA)
    assert on.phases(NET, 400) == hbcd.Finish().phases(NET, 400)
    assert on.phases(NET, MUCH) == hbcd.Hybrid.auto().phases(NET, MUCH)[1:]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_auto_gives_the_same_bits_at_any_number_of_threads(dtype):
    x = np.random.default_rng(0).normal(size=(5000, 3))
    net, stop = network(3, 80, 80, 1), hbcd.Stop(max_iterations=4000)
    theta = net.init(0, dtype)
    one, four = (
        train(hbcd.Hybrid.auto(), net, theta, x, np.sin(x[:, 0]), stop=stop, n_threads=k)
        for k in (1, 4)
    )
    assert np.array_equal(one.theta, four.theta)
    assert one.phases == ("ICRS", "Adam", "LBFGS")
    assert one.loss < 0.2 * one.initial_loss


@pytest.mark.parametrize(("rows", "width"), [(500, 90), (4000, 6), (4000, 90)])
def test_auto_by_name_goes_on_from_the_chosen_penalty_on_few_rows_and_begins_anew_on_many(
    rows, width
):
    x = np.random.default_rng(0).normal(size=(rows, 3))
    y = np.sin(x[:, 0]) + 0.1 * x[:, 1] ** 2
    options = {"strategy": "auto", "alpha": "cv", "max_iter": 8000, "random_state": 0}
    model = hbcd.HybridRegressor((width, width), **options).fit(x, y)
    much = rows * model.network_.n_parameters > 30_000_000
    assert model.report_.phases[:2] == (("ICRS", "Adam") if much else model.report_.phases[-1:])
    assert model.score(x, y) > 0.99
