"""One training on several ranks, or on rows outside of memory, has the bits of one in memory."""

import numpy as np
import pytest

import hbcd
from hbcd import core
from hbcd.training.budget import Budget
from hbcd.training.run import Run
from hbcd.training.training import Training
from support.ranks import Lost, Meeting, Tiles, cut

ROWS = 5000  # 20 tiles, 16 lanes
HELD = 700


def table(rows, seed=0, columns=4, outputs=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, columns))
    y = np.sin(x[:, :outputs]) + 0.3 * x[:, 1:2] * x[:, 2:3] + 0.1 * rng.standard_normal((rows, 1))
    return x, y, rng.uniform(0.5, 2.0, rows)


def network(outputs=1, loss=None):
    hidden = [hbcd.HiddenLayer(6, hbcd.Tanh()), hbcd.HiddenLayer(5, hbcd.Tanh())]
    layers = [hbcd.InputLayer(4), *hidden, hbcd.OutputLayer(outputs)]
    return hbcd.Network(layers, loss or hbcd.SquaredError())


STRATEGIES = {
    "fast": hbcd.Hybrid.fast(),
    "paper": hbcd.Hybrid.paper(),
    "auto": hbcd.Hybrid.auto(),
    "bcd": hbcd.BlockCoordinateDescent(),
    "batch_shell": hbcd.BatchShell(),
    "adam": hbcd.MiniBatch(hbcd.Adam(), 128, epochs=2),
    "lm": hbcd.FullBatch(hbcd.LevenbergMarquardt()),
    "exact": hbcd.FullBatch(hbcd.ExactOutput(hbcd.LBFGS())),
    "bfgs": hbcd.FullBatch(hbcd.BFGS()),
}


def trained(net, data, held, strategy, dtype, threads=1, most=60):
    theta = net.init(3, dtype)
    training = Training(net, data, held)
    run = Run(training, theta, 1, Budget(hbcd.Stop(max_evaluations=most)), threads)
    report = run.run(strategy)
    return report.theta.tobytes(), report.loss, report.n_fev


def alone(net, strategy, dtype, weighted, threads=1, streamed=None):
    x, y, w = table(ROWS)
    hx, hy, _ = table(HELD, 1)
    w = w if weighted else None
    x, y, hx, hy = (a.astype(dtype) for a in (x, y, hx, hy))
    if streamed is None:
        data = core.Data(dtype, x, y, w, penalty=1e-3)
    else:
        tiles = Tiles(dtype, x, y, w, streamed)
        data = core.Data.streamed(dtype, ROWS, 4, 1, tiles, weighted, 1e-3)
    return trained(net, data, core.Data(dtype, hx, hy), strategy, dtype, threads)


def on_ranks(net, strategy, dtype, weighted, size, empty=None, streamed=None):
    x, y, w = table(ROWS)
    hx, hy, _ = table(HELD, 1)
    x, y, hx, hy = (a.astype(dtype) for a in (x, y, hx, hy))
    first, held_first = cut(ROWS, size, empty), cut(HELD, size, empty)

    def work(ranks):
        own = slice(*first[ranks.rank : ranks.rank + 2])
        part = slice(*held_first[ranks.rank : ranks.rank + 2])
        mine = w[own] if weighted else None
        shared = {"ranks": ranks, "first": first}
        if streamed is None or x[own].size == 0:
            data = core.Data(dtype, x[own], y[own], mine, penalty=1e-3, **shared)
        else:
            tiles = Tiles(dtype, x[own], y[own], mine, streamed)
            rows = len(x[own])
            data = core.Data.streamed(dtype, rows, 4, 1, tiles, weighted, 1e-3, **shared)
        held = core.Data(dtype, hx[part], hy[part], ranks=ranks, first=held_first)
        # Each rank describes its own network: ranks share nothing.
        found = trained(network(), data, held, strategy, dtype)
        assert ranks.nodes <= 2 * np.log2(16)
        return found

    return Meeting(size).run(work)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_any_number_of_threads_and_ranks_gives_the_same_bits(strategy, dtype, weighted):
    chosen = STRATEGIES[strategy]
    wanted = alone(network(), chosen, dtype, weighted)
    for threads in (2, 4, 7, 16):
        assert alone(network(), chosen, dtype, weighted, threads) == wanted
    for size, empty in ((1, None), (2, None), (3, 1), (4, 0), (7, 6)):
        assert on_ranks(network(), chosen, dtype, weighted, size, empty) == [wanted] * size


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_outside_of_memory_give_the_same_bits(strategy):
    chosen = STRATEGIES[strategy]
    wanted = alone(network(), chosen, np.float32, True)
    for most in (1, 3, 100):
        assert alone(network(), chosen, np.float32, True, 2, most) == wanted
    assert on_ranks(network(), chosen, np.float32, True, 3, 1, 2) == [wanted] * 3


