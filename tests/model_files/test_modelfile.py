"""The model file: what was saved comes back bit for bit; a save that fails loses nothing."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hbcd.model_files import file_format
from support.modelfiles import ARRAYS, DOCUMENT, same


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "plant.hbcd"
    file_format.write_model_file(path, ARRAYS, DOCUMENT)
    return path


def test_what_was_saved_comes_back_bit_for_bit(saved):
    arrays, document = file_format.read_model_file(saved)
    assert same(arrays, ARRAYS)
    assert document == DOCUMENT
    assert list(document) == list(DOCUMENT)


def test_path_may_be_text_or_path(tmp_path):
    for path in (tmp_path / "a.hbcd", str(tmp_path / "b.hbcd")):
        file_format.write_model_file(path, ARRAYS, DOCUMENT)
        assert same(file_format.read_model_file(path)[0], ARRAYS)


def test_loaded_arrays_are_writable_and_independent(saved):
    arrays, _ = file_format.read_model_file(saved)
    arrays["theta"][:] = 7.0
    arrays["scale"][:] = 8.0
    assert same(file_format.read_model_file(saved)[0], ARRAYS)


def test_strides_and_byte_order_do_not_matter(tmp_path):
    plain = np.arange(24.0).reshape(4, 6)
    odd = {
        "transposed": plain.T,
        "sliced": plain[::-2, 1::3],
        "big": plain.astype(">f8"),
        "big32": plain.astype(">f4"),
    }
    file_format.write_model_file(tmp_path / "m", odd, {})
    arrays, _ = file_format.read_model_file(tmp_path / "m")
    for name, array in odd.items():
        assert np.array_equal(arrays[name], array)
        assert arrays[name].dtype.isnative


def test_layout_is_that_of_safetensors(saved):
    content = saved.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert length % 8 == 0
    assert header["theta"] == {"dtype": "F64", "shape": [5], "data_offsets": [0, 40]}
    assert header["scale"] == {"dtype": "F32", "shape": [1, 3], "data_offsets": [40, 52]}
    assert all(isinstance(text, str) for text in header["__metadata__"].values())
    assert header["__metadata__"]["format"] == "1"
    assert json.loads(header["__metadata__"]["hbcd"]) == DOCUMENT


def test_same_content_gives_the_same_file(saved, tmp_path):
    file_format.write_model_file(tmp_path / "again", ARRAYS, DOCUMENT)
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
tensors = hnp.arrays(
    dtype=st.sampled_from([np.float32, np.float64]),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
names = st.text(min_size=1).filter(lambda name: name != "__metadata__")


@settings(deadline=None)
@given(
    arrays=st.dictionaries(names, tensors, max_size=4),
    document=st.dictionaries(st.text(), values, max_size=4),
)
def test_any_content_comes_back(tmp_path_factory, arrays, document):
    path = tmp_path_factory.getbasetemp() / "any.hbcd"
    file_format.write_model_file(path, arrays, document)
    loaded, told = file_format.read_model_file(path)
    assert same(loaded, arrays)
    assert told == document


# ---- a save that fails ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": np.arange(3)},
        {"a": np.zeros(3, np.float16)},
        {"a": np.zeros(3, np.complex128)},
        {"a": np.array(["x"])},
        {"a": np.array([object()], dtype=object)},
        {"": np.zeros(3)},
        {"__metadata__": np.zeros(3)},
        {5: np.zeros(3)},
    ],
)
def test_an_array_that_cannot_be_stored_leaves_the_old_file(saved, arrays):
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=r"plant\.hbcd: not saved: array"):
        file_format.write_model_file(saved, arrays, DOCUMENT)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize(
    "document",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": np.zeros(2)},
        {"a": (1, 2)},
        {1: "a"},
        {"a": {1, 2}},
        ["a"],
        {"a": "x" * 2**24},
    ],
)
def test_a_document_that_would_come_back_changed_leaves_the_old_file(saved, document):
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=r"plant\.hbcd: not saved: "):
        file_format.write_model_file(saved, ARRAYS, document)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failing_save_leaves_the_old_file_and_no_other(saved, monkeypatch, step, failure):
    def fail(*_):
        raise failure

    before = saved.read_bytes()
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(failure)) as caught:
        file_format.write_model_file(saved, {"theta": np.zeros(1000)}, {})
    if isinstance(failure, OSError):
        assert caught.value.filename == str(saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_save_into_a_missing_folder_names_the_file(tmp_path):
    path = tmp_path / "missing" / "plant.hbcd"
    with pytest.raises(FileNotFoundError) as caught:
        file_format.write_model_file(path, ARRAYS, DOCUMENT)
    assert caught.value.filename == str(path)


def test_a_save_replaces_the_old_file_whole(saved):
    file_format.write_model_file(saved, {"theta": np.ones(2)}, {"a": 1})
    arrays, document = file_format.read_model_file(saved)
    assert same(arrays, {"theta": np.ones(2)})
    assert document == {"a": 1}
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights there")
def test_a_save_through_a_link_keeps_the_link(saved, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(saved.name)
    file_format.write_model_file(link, {"theta": np.ones(2)}, {})
    assert link.is_symlink()
    assert same(file_format.read_model_file(saved)[0], {"theta": np.ones(2)})


def test_nothing_here_can_run_code():
    source = Path(file_format.__file__).read_text(encoding="utf-8")
    for word in ("pickle", "eval(", "exec(", "importlib", "__import__", "np.load", "marshal"):
        assert word not in source
