"""README and docs tell the truth: their code runs, and what they name exists."""

import ast
import os
import re
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import hbcd
from hbcd.cli.main import main
from support.sources import PACKAGE, ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RUN = ("python", "console")
FILE = re.compile(r"(?:#|/\*) (\w+\.(?:c|py|toml))\b")  # first line of a block that is a file
# Programs without which a page cannot run.
NEEDS = {"docs/guide/compiled_parts.md": "cc", "docs/gallery/export_c.md": "cc"}
# Packages of extras, without which a page cannot run.
MODULES = {
    "docs/guide/coming_from/pytorch.md": ["torch"],
    "docs/guide/onnx.md": ["onnx"],
    "docs/guide/optimization_tools.md": ["casadi", "pyomo.environ", "highspy"],
    "docs/guide/worked_case.md": ["casadi", "pyomo.environ", "onnx", "omlt", "highspy"],
}
# Packages of extras, without which a block that imports one of them cannot run.
OPTIONAL = ("gekko", "gurobi_ml", "gurobipy", "idaes", "pyscipopt", "safetensors")
WITH_CODE = [name for name, text in TEXTS.items() if any(b[1] in RUN for b in BLOCK.finditer(text))]
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_*.py"))
NAMES = [name for name in hbcd.__all__ if name != "__version__"]


def lacking(source):
    """Packages that a block imports and that are not installed."""
    imported = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    return [name for name in imported if name in OPTIONAL and find_spec(name) is None]


def run_python(source, name, line, namespace):
    """Runs a block; a traceback names the page and the line in it."""
    code = compile(ast.parse("\n" * line + source, filename=name), name, "exec")
    exec(code, namespace)


def run_console(source):
    """Runs `$ hbcd ...`, a command a line; each must end well."""
    for line in source.splitlines():
        prompt, program, *arguments = shlex.split(line, comments=True)
        assert (prompt, program) == ("$", "hbcd"), f"{line}: must be a command of hbcd"
        assert main(arguments) == 0, line


@pytest.fixture
def closed_figures():
    """Pages draw and close nothing; matplotlib warns of many figures that stay open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def run_page(name, tmp_path, monkeypatch):
    """Runs all blocks of a page in one namespace and an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")  # no window
    namespace = {"__name__": "__main__"}
    for block in BLOCK.finditer(TEXTS[name]):
        if block[1] == "python" and lacking(block[2]):
            continue
        if block[1] == "python":
            run_python(block[2], name, TEXTS[name].count("\n", 0, block.start(2)), namespace)
        elif block[1] == "console":
            run_console(block[2])
        elif file := FILE.match(block[2]):
            Path(file[1]).write_text(block[2], encoding="utf-8")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("name", [name for name in WITH_CODE if name not in MODULES])
def test_the_code_of_a_page_runs_from_top_to_bottom(name, tmp_path, monkeypatch):
    if name in NEEDS and shutil.which(NEEDS[name]) is None:
        pytest.skip(f"there is no {NEEDS[name]}")
    run_page(name, tmp_path, monkeypatch)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_the_code_of_a_page_that_needs_other_packages_runs(name, tmp_path, monkeypatch):
    for module in MODULES[name]:
        pytest.importorskip(module, reason=f"{module} is not installed")
    run_page(name, tmp_path, monkeypatch)


def test_pages_have_code_and_no_gaps():
    assert len(WITH_CODE) >= 12
    assert not [name for name, text in TEXTS.items() if "@@" in text or "TODO" in text]


def test_the_readme_is_short():
    assert TEXTS["README.md"].count("\n") < 200


@pytest.mark.parametrize(
    "name", sorted({n for t in TEXTS.values() for n in re.findall(r"`(test_\w+)`", t)})
)
def test_every_test_that_is_named_exists(name):
    assert f"def {name}(" in TESTS or (ROOT / "tests" / "c" / f"{name}.c").exists()


def test_figures_beside_other_libraries_are_those_that_were_measured():
    """A figure that is measured again has to change on both pages."""
    measured = TEXTS["docs/measured.md"] + (ROOT / "bench/README.md").read_text(encoding="utf-8")
    known = {*re.findall(r"\d+\.\d+|\d{4,}", measured)}
    figures = re.findall(r"\d+\.\d+|\d{4,}", re.sub("`[^`]*`", "", TEXTS["docs/beside.md"]))
    assert len(figures) > 40
    assert [figure for figure in figures if figure not in known] == []


def named_files():
    pattern = re.compile(r"`((?:tests|csrc|hbcd|bench|docs)/[^`*]+)`|\]\(([^)#:]+)\)")
    for page, text in TEXTS.items():
        for match in pattern.finditer(text):
            folder = ROOT if match[1] else (ROOT / page).parent
            yield page, folder / (match[1] or match[2]).split()[0]


def exists(path):
    """In the checkout; a file of the package also in an installed wheel, which has no Cython."""
    path = Path(os.path.normpath(path))
    if not (ROOT / "hbcd").exists() and path.is_relative_to(ROOT / "hbcd"):
        path = PACKAGE / path.relative_to(ROOT / "hbcd")
        return path.suffix in (".pxd", ".pxi", ".pyx") or path.exists()
    return path.exists()


@pytest.mark.parametrize(
    ("page", "path"),
    list(named_files()),
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_file_that_is_named_exists(page, path):
    assert exists(path) or "opt_x" in path.name


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_one_place_in_the_reference(name):
    entry = re.compile(rf"^\.\. auto(?:class|function|exception):: {name}$", re.MULTILINE)
    assert sum(len(entry.findall(text)) for text in TEXTS.values()) == 1


def test_the_test_command_of_the_readme_is_the_one_that_ci_runs():
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
    assert command in TEXTS["README.md"]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
