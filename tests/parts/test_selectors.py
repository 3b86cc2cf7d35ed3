"""Block selectors: their laws through the Python methods, and inside a training run."""

import itertools

import numpy as np
import pytest

import hbcd
from support.selector_runs import Watching, problem, train

BUILT_IN = {
    "most_sensitive": hbcd.MostSensitive(),
    "random": hbcd.RandomBlock(),
    "forward": hbcd.ForwardSequential(),
    "ping_pong": hbcd.PingPong(),
    "backward": hbcd.Backward(),
    "gsl": hbcd.LipschitzWeighted(),
    "per_operation": hbcd.DecreasePerOperation(),
}
each_selector = pytest.mark.parametrize("name", BUILT_IN)


def walk(selector, sensitivities, steps, tolerance=0.0, seed=0):
    """The blocks chosen in `steps` visits, with the bookkeeping of a training run; each row of
    `sensitivities` is what is measured before a visit (one row: always the same)."""
    rows = np.broadcast_to(sensitivities, (steps, np.shape(sensitivities)[-1]))
    n, rng = rows.shape[1], np.random.default_rng(seed)
    visits, last, repeats, chosen = np.zeros(n, dtype=int), -1, 0, []
    for step, row in enumerate(rows):
        about = hbcd.BlockState(
            n,
            row,
            last_visits=visits,
            tolerance=tolerance,
            last=last,
            repeats=repeats,
            step=step,
            rng=rng,
        )
        block = selector.next_block(about)
        assert isinstance(block, int)
        repeats = repeats + 1 if block == last else 1
        last = block
        visits[block] = step + 1
        chosen.append(block)
    return chosen


# ---- most sensitive ------------------------------------------------------------------------------


def test_large_negative_sensitivities_count_by_magnitude():
    for values, block in [
        ([1.0, -5.0, 2.0], 1),
        ([-0.1, -0.2, -0.3], 2),
        ([-1e300, 1e299, 0.0], 0),
        ([0.0, -1e-300, 0.0], 1),
        ([-np.inf, 1.0, 2.0], 0),
    ]:
        assert walk(hbcd.MostSensitive(), values, 1) == [block]


def test_the_greedy_rule_takes_a_block_at_most_twice_in_a_row():
    assert walk(hbcd.MostSensitive(), [1.0, 9.0, 5.0], 7) == [1, 1, 2, 1, 1, 2, 1]
    assert walk(hbcd.MostSensitive(), [1.0, 9.0], 6) == [1, 1, 0, 1, 1, 0]


GREEDY = {
    "most_sensitive": hbcd.MostSensitive,
    "gsl": hbcd.LipschitzWeighted,
    "per_operation": hbcd.DecreasePerOperation,
}
each_greedy = pytest.mark.parametrize("rule", GREEDY.values(), ids=GREEDY)
# The blocks that a greedy rule chooses where block 1 is always the most sensitive and 2 comes next.
REPEATS = {
    1: [1, 2, 1, 2, 1, 2, 1, 2],
    2: [1, 1, 2, 1, 1, 2, 1, 1],
    3: [1, 1, 1, 2, 1, 1, 1, 2],
    7: [1, 1, 1, 1, 1, 1, 1, 2],
    2**62: [1] * 8,
    None: [1] * 8,
}
each_limit = pytest.mark.parametrize("limit", REPEATS)


def visited_once(about):
    """The same with every block visited and all curvatures, gains and operations alike, so that
    each greedy rule goes by the gradient norms."""
    n = about.n_blocks
    return hbcd.BlockState(
        n,
        about.sensitivities,
        last_visits=np.arange(1, n + 1),
        curvatures=np.ones(n),
        gains=np.ones(n),
        last=about.last,
        repeats=about.repeats,
    )


class VisitedOnce(hbcd.BlockSelector):
    def __init__(self, rule):
        self.rule = rule

    def next_block(self, about):
        return self.rule.next_block(visited_once(about))


@each_greedy
@each_limit
def test_a_greedy_rule_takes_a_block_at_most_max_repeats_times_in_a_row(rule, limit):
    selector = VisitedOnce(rule(max_repeats=limit))
    assert walk(selector, [1.0, 9.0, 5.0], 8) == REPEATS[limit]
    assert walk(selector, [3.0], 8) == [0] * 8  # the only block


