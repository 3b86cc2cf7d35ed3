"""Widths by rule and a penalty by rows left out: what the estimators do unless told otherwise."""

import numpy as np
import pytest

import hbcd
from hbcd.estimators.base import TrainingInterrupted
from hbcd.estimators.fitting.network_layers import auto_widths
from hbcd.networks.checked_rows import CheckedRows
from hbcd.training import penalty_path
from hbcd.training.penalty_settings import PenaltySettings
from hbcd.utils.scaling import Scaled, Scaler


def waves(rows=200, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (rows, 2))
    return x, np.sin(3 * x[:, 0]) + np.cos(2 * x[:, 1]) + noise * rng.normal(size=rows)


X, Y = waves()
LABEL = np.where(Y > 0.4, "high", "low")
KINDS = [(hbcd.HybridRegressor, Y, 0.0), (hbcd.HybridClassifier, LABEL, 0.1)]


# ---- widths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "inputs", "outputs", "classes", "widths"),
    [
        (200, 1, 1, False, (20,)),
        (200, 100, 1, False, (20,)),
        (200, 225, 1, False, (30,)),
        (200, 50, 8, False, (40,)),
        (200, 10_000, 1, False, (100,)),
        (150, 4, 3, True, (40,)),
        (1797, 64, 10, True, (51,)),
        (1797, 784, 10, True, (100,)),
        # 4-20-20-1 has 100 + 420 + 21 parameters.
        (5409, 4, 1, False, (20,)),
        (5410, 4, 1, False, (20, 20)),
    ],
)
def test_widths_are_twice_the_geometric_mean_of_inputs_and_outputs(
    rows, inputs, outputs, classes, widths
):
    assert auto_widths(rows, inputs, outputs, classes=classes) == widths


def test_ten_rows_for_every_parameter_are_counted_by_the_network_itself():
    x, y = waves(6000)
    few = {"stop": hbcd.Stop(max_evaluations=5), "random_state": 0}
    model = hbcd.HybridRegressor(**few).fit(x, y)
    assert model.hidden_layer_sizes_ == (20, 20)
    rows = 10 * model.network_.n_parameters
    for n, layers in ((rows, 2), (rows - 1, 1)):
        assert len(hbcd.HybridRegressor(**few).fit(x[:n], y[:n]).hidden_layer_sizes_) == layers
    # Going on, the network stays what it is.
    model.set_params(warm_start=True).fit(x[:200], y[:200])
    assert model.hidden_layer_sizes_ == (20, 20)


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
def test_widths_that_are_given_are_trained_as_ever(kind, y, alpha):
    options = {"random_state": 3, "stop": hbcd.Stop(max_evaluations=300)}
    one = kind((5, 4), **options).fit(X, y)
    other = kind((5, 4), alpha=alpha, **options).fit(X, y)
    assert (one.alpha_, one.hidden_layer_sizes_) == (alpha, (5, 4))
    assert one.alpha_path_.shape == (0, 2)
    assert one.theta_.tobytes() == other.theta_.tobytes()


# ---- the penalty ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
def test_the_penalty_lies_beside_the_one_with_the_least_loss_of_rows_left_out(kind, y, alpha):
    model = kind(members=1, random_state=0).fit(X, y)
    path, losses = model.alpha_path_.T
    assert tuple(path) == PenaltySettings().penalties[: len(path)]
    best = int(losses.argmin())
    assert 0 < best < len(path) - 1
    # The lowest point of a parabola through three points lies within half a step of the middle.
    step = np.sqrt(path[best - 1] / path[best])
    assert path[best] / step <= model.alpha_ <= path[best] * step
    assert model.alpha_ == model.network_.alpha != path[best]


@pytest.mark.parametrize("penalties", [(9.0, 3.0, 1.0), (30.0, 3.0, 1.0), (30.0, 10.0, 0.1)])
@pytest.mark.parametrize("losses", [(2.0, 1.0, 1.2), (1.2, 1.0, 2.0), (1.5, 1.0, 1.5)])
def test_the_penalty_is_where_the_parabola_through_the_three_least_losses_is_lowest(
    losses, penalties
):
    descent = penalty_path._Descent(PenaltySettings())
    for penalty, loss in zip(penalties, losses, strict=True):
        descent.add(penalty, loss, None)
    square, slope, _ = np.polyfit(np.log(penalties), losses, 2)
    assert descent.alpha == pytest.approx(np.exp(-slope / (2 * square)), rel=1e-12)


