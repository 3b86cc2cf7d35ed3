"""Every action of a workflow is pinned by a full commit hash, with its version beside.

python .ci/pins.py            the form of all pins
python .ci/pins.py --remote   asks the repositories, too, whether the version is that commit
"""

import re
import subprocess
import sys
from pathlib import Path

WORKFLOWS = Path(__file__).resolve().parents[1] / ".github" / "workflows"
# Also as YAML writes it otherwise: a key in quotes, in braces, with blanks before the colon.
USES = re.compile(r"""^\s*(?:-\s+)?(?:\{.*?)?["']?\buses["']?\s*:\s*(.+?)\s*$""")
PIN = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")


def pins(text: str) -> tuple[set[tuple[str, str, str]], list[str]]:
    """(repository, hash, version) of each action, and what is not pinned."""
    found, loose = set(), []
    for line in text.splitlines():
        used = USES.match(line)
        if used:
            pin = PIN.fullmatch(used[1])
            if pin:
                found.add((pin[1], pin[2], pin[3]))
            else:
                loose.append(used[1])
    return found, loose


def commit_of(repository: str, version: str) -> str:
    """The commit of a tag: of the tag itself, or of what an annotated one points to."""
    address = f"https://github.com/{repository}"
    command = ["git", "ls-remote", address, f"refs/tags/{version}", f"refs/tags/{version}^{{}}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return lines[-1].split()[0] if lines else "no such tag"


def main() -> int:
    """1 if a pin is loose or, asked, wrong."""
    wrong = []
    found: set[tuple[str, str, str]] = set()
    for file in sorted(WORKFLOWS.glob("*.y*ml")):
        fixed, loose = pins(file.read_text(encoding="utf-8"))
        found |= fixed
        wrong += [f"{file.name}: {one}: is not OWNER/NAME@HASH # vX.Y.Z" for one in loose]
    versions: dict[str, set[str]] = {}
    for repository, commit, _ in found:
        versions.setdefault(repository, set()).add(commit)
    wrong += [
        f"{name}: pinned to several commits" for name, all_ in versions.items() if len(all_) > 1
    ]
    if "--remote" in sys.argv[1:]:
        for repository, commit, version in sorted(found):
            there = commit_of(repository, version)
            if there != commit:
                wrong.append(f"{repository} {version}: is {there}, pinned {commit}")
    print("\n".join(wrong) or f"{len(found)} actions pinned")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
