"""Who may know whom in Python, and what the tree may hold: rules read off the sources.

The rules of the C core stand in test_architecture_core.py.
Each rule applies to whatever files exist.  A new module of hbcd needs a place in LAYERS first; a
private one (_name) may do without and belongs to the lowest layer that imports it.
"""

import os
import re
import subprocess
import sys

import pytest

from support.sources import (
    PACKAGE,
    ROOT,
    imports,
    private_names,
    python_modules,
    without_comments,
)

BINDING = re.compile(r"_core\.(?:pyx|pxd|pyi)|\w+\.pxi")  # a .pxi is text that _core.pyx includes

# Folders of hbcd from left to right: a folder may import those to its left, never one beside it
# or to its right.  "" is hbcd/__init__.py.
ORDER = (
    {"core"},
    {"utils"},
    {"metrics"},
    {"parts"},
    {"optimizers"},
    {"networks"},
    {"bounds"},
    {"callbacks"},
    {"training"},
    {"members"},
    {"uncertainty"},
    {"tables"},
    {"streams"},
    {"model_files"},
    {"estimators"},
    {"explain", "design"},
    {"datasets", "plots", "export", "distributed", "online"},
    {"tuning"},
    {""},
    {"cli"},
    {"__main__"},
)
PLACE = {folder: place for place, folders in enumerate(ORDER) for folder in folders}

# Never imported by `import hbcd`: extras, tools of the tests, and slow corners of SciPy.
LAZY = (
    "sklearn",
    "matplotlib",
    "optuna",
    "joblib",
    "mpi4py",
    "tqdm",
    "torch",
    "pyarrow",
    "openpyxl",
    "onnx",
    "skl2onnx",
    "casadi",
    "pyomo",
    "idaes",
    "gekko",
    "gurobipy",
    "pyscipopt",
    "scipy.optimize",
)

TOP_LEVEL = {
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CITATION.cff",
    "hbcd",
    "csrc",
    "tests",
    "bench",
    "docs",
}
# What building and installing leave behind, and the list that an sdist carries.
LEFTOVERS = re.compile(r"build|dist|PKG-INFO|setup\.cfg|__pycache__|.*\.egg-info|\..*")


# ---- Python -----------------------------------------------------------------------------------


def folder_of(module):
    return module.partition(".")[0]


def known_modules(text, modules):
    """Modules of hbcd that a source imports, each once."""
    return sorted({name for name in imports(text, modules) if folder_of(name) in PLACE})


def knowledge():
    """Module -> modules of hbcd that it imports, also inside functions and for type checkers."""
    modules = python_modules()
    return {name: known_modules(text, modules) for name, text in modules.items()}


def rightward(graph):
    """Imports that run to the right, or between folders beside each other."""
    return [
        f"{name} imports {other or 'hbcd'}"
        for name, known in sorted(graph.items())
        for other in known
        if folder_of(name) != folder_of(other) and PLACE[folder_of(other)] >= PLACE[folder_of(name)]
    ]


def into_private(modules):
    """Imports of a private module, or of a private name, of another folder."""
    found = []
    for name, text in sorted(modules.items()):
        found += [
            f"{name} imports {other}"
            for other in known_modules(text, modules)
            if folder_of(name) != folder_of(other) and re.search(r"(?:^|\.)_(?!_)", other)
        ]
        found += [
            f"{name} imports {private} of {other}"
            for other, private in private_names(text)
            if folder_of(name) != folder_of(other) and f"{other}.{private}" not in modules
        ]
    return found


def circles(graph):
    """Circles of imports, each as `a -> b -> a`."""
    done, path, found = set(), [], []

    def visit(name):
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
            return
        if name in done or name not in graph:
            return
        path.append(name)
        for other in graph[name]:
            if other != name:
                visit(other)
        done.add(path.pop())

    for name in graph:
        visit(name)
    return found


def test_every_folder_has_its_place():
    assert sorted({folder_of(name) for name in python_modules()} - set(PLACE)) == []


def test_imports_run_to_the_left():
    assert rightward(knowledge()) == []


def test_no_folder_imports_what_is_private_to_another():
    assert into_private(python_modules()) == []


def test_no_imports_run_in_a_circle():
    assert circles(knowledge()) == []


def test_imports_are_written_out():
    relative = {
        n: [i for i in imports(t) if i.startswith(".")] for n, t in python_modules().items()
    }
    assert {name: found for name, found in relative.items() if found} == {}


def test_only_the_start_of_the_package_lies_outside_the_folders():
    allowed = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} - allowed == set()


def binding_and_others():
    """Sources of the package: those of the binding, and the rest."""
    patterns = ("*.py", "*.pyx", "*.pxd", "*.pxi", "*.pyi")
    paths = sorted(path for pattern in patterns for path in PACKAGE.rglob(pattern))
    ours = [path for path in paths if BINDING.fullmatch(path.name)]
    return ours, [path for path in paths if path not in ours]


