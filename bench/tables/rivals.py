"""The methods that tables.py measures hbcd against: defaults, one thread, where installed.

Networks of other libraries that take numbers as they are get standardized columns and targets, as
hbcd gives itself; trees need neither.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["MLP", "RIVALS", "Rival", "versions"]

MLP = "MLP lbfgs 64-64"


@dataclass(frozen=True)
class Rival:
    """`make` gives an estimator for (classes, seed, **options); `package` is what it needs."""

    package: str
    make: Callable[..., Any]


def _catboost(classes: bool, seed: int) -> Any:
    import catboost

    kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    return kind(random_seed=seed, thread_count=1, verbose=0, allow_writing_files=False)


def _xgboost(classes: bool, seed: int) -> Any:
    import xgboost

    kind = xgboost.XGBClassifier if classes else xgboost.XGBRegressor
    return kind(random_state=seed, n_jobs=1)


def _lightgbm(classes: bool, seed: int) -> Any:
    import lightgbm

    kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    return kind(random_state=seed, n_jobs=1, verbose=-1)


def _hist(classes: bool, seed: int) -> Any:
    from sklearn import ensemble

    kind = (
        ensemble.HistGradientBoostingClassifier
        if classes
        else ensemble.HistGradientBoostingRegressor
    )
    return kind(random_state=seed)


def _extra_trees(classes: bool, seed: int) -> Any:
    from sklearn import ensemble

    kind = ensemble.ExtraTreesClassifier if classes else ensemble.ExtraTreesRegressor
    return kind(random_state=seed, n_jobs=1)


def _scaled(model: Any, classes: bool) -> Any:
    """Standardized columns, and standardized targets for numbers."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    both = make_pipeline(StandardScaler(), model)
    return both if classes else TransformedTargetRegressor(both, transformer=StandardScaler())


def _mlp_lbfgs(classes: bool, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if classes else MLPRegressor
    return _scaled(kind(hidden_layer_sizes=(64, 64), solver="lbfgs", random_state=seed), classes)


def _mlp(classes: bool, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return _scaled((MLPClassifier if classes else MLPRegressor)(random_state=seed), classes)


def _logistic(classes: bool, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(random_state=seed, max_iter=1000), classes)


def _mean(classes: bool, seed: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


def _ridge(classes: bool, seed: int) -> Any:
    """The penalty by leave-one-out, which costs ridge nothing."""
    import numpy as np
    from sklearn.linear_model import RidgeCV

    return _scaled(RidgeCV(np.logspace(-2, 5, 15)), classes)


def _real_mlp(classes: bool, seed: int) -> Any:
    import pytabkit

    kind = pytabkit.RealMLP_TD_Classifier if classes else pytabkit.RealMLP_TD_Regressor
    return kind(device="cpu", random_state=seed, n_threads=1)


def _tabm(classes: bool, seed: int) -> Any:
    import pytabkit

    kind = pytabkit.TabM_D_Classifier if classes else pytabkit.TabM_D_Regressor
    return kind(device="cpu", random_state=seed, n_threads=1)


def _torch(classes: bool, seed: int, **options: Any) -> Any:
    from bench.bigger.torch_net import TorchNet

    return TorchNet(seed=seed, **options)


RIVALS: dict[str, Rival] = {
    "CatBoost": Rival("catboost", _catboost),
    "XGBoost": Rival("xgboost", _xgboost),
    "LightGBM": Rival("lightgbm", _lightgbm),
    "HistGradientBoosting": Rival("scikit-learn", _hist),
    "ExtraTrees": Rival("scikit-learn", _extra_trees),
    MLP: Rival("scikit-learn", _mlp_lbfgs),
    "MLP": Rival("scikit-learn", _mlp),
    "logistic regression": Rival("scikit-learn", _logistic),
    "mean": Rival("scikit-learn", _mean),
    "ridge": Rival("scikit-learn", _ridge),
    "RealMLP": Rival("pytabkit", _real_mlp),
    "TabM": Rival("pytabkit", _tabm),
    "torch": Rival("torch", _torch),
}


def versions(names: tuple[str, ...]) -> dict[str, str | None]:
    """Name -> what is installed, such as "catboost 1.2.10"; None where it is not."""
    found: dict[str, str | None] = {}
    for name in names:
        package = RIVALS[name].package
        try:
            found[name] = f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
