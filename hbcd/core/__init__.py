"""The binding to the C core, and the only way to it: `from hbcd import core`.

It loads the core with an OpenMP runtime that does not spin for long.

GNU's runtime lets a thread that has nothing to do spin for milliseconds before it sleeps.  On a
host that others use too, the spinning threads use up the processors: beside other work a
training run of the core on two threads took 2.8 s with the runtime's default and 0.4 s with this.
The runtime reads its environment once, when it is loaded, so the variable is set for just that
moment, and only where the user has not decided otherwise.

A core that cannot be loaded (HBCD_SIMD names an instruction set that is missing) is an ImportError,
and so is a sub-interpreter, in which NumPy does not run either, whichever imports it first;
the command hbcd, which has not started then, prints it in one line as every other error.
"""

import importlib
import os
import sys

SPINS = "8000"  # some 100 microseconds: longer than the gap between two evaluations


def _is_command() -> bool:
    """Whether this process is the command hbcd, or ``python -m hbcd``."""
    program = os.path.basename(sys.argv[0]) if sys.argv else ""
    return os.path.splitext(program)[0] == "hbcd" or (
        program == "-m" and ("-m", "hbcd") in zip(sys.orig_argv, sys.orig_argv[1:], strict=False)
    )


def _wants_traceback() -> bool:
    return "--debug" in sys.argv[1:] or os.environ.get("HBCD_DEBUG", "") not in ("", "0")


def _refuse_sub_interpreter() -> None:
    for name in ("_interpreters", "_xxsubinterpreters"):  # from Python 3.13 on, before
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        if interpreters.get_current() != interpreters.get_main():
            raise ImportError(
                "hbcd runs in the main interpreter only, as NumPy does: use threads or processes "
                "instead of sub-interpreters"
            )
        return


_decided = any(name in os.environ for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"))
if not _decided:
    os.environ["GOMP_SPINCOUNT"] = SPINS
try:
    _refuse_sub_interpreter()
    from hbcd.core._core import (
        ACTIVATIONS,
        EVENTS,
        LOSSES,
        RECORD,
        SELECTORS,
        SENSITIVITIES,
        BlockState,
        CoreObjective,
        Data,
        LossFunction,
        Net,
        Points,
        StopEvaluating,
        StopLimits,
        Watch,
        activation_backward,
        activation_curvature,
        activation_forward,
        add_nodes,
        all_finite,
        check_compiled_activation,
        check_compiled_layer,
        check_compiled_loss,
        compiled_backward_call,
        compiled_curvature_call,
        compiled_forward_call,
        compiled_layer_backward_call,
        compiled_layer_forward_call,
        compiled_loss_call,
        config,
        hessian,
        jacobian,
        lane_rows,
        linearize,
        loss_of_rows,
        measure_sensitivity,
        minimize,
        pack_tiles,
        row_products,
        row_sums,
        select_block,
        status_text,
        take_rows,
        train,
        whiten,
    )
except ImportError as error:
    if not _is_command() or _wants_traceback():
        raise
    print(f"hbcd: error: {error}", file=sys.stderr)
    raise SystemExit(2) from None
finally:
    if not _decided:
        del os.environ["GOMP_SPINCOUNT"]

__all__ = [
    "ACTIVATIONS",
    "EVENTS",
    "LOSSES",
    "RECORD",
    "SELECTORS",
    "SENSITIVITIES",
    "BlockState",
    "CoreObjective",
    "Data",
    "LossFunction",
    "Net",
    "Points",
    "StopEvaluating",
    "StopLimits",
    "Watch",
    "activation_backward",
    "activation_curvature",
    "activation_forward",
    "add_nodes",
    "all_finite",
    "check_compiled_activation",
    "check_compiled_layer",
    "check_compiled_loss",
    "compiled_backward_call",
    "compiled_curvature_call",
    "compiled_forward_call",
    "compiled_layer_backward_call",
    "compiled_layer_forward_call",
    "compiled_loss_call",
    "config",
    "hessian",
    "jacobian",
    "lane_rows",
    "linearize",
    "loss_of_rows",
    "measure_sensitivity",
    "minimize",
    "pack_tiles",
    "row_products",
    "row_sums",
    "select_block",
    "status_text",
    "take_rows",
    "train",
    "whiten",
]
