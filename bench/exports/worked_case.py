"""The most power of a plant under limits of its inputs: the same optimum by every tool.

The case of docs/guide/worked_case.md.  python -m bench.exports.worked_case
"""

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hbcd

AGREE = 1e-6  # relative
QUIET = {"print_time": False, "ipopt": {"print_level": 0, "sb": "yes", "tol": 1e-11,
                                        "honor_original_bounds": "yes"}}  # fmt: skip
LEAST, LINE, SLOPE = 12.0, 22.0, 1.3  # AT >= LEAST, V >= LINE + SLOPE AT
LIMITS = [({0: 1.0}, LEAST, None), ({0: -SLOPE, 1: 1.0}, LINE, None)]


@dataclass(frozen=True, eq=False)
class Case:
    """A trained plant, its optimum by `optimize_inputs`, and the row that solvers start at."""

    model: hbcd.HybridRegressor
    best: hbcd.OptimizedInputs
    start: np.ndarray


def case(widths, activation, seed, max_iter, starts=10):
    """The plant, trained, and the best of its rows that keep the limits."""
    X, y = hbcd.make_plant(1500, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor(widths, activation, random_state=seed, max_iter=max_iter)
    model.fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=LIMITS, n_starts=starts)
    kept = X[(X[:, 0] >= LEAST) & (X[:, 1] >= LINE + SLOPE * X[:, 0])]
    return Case(model, best, kept[np.argmax(model.predict(kept))])


def smooth():
    return case((6, 6), "tanh", 1, 300)


def piecewise():
    return case((6, 6), "relu", 0, 200, starts=32)


# ---- ways to an optimum; each gives the greatest power


def by_casadi(this):
    import casadi

    low, high = this.model.feature_range_
    x = casadi.MX.sym("x", 4)
    kept = casadi.vertcat(x[0] - LEAST, x[1] - LINE - SLOPE * x[0])
    stated = {"x": x, "f": -hbcd.to_casadi(this.model)(x), "g": kept}
    solve = casadi.nlpsol("solve", "ipopt", stated, QUIET)
    return -float(solve(x0=this.start, lbx=low, ubx=high, lbg=0.0)["f"])


def ipopt(problem):
    """Minimizes, gives all variables the values found, and returns the objective."""
    import casadi
    from pyomo.repn.plugins.nl_writer import NLWriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.nl"
        with path.open("w") as file:
            written = NLWriter().write(problem, file, linear_presolve=False)
        read = casadi.NlpBuilder()
        read.import_nl(str(path))
    stated = {"x": casadi.vertcat(*read.x), "f": read.f, "g": casadi.vertcat(*read.g)}
    solve = casadi.nlpsol("solve", "ipopt", stated, QUIET)
    found = solve(x0=read.x_init, lbx=read.x_lb, ubx=read.x_ub, lbg=read.g_lb, ubg=read.g_ub)
    if not solve.stats()["success"]:
        raise RuntimeError(solve.stats()["return_status"])
    for one, value in zip(written.variables, found["x"].full().ravel(), strict=True):
        one.set_value(float(value), skip_validation=True)
    return float(found["f"])


def asked(problem, output):
    """States limits and objective in a problem that has the plant; the variables of its inputs."""
    import pyomo.environ as pyo

    inputs = list(problem.plant.inputs.values())
    problem.warm = pyo.Constraint(expr=inputs[0] >= LEAST)
    problem.cooling = pyo.Constraint(expr=inputs[1] >= LINE + SLOPE * inputs[0])
    problem.most = pyo.Objective(expr=-problem.plant.outputs[output])
    return inputs


def optimum(this, problem, output):
    """Simulates the plant at the start, then optimizes from there."""
    inputs = asked(problem, output)
    for one, value in zip(inputs, this.start, strict=True):
        one.fix(float(value))
    ipopt(problem)
    for one in inputs:
        one.unfix()
    return -ipopt(problem)


