"""What `import hbcd` gives: every public name, at one address, and nothing heavy before its use."""

import ast
import copy
import dataclasses
import importlib
import inspect
import os
import pickle
import subprocess
import sys
import time
import typing

import pytest

import hbcd
from support.sources import PACKAGE

NAMES = [name for name in hbcd.__all__ if name != "__version__"]
CLASSES = [name for name in NAMES if inspect.isclass(getattr(hbcd, name))]
# Folders that `import hbcd` does not give: the insides, and the command.
INSIDE = {
    "bounds",
    "cli",
    "design",
    "estimators",
    "members",
    "model_files",
    "networks",
    "optimizers",
    "parts",
    "streams",
    "training",
    "tuning",
    "uncertainty",
    "utils",
}


def run(program):
    """The output of a fresh interpreter, which sees the package as this one does."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def test_import_loads_neither_pandas_nor_scipy():
    heavy = "('pandas', 'scipy', 'sklearn', 'matplotlib')"
    assert run(f"import sys, hbcd; print([n for n in {heavy} if n in sys.modules])") == "[]\n"


def test_import_costs_little_beyond_numpy():
    def seconds(module):
        program = (
            f"import time, numpy; t = time.perf_counter(); import {module};"
            "print(time.perf_counter() - t)"
        )
        return min(float(run(program)) for _ in range(3))

    start = time.perf_counter()
    assert seconds("hbcd") <= 0.06, f"on a machine where this took {time.perf_counter() - start} s"


@pytest.mark.parametrize("name", NAMES)
def test_the_address_of_a_public_name_is_hbcd(name):
    value = getattr(hbcd, name)
    assert value.__module__ == "hbcd"
    assert value.__qualname__ == name


def test_the_address_is_hbcd_also_where_the_deep_path_came_first():
    program = (
        "from hbcd.parts.activations import Tanh; from hbcd.optimizers.minimize import minimize;"
        "import pickle, hbcd;"
        "print(Tanh.__module__, minimize.__module__, hbcd.Tanh is Tanh, hbcd.minimize is minimize);"
        "print(pickle.loads(pickle.dumps(Tanh)) is Tanh, b'parts' in pickle.dumps(Tanh()))"
    )
    assert run(program) == "hbcd hbcd True True\nTrue False\n"


def test_the_stub_names_what_the_package_gives_and_where_it_is():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        (alias.name, node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {**hbcd._HOMES, "__version__": "hbcd.utils.version"}
    assert imported == {*homes.items(), *((name, "hbcd") for name in (*hbcd._FOLDERS, "core"))}
    listed = next(node for node in tree.body if isinstance(node, ast.Assign))
    assert sorted(ast.literal_eval(listed.value)) == hbcd.__all__


def test_public_names_are_those_that_their_files_call_public():
    marked = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            decorators = getattr(node, "decorator_list", [])
            if any(ast.unparse(decorator) == "public" for decorator in decorators):
                assert ast.unparse(decorators[0]) == "public", f"{node.name}: @public stands first"
                marked.add(node.name)
    compiled = set(hbcd._PUBLIC["hbcd.core"])
    assert marked == {*NAMES} - compiled


def test_every_folder_is_either_given_or_inside():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == {*hbcd._FOLDERS, "core"} | INSIDE
    for name in hbcd._FOLDERS:
        assert getattr(hbcd, name) is importlib.import_module(f"hbcd.{name}")


def test_dir_and_star_give_every_name():
    assert {*hbcd.__all__, *hbcd._FOLDERS} <= {*dir(hbcd)}
    names = {}
    exec("from hbcd import *", names)
    assert {*hbcd.__all__} <= {*names}


def test_a_misspelled_name_suggests_the_right_one():
    with pytest.raises(AttributeError, match="'HybridRegresor'; did you mean 'HybridRegressor'"):
        hbcd.HybridRegresor  # noqa: B018
    with pytest.raises(AttributeError, match="'LBGFS'; did you mean 'LBFGS'"):
        hbcd.LBGFS  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'nothing_like_it'$"):
        hbcd.nothing_like_it  # noqa: B018
    with pytest.raises(ImportError):
        exec("from hbcd import Netwrk")
    assert run("import hbcd; hbcd.Netwrk").lower().count("did you mean") == 1


@pytest.mark.parametrize("name", CLASSES)
def test_type_hints_of_a_public_class_can_be_looked_up(name):
    hints = typing.get_type_hints(getattr(hbcd, name))
    assert not [hint for hint in hints.values() if isinstance(hint, str)]
    assert inspect.get_annotations(getattr(hbcd, name), eval_str=True).keys() <= hints.keys()


def test_a_description_survives_pickle_copy_and_replace():
    for part in (hbcd.Stop(), hbcd.Tanh(), hbcd.Hybrid.fast(), hbcd.StopReason.ITERATIONS):
        assert pickle.loads(pickle.dumps(part)) == part
        assert copy.deepcopy(part) == part
    assert dataclasses.replace(hbcd.Stop(), max_iterations=3).max_iterations == 3
    assert "max_iterations" in inspect.signature(hbcd.Stop).parameters
    assert inspect.signature(hbcd.minimize).parameters["fun"]


def test_a_class_whose_source_cannot_be_found_says_so():
    try:
        source = inspect.getsource(hbcd.Stop)
    except OSError:
        return
    assert source.startswith(("@public", "@dataclass", "class Stop"))
