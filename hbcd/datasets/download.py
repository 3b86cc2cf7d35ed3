"""Finds the published data files, downloads what is missing, and proves the content of both.

Copies of the same table differ as files (packed again, saved again), so the content counts: the
SHA-256 of the parsed numbers, features then target, as little-endian float64 in C order.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Largest download (bytes); the published archives have 0.5 and 4 MB.
MAX_DOWNLOAD: Final = 64 * 2**20

#: Tries in all, and seconds between two, when the archive's server answers with an error of its own
#: (it often does, with 502).
TRIES: Final = 3
PAUSE: Final = 1.0

#: Seconds without an answer after which a connection counts as lost.
TIMEOUT: Final = 30.0

#: From the bytes of the file to its table: float64 columns, the features and then the target.
Parser = Callable[[bytes], "pd.DataFrame"]


@dataclass(frozen=True)
class Published:
    """A published data file.

    Attributes
    ----------
    file : str
        Its plain name.
    member : str
        Its name in the published archive.
    url : str
        Address of the archive.
    zip_sha256 : str
        Hash of the archive as once recorded; named in messages, not required (it is packed anew).
    content_sha256 : str
        Hash of the parsed table, see `content_hash`.
    """

    file: str
    member: str
    url: str
    zip_sha256: str
    content_sha256: str

    @property
    def zip_name(self) -> str:
        """Name of the archive, the last part of its address."""
        return self.url.rsplit("/", 1)[-1]


def content_hash(frame: pd.DataFrame) -> str:
    """SHA-256, in hexadecimal, of a table's numbers as little-endian float64 in C order."""
    return hashlib.sha256(np.ascontiguousarray(frame, dtype="<f8").tobytes()).hexdigest()


def platform_cache() -> Path:
    """Folder for this library's files that can be had again, as each platform has it."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "hbcd"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "hbcd" / "Cache"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hbcd"


def find_data_home(data_home: str | os.PathLike[str] | None) -> Path:
    """Folder of the data files: the argument, else HBCD_DATA, else the platform's cache."""
    chosen = data_home if data_home is not None else os.environ.get("HBCD_DATA")
    return Path(chosen).expanduser() if chosen else platform_cache()


def load(
    published: Published,
    parse: Parser,
    *,
    data_home: str | os.PathLike[str] | None,
    download_if_missing: bool,
    path: str | os.PathLike[str] | None,
) -> pd.DataFrame:
    """Give the table of a published file, checked, from `path`, the data home or its address.

    Parameters
    ----------
    published : Published
        Which file.
    parse : callable
        From the file's bytes to its table; ValueError where they are no such file.
    data_home : path or None
        See `find_data_home`. Searched for the plain file and for the published archive.
    download_if_missing : bool
        Whether to download the archive into the data home when neither is there.
    path : path or None
        A file of the user's, plain or archive, to read instead.

    Raises
    ------
    OSError
        There is no file, and it may not or cannot be downloaded.
    ValueError
        There is one, but it cannot be read or holds other numbers.
    """
    if path is not None:
        return _checked(published, Path(path).expanduser(), parse)
    home = find_data_home(data_home)
    for name in (published.file, published.member, published.zip_name):
        if (home / name).is_file():
            return _checked(published, home / name, parse)
    if not download_if_missing:
        raise OSError(_absent(published, home, "is missing, and download_if_missing is False"))
    return _download(published, home, parse)


def _absent(published: Published, home: Path, why: str) -> str:
    return (
        f"{home / published.file}: {why}. Get {published.url} (sha256 {published.zip_sha256}; "
        f"its table as float64 {published.content_sha256}), and put it or its member "
        f"{published.member} into {home}, or name it with path=..."
    )


def _checked(published: Published, file: Path, parse: Parser) -> pd.DataFrame:
    """Read `file`, plain or archive; ValueError unless it holds the published numbers."""
    try:
        return _proved(published, parse(_unpack(published, file)))
    except ValueError as error:
        raise ValueError(f"path={file}: is not {published.file} as published: {error}") from error


def _proved(published: Published, frame: pd.DataFrame) -> pd.DataFrame:
    found = content_hash(frame)
    if found != published.content_sha256:
        raise ValueError(f"content sha256 is {found}, published is {published.content_sha256}")
    return frame


def _unpack(published: Published, file: Path) -> bytes:
    """Bytes of the published file from itself or from an archive that has it at any depth."""
    import zipfile

    from hbcd.tables.xlsx import DAMAGE, read_part

    content = file.read_bytes()
    if file.suffix.lower() != ".zip":
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [n for n in archive.namelist() if n.rsplit("/", 1)[-1] == published.file]
            if not names:
                raise ValueError(f"no {published.file} in the archive")
            content = read_part(archive, names[0])
    except DAMAGE as error:
        raise ValueError(f"not a readable archive ({error})") from error
    return content


def _download(published: Published, home: Path, parse: Parser) -> pd.DataFrame:
    """Download the archive; what fails on the way leaves nothing, no folder either."""
    from http.client import HTTPException

    new = [folder for folder in (home, *home.parents) if not folder.exists()]
    try:
        try:
            home.mkdir(parents=True, exist_ok=True)
            return _download_into(published, home, parse)
        except BaseException:  # Ctrl-C, too
            _remove_empty(new)
            raise
    except (OSError, HTTPException, ValueError) as error:
        why = f"is missing and could not be downloaded: {error}"
        raise OSError(_absent(published, home, why)) from error


def _remove_empty(folders: list[Path]) -> None:
    """Takes folders away, the innermost first, up to one that somebody else uses by now."""
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _download_into(published: Published, home: Path, parse: Parser) -> pd.DataFrame:
    """Give the archive its name in `home` only once its content has proved right."""
    part = home / f".{os.getpid()}-{time.monotonic_ns()}-{published.zip_name}"
    file = part.open("xb")
    try:
        with file:
            _copy(published.url, file)
        frame = _proved(published, parse(_unpack(published, part)))
        os.replace(part, home / published.zip_name)
    finally:
        part.unlink(missing_ok=True)
    return frame


def _copy(url: str, file: IO[bytes]) -> None:
    """Write what `url` gives to the empty `file`."""
    size = 0
    with _open_patiently(url) as response:
        while chunk := response.read(2**16):
            size += len(chunk)
            if size > MAX_DOWNLOAD:
                raise OSError(f"{url}: gives more than {MAX_DOWNLOAD} bytes")
            file.write(chunk)


def _open_patiently(url: str) -> Any:
    """Open an address, again after an error of the server's own; other errors are final."""
    from urllib.error import HTTPError

    left = TRIES
    while True:
        left -= 1
        try:
            return _open(url)
        except HTTPError as error:
            error.close()  # the connection; what it says stays
            if error.code < 500 or not left:
                raise
        time.sleep(PAUSE)


def _open(url: str) -> Any:
    """Open an address for reading; the one place that touches the network."""
    from urllib.request import Request, urlopen

    return urlopen(Request(url, headers={"User-Agent": "hbcd"}), timeout=TIMEOUT)