def with_our_block(this, formulation):
    import pyomo.environ as pyo

    problem = pyo.ConcreteModel()
    problem.plant = pyo.Block()
    hbcd.to_pyomo(this.model, problem.plant, formulation=formulation)
    return problem


def with_omlt(this, formulation):
    import omlt.neuralnet
    import pyomo.environ as pyo
    from omlt.io.onnx import load_onnx_neural_network_with_bounds

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "plant.onnx")
        hbcd.to_onnx(this.model, path, dialect="omlt")
        network = load_onnx_neural_network_with_bounds(path)
    problem = pyo.ConcreteModel()
    problem.plant = omlt.OmltBlock()
    problem.plant.build_formulation(getattr(omlt.neuralnet, formulation)(network))
    return problem


def with_idaes(this, formulation):
    import pyomo.environ as pyo
    from idaes.core.surrogate.surrogate_block import SurrogateBlock

    problem = pyo.ConcreteModel()
    problem.plant = SurrogateBlock()
    problem.plant.build_model(hbcd.to_idaes(this.model, formulation=formulation))
    return problem


def highs(problem, output):
    """The proven greatest power of a mixed-integer problem."""
    import pyomo.environ as pyo

    asked(problem, output)
    solver = pyo.SolverFactory("appsi_highs")
    if not solver.available(exception_flag=False):
        raise ImportError("HiGHS is not installed")
    solver.config.mip_gap = 1e-9
    solver.solve(problem)
    return -pyo.value(problem.most)


def of_block(make, formulation, output):
    """A way: a problem with the plant in it, simulated and optimized."""
    return lambda this: optimum(this, make(this, formulation), output)


SMOOTH = {
    "optimize_inputs": lambda this: this.best.value,
    "to_casadi": by_casadi,
    "to_pyomo, full_space": of_block(with_our_block, "full_space", "prediction"),
    "to_pyomo, reduced_space": of_block(with_our_block, "reduced_space", "prediction"),
    "OMLT, FullSpaceNNFormulation": of_block(with_omlt, "FullSpaceNNFormulation", 0),
    "OMLT, ReducedSpaceNNFormulation": of_block(with_omlt, "ReducedSpaceNNFormulation", 0),
    "to_idaes, full_space": of_block(with_idaes, "full_space", "prediction"),
    "to_idaes, reduced_space": of_block(with_idaes, "reduced_space", "prediction"),
}
PIECEWISE = {
    "optimize_inputs": lambda this: this.best.value,
    "to_pyomo, relu_bigm, HiGHS": lambda this: highs(
        with_our_block(this, "relu_bigm"), "prediction"
    ),
    "OMLT, ReluBigMFormulation, HiGHS": lambda this: highs(
        with_omlt(this, "ReluBigMFormulation"), 0
    ),
}


def compared(this, ways):
    """(way, power, relative distance from `optimize_inputs`, seconds), None where a tool lacks."""
    logging.getLogger("pyomo").setLevel(logging.ERROR)  # OMLT starts variables outside their bounds
    found = []
    for way, run in ways.items():
        begun = time.perf_counter()
        try:
            value = run(this)
        except ImportError as error:
            found.append((way, None, None, str(error)))
            continue
        off = abs(value / this.best.value - 1.0)
        found.append((way, value, off, time.perf_counter() - begun))
    return found


def main():
    for title, this, ways in (("tanh", smooth(), SMOOTH), ("ReLU", piecewise(), PIECEWISE)):
        low, high = this.best.interval[0]
        print(f"{title}: {this.best.message}; interval {low:.2f} to {high:.2f} MW, novelty "
              f"{this.best.novelty:.2f}")  # fmt: skip
        for way, value, off, seconds in compared(this, ways):
            if value is None:
                print(f"  {way:33} {seconds}")
                continue
            verdict = "" if off <= AGREE else f"  NOT within {AGREE:g}"
            print(f"  {way:33} {value:.8f} MW  {off:7.1e}  {seconds:5.2f} s{verdict}")


if __name__ == "__main__":
    main()
