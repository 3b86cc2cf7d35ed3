"""The worked case of docs/guide/worked_case.md has one optimum, by every tool that is installed."""

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize(("kind", "ways"), [("smooth", "SMOOTH"), ("piecewise", "PIECEWISE")])
def test_every_tool_finds_the_optimum_of_optimize_inputs(kind, ways):
    pytest.importorskip("casadi", reason="the extra casadi is not installed")
    pytest.importorskip("pyomo", reason="the extra pyomo is not installed")
    from bench.exports import worked_case

    this = getattr(worked_case, kind)()
    found = worked_case.compared(this, getattr(worked_case, ways))
    assert not [one for one in found if one[1] is not None and one[2] > worked_case.AGREE]
    assert len([one for one in found if one[1] is not None]) >= 2
    low, high = this.best.interval[0]
    assert low < this.best.value < high
    assert 0.0 <= this.best.novelty <= 1.0
