"""What a fit by members tells while it runs: arms, penalties, losses left out, effort left."""

from __future__ import annotations

import io
import logging
import re

import numpy as np
import pytest

import hbcd
from hbcd.callbacks import terminal

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (80, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.5 * RNG.normal(size=80)
ARM = (
    r"arm (\d+), ([\w -]+): alpha=(\S+) loss_left_out=(\S+) "
    r"effort_used=(\d+)% effort_left=(\d+)% seconds=\S+"
)
STAGE = r"stage arm (\d+), ([\w -]+): alpha=(\S+) loss_left_out=(\S+) best=(\S+) seconds=\S+"


def model(kind=hbcd.HybridRegressor, **options):
    return kind(random_state=0, n_threads=1, **{"effort": 0.8, **options})


def check(lines, members):
    """Every member tried is a stage that was told, and the arms sum up."""
    arms = [found.groups() for line in lines if (found := re.fullmatch(ARM, line))]
    stages = [found.groups() for line in lines if (found := re.fullmatch(STAGE, line))]
    assert len(arms) >= 2
    assert [int(arm[0]) for arm in arms] == list(range(1, len(arms) + 1))
    tried = members[members["widths"].map(len) > 0]
    assert [stage[1] for stage in stages] == list(tried["name"])
    assert [stage[2] for stage in stages] == [f"{alpha:.3g}" for alpha in tried["alpha"]]
    assert [stage[3] for stage in stages] == [f"{loss:.6g}" for loss in tried["loss"]]
    used = [int(arm[4]) for arm in arms]
    assert used == sorted(used)
    assert all(int(arm[4]) + int(arm[5]) == 100 for arm in arms)
    for number, name, _, loss, *_ in arms:
        own = [float(stage[3]) for stage in stages if stage[:2] == (number, name)]
        assert float(loss) == min(own)
    assert float(stages[-1][4]) == pytest.approx(members["loss"].min(), rel=1e-5)


def test_verbose_2_prints_stages_and_arms_and_not_every_pass(capsys):
    fitted = model(verbose=2).fit(X, Y)
    lines = [line.removeprefix("hbcd: ") for line in capsys.readouterr().err.splitlines()]
    check(lines, fitted.members_)
    assert (lines[0].split()[0], lines[-1].split()[0]) == ("begin", "end")
    assert not [line for line in lines if line.startswith("sweep_end")]


@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_the_logger_gets_the_same_and_passes_where_it_wants_them(kind, caplog):
    y = Y if kind is hbcd.HybridRegressor else Y > 0
    for level in (logging.INFO, logging.DEBUG):
        caplog.clear()
        with caplog.at_level(level, logger="hbcd"):
            fitted = model(kind).fit(X, y)
        lines = [record.getMessage() for record in caplog.records]
        check(lines, fitted.members_)
        passes = [line for line in lines if line.startswith("sweep_end")]
        assert bool(passes) == (level == logging.DEBUG)


def test_what_begins_again_is_told(capsys):
    fitted = model(verbose=2).fit(X, X[:, 0] + 0.1 * X[:, 1] ** 2)
    lines = [line.removeprefix("hbcd: ") for line in capsys.readouterr().err.splitlines()]
    again = lines.index("members again, in float64, so little is left")
    check(lines[again:], fitted.members_)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_terminal_shows_arm_penalty_best_loss_and_what_is_left(monkeypatch):
    shown = []

    class Seen(terminal.Display):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "note":
                shown.append(value)

    monkeypatch.setattr(terminal, "Display", Seen)
    monkeypatch.setattr("hbcd.estimators.base.Display", Seen)
    monkeypatch.setattr("sys.stderr", Terminal())
    model(verbose=1, effort=3.0).fit(X, Y)
    form = r"arm \d+, [\w -]+?(, penalty \S+)?, best left out \S+?(, \d+% of the effort left)?"
    told = [note for note in shown if note.startswith("arm ")]
    assert told
    assert all(re.fullmatch(form, note) for note in told), told
    assert any("of the effort left" in note for note in told)


def test_a_network_alone_shows_phase_pass_and_step(monkeypatch):
    stream = Terminal()
    with terminal.Display(stream) as display:
        display.bar = None
        display(0, 2, 7, -1, 0.25, 0.125, 1.0, 9)
        display.note = "arm 2, 20-20"
        display(0, 2, 7, -1, 0.25, 0.125, 1.0, 9)
    text = stream.getvalue()
    assert "phase 1, pass 3, step 7, loss 0.25, best 0.125" in text
    assert "arm 2, 20-20, loss 0.25\x1b" in text
