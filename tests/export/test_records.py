"""The record in a file says what is so, whatever columns are called."""

import hashlib
import json

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
