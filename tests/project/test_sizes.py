"""A file is one idea: at most 320 lines; a function fits on a screen."""

import ast

from support.sources import PACKAGE, ROOT, python_modules

MOST_LINES = 320
MOST_LINES_OF_A_FUNCTION = 70  # 30 as a rule; docstring and signature aside


def files():
    """Sources of the package and of the core; a .pxd only repeats headers."""
    suffixes = {".py", ".pyi", ".pyx", ".pxi", ".c", ".h", ".inl"}
    folders = (PACKAGE, ROOT / "csrc" / "src", ROOT / "csrc" / "include")
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in suffixes]
    return [path for path in found if path.name not in ("_core.c", "__init__.pyi")]


def body_lines(function):
    """Lines of a function without its signature and docstring."""
    body = function.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    rest = body[1:] if documented else body
    return rest[-1].end_lineno - rest[0].lineno + 1 if rest else 0


def test_no_file_is_longer_than_one_idea():
    lines = {p.as_posix(): len(p.read_bytes().splitlines()) for p in files()}
    assert {name: n for name, n in lines.items() if n > MOST_LINES} == {}


def test_no_python_function_is_longer_than_a_screen():
    long = {
        f"{name}.{node.name}": body_lines(node)
        for name, text in python_modules().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and body_lines(node) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}
