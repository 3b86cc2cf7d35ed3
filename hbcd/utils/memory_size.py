"""Sizes of memory as users write them, and how much of it is free."""

from __future__ import annotations

import os
import re
from numbers import Real
from typing import Any, Final

__all__ = ["as_bytes", "free_memory"]

UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SIZE: Final = re.compile(r"\s*(\d+(?:\.\d*)?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)
UNKNOWN: Final = 2 * 10**9  # where the system does not tell


def as_bytes(name: str, value: Any) -> int:
    """Bytes from a number or a text such as "200M" or "2G"; None: half of what is free.

    Raises
    ------
    ValueError, TypeError
        It is neither, or none that a machine has.
    """
    if value is None:
        return free_memory() // 2
    if isinstance(value, bool) or not isinstance(value, (Real, str)):
        raise TypeError(f"{name}={value!r}: must be bytes, or text such as '200M' or '2G'")
    if isinstance(value, str):
        found = SIZE.fullmatch(value)
        if found is None:
            raise ValueError(f"{name}={value!r}: must be a number of bytes, such as '200M' or '2G'")
        value = float(found[1]) * UNITS[found[2].upper()]
    size = float(value)
    if not 1 <= size < 2.0**63:
        raise ValueError(f"{name}={size:g}: must be from 1 byte to 2^63 bytes")
    return int(size)


def _text(path: str) -> str:
    """What a file of the system says; empty where there is none."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeError):
        return ""


def free_memory() -> int:
    """Bytes that a process may take without others being put out, about."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", _text("/proc/meminfo"))
    if found:
        limits = [_text(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current")]
        free = int(found[1]) * 1024
        if all(limit.isdigit() for limit in limits):  # of a container
            free = max(min(free, int(limits[0]) - int(limits[1])), 1)
        return free
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return UNKNOWN
