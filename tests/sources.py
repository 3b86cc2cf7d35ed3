"""Reads sources for tests/test_architecture.py: imports of Python, code of C, names at the top."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "hbcd"


def python_modules():
    """Name -> text of every module of the package, the binding included."""
    paths = [*PACKAGE.glob("*.py"), *PACKAGE.glob("_core.pyi")]
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths)}


def imports(text, *, running=False):
    """Modules that Python source imports, `hbcd.x` for relative ones.

    With running=True only what importing it runs: not inside functions, not for type checkers.
    """
    for node in _statements(ast.parse(text), running):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = f"hbcd.{base}" if base else "hbcd"
            if base == "hbcd":
                yield from (f"hbcd.{alias.name}" for alias in node.names)
            else:
                yield base


def _statements(node, running):
    for child in ast.iter_child_nodes(node):
        if running and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if running and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _statements(child, running)


def known_modules(text, modules, *, running=False):
    """Modules of hbcd that a source knows; a name that is none of them comes from the package."""
    for name in imports(text, running=running):
        root, _, rest = name.partition(".")
        if root == "hbcd":
            module = rest.partition(".")[0]
            yield module if module in modules else "__init__"


def c_files(*patterns):
    """Path below csrc -> code without comments."""
    found = {}
    for pattern in patterns:
        for path in sorted((ROOT / "csrc").glob(pattern)):
            if path.suffix in (".c", ".h", ".inl"):
                found[path.relative_to(ROOT / "csrc").as_posix()] = without_comments(
                    path.read_text(encoding="utf-8")
                )
    return found


def without_comments(code):
    """C without its comments; strings stay, and a comment mark inside one does not count."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.DOTALL)
    return token.sub(lambda match: match[0] if match[0].startswith('"') else " ", code)


def without_strings(code):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', code)


def included(code):
    """Files that C code includes, directly or through HBCD_EACH."""
    return re.findall(r'^\s*#\s*(?:include|define\s+HBCD_EACH)\s+[<"]([^>"]+)[>"]', code, re.M)


def mentions(files, pattern, *, strings=False):
    """`file: word` for each match of a pattern in code."""
    return [
        f"{name}: {match[0]}"
        for name, code in files.items()
        for match in re.finditer(pattern, code if strings else without_strings(code))
    ]