@each_greedy
def test_a_greedy_rule_takes_a_block_twice_in_a_row_where_nothing_else_is_said(rule):
    assert rule() == rule(2) == rule(max_repeats=2)
    assert walk(VisitedOnce(rule()), [1.0, 9.0, 5.0], 8) == REPEATS[2]
    assert rule(3) != rule(2)


@each_greedy
@pytest.mark.parametrize("wrong", [0, -1, True, 2.0, "2", np.nan, 2**63])
def test_a_limit_of_repeats_that_is_no_count_is_refused(rule, wrong):
    with pytest.raises((ValueError, TypeError), match=f"^max_repeats={wrong!r}: must be"):
        rule(max_repeats=wrong)


@pytest.mark.parametrize("seed", range(20))
def test_the_greedy_rule_is_the_argmax_but_for_the_third_time_in_a_row(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    rows = rng.normal(size=(200, n)) * 10.0 ** rng.integers(-3, 4, size=n)
    chosen = walk(hbcd.MostSensitive(), rows, 200)
    for step, (row, block) in enumerate(zip(np.abs(rows), chosen, strict=True)):
        best = int(np.argmax(row))
        if step >= 2 and chosen[step - 1] == chosen[step - 2] == best:
            row = row.copy()
            row[best] = -1.0
            best = int(np.argmax(row))
        assert block == best


def test_ties_go_to_the_block_visited_longest_ago():
    about = hbcd.BlockState(4, [3.0, -3.0, 3.0, 1.0], last_visits=[5, 2, 9, 0], step=9)
    assert hbcd.MostSensitive().next_block(about) == 1
    # All equal: every block in turn.
    assert walk(hbcd.MostSensitive(), [2.0] * 3, 9) == [0, 1, 2] * 3


def test_a_sensitivity_that_is_no_number_is_passed_over():
    assert walk(hbcd.MostSensitive(), [np.nan, 1.0, 2.0], 4) == [2, 2, 1, 2]
    assert set(walk(hbcd.MostSensitive(), [np.nan] * 3, 9)) == {0, 1, 2}


# ---- the sequences -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "n", "pattern"),
    [
        ("forward", 4, [0, 1, 2, 3]),
        ("backward", 4, [3, 2, 1, 0]),
        ("ping_pong", 4, [0, 1, 2, 3, 2, 1]),
        ("ping_pong", 3, [0, 1, 2, 1]),
        ("ping_pong", 2, [0, 1]),
        ("ping_pong", 1, [0]),
    ],
)
def test_a_sequence_repeats_its_pattern(name, n, pattern):
    sensitivities = np.random.default_rng(0).normal(size=(24, n))
    assert walk(BUILT_IN[name], sensitivities, 24) == (pattern * 24)[:24]


def test_ping_pong_visits_the_ends_half_as_often():
    counts = np.bincount(walk(hbcd.PingPong(), np.ones(4), 1500))
    assert counts.tolist() == [250, 500, 500, 250]


# ---- random --------------------------------------------------------------------------------------


def test_random_takes_blocks_above_the_tolerance_only():
    chosen = walk(hbcd.RandomBlock(), [0.5, -3.0, 1.0, 2.0], 400, tolerance=1.0)
    assert set(chosen) == {1, 3}  # by magnitude, and 1.0 is not above 1.0
    # 400 throws of a coin: five standard deviations.
    assert abs(chosen.count(1) - 200) < 50


def test_random_takes_any_block_where_none_is_above_the_tolerance():
    chosen = walk(hbcd.RandomBlock(), [0.5, 0.1, 0.9], 300, tolerance=1.0)
    counts = np.bincount(chosen, minlength=3)
    assert np.abs(counts - 100).max() < 5 * np.sqrt(300 * 2 / 9)  # five standard deviations


def test_random_follows_the_seed():
    def run(seed):
        return walk(hbcd.RandomBlock(), np.ones(4), 50, seed=seed)

    assert run(1) == run(1)
    assert run(1) != run(2)


# ---- all of them ---------------------------------------------------------------------------------


@each_selector
def test_with_one_block_there_is_no_other_choice(name):
    assert walk(BUILT_IN[name], [0.3], 10) == [0] * 10
    assert walk(BUILT_IN[name], [np.nan], 10) == [0] * 10


@each_selector
@pytest.mark.parametrize("n", range(1, 8))
def test_a_choice_is_a_block(name, n):
    rows = np.random.default_rng(n).normal(size=(50, n))
    chosen = walk(BUILT_IN[name], rows, 50, tolerance=0.5)
    assert min(chosen) >= 0
    assert max(chosen) < n


