"""A call on a file that goes wrong loses nothing: a few of each save, report, export, search.

`python -m bench.faults.files` tries every one.
"""

import pytest

from support import faults

pytestmark = pytest.mark.skipif(bool(faults.missing), reason=faults.missing)
STEP = 29  # every so many-th call; the first one, too


def test_a_disk_that_fails_loses_nothing_and_is_told_in_one_line(tmp_path):
    library = faults.build(tmp_path)
    (tmp_path / "files").mkdir()
    found = faults.results(library, "faulty_files", tmp_path / "files", STEP)
    assert {one["case"]: one["wrong"] for one in found if one["wrong"]} == {}
    assert all(one["found"] for one in found)
    assert len(found) >= 10


def test_a_wall_clock_that_jumps_changes_nothing(tmp_path):
    library = faults.build(tmp_path)
    (still, jumping) = faults.results(library, "faulty_clock", tmp_path)
    assert still == jumping
