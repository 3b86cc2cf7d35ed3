"""A file that is not the model is refused, and leaves no trace."""

import re
import struct

import numpy as np
import pytest

import hbcd
from hbcd.export.c import c_file
from support.exportable import regressor

FLIPS = 40  # here; 1000 in `python -m bench.exports`


def flipped(text, rng):
    """The text with one bit of one of its weights turned over."""
    body = re.search(r"WEIGHTS\[\d+\] = \{(.*?)\}", text, re.S)
    numbers = list(re.finditer(r"-?\d+\.?\d*(?:e[+-]?\d+)?", body[1]))
    one = numbers[rng.integers(len(numbers))]
    (bits,) = struct.unpack("<Q", struct.pack("<d", float(one[0])))
    (value,) = struct.unpack("<d", struct.pack("<Q", bits ^ (1 << int(rng.integers(64)))))
    start = body.start(1)
    return text[: start + one.start()] + repr(value) + text[start + one.end() :]


def test_a_bit_of_a_weight_that_is_written_wrongly_is_refused(tmp_path, monkeypatch):
    model, rng = regressor(), np.random.default_rng(0)
    content = c_file.CText.content
    monkeypatch.setattr(
        c_file.CText, "content",
        lambda self, record: flipped(content(self, record).decode(), rng).encode(),
    )  # fmt: skip
    for _ in range(FLIPS):
        with pytest.raises(ValueError, match="c: "):
            hbcd.to_c(model, tmp_path / "m.c")
    assert list(tmp_path.iterdir()) == []


def test_a_bit_that_changes_later_breaks_the_seal(tmp_path):
    path, rng = tmp_path / "m.c", np.random.default_rng(0)
    hbcd.to_c(regressor(), path)
    content = path.read_bytes()
    for _ in range(FLIPS):
        at = int(rng.integers(8 * len(content)))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(changed))
        with pytest.raises(ValueError, match=r"seal is broken|no record"):
            hbcd.read_record(path)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("tanh_of(a[j])", "tanh_of(a[j] * 1.001)"),
        ("(h[k] - SHIFT[k])", "(h[k] + SHIFT[k])"),
        ("y[j] += w[(i * n_out) + j]", "y[j] += w[(i * n_out)]"),
        ("gx[i] += ", "gx[i] = "),
    ],
)
def test_other_text_than_that_of_the_model_is_refused(right, wrong, tmp_path, monkeypatch):
    content = c_file.CText.content

    def changed(self, record):
        text = content(self, record).decode()
        assert right in text
        return text.replace(right, wrong).encode()

    monkeypatch.setattr(c_file.CText, "content", changed)
    with pytest.raises(ValueError, match="c: "):
        hbcd.to_c(regressor(depth=1), tmp_path / "m.c", jacobian=True)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "m.c"
    path.write_text("before")
    monkeypatch.setattr(c_file.CText, "content", lambda self, record: b"int f(void);")
    with pytest.raises(ValueError, match="c: "):
        hbcd.to_c(regressor(), path)
    assert path.read_text() == "before"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "no" / "m.c"))):
        hbcd.to_c(regressor(), tmp_path / "no" / "m.c")