@each_selector
def test_selectors_without_options_are_equal_and_hashable(name):
    other = type(BUILT_IN[name])()
    assert BUILT_IN[name] == other
    assert hash(BUILT_IN[name]) == hash(other)


def test_a_choice_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="n_blocks=3"):
        hbcd.BlockState(3, [1.0, 2.0])
    with pytest.raises(ValueError, match="n_blocks=2"):
        hbcd.BlockState(2, [1.0, 2.0], last_visits=[0, 0, 0])
    with pytest.raises(ValueError, match="at least one block"):
        hbcd.MostSensitive().next_block(hbcd.BlockState(0, []))


def test_the_base_class_says_what_must_be_written():
    class Lazy(hbcd.BlockSelector):
        pass

    with pytest.raises(NotImplementedError, match=r"Lazy\.next_block"):
        Lazy().next_block(hbcd.BlockState(1, [1.0]))


# ---- in a training run ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("forward", [0, 1, 2, 3]), ("backward", [3, 2, 1, 0]), ("ping_pong", [0, 1, 2, 3, 2, 1])],
)
def test_a_run_visits_the_blocks_of_the_pattern(name, pattern):
    _, visits = train(BUILT_IN[name])
    assert visits.block.tolist() == (pattern * 24)[:24]


@each_selector
def test_what_a_selector_is_told_follows_from_what_it_chose(name):
    watching = Watching(BUILT_IN[name])
    _, visits = train(watching)
    net, *_ = problem()
    assert visits.block.tolist() == [block for _, block in watching.seen]
    last, repeats, last_visits = -1, 0, np.zeros(4, dtype=int)
    for step, (about, block) in enumerate(watching.seen):
        assert about.n_blocks == len(net.blocks) == 4
        assert (about.step, about.last, about.repeats) == (step, last, repeats)
        assert np.array_equal(about.last_visits, last_visits)
        assert visits.sensitivity.iloc[step] == about.sensitivities[block]
        repeats = repeats + 1 if block == last else 1
        last = block
        last_visits[block] = step + 1


def longest_repeat(blocks):
    return max(len(list(group)) for _, group in itertools.groupby(blocks))


@each_greedy
@pytest.mark.parametrize("limit", [1, 2, 3, None])
def test_a_run_keeps_the_limit_of_repeats(rule, limit):
    """With a sensitivity that always prefers block 2; the same through the Python method."""

    class Second(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box=None):
            return 9.0 if block == net.blocks[2] else 1.0

    net, *_ = problem()
    _, visits = train(rule(limit), sensitivity=Second())
    _, through_python = train(Watching(rule(limit)), sensitivity=Second())
    assert visits.block.tolist() == through_python.block.tolist()
    if limit is not None:
        assert longest_repeat(visits.block) <= limit
    if rule is hbcd.MostSensitive:
        assert longest_repeat(visits.block) == (24 if limit is None else limit)


class GreedySubclass(hbcd.MostSensitive):
    calls = 0

    def next_block(self, about):
        type(self).calls += 1
        return super().next_block(about)


def test_a_subclass_that_calls_super_chooses_the_same_blocks():
    own, own_visits = train(GreedySubclass())
    built_in, visits = train(hbcd.MostSensitive())
    assert GreedySubclass.calls == len(visits)
    assert own_visits.block.tolist() == visits.block.tolist()
    assert np.array_equal(own.theta, built_in.theta)


@each_selector
def test_a_network_without_hidden_layers_has_one_block(name):
    report, visits = train(BUILT_IN[name], hidden=())
    assert set(visits.block) == {0}
    assert report.loss < report.initial_loss


def test_random_in_a_run_visits_every_block():
    _, visits = train(hbcd.RandomBlock())
    assert set(visits.block) == {0, 1, 2, 3}


@pytest.mark.parametrize("chosen", [-1, 4, 100, "one", None, np.nan])
def test_a_choice_that_is_no_block_is_an_error(chosen):
    class Wrong(hbcd.BlockSelector):
        def next_block(self, about):
            return chosen

    with pytest.raises((ValueError, TypeError)):
        train(Wrong())


def test_an_integer_of_numpy_is_a_block():
    class Numpy(hbcd.BlockSelector):
        def next_block(self, about):
            return np.argmax(about.sensitivities)

    _, visits = train(Numpy())
    assert len(visits) == 24
