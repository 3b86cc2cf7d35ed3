"""What tests of tuning share: a small table, a quick model, and what a result is made of."""

import json

import numpy as np

import hbcd

SPACE = {
    "hidden_layer_sizes": [(2,), (4,), (3, 2)],
    "alpha": (1e-3, 10.0, "log"),
    "strategy__finish__max_iterations": [20, 40],
}
# One group sees the losses of the group before; two splits of 60 rows: milliseconds a fit.
OPTIONS = {"budget": 7, "cv": 2, "halving": hbcd.SuccessiveHalving(group=3), "random_state": 0}


def table(rows=60, seed=0):
    """Two inputs and a target that depends on both."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, 2))
    return X, X[:, 0] + np.tanh(2 * X[:, 1]) + 0.1 * generator.normal(size=rows)


def model(**changes):
    """A regressor that trains for milliseconds."""
    options = {
        "hidden_layer_sizes": (3,),
        "random_state": 0,
        "n_threads": 1,
        "max_iter": 60,
        "alpha": 50.0,
        "strategy": "fast",
    }
    return hbcd.HybridRegressor(**{**options, **changes})


def signature(result):
    """Everything of a result but times, as text that is equal bit by bit or not."""
    trials = result.trials.drop(columns="seconds").astype(object)
    return json.dumps(
        {
            "best": repr(result.best_params_),
            "scores": [result.best_score_.hex(), result.given_score_.hex()],
            "theta": getattr(result.best_estimator_, "theta_", np.empty(0)).tobytes().hex(),
            "trials": trials.map(lambda v: v.hex() if isinstance(v, float) else repr(v)).to_csv(),
            "cost": {k: float(v).hex() for k, v in result.cost.items() if k != "seconds"},
        }
    )