def test_noise_asks_for_a_stronger_penalty():
    found = [
        hbcd.HybridRegressor(members=1, random_state=0).fit(*waves(noise=n)).alpha_
        for n in (0.0, 0.5)
    ]
    assert found[0] < 0.1 * found[1]


def test_a_penalty_that_leaves_no_weight_is_left_again():
    # An alpha of 30 is beyond what 200 rows of waves hold against: all weights are 0 there.
    model = hbcd.HybridRegressor(members=1, random_state=0).fit(X, Y)
    least = model.alpha_path_[:, 1]
    assert least[0] > 0.95 * least[1]
    assert least.min() < 0.2 * least[0]
    assert model.score(*waves(1000, seed=1)) > 0.85


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
@pytest.mark.parametrize("rows", [150, 1300])
def test_the_choice_has_the_same_bits_at_any_number_of_threads(kind, y, alpha, rows):
    x, y = waves(rows)
    y = y if kind is hbcd.HybridRegressor else (y > 0.4).astype(int)
    one, two = (kind(random_state=0, n_threads=n).fit(x, y) for n in (1, 2))
    assert one.theta_.tobytes() == two.theta_.tobytes()
    assert one.alpha_ == two.alpha_


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
def test_neither_order_nor_repetition_of_rows_changes_the_choice(kind, y, alpha):
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, len(y))
    one = kind(random_state=0).fit(X, y, sample_weight=weight)
    rows = rng.permutation(np.repeat(np.arange(len(y)), weight))
    other = kind(random_state=0).fit(X[rows], y[rows])
    assert one.alpha_ == other.alpha_
    assert one.theta_.tobytes() == other.theta_.tobytes()


def test_rows_of_weight_zero_tell_nothing_in_a_large_table():
    x, y = waves(1300)
    weight = np.ones(1300)
    weight[1100:] = 0
    wrong = np.where(weight > 0, y, 0.0)
    one, other = (
        hbcd.HybridRegressor(members=1, random_state=0).fit(x, target, sample_weight=weight)
        for target in (y, wrong)
    )
    assert one.alpha_ == other.alpha_


def test_every_part_has_its_share_of_every_class():
    label = (np.arange(90) < 9).astype(float)[:, np.newaxis]  # nine of ninety
    unit = Scaler(np.zeros(1), np.ones(1))
    table = (Scaled(X[:90], Scaler.fit(X[:90])), Scaled(label, unit), None)
    net = hbcd.Network([hbcd.InputLayer(2), hbcd.OutputLayer(1)], hbcd.Logistic())
    folds = penalty_path._folds(
        net, CheckedRows(*table), None, np.random.default_rng(0), np.float64, 1, PenaltySettings()
    )
    labels = [fold.training.y.table for fold in folds]
    assert [[len(label), label.sum()] for label in labels] == [[60, 6]] * 3


# ---- rows held out, limits, other strategies --------------------------------------------------


def test_held_out_rows_choose_the_penalty():
    x, y = waves(80, seed=5)
    model = hbcd.HybridRegressor(members=1, random_state=0).fit(X, Y, eval_set=(x, y))
    lines = model.history_[model.history_.event == "epoch"]
    own = 0.5 * np.mean(((model.predict(x) - y) / Y.std()) ** 2)
    # The start of the last training, the end of the way there, may be the best of all.
    assert own <= lines.validation_loss.min() * (1 + 1e-9)
    # What is kept is at least as good on these rows as the way there was, to its looser end.
    assert own <= 1.1 * model.alpha_path_[:, 1].min()
    assert np.isfinite(model.alpha_path_[:, 1]).all()


def test_a_share_of_rows_is_held_out_where_asked_for():
    model = hbcd.HybridRegressor(members=1, random_state=0, validation_fraction=0.25).fit(X, Y)
    lines = model.history_[model.history_.event == "epoch"]
    assert lines.rows.max() == 150
    assert np.isfinite(lines.validation_loss).all()


def test_counters_go_on_where_the_choice_ended():
    model = hbcd.HybridRegressor(members=1, random_state=0).fit(X, Y)
    history, report = model.history_, model.report_
    assert history.n_fev.iloc[-1] == report.n_fev
    assert history.n_iter.iloc[-1] == report.n_iter
    assert history.n_fev.iloc[0] > 100  # the choice alone takes more
    assert (np.diff(history.n_fev) >= 0).all()
    assert history.seconds.iloc[-1] <= report.seconds


