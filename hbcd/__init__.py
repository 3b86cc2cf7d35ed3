"""hbcd: dense neural networks for tables of numbers, trained on the CPU.

Hybrid training: random search, block coordinate descent over layers on batch subsets, restricted
quasi-Newton steps.  See the README; start with `HybridRegressor` or `Network`.
"""

from typing import TYPE_CHECKING, Any

from hbcd import core as core  # first: it loads the core
from hbcd.callbacks.callback import Callback, EarlyStopping, Event
from hbcd.core import BlockState
from hbcd.datasets.loaders import fetch_ccpp, fetch_siec, make_plant
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor, NotFittedError, TrainingInterrupted, load
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import BFGS, ICRS, LBFGS, Adam, BarzilaiBorwein
from hbcd.optimizers.least_squares import ExactOutput, LevenbergMarquardt
from hbcd.optimizers.minimize import minimize
from hbcd.parts.activations import (
    Activation,
    CompiledActivation,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
)
from hbcd.parts.layers import HiddenLayer, InputLayer, Layer, OutputLayer
from hbcd.parts.losses import (
    AbsoluteError,
    CompiledLoss,
    CrossEntropy,
    Huber,
    LogCosh,
    Logistic,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from hbcd.parts.report import FitReport
from hbcd.parts.selectors import (
    Backward,
    BlockSelector,
    DecreasePerOperation,
    ForwardSequential,
    LipschitzWeighted,
    MostSensitive,
    PingPong,
    RandomBlock,
)
from hbcd.parts.sensitivities import (
    GradientNorm,
    ProjectedGradient,
    RelativeGradient,
    RootMeanSquareGradient,
    ScalingFactor,
    Sensitivity,
)
from hbcd.parts.stopping import Stop, StopReason
from hbcd.training.network import Network
from hbcd.training.strategies import (
    BatchShell,
    BlockCoordinateDescent,
    Finish,
    FullBatch,
    Hybrid,
    MiniBatch,
    MultiStart,
    Phase,
    TrainingStrategy,
)
from hbcd.utils.version import __version__

if TYPE_CHECKING:
    from hbcd.plots import (
        PredictionDisplay,
        plot_confusion,
        plot_error_by_feature,
        plot_history,
        plot_layer_selection,
        plot_prediction,
        plot_probabilities,
        plot_sensitivity,
    )

__all__ = [
    "BFGS",
    "ICRS",
    "LBFGS",
    "AbsoluteError",
    "Activation",
    "Adam",
    "Backward",
    "BarzilaiBorwein",
    "BatchShell",
    "BlockCoordinateDescent",
    "BlockSelector",
    "BlockState",
    "Callback",
    "CompiledActivation",
    "CompiledLoss",
    "CrossEntropy",
    "DecreasePerOperation",
    "EarlyStopping",
    "Event",
    "ExactOutput",
    "Finish",
    "FitReport",
    "ForwardSequential",
    "FullBatch",
    "GradientNorm",
    "HiddenLayer",
    "Huber",
    "Hybrid",
    "HybridClassifier",
    "HybridRegressor",
    "Identity",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "LevenbergMarquardt",
    "LipschitzWeighted",
    "LogCosh",
    "Logistic",
    "Loss",
    "MiniBatch",
    "MostSensitive",
    "MultiStart",
    "Network",
    "NetworkStructure",
    "NotFittedError",
    "Optimizer",
    "OutputLayer",
    "Phase",
    "PingPong",
    "Poisson",
    "PredictionDisplay",
    "ProjectedGradient",
    "Quantile",
    "RandomBlock",
    "ReLU",
    "RelativeGradient",
    "RootMeanSquareGradient",
    "ScalingFactor",
    "Sensitivity",
    "Sigmoid",
    "SquaredError",
    "Stop",
    "StopReason",
    "Tanh",
    "TrainingInterrupted",
    "TrainingStrategy",
    "__version__",
    "fetch_ccpp",
    "fetch_siec",
    "load",
    "make_plant",
    "minimize",
    "plot_confusion",
    "plot_error_by_feature",
    "plot_history",
    "plot_layer_selection",
    "plot_prediction",
    "plot_probabilities",
    "plot_sensitivity",
    "show_config",
]


def show_config() -> dict[str, Any]:
    """What this build can do and what runs.

    Returns
    -------
    dict
        Version, instruction set, OpenMP, threads.
    """
    from hbcd.utils.validation import effective_threads

    return {"version": __version__, **core.config(), "threads": effective_threads(None)}


if not TYPE_CHECKING:  # a checker would let every name pass

    def __getattr__(name: str) -> Any:
        """The pictures, when the first of them is asked for: most fits need none."""
        if name == "plots" or name == "PredictionDisplay" or name.startswith("plot_"):
            from importlib import import_module

            plots = import_module("hbcd.plots")
            if name == "plots":
                return plots
            if name in plots.__all__:
                return getattr(plots, name)
        raise AttributeError(f"module 'hbcd' has no attribute {name!r}")
