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
MOST_ROWS_OF_MEMBERS = 12_000  # beyond it one network for each part of the rows takes long
SIZES = [(10,), (20,), (40,), (10, 10), (20, 20), (40, 40), (20, 20, 20)]
LARGE_SIZES = [(20, 20), (40, 40), (64, 64), (20, 20, 20), (40, 40, 40)]
ACTIVATIONS = ["tanh", "tanh", "relu"]  # tanh is drawn twice as often as relu


@public
def tuning_space(model: Any, X: Any) -> dict[str, Any]:
    """The space that `tune` searches by default, to look at and to change.

    Parameters
    ----------
    model : HybridRegressor, HybridClassifier, or an estimator that holds one
    X : array_like or DataFrame of shape (rows, features)
        Only its rows are counted: with 3000 and more, larger networks and ADAM on batches are
        among what is tried.  A network that grows stays one, its penalty and activation are tried.

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
    known = tunable.estimator.get_params()
    many = rows >= MANY_ROWS
    space: dict[str, Any] = {}
    if known["layers"] is None:
        space["hidden_layer_sizes"] = list(LARGE_SIZES if many else SIZES)
        space["activation"] = list(ACTIVATIONS)
    if known["hidden_layer_sizes"] == "grow" and known["layers"] is None:
        space.update({"hidden_layer_sizes": ["grow"], "alpha": _penalties(many)})
    elif _may_have_members(known) and rows < MOST_ROWS_OF_MEMBERS:
        space.update({"members": [5], "encoding": [None, "pieces"]})
    else:
        space.update(_of_one_network(known, many))
    return {tunable.prefix + name: values for name, values in space.items()}


def _may_have_members(known: dict[str, Any]) -> bool:
    """Whether an estimator trains several networks, and nothing in it asks for one."""
    left = ("strategy", "alpha", "validation_fraction")
    return (
        known.get("members") == "auto"
        and all(isinstance(known[name], str) for name in left)
        and known["strategy"] == "auto"
        and known["layers"] is None
        and known["early_stopping"] in (None, False)
        and not known["warm_start"]
        and all(known[limit] is None for limit in ("max_iter", "max_fun", "stop"))
    )


def _of_one_network(known: dict[str, Any], many: bool) -> dict[str, Any]:
    space: dict[str, Any] = {"alpha": _penalties(many)}
    # Rows that a fit holds out are missing in it; the splits of the search judge it anyway.
    fraction = known["validation_fraction"]
    if known["early_stopping"] in (None, False) and isinstance(fraction, str):
        space["validation_fraction"] = [None]
    return {**space, **(_of_many_rows() if many else _of_few_rows())}


def _penalties(many: bool) -> tuple[float, float, str]:
    return (1e-3, 10.0, "log") if many else (1e-3, 30.0, "log")


def _of_few_rows() -> dict[str, Any]:
    """Growing batches, all layers at once or one by one by a rule; then BFGS on all rows."""
    return {
        "strategy": ["fast"],
        "strategy__shell__selector": [None, MostSensitive(), PingPong()],
        "strategy__finish__max_iterations": [1000, 3000],
    }


def _of_many_rows() -> dict[str, Any]:
    """The same with all layers at once, or ADAM on batches and BFGS after it."""
    batches = Hybrid(
        None, MiniBatch(Adam(schedule="cosine"), epochs=60), Finish(max_iterations=300)
    )
    return {
        "strategy": ["fast", batches, batches],
        "strategy__shell__optimizer__learning_rate": (1e-3, 2e-2, "log"),
        "strategy__shell__batch_rows": [128, 256, 512],
    }
