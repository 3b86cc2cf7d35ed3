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
    found = faults.results(library, "faulty_memory", 3, 0, FEW, tmp_path, *names)
    assert [one["case"] for one in found] == names
    assert {one["case"]: one["wrong"] for one in found if one["wrong"]} == {}
    assert all(one["tried"] >= FEW - 1 for one in found)
    errors = sum(one["found"].get("MemoryError", 0) for one in found)
    assert errors > 0.8 * FEW * len(names), "most must come as what they are"
