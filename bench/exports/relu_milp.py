"""Networks of ReLU in HiGHS: our proven bounds of neurons beside OMLT's intervals."""

import logging
import tempfile
import time
from pathlib import Path

import highspy
import numpy as np
import pyomo.environ as pyo
from omlt import OmltBlock
from omlt.io.onnx import load_onnx_neural_network_with_bounds
from omlt.neuralnet import ReluBigMFormulation

import hbcd

GAP, LIMIT = 1e-6, 120.0  # relative; seconds
WIDTHS = [(12, 12)] * 5 + [(10, 10, 10)] * 5


def solved(problem, path):
    """Nodes, CPU seconds and optimum of a problem by HiGHS on one thread."""
    problem.write(str(path))
    solver = highspy.Highs()
    options = {"output_flag": False, "threads": 1, "time_limit": LIMIT, "mip_rel_gap": GAP}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.readModel(str(path))
    start = time.process_time()
    solver.run()
    seconds = time.process_time() - start
    about = solver.getInfo()
    return about.mip_node_count, seconds, about.objective_function_value


def problems(model, folder):
    """The same maximum by OMLT from our file, and by our block."""
    path = folder / "m.onnx"
    hbcd.to_onnx(model, path, dialect="omlt")
    theirs, ours = pyo.ConcreteModel(), pyo.ConcreteModel()
    theirs.plant = OmltBlock()
    network = load_onnx_neural_network_with_bounds(str(path))
    theirs.plant.build_formulation(ReluBigMFormulation(network))
    theirs.most = pyo.Objective(expr=theirs.plant.outputs[0], sense=pyo.maximize)
    ours.plant = pyo.Block()
    hbcd.to_pyomo(model, ours.plant, formulation="relu_bigm")
    (name,) = ours.plant.outputs
    ours.most = pyo.Objective(expr=ours.plant.outputs[name], sense=pyo.maximize)
    return theirs, ours


def main():
    """Prints a line for each of ten networks, and geometric means."""
    logging.getLogger("pyomo").setLevel(logging.ERROR)  # OMLT's starts lie outside the bounds
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        for seed, widths in enumerate(WIDTHS):
            X, y = hbcd.make_plant(600, rng=seed, return_X_y=True)
            model = hbcd.HybridRegressor(widths, "relu", random_state=seed, max_iter=150).fit(X, y)
            folder = Path(name)
            theirs, ours = (
                solved(problem, folder / f"{k}.lp")
                for k, problem in enumerate(problems(model, folder))
            )
            same = "same" if abs(theirs[2] - ours[2]) <= 2 * GAP * abs(ours[2]) else "OTHER"
            print(f"{widths} seed {seed}: {same} optimum; OMLT {theirs[0]} nodes, "
                  f"{theirs[1]:.2f} s; ours {ours[0]} nodes, {ours[1]:.2f} s")  # fmt: skip
            ratios.append([(ours[0] + 1) / (theirs[0] + 1), ours[1] / theirs[1]])
    nodes, seconds = np.exp(np.log(ratios).mean(axis=0))
    print(f"geometric mean, ours by OMLT's: nodes {nodes:.2f}, CPU seconds {seconds:.2f}")


if __name__ == "__main__":
    main()
