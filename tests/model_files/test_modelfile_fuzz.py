"""Mutated model files: each is refused in one line, or loads as what its checksum vouches for."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.mutations import judge, mutate, seal, split

MANY = 4000  # bench/models/fuzz.py takes 100 000


def model_file(path):
    """A model with an encoder, levels, gaps and several layers: every part of the format."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=40), "day": ["Mon", "Tue"] * 20})
    X.loc[3, "a"] = np.nan
    y = pd.Series(rng.normal(size=40), name="power")
    options = {"strategy": "bcd", "random_state": 0, "n_threads": 1, "missing": "indicator"}
    hbcd.HybridRegressor((3, 2), ["relu", "leaky_relu"], **options).fit(X, y).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return model_file(tmp_path_factory.mktemp("model") / "whole.hbcd")


def test_mutated_files_are_refused_or_are_what_they_say(tmp_path, whole):
    generator = np.random.default_rng(0)
    path = tmp_path / "mutated.hbcd"
    found = [judge(hbcd.load, path, mutate(whole, generator), whole) for _ in range(MANY)]
    assert found.count("refused") > MANY / 2, "the mutations must damage"
    assert found.count("other") > MANY / 100, "some must get behind the checksum and load"


def test_a_resealed_file_without_changes_loads_as_the_same(tmp_path, whole):
    path = tmp_path / "sealed.hbcd"
    path.write_bytes(seal(*split(whole)))
    again = hbcd.load(path)
    (tmp_path / "whole.hbcd").write_bytes(whole)
    assert again.theta_.tobytes() == hbcd.load(tmp_path / "whole.hbcd").theta_.tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("name", ["x_mean", "y_mean", "x_scale", "y_scale", "theta"])
def test_numbers_that_no_training_gives_are_refused(tmp_path, whole, name, value):
    if value == -1.0 and not name.endswith("scale"):
        value = -np.inf
    header, data = split(whole)
    start = header[name]["data_offsets"][0]
    changed = data[:start] + np.float64(value).tobytes() + data[start + 8 :]
    path = tmp_path / "bad.hbcd"
    path.write_bytes(seal(header, changed))
    with pytest.raises(ValueError, match="is not a model of hbcd"):
        hbcd.load(path)
