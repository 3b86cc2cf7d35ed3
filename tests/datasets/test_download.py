"""Laws of finding, downloading and proving the published files; no test reaches the network."""

import io
import urllib.error
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hbcd.datasets import download as _download
from hbcd.datasets import published as _published
from hbcd.datasets.download import Published, content_hash, find_data_home, load
from hbcd.datasets.loaders import fetch_ccpp, fetch_siec

TABLE = pd.DataFrame({"a": [1.5, 2.0], "y": [3.0, 0.1]})
CSV = TABLE.to_csv(index=False).encode()
SMALL = Published(
    file="small.csv",
    member="Folder/small.csv",
    url="https://example.org/some/small+table.zip",
    zip_sha256="0" * 64,
    content_sha256=content_hash(TABLE),
)


def parse(content):
    return pd.read_csv(io.BytesIO(content))


def packed(content, name="Folder/small.csv"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Readme.txt", "read me")
        archive.writestr(name, content)
    return file.getvalue()


def get(data_home, *, download_if_missing=True, path=None):
    return load(
        SMALL, parse, data_home=data_home, download_if_missing=download_if_missing, path=path
    )


@pytest.fixture
def offline(monkeypatch):
    def refuse(url):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(_download, "_open", refuse)


@pytest.fixture
def serve(monkeypatch):
    """Serve these answers, one per opening: bytes, or an error to raise. Gives the addresses."""
    asked = []

    def start(*answers):
        left = list(answers)

        def answer(url):
            asked.append(url)
            item = left.pop(0)
            if isinstance(item, Exception):
                raise item
            return io.BytesIO(item)

        monkeypatch.setattr(_download, "_open", answer)
        monkeypatch.setattr(_download, "PAUSE", 0.0)
        return asked

    return start


def server_error(code):
    return urllib.error.HTTPError(SMALL.url, code, "Bad", {}, io.BytesIO())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("small.csv", CSV),
        ("Folder/small.csv", CSV),
        ("small+table.zip", packed(CSV)),
        ("small+table.zip", packed(CSV, "small.csv")),
    ],
)
def test_a_file_is_found_plain_unpacked_or_as_the_archive(tmp_path, offline, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    assert get(tmp_path).equals(TABLE)


@pytest.mark.parametrize("name", ["mine.csv", "mine.zip", "MINE.ZIP"])
def test_a_file_of_the_users_goes_before_the_data_home(tmp_path, offline, name):
    (tmp_path / "small.csv").write_bytes(b"not looked at")
    (tmp_path / name).write_bytes(packed(CSV) if name.lower().endswith("zip") else CSV)
    assert get(tmp_path, path=tmp_path / name).equals(TABLE)
    with pytest.raises(FileNotFoundError, match="absent"):
        get(tmp_path, path=tmp_path / "absent.csv")


def test_a_missing_file_is_downloaded_once_and_kept_as_the_archive(tmp_path, serve):
    home = tmp_path / "new" / "home"
    asked = serve(packed(CSV))
    assert get(home).equals(TABLE)
    assert get(home).equals(TABLE)
    assert asked == [SMALL.url]
    assert [file.name for file in home.iterdir()] == ["small+table.zip"]


def test_an_error_of_the_servers_own_is_tried_again_and_no_other(tmp_path, serve):
    asked = serve(server_error(502), server_error(503), packed(CSV))
    assert get(tmp_path / "a").equals(TABLE)
    assert len(asked) == 3
    absent, down = server_error(404), server_error(502)
    asked = serve(absent, packed(CSV))
    with pytest.raises(OSError, match="404"):
        get(tmp_path / "b")
    assert len(asked) == 4
    asked = serve(down, down, down)
    with pytest.raises(OSError, match="502"):
        get(tmp_path / "c")
    assert len(asked) == 7
    assert absent.fp.closed  # no connection is left to the garbage collector
    assert down.fp.closed


def names_what_to_do(error, home):
    return all(
        text in str(error)
        for text in (str(home), SMALL.file, SMALL.url, SMALL.zip_sha256, SMALL.content_sha256)
    )


def test_offline_names_path_address_and_hashes_and_leaves_nothing(tmp_path, offline):
    with pytest.raises(OSError, match="no network") as caught:
        get(tmp_path)
    assert names_what_to_do(caught.value, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_of_the_network_when_that_is_not_allowed(tmp_path, serve):
    asked = serve()
    with pytest.raises(OSError, match="download_if_missing is False") as caught:
        get(tmp_path / "home", download_if_missing=False)
    assert names_what_to_do(caught.value, tmp_path)
    assert asked == []
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>please log in</html>",
        packed(CSV)[:-30],
        packed(CSV).replace(b"Folder/small", b"Folder/other"),
        packed(CSV.replace(b"1.5", b"1.6")),
        packed(b"\xff\xfe"),
    ],
)
def test_a_download_that_is_not_the_table_is_an_error_and_deleted(tmp_path, serve, answer):
    serve(answer)
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        get(tmp_path)
    assert names_what_to_do(caught.value, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_download_is_cut_off_and_deleted(tmp_path, serve, monkeypatch):
    monkeypatch.setattr(_download, "MAX_DOWNLOAD", 100)
    serve(bytes(101))
    with pytest.raises(OSError, match="more than 100 bytes"):
        get(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("offline"), KeyboardInterrupt()])
