"""hbcd: dense neural networks for tables of numbers, trained on the CPU.

Hybrid training: random search, block coordinate descent over layers on batch subsets, restricted
quasi-Newton steps.  Start with `HybridRegressor`, `HybridClassifier` or `Network`.

A public name is loaded when it is asked for first: `import hbcd` costs little more than NumPy.
A new one is entered here, in `__init__.pyi` for type checkers, and has `@public` in its own file.
"""

from typing import Any

from hbcd import core as core  # at once: a core that cannot be loaded is told at import
from hbcd.utils.version import __version__ as __version__

_PUBLIC = {
    "hbcd.callbacks.callback": (
        "Callback",
        "Event",
    ),
    "hbcd.callbacks.early_stopping": ("EarlyStopping",),
    "hbcd.core": ("BlockState",),
    "hbcd.datasets.loaders": (
        "fetch_ccpp",
        "fetch_siec",
        "make_plant",
    ),
    "hbcd.design.optimize": ("optimize_inputs",),
    "hbcd.design.result": ("OptimizedInputs",),
    "hbcd.estimators.base": ("TrainingInterrupted",),
    "hbcd.estimators.classifier": ("HybridClassifier",),
    "hbcd.estimators.constant_columns": ("ConstantFeatures",),
    "hbcd.estimators.model_loading": ("load",),
    "hbcd.estimators.bounds.monotonicity": ("Monotonicity",),
    "hbcd.estimators.intervals.novelty": ("BeyondTraining",),
    "hbcd.estimators.parameters": ("NotFittedError",),
    "hbcd.estimators.regressor": ("HybridRegressor",),
    "hbcd.estimators.targets.target_transform": ("TargetTransform",),
    "hbcd.export.c.c_file": ("to_c",),
    "hbcd.export.optimization.casadi_function": ("to_casadi",),
    "hbcd.export.excel.excel_file": ("to_excel",),
    "hbcd.export.fmi.fmi_file": ("to_fmi",),
    "hbcd.export.optimization.gekko_model": ("to_gekko",),
    "hbcd.export.optimization.gurobi_model": ("to_gurobi",),
    "hbcd.export.optimization.idaes_block": ("to_idaes",),
    "hbcd.export.julia.julia_file": ("to_julia",),
    "hbcd.export.onnx.onnx_file": ("to_onnx",),
    "hbcd.export.optimization.pyomo_block": ("to_pyomo",),
    "hbcd.export.record": ("ExportRecord", "read_record"),
    "hbcd.export.optimization.scip_model": ("to_scip",),
    "hbcd.export.optimization.solver_tool": ("EmbeddedModel",),
    "hbcd.export.structured_text.structured_text": ("to_structured_text",),
    "hbcd.networks.structure": ("NetworkStructure",),
    "hbcd.optimizers.base": ("Optimizer",),
    "hbcd.optimizers.builtin": (
        "BFGS",
        "ICRS",
        "LBFGS",
        "Adam",
        "BarzilaiBorwein",
    ),
    "hbcd.optimizers.least_squares": (
        "ExactOutput",
        "LevenbergMarquardt",
    ),
    "hbcd.optimizers.minimize": ("minimize",),
    "hbcd.parts.activations": (
        "Activation",
        "Identity",
        "LeakyReLU",
        "ReLU",
        "Sigmoid",
        "Tanh",
    ),
    "hbcd.parts.compiled": (
        "CompiledActivation",
        "CompiledLayer",
        "CompiledLoss",
    ),
    "hbcd.parts.layers": (
        "HiddenLayer",
        "InputLayer",
        "Layer",
        "OutputLayer",
    ),
    "hbcd.parts.losses": (
        "AbsoluteError",
        "CrossEntropy",
        "Huber",
        "LogCosh",
        "Logistic",
        "Loss",
        "Poisson",
        "Quantile",
        "SquaredError",
    ),
    "hbcd.parts.report": ("FitReport",),
    "hbcd.parts.selectors": (
        "Backward",
        "BlockSelector",
        "DecreasePerOperation",
        "ForwardSequential",
        "LipschitzWeighted",
        "MostSensitive",
        "PingPong",
        "RandomBlock",
    ),
    "hbcd.parts.sensitivities": (
        "GradientNorm",
        "ProjectedGradient",
        "RelativeGradient",
        "RootMeanSquareGradient",
        "ScalingFactor",
        "Sensitivity",
    ),
    "hbcd.parts.structured_layers": (
        "BlockDiagonalLayer",
        "SmoothPieces",
    ),
    "hbcd.parts.stopping": (
        "Stop",
        "StopReason",
    ),
    "hbcd.plots": (
        "PredictionDisplay",
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
    ),
    "hbcd.streams.rows": ("Rows",),
    "hbcd.training.by_rows": ("ByRows",),
    "hbcd.training.grow": ("Grow",),
    "hbcd.training.hybrid": ("Hybrid",),
    "hbcd.training.multi_start": ("MultiStart",),
    "hbcd.training.network": ("Network",),
    "hbcd.training.phase": ("Phase",),
    "hbcd.training.sequence": ("Sequence",),
    "hbcd.training.strategies": (
        "BatchShell",
        "BlockCoordinateDescent",
        "Finish",
        "FullBatch",
        "MiniBatch",
    ),
    "hbcd.training.strategy_base": ("TrainingStrategy",),
    "hbcd.tuning.default_space": ("tuning_space",),
    "hbcd.tuning.halving": ("SuccessiveHalving",),
    "hbcd.tuning.result": ("TuneResult",),
    "hbcd.tuning.tune": ("tune",),
    "hbcd.utils.configuration": ("show_config",),
}
_HOMES = {name: module for module, names in _PUBLIC.items() for name in names}

#: Folders that are reached as `hbcd.NAME` without an import of their own.
_FOLDERS = (
    "callbacks",
    "datasets",
    "distributed",
    "explain",
    "export",
    "metrics",
    "plots",
    "tables",
)

__all__ = sorted(["__version__", *_HOMES])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """A public name or folder, loaded now and kept."""
    import importlib

    if name in _FOLDERS:
        return importlib.import_module(f"hbcd.{name}")
    if name not in _HOMES:
        raise _unknown(name)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_FOLDERS, "core", "__doc__", "__file__", "__name__", "__path__"})


def _unknown(name: str) -> AttributeError:
    import difflib

    near = difflib.get_close_matches(name, [*_HOMES, *_FOLDERS], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    # With its name given, the interpreter adds no hint of its own.
    return AttributeError(f"module 'hbcd' has no attribute {name!r}{hint}", name=name)
