"""Loads many mutated model files: ``python -m bench.models.fuzz [N] [SEED]``.

Prints how many were refused and how many loaded; ends with a traceback, the seed and the file's
number at the first that does anything else than a ValueError of one line, or loads what its
checksum does not vouch for.
"""

import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import hbcd
from model_files.test_modelfile_fuzz import model_file
from support.mutations import judge, mutate


def main(n: int = 100_000, seed: int = 0) -> None:
    warnings.simplefilter("error")
    generator = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutated.hbcd"
        whole = model_file(Path(folder) / "whole.hbcd")
        for number in range(n):
            content = mutate(whole, generator)
            try:
                found[judge(hbcd.load, path, content, whole)] += 1
            except BaseException:
                print(f"seed {seed}, file {number}: {content!r}", file=sys.stderr)
                raise
    print(f"{n} files, seed {seed}: " + ", ".join(f"{k} {v}" for k, v in sorted(found.items())))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