@pytest.mark.parametrize("limit", [1, 7, 60, 500])
def test_limits_hold_for_choice_and_training_together(limit):
    model = hbcd.HybridRegressor(
        members=1, random_state=0, stop=hbcd.Stop(max_evaluations=limit)
    ).fit(X, Y)
    # The last point is still measured at a limit, as in any training: a call or two of each.
    steps = 1 + 3 * (len(model.alpha_path_) + 1)
    assert model.report_.n_fev <= limit + 2 * steps
    assert model.report_.stop_reason is hbcd.StopReason.EVALUATIONS
    assert np.isfinite(model.predict(X)).all()


def test_no_time_is_enough_for_a_model():
    model = hbcd.HybridRegressor(members=1, random_state=0, max_time=1e-9).fit(X, Y)
    assert model.report_.stop_reason is hbcd.StopReason.TIME
    assert np.isfinite(model.predict(X)).all()


def test_too_few_rows_to_choose_by_have_a_penalty_of_one():
    model = hbcd.HybridRegressor(members=1, random_state=0).fit(X[:5], Y[:5])
    assert (model.alpha_, len(model.alpha_path_)) == (1.0, 0)


def test_another_strategy_begins_anew_at_the_chosen_penalty():
    model = hbcd.HybridRegressor(strategy="bcd", random_state=0).fit(X, Y)
    assert set(model.history_.block) - {-1} == {0, 1}
    assert len(model.alpha_path_) > 3


def test_ctrl_c_while_the_penalty_is_chosen_keeps_the_best_so_far():
    class Pressed(hbcd.Tanh):
        calls = 0

        def forward(self, z, out):
            Pressed.calls += 1
            if Pressed.calls > 400:
                raise KeyboardInterrupt
            super().forward(z, out)

    with pytest.warns(TrainingInterrupted, match="interrupted after"):
        model = hbcd.HybridRegressor(
            activation=Pressed(), members=1, random_state=0, n_threads=1
        ).fit(X, Y)
    assert model.report_.interrupted
    assert len(model.alpha_path_) < 5
    Pressed.calls = -(10**6)
    assert np.isfinite(model.predict(X)).all()


# ---- refusals, files --------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", ["cross", -1.0])
def test_another_penalty_is_refused(alpha):
    with pytest.raises(ValueError, match=r"alpha=.*: must be"):
        hbcd.HybridRegressor(alpha=alpha).fit(X, Y)


def test_a_saved_model_has_its_widths_and_its_penalty(tmp_path):
    model = hbcd.HybridRegressor(members=1, random_state=0).fit(X, Y)
    model.save(tmp_path / "model.hbcd")
    same = hbcd.load(tmp_path / "model.hbcd")
    assert (same.hidden_layer_sizes_, same.alpha_) == (model.hidden_layer_sizes_, model.alpha_)
    assert same.alpha_path_.shape == (0, 2)
    assert np.array_equal(same.predict(X), model.predict(X))


# ---- going on ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
def test_training_goes_on_at_the_penalty_that_was_chosen(kind, y, alpha):
    model = kind(random_state=0, warm_start=True).fit(X, y)
    chosen, path = model.alpha_, model.alpha_path_
    model.fit(X[:150], y[:150])
    assert model.alpha_ == model.network_.alpha == chosen
    assert model.alpha_path_ is path
    model.partial_fit(X, y)
    assert model.alpha_ == chosen


@pytest.mark.parametrize(("kind", "y", "alpha"), KINDS)
def test_the_first_pass_of_rows_that_come_in_parts_chooses_nothing(kind, y, alpha):
    more = {"classes": np.unique(y)} if kind is hbcd.HybridClassifier else {}
    model = kind(random_state=0).partial_fit(X, y, **more)
    assert (model.alpha_, len(model.alpha_path_)) == (alpha, 0)


def test_callbacks_hear_of_one_training():
    class Heard(hbcd.Callback):
        def __init__(self):
            self.names = []

        def on_begin(self, event):
            self.names.append("begin")

        def on_end(self, event):
            self.names.append("end")

    heard = Heard()
    hbcd.HybridRegressor(members=1, random_state=0, callbacks=heard).fit(X, Y)
    assert heard.names == ["begin", "end"]
