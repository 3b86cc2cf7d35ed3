"""docs/model_file.md names everything that a model file holds, and nothing else."""

import json
import re

import numpy as np
import pytest

import hbcd
from hbcd.model_files.file_format import (
    DTYPES,
    FORMAT,
    MAX_DIMENSIONS,
    MAX_HEADER,
    read_model_file,
)
from hbcd.training.registry import ACTIVATIONS, LOSSES
from support.exportable import KINDS, model_of, rows
from support.sources import ROOT

PAGE = (ROOT / "docs" / "model_file.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`\"?(\w+)\"?`", PAGE))
FREE = ("parameters", "about", "fills", "dates")  # whose keys are names of the user's
WIDE = {"max_iter": 5, "random_state": 0}


def weighted():
    X, Y = rows()
    return hbcd.HybridRegressor((3,), **WIDE).fit(X, Y[:, 0], sample_weight=np.arange(1.0, 121.0))


def bounded():
    X, Y = rows()
    layers = [hbcd.HiddenLayer(3, weight_bounds=(0.0, np.inf))]
    return hbcd.HybridRegressor(layers=layers, **WIDE).fit(X, Y[:, 0])


MODELS = {**{kind: lambda kind=kind: model_of(kind) for kind in KINDS},
          "weighted": weighted, "bounded": bounded}  # fmt: skip


def keys_of(value):
    """Every key of objects in a document, but those that the user chose."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from () if key in FREE else keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Names of arrays, and keys of documents, of models of every kind."""
    arrays, keys = set(), set()
    path = tmp_path_factory.mktemp("models") / "m.hbcd"
    for make in MODELS.values():
        make().save(path)
        found, document = read_model_file(path)
        arrays |= set(found)
        keys |= set(keys_of(document))
    return arrays, keys


def first_column(heading):
    """Names in the first column of the tables below a heading."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \|", part, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_array_and_every_key_of_a_file_is_named(saved):
    arrays, keys = saved
    assert arrays - NAMED == set()
    assert keys - NAMED == set()


def test_every_array_and_every_key_that_is_named_is_in_a_file(saved):
    arrays, keys = saved
    assert first_column("Arrays") == arrays
    assert first_column("Document") - keys == set()


def test_the_head_is_as_the_page_says(tmp_path):
    path = tmp_path / "m.hbcd"
    model_of("text").save(path)
    content = path.read_bytes()
    n = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n])
    assert n % 8 == 0
    assert set(header["__metadata__"]) == {"format", "hbcd", "sha256"} <= NAMED
    assert set(header["theta"]) == {"dtype", "shape", "data_offsets"} <= NAMED


def test_numbers_and_names_of_the_code_stand_on_the_page():
    assert set(DTYPES) | set(ACTIVATIONS) | set(LOSSES) <= NAMED
    formats = [f'`"{k}"`' for k in range(1, FORMAT + 1)]
    assert f"the version: {' or '.join(formats)}" in PAGE
    assert f"{MAX_HEADER // 2**20} MiB" in PAGE
    assert f"more than {MAX_DIMENSIONS} of them" in PAGE
