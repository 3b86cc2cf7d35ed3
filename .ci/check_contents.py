"""What an sdist and a wheel must hold, and must not.

    python .ci/check_contents.py SDIST WHEEL [FOLDER...]

FOLDER: one of the machine that built them, which no file may name.
"""

import os
import re
import sys
import tarfile
import zipfile

sdist, wheel, *folders = sys.argv[1:]


def check(holds: bool, message: str) -> None:
    """Ends with the message otherwise; `assert` would do nothing under `python -O`."""
    if not holds:
        raise SystemExit(message)


with tarfile.open(sdist) as archive:
    names = [name.partition("/")[2] for name in archive.getnames()]
for name in (
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "CITATION.cff",
    "docs/index.md",
    "docs/conf.py",
    "csrc/Makefile",
    "csrc/include/hbcd.h",
    "bench/README.md",
    "tests/project/test_architecture.py",
    ".ci/release",
):
    check(name in names, f"sdist lacks {name}")
data = [
    n
    for n in names
    if n.endswith((".csv", ".xlsx", ".parquet", ".so", ".o", ".a")) or n == "hbcd/core/_core.c"
]
check(not data, f"sdist holds {data}")

with zipfile.ZipFile(wheel) as archive:
    everything = archive.namelist()
    telling = [n for n in everything if any(f.encode() in archive.read(n) for f in folders)]
check(not telling, f"{telling} name folders of this machine")
files = [
    n
    for n in everything
    if ".dist-info/" not in n and not n.startswith(("hbcd.libs/", "hbcd/.dylibs/"))
]


def ours(name: str) -> bool:
    """Whether it is a file of the package; sources of exported FMUs are, too."""
    ends = (".py", ".pyi", "py.typed", *((".c", ".h") if name.startswith("hbcd/export/") else ()))
    return name.startswith("hbcd/") and name.endswith(ends)


core = [n for n in files if re.fullmatch(r"hbcd/core/_core\b[^/]*\.(so|pyd)", n)]
check(len(core) == 1, f"wheel holds {len(core)} cores, not one")
extra = [n for n in files if not ours(n) and n not in core]
check(not extra, f"wheel holds {extra}")
wanted = {n for n in names if ours(n)}
check(wanted <= {*files}, f"wheel lacks {sorted(wanted - {*files})}")
for name in ("/licenses/LICENSE", "/sboms/hbcd.cdx.json"):
    check(any(n.endswith(name) for n in everything), f"wheel lacks {name}")
size = os.path.getsize(wheel)
name = os.path.basename(wheel)
print(f"{name}: {size / 2**20:.2f} MiB, {len(files)} files; sdist: {len(names)} entries")
check(size <= 3_000_000, "the wheel is larger than 3 MB")
