"""Files that are ZIP archives: the same bytes for the same entries, the record as their comment."""

from __future__ import annotations

import io
import zipfile
import zlib

__all__ = ["archive", "archive_entries"]

MOST_BYTES = 65535  # of the comment of an archive
DAY = (1980, 1, 1, 0, 0, 0)  # the first that the format knows: entries have no time of their own


def archive(entries: dict[str, bytes], comment: str = "") -> bytes:
    """A ZIP archive.

    Parameters
    ----------
    entries : dict of str to bytes
        Files by their paths, which have forward slashes.
    comment : str
        In ASCII; it stands in the archive as it is, so that a seal can be put into it.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        A comment that is too long.
    """
    if len(comment) > MOST_BYTES:
        raise ValueError(
            f"columns: their record has {len(comment)} bytes, must have at most {MOST_BYTES} in "
            "such a file: it has too many columns or levels"
        )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, DAY)
            entry.create_system = 3  # the same on every system
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content, zipfile.ZIP_DEFLATED)
        file.comment = comment.encode("ascii")
    return stream.getvalue()


def archive_entries(content: bytes) -> dict[str, bytes]:
    """The files in an archive, by their paths.

    Parameters
    ----------
    content : bytes

    Raises
    ------
    ValueError
        It is no archive, or one of its files is not what was put in.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if any(entry.compress_type != zipfile.ZIP_DEFLATED for entry in file.infolist()):
                raise zipfile.BadZipFile("an entry is packed in another way")
            return {entry.filename: file.read(entry) for entry in file.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"archive: cannot be read back ({error}): nothing is written") from error
