"""Trains and minimizes with each size-like option of each part set to sizes beyond any memory.

Run as a program, because what it looks for ends the process: it prints one line for each case,
`case: outcome`, and the last line is `done`.
"""

import dataclasses
import sys

import numpy as np

import hbcd

SIZES = (2**31, 2**61, 2**62)
STOP = hbcd.Stop(max_iterations=3, max_evaluations=30)

X = np.random.default_rng(0).normal(size=(300, 2))
Y = np.sin(X[:, :1])


def integer_options(kind):
    """Names of the fields of a description that count something."""
    return [f.name for f in dataclasses.fields(kind) if str(f.type).startswith("int")]


def optimizers():
    """Every optimizer with each of its sizes."""
    kinds = (
        hbcd.Adam,
        hbcd.LBFGS,
        hbcd.BFGS,
        hbcd.BarzilaiBorwein,
        hbcd.ICRS,
        hbcd.LevenbergMarquardt,
        hbcd.ExactOutput,
    )
    for kind in kinds:
        for name in integer_options(kind):
            for size in SIZES:
                yield f"{kind.__name__}({name}={size})", kind, {name: size}


def abb(size):
    """The options of BarzilaiBorwein that are read only where the step is this one."""
    return hbcd.BarzilaiBorwein(step="abbmin", abb_memory=size)


def strategies():
    """Every strategy and phase with each of its sizes, and parts inside others."""
    phase = hbcd.Phase(hbcd.LBFGS())
    for size in SIZES:
        for name in integer_options(hbcd.Phase):
            yield (
                f"Phase({name}={size})",
                lambda n=name, s=size: Fixed([dataclasses.replace(phase, **{n: s})]),
            )
        for make in (hbcd.FullBatch, hbcd.MiniBatch):
            for name in integer_options(make):
                yield (
                    f"{make.__name__}({name}={size})",
                    lambda m=make, n=name, s=size: m(hbcd.LBFGS(), **{n: s}),
                )
        for make in (hbcd.BlockCoordinateDescent, hbcd.BatchShell, hbcd.Hybrid, hbcd.MultiStart):
            for name in integer_options(make):
                yield f"{make.__name__}({name}={size})", lambda m=make, n=name, s=size: m(**{n: s})
        yield (
            f"BatchShell(epochs={size}, growth=1 + 1e-12)",
            lambda s=size: hbcd.BatchShell(epochs=s, growth=1 + 1e-12),
        )
        yield (
            f"BatchShell(rows_per_parameter={size})",
            lambda s=size: hbcd.BatchShell(rows_per_parameter=float(s)),
        )
        yield (
            f"abbmin of {size} in ExactOutput",
            lambda s=size: hbcd.BlockCoordinateDescent(hbcd.ExactOutput(inner=abb(s))),
        )
        yield (
            f"history of {size} in Hybrid",
            lambda s=size: hbcd.Hybrid(shell=hbcd.BatchShell(hbcd.BarzilaiBorwein(history=s))),
        )


class Fixed(hbcd.TrainingStrategy):
    """These phases."""

    def __init__(self, phases):
        self._phases = phases

    def phases(self, network, n_rows):
        return self._phases


def outcome(call):
    """What a call ended with."""
    try:
        call()
    except Exception as error:  # whatever it is, it is told, and the test judges
        return f"{type(error).__name__}: {error}"
    return "no error"


def train(strategy):
    network = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(4), hbcd.OutputLayer(1)])
    network.train(network.init(1), X, Y, strategy=strategy, stop=STOP, rng=0, n_threads=1)


def quadratic(x):
    return float(x @ x) / 2, x


def minimize(method):
    residuals = isinstance(method, hbcd.LevenbergMarquardt)
    hbcd.minimize(
        (lambda x: (x, np.eye(3))) if residuals else quadratic,
        np.array([1.0, 2.0, 3.0]),
        method,
        bounds=[(-5.0, 5.0)] * 3,
        rng=0,
        stop=STOP,
        residuals=residuals,
    )


class Wide(hbcd.Layer):
    """A layer without parameters that spreads what it is given over `size` outputs."""

    def __init__(self, size, n_parameters=0):
        self.size, self._n_parameters = size, n_parameters

    def n_parameters(self, n_in):
        return self._n_parameters

    def n_out(self, n_in):
        return self.size


def networks():
    """Networks with layers beyond any memory, up to where they ask for it."""
    for size in SIZES:
        yield (
            f"HiddenLayer({size})",
            lambda s=size: hbcd.Network(
                [hbcd.InputLayer(2), hbcd.HiddenLayer(s), hbcd.OutputLayer(1)]
            ).predict(np.zeros(5), X),
        )
        yield (
            f"InputLayer({size})",
            lambda s=size: hbcd.Network([hbcd.InputLayer(s), hbcd.OutputLayer(1)]).predict(
                np.zeros(5), X
            ),
        )
        yield (
            f"OutputLayer({size})",
            lambda s=size: hbcd.Network([hbcd.InputLayer(2), hbcd.OutputLayer(s)]).predict(
                np.zeros(5), X
            ),
        )
        yield (
            f"a layer of {size} outputs",
            lambda s=size: hbcd.Network([hbcd.InputLayer(2), Wide(s)]).predict(np.zeros(0), X),
        )
        yield (
            f"a layer of {size} parameters",
            lambda s=size: hbcd.Network([hbcd.InputLayer(2), Wide(2, s)]).predict(np.zeros(5), X),
        )


def cases():
    """(name, call) of everything."""
    for name, kind, options in optimizers():
        yield (
            f"train {name}",
            lambda k=kind, o=options: train(hbcd.FullBatch(k(**o))),
        )
        yield f"minimize {name}", lambda k=kind, o=options: minimize(k(**o))
    for name, make in strategies():
        yield f"train {name}", lambda m=make: train(m())
    for name, call in networks():
        yield name, call


if __name__ == "__main__":
    for case_name, case in cases():
        print(f"{case_name} = ", end="", flush=True)
        print(outcome(case).replace("\n", " "), flush=True)
    print("done")
    sys.exit(0)
