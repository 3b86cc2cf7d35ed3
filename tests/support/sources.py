"""Reads sources for the tests of the architecture: imports of Python, code of C."""

import ast
import re
from pathlib import Path

import hbcd

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(hbcd.__file__).parent  # of the checkout, or what an installed wheel has of it


def python_modules():
    """Dotted name below hbcd -> text of every module of the package: `training.run`, `core`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def imports(text, modules=(), *, running=False):
    """What Python source imports, with modules of hbcd named below it: `training.run`.

    Everywhere: inside functions and under TYPE_CHECKING too, or with running=True only what
    importing it runs.  A name that is imported from a
    folder is a module where `modules` has it, else a name that the folder's __init__ gives.
    """
    for node in _nodes(ast.parse(text), running):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            names = ["." * node.level + (node.module or "")]
        elif isinstance(node, ast.ImportFrom):
            names = [_deepest(node.module, alias.name, modules) for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        else:
            continue
        yield from (name.removeprefix("hbcd.") if name != "hbcd" else "" for name in names)


def _nodes(node, running):
    for child in ast.iter_child_nodes(node):
        if running and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if running and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _nodes(child, running)


def _deepest(module, name, modules):
    deeper = f"{module}.{name}"
    ours = module == "hbcd" or module.startswith("hbcd.")
    return deeper if ours and deeper.removeprefix("hbcd.") in modules else module


def private_names(text):
    """`folder.module: _name` for each private name that is imported from a module of hbcd."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hbcd."):
            for alias in node.names:
                if alias.name.startswith("_") and not alias.name.startswith("__"):
                    yield node.module.removeprefix("hbcd."), alias.name


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
