"""What tests share lies in tests/support: no test file imports from another one."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))


def imported(text):
    """Modules that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def of_tests(text):
    """The names of test files among them."""
    return [name for name in imported(text) if name.rpartition(".")[2].startswith("test_")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_no_test_file_imports_from_another(file):
    assert of_tests(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import parts.test_losses",
        "from parts.test_losses import problem",
        "def f():\n    from test_train import run",
    ],
)
def test_such_an_import_is_found(text):
    assert len(of_tests(text)) == 1
