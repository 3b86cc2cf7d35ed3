"""Inputs of the fuzzers, the seeds and what was found, are read or refused in one line."""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def _targets():
    spec = importlib.util.spec_from_file_location("fuzz_targets", HERE / "targets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fuzz = _targets()
INPUTS = sorted(path for path in fuzz.CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_of_the_corpus_is_read_or_refused_in_one_line(path):
    fuzz.TARGETS[path.parent.name](path.read_bytes())


def test_the_corpus_is_small_and_some_of_each_kind_is_read():
    assert sum(path.stat().st_size for path in INPUTS) < 60_000
    assert {path.parent.name for path in INPUTS} == {*fuzz.TARGETS}
    read = fuzz.read_table
    assert len(fuzz.read("t.csv", (fuzz.CORPUS / "csv" / "plain").read_bytes(), read)) == 3
    assert len(fuzz.read("t.xlsx", (fuzz.CORPUS / "xlsx" / "plain").read_bytes(), read)) == 3
    loaded = fuzz.read("m.hbcd", (fuzz.CORPUS / "model" / "plain").read_bytes(), fuzz.load)
    assert loaded is not None
