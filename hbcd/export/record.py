"""What an exported file says of itself: how far it is from the model, and that it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.public import public
from hbcd.utils.version import __version__

__all__ = ["ExportRecord", "is_export", "model_hash", "read_record", "sealed"]

FORMAT = 1
NO_SEAL = "0" * 64
MARK = re.compile(rb'"seal":"([0-9a-f]{64})"\}')
START = b'{"hbcd_export":'  # quotes within a record have backslashes before them


@public
@dataclass(frozen=True)
class ExportRecord:
    """What was measured and proven of an exported file, and stands in it.

    Attributes
    ----------
    target : str
        "c", "onnx" and so on, as ``hbcd export --to`` takes it.
    dtype : str
        The precision of its numbers.
    inputs : list of dict
        Of every input its name, the least and the greatest value of the box, and for text the
        levels.
    outputs : list of str
    unit : str
        Of the outputs; "" where it is not known.
    left_out : list of str
        What of the model is not in the file.
    points, corners : int
        How many points, and how many corners of the box, the file was evaluated at.
    measured : list of float
        The largest difference from the model's own predictions at these, for every output.
    bound : list of (float or None)
        What no difference within the box can exceed, by an analysis of rounding errors; None where
        nothing can be said.
    assumed : str
        What that rests on.
    model : str
        SHA-256 of the numbers of the model.
    measured_jacobian : list of float or None
        The largest difference of a slope of every output from that of the model, where the file
        has slopes.
    hbcd : str
        The version that wrote it.
    """

    target: str
    dtype: str
    inputs: list[dict[str, Any]]
    outputs: list[str]
    unit: str
    left_out: list[str]
    points: int
    corners: int
    measured: list[float]
    bound: list[float | None]
    assumed: str
    model: str
    measured_jacobian: list[float] | None = None
    hbcd: str = __version__

    def __str__(self) -> str:
        """Lines of the least and the most that is known, one for each output."""
        unit = f" {self.unit}" if self.unit else ""
        width = max(len(name) for name in self.outputs)
        found = [
            f"{name:<{width}}  largest difference measured {most:.2g}{unit}, "
            + (f"proven bound {bound:.2g}{unit}" if bound is not None else "no bound is proven")
            for name, most, bound in zip(self.outputs, self.measured, self.bound, strict=True)
        ]
        return "\n".join(found + [f"not in the file: {text}" for text in self.left_out])

    def to_text(self, between: str = ",") -> str:
        """The same as JSON in ASCII, with an open seal at its end.

        Parameters
        ----------
        between : str
            What parts its items: a comma, and where lines must be short a new line.

        Returns
        -------
        str
        """
        document = {"hbcd_export": FORMAT, **asdict(self), "seal": NO_SEAL}
        text = json.dumps(document, separators=(between, ":"), allow_nan=False)
        for sign in ("?", "*", "--", "=#", "#="):  # that comments of other languages end with
            text = text.replace(sign, sign[:-1] + f"\\u{ord(sign[-1]):04x}")
        return text


def sealed(content: bytes) -> bytes:
    """A file's content with the SHA-256 of all else in the place of its open seal.

    Parameters
    ----------
    content : bytes
        Which holds the text of one record.

    Returns
    -------
    bytes
    """
    digest = hashlib.sha256(content).hexdigest()
    before, mark, behind = content.rpartition(f'"seal":"{NO_SEAL}"}}'.encode())
    if not mark:
        raise ValueError("content: must hold the text of a record")
    return before + mark.replace(NO_SEAL.encode(), digest.encode()) + behind


@public
def read_record(path: str | os.PathLike[str]) -> ExportRecord:
    """The record of an exported file, after a check that nothing in the file has changed.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    ExportRecord

    Raises
    ------
    ValueError
        A file that has no such record, or was changed after it was written.
    """
    with open(path, "rb") as file:
        content = file.read()
    name = os.fspath(path)
    seals = list(MARK.finditer(content))  # the last one: columns may have any name
    start = content.rfind(START, 0, seals[-1].start()) if seals else -1
    if start < 0:
        raise ValueError(f"{name}: has no record of an export by hbcd")
    seal = seals[-1]
    open_content = content[: seal.start(1)] + NO_SEAL.encode() + content[seal.end(1) :]
    if hashlib.sha256(open_content).hexdigest().encode() != seal[1]:
        raise ValueError(f"{name}: was changed after it was written: its seal is broken")
    try:
        document = json.loads(content[start : seal.end()])
        if document.pop("hbcd_export") != FORMAT:
            raise ValueError(f"{name}: was written by a newer hbcd: update hbcd")
        known = {one.name for one in fields(ExportRecord)}
        return ExportRecord(**{key: value for key, value in document.items() if key in known})
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(f"{name}: has a record that hbcd did not write: {error}") from error


def is_export(path: str | os.PathLike[str]) -> bool:
    """Whether there is a file that holds a record, whole or not.

    Parameters
    ----------
    path : str or path
    """
    try:
        with open(path, "rb") as file:
            return START in file.read()
    except OSError:
        return False


def model_hash(model: Any) -> str:
    """SHA-256 of the numbers that predictions are made of."""
    digest = hashlib.sha256()
    scalers = (model.x_scaler_, model.y_scaler_)
    for array in (model.theta_, *(side for one in scalers for side in (one.mean, one.scale))):
        numbers: NDArray[Any] = np.ascontiguousarray(array)
        digest.update(f"{numbers.dtype}{numbers.shape}".encode())
        digest.update(numbers.tobytes())
    digest.update(repr(getattr(model, "output_range_", None)).encode())
    digest.update(repr(getattr(model, "calibrate", None)).encode())
    return digest.hexdigest()
