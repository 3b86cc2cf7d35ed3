"""Progress of a fit: one line on a terminal, with tqdm or without, and nothing anywhere else."""

import io
import sys

import pytest

from hbcd.callbacks.terminal import Display

STATE = {"phase": 1, "epoch": 4, "step": 17, "block": 2, "loss": 0.25, "best": 0.125,
         "seconds": 3.14, "n_fev": 99}  # fmt: skip
SHOWN = "phase 2, pass 5, step 17, loss 0.25, best 0.125"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=["tqdm", "plain"])
def terminal(request, monkeypatch):
    """A terminal, once with tqdm installed and once without."""
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "tqdm", None)  # importing it fails
    else:
        pytest.importorskip("tqdm", reason="an extra that not every installation has")
    return Terminal()


def test_a_terminal_shows_phase_pass_step_and_losses(terminal):
    with Display(terminal) as display:
        display(**STATE)
        display(**{**STATE, "step": 18})
        assert SHOWN in terminal.getvalue()
        assert SHOWN.replace("17", "18") in terminal.getvalue()


def test_the_display_stays_on_one_line_and_clears_it_at_the_end(terminal):
    with Display(terminal) as display:
        for step in range(3):
            display(**{**STATE, "step": step})
    text = terminal.getvalue()
    assert "\n" not in text
    last = text.rstrip("\r").replace("\r\x1b[K", "\r").rsplit("\r", 1)[-1]
    assert last.strip() == ""


def test_the_line_is_cleared_also_when_the_fit_fails(terminal):
    def fail():
        with Display(terminal) as display:
            display(**STATE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not terminal.getvalue().endswith("best 0.125")


def test_without_tqdm_the_line_tells_the_time(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    terminal = Terminal()
    with Display(terminal) as display:
        display(**STATE)
        assert display.bar is None
    assert terminal.getvalue() == f"\rhbcd    3.1 s  {SHOWN}\x1b[K\r\x1b[K"


class Silent:
    """A stream without isatty, that must not be written to."""

    def write(self, text):
        raise AssertionError(text)


@pytest.mark.parametrize("make", [io.StringIO, Silent])
def test_nothing_is_shown_where_there_is_no_terminal(make):
    stream = make()
    with Display(stream) as display:
        display(**STATE)
    assert make is Silent or stream.getvalue() == ""


def test_without_a_stream_it_is_standard_error(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert Display().stream is terminal
    monkeypatch.setattr(sys, "stderr", None)  # a program without a console
    with Display() as display:
        display(**STATE)


def test_a_loss_that_is_not_known_yet_is_not_shown(terminal):
    with Display(terminal) as display:
        display(**{**STATE, "loss": float("nan")})
        assert "step 17, best 0.125" in terminal.getvalue()
        assert "nan" not in terminal.getvalue()
