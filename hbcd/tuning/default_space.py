"""What `space=None` stands for."""

from __future__ import annotations

from typing import Any

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.fitting.member_plan import FEWEST_ROWS, why_one_network
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
OF_MEMBERS = {"members": "auto", "effort": "balanced", "encoding": "auto"}  # by default
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
    else:
        space.update(_of_members(tunable.estimator, rows) or _of_one_network(known, many))
    return {tunable.prefix + name: values for name, values in space.items()}


def _of_members(estimator: HybridEstimator, rows: int) -> dict[str, Any] | None:
    """What there is to choose of members; None where the search is better over one network.

    Widths are given in every candidate, so that members must be asked for.
    """
    known = estimator.get_params()
    asked = any(known[name] != default for name, default in OF_MEMBERS.items())
    members = 5 if known["members"] == "auto" else known["members"]
    free = {"hidden_layer_sizes": "auto", "members": members if asked else known["members"]}
    few = 2 * FEWEST_ROWS <= rows < MOST_ROWS_OF_MEMBERS  # half of them may be left out
    if why_one_network(type(estimator)(**{**known, **free})) or not (asked or few):
        return None
    encodings = [None, "pieces"] if known["encoding"] == "auto" else [known["encoding"]]
    return {"members": [members], "encoding": encodings}


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