def test_batches_of_more_than_one_window_have_the_same_bits_everywhere():
    """A window is 65536 rows; the short tile lies in some window before the last."""
    rows, dtype = 2 * 65536 + 1000, np.float32
    x, y, _ = (a.astype(dtype) for a in table(rows))
    strategy = hbcd.MiniBatch(hbcd.Adam(), 30000, epochs=2)
    theta = trained(network(), core.Data(dtype, x, y), None, strategy, dtype)
    streamed = core.Data.streamed(dtype, rows, 4, 1, Tiles(dtype, x, y, most=50))
    assert trained(network(), streamed, None, strategy, dtype) == theta
    first = cut(rows, 3)

    def work(ranks):
        own = slice(*first[ranks.rank : ranks.rank + 2])
        data = core.Data(dtype, x[own], y[own], ranks=ranks, first=first)
        return trained(network(), data, None, strategy, dtype)

    assert Meeting(3).run(work) == [theta] * 3


@pytest.mark.parametrize("width", [20, 37])
def test_normal_equations_have_the_same_bits_on_ranks(width):
    """Of 541 parameters every thread has sums of its own, of 1629 threads share the columns."""
    x, y, w = table(1300)
    first, dtype = cut(1300, 3, 1), np.float64

    def net():
        hidden = [hbcd.HiddenLayer(width, hbcd.Tanh()) for _ in range(2)]
        return hbcd.Network([hbcd.InputLayer(4), *hidden, hbcd.OutputLayer(1)])

    def normal(data, threads=1):
        network = net()
        theta = network.init(0)
        f, gradient, matrix = network.core_network(dtype).normal(data, theta, -1, threads)
        assert f == network.core_network(dtype).loss(data, theta, None, 1)
        return f, gradient.tobytes(), matrix.tobytes()

    def work(ranks):
        own = slice(*first[ranks.rank : ranks.rank + 2])
        return normal(core.Data(dtype, x[own], y[own], w[own], ranks=ranks, first=first))

    alone = normal(core.Data(dtype, x, y, w))
    for threads in (2, 5, 16):
        assert normal(core.Data(dtype, x, y, w), threads) == alone
    assert Meeting(3).run(work) == [alone] * 3


def test_a_rank_that_fails_ends_the_others():
    class Broken(hbcd.Activation):
        def __init__(self, fails):
            self.fails, self.calls = fails, 0

        def forward(self, z, out):
            self.calls += 1
            if self.fails and self.calls > 20:
                raise ZeroDivisionError("this rank")
            np.tanh(z, out=out)

        def backward(self, z, a, grad):
            grad *= 1 - a * a

    x, y, _ = table(ROWS)
    first = cut(ROWS, 3)

    def work(ranks):
        own = slice(*first[ranks.rank : ranks.rank + 2])
        layers = [hbcd.InputLayer(4), hbcd.HiddenLayer(6, Broken(ranks.rank == 1))]
        net = hbcd.Network([*layers, hbcd.OutputLayer(1)])
        data = core.Data(np.float64, x[own], y[own], ranks=ranks, first=first)
        return trained(net, data, None, hbcd.FullBatch(), np.float64)

    found = Meeting(3).run(work)
    assert [type(one) for one in found] == [Lost, ZeroDivisionError, Lost]
    assert str(found[0]) == "rank 1 failed"


def test_rank_0_alone_decides_when_time_is_up():
    x, y, _ = table(ROWS)
    first = cut(ROWS, 3)

    def work(ranks):
        own = slice(*first[ranks.rank : ranks.rank + 2])
        data = core.Data(np.float64, x[own], y[own], ranks=ranks, first=first)
        net = network()
        seconds = 0.2 if ranks.rank == 0 else None
        run = Run(Training(net, data), net.init(3), 1, Budget(hbcd.Stop(max_seconds=seconds)), 1)
        stop = hbcd.Stop(pg_tol=0.0, f_tol=None)
        phases = [hbcd.Phase(hbcd.Adam(), stop=stop)]
        report = run(*phases)
        return report.theta.tobytes(), report.stop_reason

    found = Meeting(3).run(work)
    assert found[0] == found[1] == found[2]
    assert found[0][1] == hbcd.StopReason.TIME


@pytest.mark.parametrize("k", [1, 3, 16, 1024])
def test_nodes_are_added_by_the_tree_however_they_are_cut(k):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((k, 300)) * 10.0 ** rng.integers(-8, 8, (k, 300))
    if k == 3:
        with pytest.raises(ValueError, match="subtrees"):
            core.add_nodes(np.arange(k), np.ones(k), vectors)
        return
    level = vectors
    while len(level) > 1:
        level = level[::2] + level[1::2]
    assert np.array_equal(core.add_nodes(np.arange(k), np.ones(k), vectors), level[0])
