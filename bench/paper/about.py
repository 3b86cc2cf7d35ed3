"""What a run was made with: machine, versions, seeds, budgets."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hbcd

from .context import Context

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "matplotlib")


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def version(package: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe(context: Context) -> dict[str, Any]:
    """Everything that a figure depends on beside the code of the experiments."""
    return {
        "hbcd": hbcd.show_config(),
        "code": context.store.code,
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in PACKAGES},
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads of every fit": context.store.budget.threads,
        "seeds": list(range(context.runs)),
        "budget": asdict(context.store.budget),
        "rows": {source.name: len(source.y) for source in context.sources.values()},
        "missing": context.store.missing,
    }
