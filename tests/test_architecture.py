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

from sources import (
    PACKAGE,
    ROOT,
    imports,
    known_modules,
    python_modules,
    without_comments,
)

BINDING = re.compile(r"_core\.(?:pyx|pxd|pyi)|\w+\.pxi")  # a .pxi is text that _core.pyx includes

# From the bottom up.  A module may know its own layer and those named beside it, nothing else.
LAYERS = {
    "core": ({"_core", "_version"}, set()),
    "checks": ({"_validation"}, {"core"}),
    "parts": (
        {
            "activations",
            "layers",
            "losses",
            "optimizers",
            "selectors",
            "sensitivities",
            "stopping",
        },
        {"core", "checks"},
    ),
    "training": ({"callbacks", "network", "report", "strategies"}, {"core", "checks", "parts"}),
    "files": ({"datasets", "modelfile", "progress", "tables"}, {"checks"}),
    "estimators": ({"classifier", "estimator"}, {"core", "checks", "parts", "training", "files"}),
    "pictures": ({"plots"}, {"core", "checks"}),
    "package": (
        {"__init__"},
        {"core", "checks", "parts", "training", "files", "estimators", "pictures"},
    ),
    "commands": (
        {"cli", "__main__"},
        {"core", "checks", "parts", "training", "files", "estimators", "pictures", "package"},
    ),
}
LAYER_OF = {module: layer for layer, (modules, _) in LAYERS.items() for module in modules}

# Never imported by `import hbcd`: extras, tools of the tests, and slow corners of SciPy.
LAZY = (
    "sklearn",
    "matplotlib",
    "optuna",
    "tqdm",
    "torch",
    "pyarrow",
    "openpyxl",
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
    "hbcd",
    "csrc",
    "tests",
    "bench",
}
# What building and installing leave behind, and the list that an sdist carries.
LEFTOVERS = re.compile(r"build|dist|PKG-INFO|setup\.cfg|__pycache__|.*\.egg-info|\..*")


# ---- Python -----------------------------------------------------------------------------------


def layers_of(known):
    """Module -> layer; `known` says which modules each one knows.

    A private module that is not in the table belongs to the lowest layer that imports it.
    """
    order = list(LAYERS)
    layers = dict(LAYER_OF)
    private = [name for name in known if name.startswith("_") and name not in layers]
    for _ in known:  # a chain of private modules is no longer than this
        for name in private:
            importers = {layers[other] for other in layers if name in known.get(other, ())}
            if importers:
                layers[name] = min(importers, key=order.index)
    return layers


def knowledge(*, running=False):
    """Module -> modules it knows, or with running=True those that importing it imports."""
    modules = python_modules()
    names = {*modules, *LAYER_OF}
    return {n: set(known_modules(text, names, running=running)) for n, text in modules.items()}


def test_every_module_has_a_layer():
    known = knowledge()
    assert sorted(set(known) - set(layers_of(known))) == []


def test_modules_know_only_their_layer_and_those_below():
    known = knowledge()
    layers = layers_of(known)
    wrong = [
        f"{name} imports {other}"
        for name in sorted(set(known) & set(layers))
        for other in sorted(known[name])
        if layers.get(other, "unknown") not in {layers[name], *LAYERS[layers[name]][1]}
    ]
    assert wrong == []


def test_importing_goes_one_way():
    graph = knowledge(running=True)
    done, path = set(), []

    def visit(name):
        assert name not in path, f"imports in a circle: {' -> '.join([*path, name])}"
        if name in done or name not in graph:
            return
        path.append(name)
        for other in sorted(graph[name] - {name}):
            visit(other)
        done.add(path.pop())

    for name in graph:
        visit(name)


def binding_and_others():
    """Sources of the package: those of the binding, and the rest."""
    patterns = ("*.py", "*.pyx", "*.pxd", "*.pxi", "*.pyi")
    paths = sorted(path for pattern in patterns for path in PACKAGE.glob(pattern))
    ours = [path for path in paths if BINDING.fullmatch(path.name)]
    return ours, [path for path in paths if path not in ours]


def test_the_binding_imports_no_module_of_hbcd():
    statement = re.compile(r"^[ \t]*(?:from|c?import)[ \t]+(?:hbcd\b|\.)(?!\._core\b)[^\n]*", re.M)
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
        for match in foreign.finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_descriptions_need_numpy_and_nothing_heavier():
    allowed = {"numpy", "hbcd", *sys.stdlib_module_names}
    layers = layers_of(knowledge())
    wrong = [
        f"{name} imports {other}"
        for name, text in python_modules().items()
        if layers.get(name) in ("parts", "checks")
        for other in imports(text, running=True)
        if other.partition(".")[0] not in allowed
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


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import hbcd.network", ["network"]),
        ("import hbcd", ["__init__"]),
        ("from hbcd import Network", ["__init__"]),
        ("from hbcd import network", ["network"]),
        ("from . import _core, layers", ["_core", "layers"]),
        ("from .network import Network", ["network"]),
        ("from hbcd._core import x", ["_core"]),
        ("import numpy", []),
        ("def f():\n    from . import cli", ["cli"]),
    ],
)
def test_the_reader_of_imports_sees_every_form(source, found):
    assert list(known_modules(source, LAYER_OF)) == found


def test_the_reader_of_running_imports_leaves_out_the_lazy_ones():
    source = (
        "if TYPE_CHECKING:\n    import a\ndef f():\n    import b\nclass C:\n    import c\nimport d"
    )
    assert list(imports(source, running=True)) == ["c", "d"]
    assert list(imports(source)) == ["a", "b", "c", "d"]