def test_the_binding_imports_no_module_of_hbcd():
    statement = re.compile(
        r"^[ \t]*(?:from|c?import)[ \t]+(?:hbcd\b|\.)(?!\.core\._core\b)[^\n]*", re.M
    )
    wrong = [
        f"{path.name}: {match[0].strip()}"
        for path in binding_and_others()[0]
        for match in statement.finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_only_the_binding_knows_the_header():
    foreign = re.compile(r"\bhbcd\w*\.h\b|\bcdef\s+extern\b|\bctypes\b|\bcffi\b")
    wrong = [
        f"{path.name}: {match[0]}"
        for path in binding_and_others()[1]
        if path.name != "fmi_driver.py"  # a program of its own, which calls exported binaries
        for match in foreign.finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_descriptions_need_numpy_and_nothing_heavier():
    allowed = {"numpy", *sys.stdlib_module_names, *PLACE}
    modules = python_modules()
    wrong = [
        f"{name} imports {other}"
        for name, text in modules.items()
        if folder_of(name) in ("core", "utils", "metrics", "parts")
        for other in imports(text, modules, running=True)
        if folder_of(other) not in allowed
    ]
    assert wrong == []


PROBE = """
import importlib.abc, sys
lazy = {lazy!r}
for name in lazy:
    sys.modules[name] = None          # our own dependencies must not bring them either
import numpy, scipy, pandas
for name in lazy:
    del sys.modules[name]
numbers, print_options = numpy.random.get_state()[1].tolist(), numpy.get_printoptions()

class Recorder(importlib.abc.MetaPathFinder):
    seen = []
    def find_spec(self, fullname, path=None, target=None):
        if any(fullname == name or fullname.startswith(name + ".") for name in lazy):
            self.seen.append(fullname)
        return None

sys.meta_path.insert(0, Recorder())
import hbcd
assert Recorder.seen == [], f"import hbcd imports {{Recorder.seen}}"
assert sys.float_info.min / 2 != 0, "import hbcd flushes subnormal numbers to zero"
assert numpy.random.get_state()[1].tolist() == numbers, "import hbcd touches NumPy's generator"
assert numpy.get_printoptions() == print_options, "import hbcd touches NumPy's print options"
"""


def test_import_loads_no_extra_and_changes_nothing_global():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(lazy=LAZY)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# ---- the tree ---------------------------------------------------------------------------------


def test_no_flag_names_a_processor_or_loosens_arithmetic():
    places = (
        "pyproject.toml",
        "setup.py",
        "csrc/Makefile",
        ".ci/run",
        "csrc/src/**/*",
        "bench/**/*",
    )
    forbidden = re.compile(r"-ffast-" + r"math|-Ofast|-march=|-mavx|-mtune=|/arch:|/fp:fast")
    wrong = []
    for path in sorted({path for place in places for path in ROOT.glob(place) if path.is_file()}):
        if path.suffix in (".c", ".h", ".inl"):
            text = without_comments(path.read_text(encoding="utf-8"))
        elif path.suffix in (".py", ".toml", "") and "__pycache__" not in path.parts:
            text = re.sub(r"(?m)(?:^|\s)#.*", "", path.read_text(encoding="utf-8"))
        else:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {match[0]}" for match in forbidden.finditer(text)]
    assert wrong == []


def top_level():
    """Names at the top that git would keep; everything there outside a checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return {line.partition("/")[0] for line in done.stdout.splitlines()}
    return {path.name for path in ROOT.iterdir()}


def test_the_top_level_is_fixed():
    assert sorted(n for n in top_level() - TOP_LEVEL if not LEFTOVERS.fullmatch(n)) == []


# ---- the readers above ------------------------------------------------------------------------


MODULES = ("", "core", "core._core", "networks.data", "training.network", "cli", "training")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import hbcd.training.network", ["training.network"]),
        ("import hbcd", [""]),
        ("from hbcd import Network", [""]),
        ("from hbcd.training import network", ["training.network"]),
        ("from hbcd.training.network import Network", ["training.network"]),
        ("from hbcd.core import _core as c", ["core._core"]),
        ("from hbcd.core import Net", ["core"]),
        ("import numpy", []),
        ("def f():\n    from hbcd import cli", ["cli"]),
        ("if TYPE_CHECKING:\n    from hbcd import cli", ["cli"]),
        ("def f():\n    importlib.import_module('hbcd.cli')", ["cli"]),
    ],
)
def test_the_reader_of_imports_sees_every_form(source, found):
    assert known_modules(source, MODULES) == found


def test_the_reader_of_running_imports_leaves_out_the_lazy_ones():
    source = (
        "if TYPE_CHECKING:\n    import a\ndef f():\n    import b\nclass C:\n    import c\nimport d"
    )
    assert list(imports(source, running=True)) == ["c", "d"]
    assert sorted(imports(source)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("name", "line", "rule"),
    [
        ("utils.x", "from hbcd.training import network", "right"),
        ("utils.x", "def f():\n    from hbcd.training.network import Network", "right"),
        ("networks.x", "if TYPE_CHECKING:\n    from hbcd.training import network", "right"),
        ("plots.x", "import hbcd.datasets", "right"),
        ("estimators.x", "import hbcd", "right"),
        ("training.x", "from hbcd.core import _core", "private"),
        ("training.x", "from hbcd.networks.data import _packed", "private"),
        ("networks.data", "from hbcd.networks import x", "circle"),
    ],
)
def test_an_import_that_breaks_a_rule_is_found(name, line, rule):
    modules = {
        "core._core": "",
        "networks.data": "",
        "training.network": "",
        "datasets": "",
        "": "",
        "networks.x": "from hbcd.networks import data",
        name: line,
    }
    graph = {module: known_modules(text, modules) for module, text in modules.items()}
    broken = {"right": rightward(graph), "private": into_private(modules), "circle": circles(graph)}
    assert broken[rule]
