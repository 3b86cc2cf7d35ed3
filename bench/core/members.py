"""Several networks as one of block-diagonal layers: python -m bench.core.members.

CPU time of one thread: nanoseconds a row of predictions and of gradients of K separate networks, of
the one network of their parts, and of a dense network of the same widths; then microseconds of one
row through members with smooth pieces in front, beside one small network.  Medians of samples taken
in turn.
"""

import statistics
import time

import numpy as np

import hbcd

ROWS, WIDTH, SAMPLES, CALLS = 4096, 20, 31, 200
TANH = hbcd.Tanh()


def parts(n_inputs, K, front=()):
    first = [(n_inputs + sum(len(one.columns) for one in front), WIDTH, TANH)] * K
    return hbcd.Network(
        [
            hbcd.InputLayer(n_inputs),
            *front,
            hbcd.BlockDiagonalLayer(first, shared_input=True),
            hbcd.BlockDiagonalLayer([(WIDTH, WIDTH, TANH)] * K),
            hbcd.OutputLayer(),
        ]
    )


def dense(n_inputs, width):
    hidden = [hbcd.HiddenLayer(width), hbcd.HiddenLayer(width)]
    return hbcd.Network([hbcd.InputLayer(n_inputs), *hidden, hbcd.OutputLayer()])


def seconds(works):
    """The median CPU time of each, called in turn."""
    samples = [[] for _ in works]
    for work in works:
        work()
    for _ in range(SAMPLES):
        for work, found in zip(works, samples, strict=True):
            start = time.thread_time()
            work()
            found.append(time.thread_time() - start)
    return [statistics.median(found) for found in samples]


def many_rows(n_inputs, K, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, n_inputs)).astype(dtype)
    y = rng.normal(size=ROWS).astype(dtype)
    works = []
    for network in (dense(n_inputs, WIDTH), parts(n_inputs, K), dense(n_inputs, K * WIDTH)):
        theta, objective = network.init(0, dtype), network.bind(X, y, dtype=dtype)
        works += [
            lambda n=network, t=theta: n.predict(t, X, n_threads=1),
            lambda o=objective, t=theta: o(t),
        ]
    times = [1e9 * t / ROWS * (K if k < 2 else 1) for k, t in enumerate(seconds(works))]
    for what, (separate, together, full) in (("predict", times[::2]), ("gradient", times[1::2])):
        print(
            f"{what:8s} {np.dtype(dtype).name} {n_inputs:3d} inputs {K:2d} x ({WIDTH}, {WIDTH}): "
            f"{separate:6.0f} separate, {together:6.0f} in parts ({together / separate:.2f} x), "
            f"{full:6.0f} dense ns/row"
        )


def one_row(dtype):
    rng = np.random.default_rng(0)
    columns = np.repeat(np.arange(8), 6)
    pieces = hbcd.SmoothPieces(columns, rng.normal(size=48), np.full(48, 0.5))
    row = rng.normal(size=(1, 8)).astype(dtype)
    works, names = [], []
    for name, network in (
        ("one (20, 20)", dense(8, WIDTH)),
        ("10 x (20, 20)", parts(8, 10)),
        ("10 x (20, 20) behind 48 pieces", parts(8, 10, [pieces])),
        ("20 x (20, 20) behind 48 pieces", parts(8, 20, [pieces])),
    ):
        theta = network.init(0, dtype)

        def work(network=network, theta=theta):
            for _ in range(CALLS):
                network.predict(theta, row)

        works.append(work)
        names.append(f"{name}, {network.n_parameters} parameters")
    for name, spent in zip(names, seconds(works), strict=True):
        print(f"one row  {np.dtype(dtype).name} {name}: {1e6 * spent / CALLS:.2f} us")


def main():
    print(hbcd.show_config()["simd"])
    for dtype in (np.float64, np.float32):
        for n_inputs in (8, 56):
            for K in (5, 10, 20):
                many_rows(n_inputs, K, dtype)
        one_row(dtype)


if __name__ == "__main__":
    main()
