"""What a release is built with: pinned actions, finished wheels, no network at import or fit."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import hbcd

ROOT = Path(__file__).resolve().parents[2]


def script(name):
    """A script of .ci as a module; wheels carry none of them."""
    path = ROOT / ".ci" / f"{name}.py"
    if not path.exists():
        pytest.skip("the sources are not here")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- workflows ----------------------------------------------------------------------------------


def test_every_action_is_pinned_by_hash():
    assert script("pins").main() == 0


@pytest.mark.parametrize(
    "line",
    [
        "uses: a/b@v4",
        "uses: a/b@main",
        "- uses: a/b@" + 40 * "0",
        "uses: a/b@" + 39 * "0" + " # v1.0.0",
        "- 'uses': a/b@v4",
        '- "uses" : a/b@v4',
        "- {uses: a/b@v4}",
        "- { name: c, uses: a/b@v4 }",
    ],
)
def test_a_loose_action_is_found(line):
    assert script("pins").pins("steps:\n  " + line) == (set(), [line[line.index("a/b") :]])


def test_the_citation_names_this_version():
    citation = ROOT / "CITATION.cff"
    if not citation.exists():
        pytest.skip("the sources are not here")
    assert f"\nversion: {hbcd.__version__}\n" in citation.read_text(encoding="utf-8")


# ---- wheels -------------------------------------------------------------------------------------

ABOUT = "hbcd-1.dist-info"
METADATA = """Metadata-Version: 2.4
Name: hbcd
License-Expression: BSD-3-Clause
License-File: LICENSE

Text
"""


def wheel(folder, library="hbcd.libs/libgomp-1a2b.so.1"):
    path = folder / "hbcd-1-cp311-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hbcd/__init__.py", "")
        archive.writestr(library, b"code")
        archive.writestr(f"{ABOUT}/METADATA", METADATA)
        archive.writestr(f"{ABOUT}/RECORD", "wrong")
    return path


def test_a_library_in_a_wheel_brings_its_license_and_its_bill(tmp_path):
    path = wheel(tmp_path)
    assert script("finish_wheel").finish(path) == ["hbcd.libs/libgomp-1a2b.so.1"]
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    head = held[f"{ABOUT}/METADATA"].decode().partition("\n\n")[0].splitlines()
    terms = "License-Expression: BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1"
    assert terms in head
    assert "License-File: libgomp.txt" in head
    assert b"GNU GENERAL PUBLIC LICENSE" in held[f"{ABOUT}/licenses/libgomp.txt"]
    (bill,) = json.loads(held[f"{ABOUT}/sboms/libraries.cdx.json"])["components"]
    assert bill["hashes"][0]["content"] == hashlib.sha256(b"code").hexdigest()
    recorded = [line.split(",")[0] for line in held[f"{ABOUT}/RECORD"].decode().splitlines()]
    assert sorted(recorded) == sorted(held)


def test_a_library_without_a_known_license_is_refused(tmp_path):
    path = wheel(tmp_path, "hbcd.libs/libother.so.2")
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="libother"):
        script("finish_wheel").finish(path)
    assert path.read_bytes() == before


def test_a_wheel_finished_twice_is_the_same_to_the_byte(tmp_path):
    path = wheel(tmp_path)
    script("finish_wheel").finish(path)
    first = path.read_bytes()
    path.unlink()
    script("finish_wheel").finish(wheel(tmp_path))
    assert path.read_bytes() == first


def test_a_time_that_no_zip_file_holds_leaves_the_wheel_as_it_was(tmp_path, monkeypatch):
    path = wheel(tmp_path)
    before = path.read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9999999999")
    with pytest.raises(SystemExit, match="SOURCE_DATE_EPOCH=9999999999: a zip file has no time"):
        script("finish_wheel").finish(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def release_of(folder, *extra, core=("hbcd/core/_core.abi3.so",)):
    """An sdist and a wheel that hold what they must, and more."""
    sources = [
        "LICENSE", "README.md", "SECURITY.md", "CITATION.cff", "docs/index.md", "docs/conf.py",
        "csrc/Makefile", "csrc/include/hbcd.h", "bench/README.md", ".ci/release",
        "tests/project/test_architecture.py", "hbcd/__init__.py",
    ]  # fmt: skip
    sdist, path = folder / "hbcd-1.tar.gz", folder / "hbcd-1-cp311-abi3-linux_x86_64.whl"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in sources:
            archive.addfile(tarfile.TarInfo(f"hbcd-1/{name}"))
    about = [f"{ABOUT}/licenses/LICENSE", f"{ABOUT}/sboms/hbcd.cdx.json"]
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("hbcd/__init__.py", *about, *core, *extra):
            archive.writestr(name, "")
    return [str(sdist), str(path)]


@pytest.mark.parametrize("optimized", [[], ["-O"]])
@pytest.mark.parametrize(
    ("extra", "core", "said"),
    [
        ((), ("hbcd/core/_core.abi3.so",), None),
        ((), ("hbcd/core/_core.cp313t-win_amd64.pyd",), None),
        ((), (), "wheel holds 0 cores"),
        (("hbcd/libother.so",), ("hbcd/core/_core.pyd",), "wheel holds ['hbcd/libother.so']"),
        (("other.py",), ("hbcd/core/_core.abi3.so",), "wheel holds ['other.py']"),
    ],
)
def test_a_wheel_holds_the_core_and_no_other_library(tmp_path, extra, core, said, optimized):
    script("pins")  # skips without the sources
    check = [sys.executable, *optimized, str(ROOT / ".ci" / "check_contents.py")]
    files = release_of(tmp_path, *extra, core=core)
    done = subprocess.run([*check, *files], capture_output=True, text=True)
    assert (done.returncode == 0) == (said is None), done.stderr
    assert done.stderr.startswith(said or ""), done.stderr


def test_a_target_that_is_not_there_is_refused():
    script("pins")
    command = [sys.executable, str(ROOT / ".ci" / "cross.py"), "--only", "vax"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "--only vax: is in no name of" in done.stderr) == (2, True)


# ---- network ------------------------------------------------------------------------------------

OFFLINE = """
import sys
def refuse(event, args):
    if event.removeprefix("socket.") in ("connect", "getaddrinfo", "bind", "sendto"):
        raise SystemExit(f"{event} {args}")
sys.addaudithook(refuse)
import numpy as np, hbcd
X, y = hbcd.make_plant(200, rng=0, return_X_y=True)
model = hbcd.HybridRegressor((3,), random_state=0, max_time=0.5).fit(X, y)
model.save("model.hbcd")
print(np.array_equal(hbcd.load("model.hbcd").predict(X), model.predict(X)))
"""


def without_network():
    """A command that runs another in a namespace without network; empty where none may be made."""
    command = ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None:
        return []
    return (
        command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []
    )


def test_import_fit_save_and_load_need_no_network(tmp_path):
    command = [*without_network(), sys.executable, "-c", OFFLINE]
    environment = {**os.environ, "PYTHONPATH": str(Path(hbcd.__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["True"]), done.stderr
