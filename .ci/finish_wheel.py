"""Finishes repaired wheels in place: what their libraries oblige to, and the same bytes every time.

    python .ci/finish_wheel.py WHEEL|FOLDER...

A repair (auditwheel, delocate, delvewheel) copies the OpenMP runtime into the wheel.  Its license
is added, in the metadata too, with a bill of materials that has its checksum; a library that is not
listed here is refused.  Every entry gets the time of SOURCE_DATE_EPOCH, 1980 without it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
import time
import zipfile
from pathlib import Path, PurePosixPath

LICENSES = Path(__file__).resolve().parent / "licenses"
FIRST, LAST = 315532800, 4354819198  # seconds of the times that a zip file can hold: 1980 to 2107
# The begin of a library's name -> its license, as SPDX writes it, and the file with its text.
LIBRARIES = {
    "libgomp": ("GPL-3.0-or-later WITH GCC-exception-3.1", "libgomp.txt"),
    "libomp": ("Apache-2.0 WITH LLVM-exception", "libomp.txt"),
    "vcomp140": ("LicenseRef-Microsoft-Visual-Cpp-Runtime", "vcomp140.txt"),
}


def finish(wheel: Path) -> list[str]:
    """The names of the libraries found; the wheel is written anew."""
    with zipfile.ZipFile(wheel) as archive:
        entries = {
            one.filename: archive.read(one) for one in archive.infolist() if not one.is_dir()
        }
        executable = {one.filename for one in archive.infolist() if one.external_attr >> 16 & 0o100}
    (about,) = {PurePosixPath(name).parts[0] for name in entries if ".dist-info/" in name}
    found = libraries(entries)
    if found:
        add_licenses(entries, about, {name for name, _ in found})
        bill = json.dumps(bill_of_materials(entries, found), indent=2, sort_keys=True) + "\n"
        entries[f"{about}/sboms/libraries.cdx.json"] = bill.encode()
    entries.pop(f"{about}/RECORD")
    entries[f"{about}/RECORD"] = record(entries, f"{about}/RECORD")
    write(wheel, entries, executable)
    return [path for _, path in found]


def libraries(entries: dict[str, bytes]) -> list[tuple[str, str]]:
    """(key of LIBRARIES, path) of each library that a repair copied in."""
    found = []
    for path in sorted(entries):
        folder, _, name = path.rpartition("/")
        if folder not in ("hbcd.libs", "hbcd/.dylibs") or not re.search(
            r"\.(so|dylib|dll)\b", name
        ):
            continue
        known = [key for key in LIBRARIES if name.startswith(key)]
        if not known:
            raise SystemExit(f"{path}: a library without a known license; see LIBRARIES")
        found.append((known[0], path))
    return found


def add_licenses(entries: dict[str, bytes], about: str, names: set[str]) -> None:
    metadata = entries[f"{about}/METADATA"].decode()
    head, separator, body = metadata.partition("\n\n")
    for name in sorted(names):
        terms, file = LIBRARIES[name]
        text = f"{about}/licenses/{file}"
        if text not in entries:
            entries[text] = (LICENSES / file).read_bytes()
            head = re.sub(r"(?m)^(License-Expression: .*)$", rf"\1 AND {terms}", head)
            head += f"\nLicense-File: {file}"
    entries[f"{about}/METADATA"] = (head + separator + body).encode()


def bill_of_materials(entries: dict[str, bytes], found: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": name,
                "licenses": [{"expression": LIBRARIES[name][0]}],
                "hashes": [
                    {"alg": "SHA-256", "content": hashlib.sha256(entries[path]).hexdigest()}
                ],
                "properties": [{"name": "hbcd:path", "value": path}],
            }
            for name, path in found
        ],
    }


def record(entries: dict[str, bytes], own_name: str) -> bytes:
    lines = []
    for name, content in sorted(entries.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return ("\n".join([*lines, f"{own_name},,"]) + "\n").encode()


def write(wheel: Path, entries: dict[str, bytes], executable: set[str]) -> None:
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    if seconds > LAST:
        raise SystemExit(f"SOURCE_DATE_EPOCH={seconds}: a zip file has no time after 2107")
    moment = time.gmtime(max(seconds, FIRST))[:6]
    # What describes the wheel comes last, RECORD at the very end.
    order = sorted(
        entries, key=lambda name: (".dist-info/" in name, name.endswith("/RECORD"), name)
    )
    whole = wheel.with_name(wheel.name + ".part")  # what fails leaves the wheel as it was
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in order:
            entry = zipfile.ZipInfo(name, moment)
            entry.create_system = 3
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, entries[name])
    whole.replace(wheel)


if __name__ == "__main__":
    for argument in map(Path, sys.argv[1:]):
        for one in sorted(argument.glob("*.whl")) if argument.is_dir() else [argument]:
            print(f"{one.name}: {', '.join(finish(one)) or 'no library copied in'}")
