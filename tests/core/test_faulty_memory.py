"""An allocation that fails is a MemoryError, and changes nothing: a few of each fit and export.

`python -m bench.faults.allocations` tries every one.
"""

import pytest

from support import faults
from support.fault_cases import CASES

pytestmark = pytest.mark.skipif(bool(faults.missing), reason=faults.missing)
FEW = 6  # of each case


def test_failed_allocations_are_memory_errors_and_change_nothing(tmp_path):
    library = faults.build(tmp_path)
    # pandas ends the process where its table of different texts gets no memory.
    names = [name for name in CASES if name != "fit classes"]
    found = faults.results(library, "faulty_memory", f"few:{FEW}", tmp_path, *names)
    assert [one["case"] for one in found] == names
    assert {one["case"]: one["wrong"] for one in found if one["wrong"]} == {}
    assert all(one["tried"] >= FEW - 1 for one in found)
    errors = sum(one["found"].get("MemoryError", 0) for one in found)
    assert errors > 0.8 * FEW * len(names), "most must come as what they are"


def test_an_export_that_cannot_end_leaves_the_file_of_before(tmp_path):
    """Each of the last allocations, before and after the file takes its place."""
    library = faults.build(tmp_path)
    exports = ("export julia", "export structured_text")
    for one in faults.results(library, "faulty_memory", "forks:1:60", tmp_path, *exports):
        assert one["wrong"] == one["ended"] == []
        assert 30 < one["tried"] < 90
