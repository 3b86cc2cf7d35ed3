"""What `space=None` stands for."""

from __future__ import annotations

from typing import Any

from hbcd.optimizers.builtin import Adam
from hbcd.parts.selectors import MostSensitive, PingPong
from hbcd.training.hybrid import Hybrid
from hbcd.training.strategies import Finish, MiniBatch
from hbcd.tuning.candidates import Tunable
from hbcd.tuning.splits import count_rows
from hbcd.utils.public import public

__all__ = ["default_space", "tuning_space"]

MANY_ROWS = 3000  # from here on batches are worth their while
SIZES = [(10,), (20,), (40,), (10, 10), (20, 20), (40, 40), (20, 20, 20)]
LARGE_SIZES = [(20, 20), (40, 40), (64, 64), (20, 20, 20), (40, 40, 40)]
ACTIVATIONS = ["tanh", "tanh", "relu"]  # twice: half as likely again to be the best one
#: Parameters that not every version of an estimator has, and what is tried for them.
WHERE_THERE = {
    "encoding": [None, "pieces"],
    "target_transform": [None, "yeo-johnson"],
}


@public
def tuning_space(model: Any, X: Any) -> dict[str, Any]:
    """The space that `tune` searches by default, to look at and to change.

    Parameters
    ----------
    model : HybridRegressor, HybridClassifier, or an estimator that holds one
    X : array_like or DataFrame of shape (rows, features)
        Only its rows are counted: with 3000 and more, larger networks and ADAM on batches are
        among what is tried.

    Returns
    -------
    dict
        Names of parameters, with the prefix that they have in `model`, and their values.

    Raises
    ------
    TypeError
        No estimator of hbcd in the model.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(200, rng=0, return_X_y=True)
    >>> space = hbcd.tuning_space(hbcd.HybridRegressor(), X)
    >>> space["activation"] = ["tanh"]
    >>> sorted(space)[:3]
    ['activation', 'alpha', 'hidden_layer_sizes']
    """
    return default_space(Tunable(model), count_rows(X))


def default_space(tunable: Tunable, rows: int) -> dict[str, Any]:
    """The same for a model that is looked at already, and a number of rows."""
    estimator = tunable.estimator
    many = rows >= MANY_ROWS
    space: dict[str, Any] = {}
    if estimator.layers is None:
        space["hidden_layer_sizes"] = list(LARGE_SIZES if many else SIZES)
        space["activation"] = list(ACTIVATIONS)
    space["alpha"] = (1e-3, 10.0, "log") if many else (1e-3, 30.0, "log")
    # Rows that a fit holds out are missing in it; the splits of the search judge it anyway.
    if estimator.early_stopping in (None, False) and estimator.validation_fraction == "auto":
        space["validation_fraction"] = [None]
    space.update(_of_many_rows() if many else _of_few_rows())
    known = estimator.get_params()
    space.update({name: values for name, values in WHERE_THERE.items() if name in known})
    return {tunable.prefix + name: values for name, values in space.items()}


def _of_few_rows() -> dict[str, Any]:
    """Growing batches, all layers at once or one by one by a rule; then BFGS on all rows."""
    return {
        "strategy": ["fast"],
        "strategy__shell__selector": [None, MostSensitive(), PingPong()],
        "strategy__finish__max_iterations": [1000, 3000],
    }


def _of_many_rows() -> dict[str, Any]:
    """The same with all layers at once, or ADAM on batches and BFGS after it."""
    batches = Hybrid(None, MiniBatch(Adam(), epochs=60), Finish(max_iterations=300))
    return {
        "strategy": ["fast", batches, batches],
        "strategy__shell__optimizer__learning_rate": (1e-3, 2e-2, "log"),
        "strategy__shell__batch_rows": [128, 256, 512],
    }
