"""Measurements: one record per fit, kept in a file so that nothing is measured twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

from .data import Split
from .methods import Budget, Method, Missing, Outcome

Array = NDArray[Any]
Record = dict[str, Any]

SAMPLE = 700  # test rows kept of seed 0, for the figures


def fingerprint() -> str:
    """A digest of the installed library: another build makes every record stale."""
    folder = Path(hbcd.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("_core*.so"), *folder.rglob("*.pyd")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def metrics(truth: Array, predicted: Array) -> dict[str, float]:
    """R2, MSE and MAE."""
    residual = predicted - truth
    return {
        "r2": float(1.0 - np.square(residual).sum() / np.square(truth - truth.mean()).sum()),
        "mse": float(np.square(residual).mean()),
        "mae": float(np.abs(residual).mean()),
    }


def as_record(method: Method, split: Split, outcome: Outcome) -> Record:
    """Metrics of both parts, seconds, and what the method says about its run."""
    record: Record = {
        "dataset": split.source.name,
        "split": split.kind,
        "seed": split.seed,
        "method": method.name,
        "rows": [len(split.train), len(split.test)],
        "seconds": outcome.seconds,
        **{f"{k}_train": v for k, v in metrics(split.train_y, outcome.train).items()},
        **{f"{k}_test": v for k, v in metrics(split.test_y, outcome.test).items()},
        **outcome.about,
    }
    if split.seed == 0:
        rows = np.column_stack([split.test_y, outcome.test])[:SAMPLE]
        record["sample"] = [[float(f"{v:.6g}") for v in row] for row in rows]
    return record


class Store:
    """Measures on demand; remembers, in memory and where a path is given in a file too."""

    def __init__(self, budget: Budget, path: Path | None = None, fresh: bool = False) -> None:
        self.budget, self.path = budget, path
        self.code = fingerprint()
        self.missing: dict[str, str] = {}  # method -> why there is no record of it
        self.known: dict[str, Record] = {}
        self.used: dict[str, Record] = {}  # those of this command
        if path is not None and path.exists():
            if fresh:
                path.unlink()
            else:
                self._read(path)

    def _read(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # the last line of a run that was killed
                continue
            self.known[entry["key"]] = entry["record"]

    def _key(self, method: Method, split: Split, what: str) -> str:
        rows = len(split.source.y)
        parts = (
            self.code,
            self.budget,
            method.key,
            split.source.name,
            rows,
            split.kind,
            split.seed,
            what,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]

    def keep(self, method: Method, split: Split, what: str, measure: Any) -> Record:
        """The record of `what`, measured by ``measure()`` if it is not known yet."""
        key = self._key(method, split, what)
        if key not in self.known:
            record = measure()
            self.known[key] = record
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "record": record}) + "\n")
        self.used[key] = self.known[key]
        return self.known[key]

    def fit(self, method: Method, split: Split) -> Record | None:
        """The record of a fit; None where a package is missing."""
        if method.name in self.missing:
            return None
        try:
            return self.keep(
                method,
                split,
                "fit",
                lambda: as_record(method, split, method.fit(split, self.budget)),
            )
        except Missing as error:
            self.missing[method.name] = str(error)
            print(f"{method.name}: {error}")
            return None
