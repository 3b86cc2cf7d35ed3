"""What a fuzzer gives to hbcd: a file of each kind, which is read or refused in one line.

A target takes bytes and returns where the file is read or fairly refused; whatever else it raises
is a fault. `tests/fuzz/run.py` calls them with what a fuzzer makes of the corpus.
"""

import tempfile
import warnings
from pathlib import Path

from hbcd.cli.parser import parse
from hbcd.estimators.model_loading import load
from hbcd.tables.files import read_table

CORPUS = Path(__file__).resolve().parent / "corpus"
MOST = 2000  # characters of a message
FOLDER = tempfile.TemporaryDirectory(prefix="hbcd-fuzz-")


def refused(error: Exception) -> None:
    """Whether a refusal is one line that a user can read."""
    message = str(error)
    assert message, repr(error)
    assert "\n" not in message, message
    assert len(message) < MOST, message


def read(name: str, content: bytes, reader) -> object:
    """What a reader makes of a file; None where it is refused."""
    path = Path(FOLDER.name, name)
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader(path)
        except ValueError as error:
            refused(error)
            return None


def model(content: bytes) -> None:
    """A model file: what loads has finite parameters."""
    found = read("m.hbcd", content, load)
    assert found is None or found.theta_.size > 0


def csv(content: bytes) -> None:
    """A table as text: what is read has rows, and a name for each column."""
    table = read("t.csv", content, read_table)
    assert table is None or (len(table) and table.columns.is_unique)


def xlsx(content: bytes) -> None:
    """A workbook."""
    table = read("t.xlsx", content, read_table)
    assert table is None or (len(table) and table.columns.is_unique)


def toml(content: bytes) -> None:
    """A file of options of a fit."""
    read("o.toml", content, lambda path: parse(["fit", "plant", "--config", str(path)]))


TARGETS = {"model": model, "csv": csv, "xlsx": xlsx, "toml": toml}
