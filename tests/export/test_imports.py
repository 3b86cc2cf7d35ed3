"""Other tools are imported when something is exported to them, never before."""

import os
import subprocess
import sys

from hbcd.export.targets import TARGETS

PROBE = """
import sys
import hbcd
import hbcd.export
names = ("to_c", "to_fmi", "to_onnx", "to_casadi", "to_pyomo", "to_idaes", "to_gurobi", "to_scip",
         "to_gekko", "read_record", "ExportRecord", "EmbeddedModel")
for name in names:
    getattr(hbcd, name)
import hbcd.export.optimization.gurobi_ml
import hbcd.export.onnx.sklearn_onnx
import hbcd.export.targets
others = {"onnx", "onnxruntime", "skl2onnx", "casadi", "pyomo", "omlt", "gurobipy", "pyscipopt",
          "gekko", "idaes"}
assert not others & set(sys.modules), others & set(sys.modules)
"""


def test_exports_load_no_other_tool_before_they_are_called():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_target_is_there_and_takes_its_options():
    import importlib
    import inspect

    for one in TARGETS.values():
        function = getattr(importlib.import_module(one.home[0]), one.home[1])
        assert set(one.options) <= set(inspect.signature(function).parameters)