def test_a_failed_download_takes_away_the_folders_it_made_and_no_other(
    tmp_path, monkeypatch, error
):
    def answer(url):
        raise error

    monkeypatch.setattr(_download, "_open", answer)
    home = tmp_path / "new" / "home"
    with pytest.raises(type(error)):
        get(home)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "new").mkdir()  # it was there before: it stays
    with pytest.raises(type(error)):
        get(home)
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]


def test_an_interrupted_download_leaves_nothing(tmp_path, monkeypatch):
    class Interrupted(io.BytesIO):
        def read(self, size=-1):
            raise KeyboardInterrupt

    monkeypatch.setattr(_download, "_open", lambda url: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        get(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_data_home_that_cannot_be_written_is_an_os_error_with_the_remedy(tmp_path, serve):
    serve(packed(CSV))
    home = tmp_path / "file"
    home.write_text("in the way")
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        get(home)
    assert names_what_to_do(caught.value, home)


def test_other_numbers_are_refused_naming_both_hashes(tmp_path, offline):
    other = TABLE.assign(a=[1.5, 2.5])
    other.to_csv(tmp_path / "small.csv", index=False)
    with pytest.raises(ValueError, match="content sha256") as caught:
        get(tmp_path)
    assert str(tmp_path / "small.csv") in str(caught.value)
    assert content_hash(other) in str(caught.value)
    assert SMALL.content_sha256 in str(caught.value)


def test_the_hash_is_of_little_endian_float64_in_c_order():
    import hashlib
    import struct

    expected = hashlib.sha256(struct.pack("<4d", 1.5, 3.0, 2.0, 0.1)).hexdigest()
    assert content_hash(TABLE) == expected
    assert content_hash(pd.DataFrame(np.asfortranarray(TABLE.to_numpy()))) == expected


def test_the_argument_goes_before_the_environment_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HBCD_DATA", str(tmp_path / "env"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("sys.platform", "linux")
    assert find_data_home(tmp_path / "arg") == tmp_path / "arg"
    assert find_data_home(None) == tmp_path / "env"
    monkeypatch.setenv("HBCD_DATA", "")
    assert find_data_home(None) == tmp_path / "xdg" / "hbcd"
    monkeypatch.setenv("HBCD_DATA", "~/data")
    assert find_data_home(None) == Path.home() / "data"


def test_every_platform_has_its_cache(monkeypatch):
    for name in ("HBCD_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    home = Path.home()
    for platform, folder in {
        "linux": home / ".cache" / "hbcd",
        "darwin": home / "Library" / "Caches" / "hbcd",
        "win32": home / "AppData" / "Local" / "hbcd" / "Cache",
    }.items():
        monkeypatch.setattr("sys.platform", platform)
        assert find_data_home(None) == folder
    monkeypatch.setenv("LOCALAPPDATA", str(home / "elsewhere"))
    assert find_data_home(None) == home / "elsewhere" / "hbcd" / "Cache"


@pytest.mark.parametrize("fetch", [fetch_ccpp, fetch_siec])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"\xff" * 100])
def test_a_damaged_published_file_is_a_value_error_that_names_it(tmp_path, offline, fetch, content):
    for source in (_published.CCPP, _published.SIEC):
        (tmp_path / source.file).write_bytes(content)
    with pytest.raises(ValueError, match=r"is not .* as published") as caught:
        fetch(tmp_path)
    assert str(tmp_path) in str(caught.value)
