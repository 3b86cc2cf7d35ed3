"""The public names for type checkers; `__init__.py` loads each when it is asked for first."""

from hbcd import callbacks as callbacks
from hbcd import core as core
from hbcd import datasets as datasets
from hbcd import distributed as distributed
from hbcd import explain as explain
from hbcd import export as export
from hbcd import metrics as metrics
from hbcd import plots as plots
from hbcd import tables as tables
from hbcd.callbacks.callback import Callback, Event
from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.core import BlockState
from hbcd.datasets.loaders import fetch_ccpp, fetch_siec, make_plant
from hbcd.design.optimize import optimize_inputs
from hbcd.design.result import OptimizedInputs
from hbcd.estimators.base import TrainingInterrupted
from hbcd.estimators.bounds.monotonicity import Monotonicity
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.constant_columns import ConstantFeatures
from hbcd.estimators.intervals.novelty import BeyondTraining
from hbcd.estimators.model_loading import load
from hbcd.estimators.parameters import NotFittedError
from hbcd.estimators.regressor import HybridRegressor
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.export.c.c_file import to_c
from hbcd.export.excel.excel_file import to_excel
from hbcd.export.fmi.fmi_file import to_fmi
from hbcd.export.julia.julia_file import to_julia
from hbcd.export.onnx.onnx_file import to_onnx
from hbcd.export.optimization.casadi_function import to_casadi
from hbcd.export.optimization.gekko_model import to_gekko
from hbcd.export.optimization.gurobi_model import to_gurobi
from hbcd.export.optimization.idaes_block import to_idaes
from hbcd.export.optimization.pyomo_block import to_pyomo
from hbcd.export.optimization.scip_model import to_scip
from hbcd.export.optimization.solver_tool import EmbeddedModel
from hbcd.export.record import ExportRecord, read_record
from hbcd.export.structured_text.structured_text import to_structured_text
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import BFGS, ICRS, LBFGS, Adam, BarzilaiBorwein
from hbcd.optimizers.least_squares import ExactOutput, LevenbergMarquardt
from hbcd.optimizers.minimize import minimize
from hbcd.parts.activations import (
    Activation,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
)
from hbcd.parts.compiled import CompiledActivation, CompiledLayer, CompiledLoss
from hbcd.parts.layers import HiddenLayer, InputLayer, Layer, OutputLayer
from hbcd.parts.losses import (
    AbsoluteError,
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
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces
from hbcd.plots import (
    PredictionDisplay,
    plot_accumulated_effects,
    plot_confusion,
    plot_error_by_feature,
    plot_growth,
    plot_history,
    plot_importance,
    plot_intervals,
    plot_layer_selection,
    plot_partial_dependence,
    plot_prediction,
    plot_probabilities,
    plot_sensitivity,
    plot_sobol,
)
from hbcd.streams.rows import Rows
from hbcd.training.by_rows import ByRows
from hbcd.training.grow import Grow
from hbcd.training.hybrid import Hybrid
from hbcd.training.multi_start import MultiStart
from hbcd.training.network import Network
from hbcd.training.phase import Phase
from hbcd.training.sequence import Sequence
from hbcd.training.strategies import (
    BatchShell,
    BlockCoordinateDescent,
    Finish,
    FullBatch,
    MiniBatch,
)
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.tuning.default_space import tuning_space
from hbcd.tuning.halving import SuccessiveHalving
from hbcd.tuning.result import TuneResult
from hbcd.tuning.tune import tune
from hbcd.utils.configuration import show_config
from hbcd.utils.version import __version__

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
    "BeyondTraining",
    "BlockCoordinateDescent",
    "BlockDiagonalLayer",
    "BlockSelector",
    "BlockState",
    "ByRows",
    "Callback",
    "CompiledActivation",
    "CompiledLayer",
    "CompiledLoss",
    "ConstantFeatures",
    "CrossEntropy",
    "DecreasePerOperation",
    "EarlyStopping",
    "EmbeddedModel",
    "Event",
    "ExactOutput",
    "ExportRecord",
    "Finish",
    "FitReport",
    "ForwardSequential",
    "FullBatch",
    "GradientNorm",
    "Grow",
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
    "Monotonicity",
    "MostSensitive",
    "MultiStart",
    "Network",
    "NetworkStructure",
    "NotFittedError",
    "OptimizedInputs",
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
    "Rows",
    "ScalingFactor",
    "Sensitivity",
    "Sequence",
    "Sigmoid",
    "SmoothPieces",
    "SquaredError",
    "Stop",
    "StopReason",
    "SuccessiveHalving",
    "Tanh",
    "TargetTransform",
    "TrainingInterrupted",
    "TrainingStrategy",
    "TuneResult",
    "__version__",
    "fetch_ccpp",
    "fetch_siec",
    "load",
    "make_plant",
    "minimize",
    "optimize_inputs",
    "plot_accumulated_effects",
    "plot_confusion",
    "plot_error_by_feature",
    "plot_growth",
    "plot_history",
    "plot_importance",
    "plot_intervals",
    "plot_layer_selection",
    "plot_partial_dependence",
    "plot_prediction",
    "plot_probabilities",
    "plot_sensitivity",
    "plot_sobol",
    "read_record",
    "show_config",
    "to_c",
    "to_casadi",
    "to_excel",
    "to_fmi",
    "to_gekko",
    "to_gurobi",
    "to_idaes",
    "to_julia",
    "to_onnx",
    "to_pyomo",
    "to_scip",
    "to_structured_text",
    "tune",
    "tuning_space",
]
