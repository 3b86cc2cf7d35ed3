"""A damaged, cut, edited or foreign model file is refused in one line that begins with its path."""

import hashlib
import json

import pytest

from hbcd.model_files import file_format
from support.modelfiles import ARRAYS, DOCUMENT, same


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "plant.hbcd"
    file_format.write_model_file(path, ARRAYS, DOCUMENT)
    return path


def refusal(path, *needles):
    """The message of the one-line ValueError that loading raises."""
    with pytest.raises(ValueError, match="^" + str(path).replace("\\", "\\\\")) as caught:
        file_format.read_model_file(path)
    message = str(caught.value).removeprefix(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 500
    for needle in needles:
        assert needle in message
    return message


def test_a_file_cut_at_any_byte_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    cut = tmp_path / "cut"
    for size in range(len(content)):
        cut.write_bytes(content[:size])
        refusal(cut)


def test_anything_after_the_end_is_refused(saved):
    saved.write_bytes(saved.read_bytes() + b"\0")
    refusal(saved, "cut short")


def refused(path):
    try:
        file_format.read_model_file(path)
    except ValueError as error:
        return str(error).startswith(f"{path}: ")
    return False


def test_a_file_with_any_byte_changed_is_refused_or_says_the_same(saved, tmp_path):
    content = saved.read_bytes()
    length = int.from_bytes(content[:8], "little")
    changed = tmp_path / "changed"
    loaded_at = []
    for at, byte in enumerate(content):
        for value in {byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0, 0xFF, ord(" "), ord("9")} - {byte}:
            changed.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            if refused(changed):
                continue
            loaded_at.append(at)
            arrays, document = file_format.read_model_file(changed)
            assert same(arrays, ARRAYS)
            assert document == DOCUMENT
    # Space that stands for nothing may become other space; the data section may not change at all.
    assert all(8 <= at < 8 + length for at in loaded_at)


def rewrite(path, change, *, data=None, sign=True):
    """Rewrite a file with a changed header, with a digest that fits unless sign is false."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    rest = rest if data is None else data
    change(header)
    if sign:
        header["__metadata__"].pop("sha256", None)
        canonical = json.dumps(header, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode() + rest).hexdigest()
        header["__metadata__"]["sha256"] = digest
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + rest)


def test_a_header_rewritten_by_somebody_else_still_loads(saved):
    rewrite(saved, lambda header: None)
    assert same(file_format.read_model_file(saved)[0], ARRAYS)


def test_arrays_may_stand_in_the_header_in_any_order(saved):
    def reverse(header):
        for name in reversed(list(header)):
            header[name] = header.pop(name)

    rewrite(saved, reverse)
    arrays, _ = file_format.read_model_file(saved)
    assert list(arrays) == list(reversed(ARRAYS))
    assert same({name: arrays[name] for name in ARRAYS}, ARRAYS)


def test_a_header_begins_with_its_brace(saved):
    content = saved.read_bytes()
    length = int.from_bytes(content[:8], "little") + 8
    saved.write_bytes(length.to_bytes(8, "little") + b" " * 8 + content[8:])
    refusal(saved, "no header")


def test_the_document_cannot_be_changed_unnoticed(saved):
    def change(header):
        header["__metadata__"]["hbcd"] = json.dumps({**DOCUMENT, "activation": "relu"})

    rewrite(saved, change, sign=False)
    refusal(saved, "checksum")


def test_a_newer_format_says_so(saved):
    rewrite(saved, lambda header: header["__metadata__"].update(format="3"))
    refusal(saved, "format 3 is newer", "update hbcd")


@pytest.mark.parametrize("format_", ["0", "01", "-1", "one", "", "²", "9" * 5000])
def test_a_format_that_never_was_is_refused(saved, format_):
    rewrite(saved, lambda header: header["__metadata__"].update(format=format_))
    refusal(saved, "format")


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"format": "1"}, {"format": "pt", "author": "x"}, [], "text"],
    ids=["none", "empty", "no document", "of another tool", "list", "text"],
)
def test_a_file_of_another_tool_is_refused(saved, metadata):
    rewrite(saved, lambda header: header.update(__metadata__=metadata), sign=False)
    refusal(saved, "not a model of hbcd")


@pytest.mark.parametrize("extra", [{"note": "x"}, {"note": 1}, {"sha256": 5}])
def test_metadata_is_text_and_nothing_more(saved, extra):
    rewrite(saved, lambda header: header["__metadata__"].update(extra), sign="sha256" not in extra)
    refusal(saved, "metadata")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"dtype": "F16"}, "unknown dtype"),
        ({"dtype": 64}, "unknown dtype"),
        ({"dtype": ["F64"]}, "unknown dtype"),
        ({"shape": [-5]}, "impossible shape"),
        ({"shape": [5.0]}, "impossible shape"),
        ({"shape": [True, 5]}, "impossible shape"),
        ({"shape": "5"}, "impossible shape"),
        ({"shape": 5}, "impossible shape"),
        ({"shape": [2**40, 2**40]}, "impossible shape"),
        ({"shape": [2**64 + 5]}, "impossible shape"),
        ({"shape": [0, 2**63], "data_offsets": [0, 0]}, "impossible shape"),
        ({"shape": [1] * 100 + [5]}, "impossible shape"),
        ({"shape": [4]}, "does not fill"),
        ({"shape": [6]}, "does not fill"),
        ({"data_offsets": [0, 48]}, "does not fill"),
        ({"data_offsets": [40, 0]}, "does not fill"),
        ({"data_offsets": [-40, 0]}, "impossible offsets"),
        ({"data_offsets": [0]}, "impossible offsets"),
        ({"data_offsets": [0, 40, 80]}, "impossible offsets"),
        ({"data_offsets": [0.0, 40.0]}, "impossible offsets"),
        ({"data_offsets": [8, 48]}, "gap or overlap"),
        ({"data_offsets": [2**62, 2**62 + 40]}, "gap or overlap"),
        ({"more": 1}, "must have"),
    ],
)
def test_an_impossible_array_is_refused(saved, entry, reason):
    rewrite(saved, lambda header: header["theta"].update(entry))
    refusal(saved, reason, "'theta'" if "gap" not in reason else "")


@pytest.mark.parametrize("entry", [None, 5, [], "F64", {}])
def test_an_array_that_is_no_object_is_refused(saved, entry):
    rewrite(saved, lambda header: header.update(theta=entry))
    refusal(saved, "must have")


def test_arrays_that_share_bytes_are_refused(saved):
    def overlap(header):
        header["again"] = dict(header["theta"])

    rewrite(saved, overlap)
    refusal(saved, "gap or overlap")


def test_bytes_of_no_array_are_refused(saved):
    rewrite(saved, lambda header: header.pop("theta"))
    refusal(saved, "gap or overlap")
    file_format.write_model_file(saved, ARRAYS, DOCUMENT)
    rewrite(saved, lambda header: header.pop("number"))
    refusal(saved, "damaged")


def raw(path, head, data=b""):
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 16 * 2**20 + 1, 1000])
def test_a_header_longer_than_the_file_or_the_limit_is_refused(tmp_path, length):
    path = tmp_path / "long"
    path.write_bytes(length.to_bytes(8, "little") + b"{}")
    refusal(path, f"header of {length} bytes")


def test_a_header_over_the_limit_is_refused_even_if_it_is_there(tmp_path):
    path = tmp_path / "long"
    raw(path, b"{}" + b" " * (16 * 2**20))
    refusal(path, "header of")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[]",
        b" {}",
        b"{",
        b"{}{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"__metadata__": {"hbcd": "{}", "hbcd": "{}"}}',
        b'{"a": ' + b"9" * 10000 + b"}",
        b'{"a": ' + b"[" * 100000 + b"]" * 100000 + b"}",
        b'{"\xff": 1}',
        b'{"a": "\xc3"}',
        b"\x80\x04\x95.",
        b"{\x00}",
    ],
)
def test_a_header_that_is_not_strict_json_is_refused(tmp_path, head):
    path = tmp_path / "head"
    raw(path, head)
    refusal(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100000]
)
def test_a_document_that_is_not_a_strict_json_object_is_refused(saved, text):
    rewrite(saved, lambda header: header["__metadata__"].update(hbcd=text))
    refusal(saved, "document")


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    refusal(tmp_path / "nothing", "cannot be read")
    refusal(tmp_path, "cannot be read")
