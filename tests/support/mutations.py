"""Damaged model files for the fuzz test and bench/models/fuzz.py: mutated at random, by seed.

A third keep a checksum that fits, so that what stands behind the checksum is reached, too.
"""

import contextlib
import copy
import hashlib
import json

import numpy as np

from hbcd.model_files import file_format

NUMBERS = (0, 1, -1, 2, 3, 7, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e300)
VALUES = (None, True, False, "", "x", "tanh", "F64", "NaN", [], {}, [[]], {"a": 1}, *NUMBERS)
PIECES = (
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b'"',
    b"[",
    b",",
    b"1e999",
    b"NaN",
    b"\\u0000",
    b"\xed\xa0\x80",
)


def mutate(content: bytes, generator: np.random.Generator) -> bytes:
    """One damaged file; now and then the damage may leave it as it was."""
    if generator.random() < 1 / 3:
        return _sealed(content, generator)
    damaged = bytearray(content)
    for _ in range(int(generator.integers(1, 5))):
        _damage(damaged, generator)
    return bytes(damaged)


def _damage(data: bytearray, generator: np.random.Generator) -> None:
    """Flips, sets, cuts, repeats, swaps or inserts somewhere, mostly in the header."""
    reach = len(data) if generator.random() < 0.3 else min(len(data), 2500)
    at = int(generator.integers(max(reach, 1)))
    length = int(generator.integers(1, 40))
    kind = int(generator.integers(7))
    if kind == 0 and data:
        data[at] ^= 1 << int(generator.integers(8))
    elif kind == 1 and data:
        data[at] = int(generator.integers(256))
    elif kind == 2:
        del data[at : at + length]
    elif kind == 3:
        data[at:at] = data[at : at + length]
    elif kind == 4:
        data[at:at] = PIECES[int(generator.integers(len(PIECES)))]
    elif kind == 5:
        del data[at:]
    else:
        data[:8] = int(generator.integers(2**63)).to_bytes(8, "little")


def split(content: bytes) -> tuple[dict, bytes]:
    """Header and data of a file that is whole."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def seal(header: dict, data: bytes) -> bytes:
    """A file of this header and data whose checksum fits."""
    header = copy.deepcopy(header)
    header["__metadata__"].pop("sha256", None)
    canonical = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    header["__metadata__"]["sha256"] = hashlib.sha256(canonical + data).hexdigest()
    text = json.dumps(header, separators=(",", ":")).encode()
    return len(text).to_bytes(8, "little") + text + data


def _sealed(content: bytes, generator: np.random.Generator) -> bytes:
    """A file of the right checksum whose document, layout or data is wrong somewhere."""
    header, data = split(content)
    kind = int(generator.integers(3))
    if kind == 0:
        document = json.loads(header["__metadata__"]["hbcd"])
        _change(document, generator)
        header["__metadata__"]["hbcd"] = json.dumps(document)
    elif kind == 1:
        name = [*header][int(generator.integers(len(header)))]
        if name != "__metadata__":
            _change(header[name], generator)
    else:
        values = np.frombuffer(data, np.uint8).copy()
        values[int(generator.integers(len(values)))] ^= 1 << int(generator.integers(8))
        data = values.tobytes()
    return seal(header, data)


def _change(tree: dict | list, generator: np.random.Generator) -> None:
    """Replaces, removes or adds one entry anywhere in a tree of JSON."""
    places = [*_places(tree)]
    parent, key = places[int(generator.integers(len(places)))]
    if generator.random() < 0.2:
        del parent[key]
    elif generator.random() < 0.1 and isinstance(parent, dict):
        parent["new"] = 1
    else:
        parent[key] = copy.deepcopy(VALUES[int(generator.integers(len(VALUES)))])


def _places(tree):
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])


def judge(load, path, content: bytes, whole: bytes) -> str:
    """What became of a file: "refused", "same" or "other"; raises where neither is fair.

    A load is fair where nothing that predicts was changed ("same": its content is what the file
    says it is, by a checksum that fits), and a refusal where it is one line that names the file.
    """
    path.write_bytes(content)
    try:
        model = load(path)
    except ValueError as error:
        message = str(error)
        assert message.startswith(f"{path}: "), message
        assert "\n" not in message, message
        assert len(message) < 2000, message
        return "refused"
    try:
        arrays, document = file_format.read_model_file(path)
    except ValueError as error:  # pragma: no cover - the load above has read it
        raise AssertionError("loaded what the reader refuses") from error
    theta = arrays["theta"]
    assert model.theta_.tobytes() == theta.tobytes()
    assert len(document["layers"]) == len(model.network_.layers) - 1
    with np.errstate(all="ignore"), contextlib.suppress(ValueError):  # scales of any size
        assert len(model.predict(np.zeros((2, len(model.x_scaler_.mean))))) == 2
    assert np.isfinite(theta).all(), "parameters that no training gives"
    return "same" if content == whole else "other"
