"""The record in a file says what is so, whatever columns are called."""

import hashlib
import json
import os

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.exportable import rows

NAMES = [
    ("REAL", "ONE - x", "#define ONE"),
    ('{"hbcd_export":', 'x","seal":"' + "0" * 64 + '"}', "z"),
    ('"seal":"' + "1" * 64 + '"}', "*/ int x; /*", "=# #= *) (*"),
    ("FLT_MAX", "static const REAL SHIFT[3]", "END_VAR"),
]
TARGETS = {"c": hbcd.to_c, "st": hbcd.to_structured_text, "jl": hbcd.to_julia, "fmu": hbcd.to_fmi}


def fitted(names):
    X, Y = rows()
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0)
    return model.fit(pd.DataFrame(X, columns=list(names)), Y[:, 0])


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("suffix", [*TARGETS, "onnx"])
def test_columns_of_any_name_stand_in_the_record_as_they_are(suffix, names, tmp_path):
    path, write = tmp_path / f"m.{suffix}", TARGETS.get(suffix, hbcd.to_onnx)
    if suffix == "onnx":
        pytest.importorskip("onnx", reason="the extra onnx is not installed")
    options = {"binary": False} if suffix == "fmu" else {}
    write(fitted(names), path, **options)
    record = hbcd.read_record(path)
    assert [one["name"] for one in record.inputs] == list(names)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="seal is broken"):
        hbcd.read_record(path)


@pytest.mark.parametrize(
    "document", [{}, {"target": "c"}, {"hbcd_export": 1, "target": "c"}, {"a": float("nan")}]
)
def test_a_record_that_hbcd_did_not_write_is_refused_in_one_line(document, tmp_path):
    document = {"hbcd_export": 1, **document, "seal": "0" * 64}
    text = json.dumps(document, separators=(",", ":"))
    seal = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "m.c").write_text(text.replace("0" * 64, seal))
    with pytest.raises(ValueError, match=r"did not write: .*$"):
        hbcd.read_record(tmp_path / "m.c")


def test_numbers_of_the_record_are_those_of_the_check(tmp_path):
    written = hbcd.to_c(fitted("abc"), tmp_path / "m.c")
    assert hbcd.read_record(tmp_path / "m.c") == written
    assert np.isfinite(written.measured).all()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_or_a_folder_is_never_replaced_by_a_file(tmp_path):
    model, pipe, folder = fitted("abc"), tmp_path / "pipe.c", tmp_path / "folder.c"
    os.mkfifo(pipe)
    folder.mkdir()
    for write in (hbcd.to_c, hbcd.to_julia, hbcd.to_structured_text, lambda m, p: m.save(p)):
        with pytest.raises(OSError, match=r"device or a pipe, must be a file: .*pipe"):
            write(model, pipe)
        with pytest.raises(OSError, match="directory"):
            write(model, folder)
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [folder, pipe]
