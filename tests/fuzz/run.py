"""Fuzzes a target with coverage of hbcd (atheris): ``python tests/fuzz/run.py TARGET SECONDS``.

Begins with the corpus of the target. A fault ends it with its traceback, and the input is written
to ``crash-...`` in the present folder: mend it, and add the input to the corpus.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

#: What reads files; the rest would take a minute to instrument, and counts no branch of a reader.
READERS = [
    "hbcd.cli.config",
    "hbcd.cli.parser",
    "hbcd.estimators.saved_model",
    "hbcd.model_files",
    "hbcd.tables",
    "tomllib",
]
with atheris.instrument_imports(include=READERS):
    from targets import CORPUS, TARGETS


def main(target: str, seconds: str) -> None:
    with tempfile.TemporaryDirectory() as grown:  # the fuzzer adds to the first folder
        options = [
            f"-max_total_time={seconds}",
            "-max_len=8192",
            "-timeout=60",
            "-rss_limit_mb=4096",
        ]
        atheris.Setup([sys.argv[0], *options, grown, str(CORPUS / target)], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
