"""The model file: arrays and a JSON document, in the layout of safetensors, written all or nothing.

::

    8 bytes    length of the header, little-endian
    header     JSON: {name: {"dtype": "F64", "shape": [10, 4], "data_offsets": [0, 320]}, ...,
               "__metadata__": {"format": "1", "hbcd": <document as JSON text>, "sha256": <digest>}}
    data       the arrays, little-endian, row by row; they tile the section exactly

The digest covers the header without itself (as canonical JSON) and the data, so a file that was
damaged, cut or edited does not load.  Reading runs no code, and what it allocates is bounded by
the size of the file.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.atomic_files import replace_file

__all__ = ["read_model_file", "write_model_file"]

FORMAT = 2  # the newest that is read
VERSIONS = tuple(str(version) for version in range(1, FORMAT + 1))
MAX_HEADER = 16 * 2**20  # bytes; the header of a network takes a few kB
MAX_ARRAY = 2**62  # bytes, and dimensions: what still fits NumPy's signed sizes
MAX_DIMENSIONS = 32
METADATA = "__metadata__"
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}

Array = NDArray[np.floating[Any]]


def write_model_file(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    document: dict[str, Any],
    version: int = 1,
) -> None:
    """Write a model file atomically: afterwards it is there whole, or what was there before is.

    Parameters
    ----------
    path : str or path-like
        Where to write; a symbolic link is followed.
    arrays : mapping of str to ndarray
        float32 or float64 of any shape, strides and byte order.
    document : dict
        Everything else.  It must survive JSON unchanged: text keys, lists instead of tuples,
        no NaN or infinity.
    version : int, default 1
        Of the format: the first one whose readers know all that predictions follow from.

    Raises
    ------
    ValueError
        If an array or the document cannot be stored; nothing is written.
    OSError
        If the file cannot be written; an existing file is left as it was.
    """
    target = os.fspath(path)
    try:
        content = _encode(arrays, document, version)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{target}: not saved: {_one_line(error)}") from error
    replace_file(Path(os.path.realpath(target)), content, target)


def read_model_file(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a model file and check every byte of it.

    Parameters
    ----------
    path : str or path-like
        A file written by `write_model_file`.

    Returns
    -------
    arrays : dict of str to ndarray
        In the order in which they were saved, each with its own memory.
    document : dict
        The document that was saved.

    Raises
    ------
    ValueError
        If the file is missing, unreadable, damaged, of a newer format or not a model file at all:
        one line that begins with the path.
    """
    source = os.fspath(path)
    try:
        return _decode(source)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"{source}: cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: {_one_line(error)}") from error


def _encode(arrays: Mapping[str, Array], document: dict[str, Any], version: int) -> list[bytes]:
    """The file, piece by piece."""
    header: dict[str, Any] = {}
    data: list[bytes] = []
    end = 0
    for name, given in arrays.items():
        array = np.asarray(given)
        if not isinstance(name, str) or not name or name == METADATA:
            raise ValueError(f"array name {name!r}: must be text, not empty, not {METADATA}")
        kind = {"f4": "F32", "f8": "F64"}.get(array.dtype.str[1:])
        if kind is None:
            raise ValueError(f"array {name!r}: dtype {array.dtype} must be float32 or float64")
        data.append(array.astype(DTYPES[kind]).tobytes(order="C"))
        start, end = end, end + len(data[-1])
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    if not isinstance(document, dict) or json.loads(text) != document:
        raise ValueError("document: must survive JSON unchanged (text keys, lists, no tuples)")
    header[METADATA] = {"format": str(version), "hbcd": text}
    header[METADATA]["sha256"] = _digest(header, data)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # the data section starts aligned, as safetensors asks
    if len(head) > MAX_HEADER:
        raise ValueError(f"document: {len(head)} bytes of header are over {MAX_HEADER}")
    return [len(head).to_bytes(8, "little"), head, *data]


def _decode(source: str) -> tuple[dict[str, Array], dict[str, Any]]:
    with open(source, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8:
            raise ValueError(f"not a model file: {size} bytes are too few")
        if length > min(MAX_HEADER, size - 8):
            raise ValueError(f"damaged or not a model file: header of {length} bytes")
        head = file.read(length)
        data = file.read(size - 8 - length)
    if not head.startswith(b"{"):
        raise ValueError("damaged or not a model file: no header")
    header = _parse(head.decode(), "header")
    document = _check_metadata(header)
    layout = [(name, *_check_entry(name, entry)) for name, entry in _tensors(header)]
    _check_tiling([(start, end) for _, _, _, start, end in layout], len(data))
    if header[METADATA].pop("sha256") != _digest(header, [data]):
        raise ValueError("damaged: the content does not match its checksum")
    view = memoryview(data)
    arrays = {
        name: np.frombuffer(view[start:end], dtype).astype(dtype.newbyteorder("=")).reshape(shape)
        for name, dtype, shape, start, end in layout
    }
    return arrays, _parse(document, "document")


def _check_metadata(header: dict[str, Any]) -> str:
    """The document's text, from metadata of a format that this version reads."""
    metadata = header.get(METADATA)
    if not isinstance(metadata, dict) or "hbcd" not in metadata:
        raise ValueError("not a model of hbcd: its header has no document")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("damaged: metadata must be text")
    version = metadata.get("format", "")
    if version.isascii() and version.isdigit() and len(version) < 10 and int(version) > FORMAT:
        raise ValueError(f"format {version} is newer than this hbcd reads ({FORMAT}): update hbcd")
    if set(metadata) != {"format", "hbcd", "sha256"} or version not in VERSIONS:
        raise ValueError("damaged: metadata must be format, hbcd and sha256, of format 1 or 2")
    return str(metadata["hbcd"])


def _tensors(header: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, entry) for name, entry in header.items() if name != METADATA]


def _check_entry(name: str, entry: Any) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    """Type, shape and place of one array; sizes are checked before anything is allocated."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"damaged: array {name[:60]!r} must have dtype, shape and data_offsets")
    dtype = DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise ValueError(f"damaged: array {name[:60]!r} has an unknown dtype")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"damaged: array {name[:60]!r} has an impossible shape")
    if math.prod(max(n, 1) for n in shape) > MAX_ARRAY // dtype.itemsize:
        raise ValueError(f"damaged: array {name[:60]!r} has an impossible shape")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"damaged: array {name[:60]!r} has impossible offsets")
    start, end = offsets
    if end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"damaged: array {name[:60]!r} does not fill its place")
    return dtype, tuple(shape), start, end


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and n >= 0 for n in values)


def _check_tiling(places: list[tuple[int, int]], size: int) -> None:
    """Without gap, overlap or rest: each array begins where the one before it ends."""
    reached = 0
    for start, end in sorted(places):
        if start != reached:
            raise ValueError("damaged: arrays must follow each other without gap or overlap")
        reached = end
    if reached != size:
        raise ValueError(f"damaged or cut short: {size} bytes of data, {reached} expected")


def _digest(header: dict[str, Any], data: list[bytes]) -> str:
    """SHA-256 of everything but itself."""
    digest = hashlib.sha256(_canonical(header).encode())
    for piece in data:
        digest.update(piece)
    return digest.hexdigest()


def _canonical(value: Any) -> str:
    """JSON that depends on the value alone, not on the order or spacing it was written in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _parse(text: str, what: str) -> dict[str, Any]:
    """JSON of an object, strictly: no key twice, no NaN or infinity."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key stands there twice")
        return result

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"damaged: {what}: {_one_line(error)}") from error
    if not isinstance(value, dict):
        raise ValueError(f"damaged: {what}: must be an object")
    return value


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
