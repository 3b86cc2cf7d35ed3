"""The command line as a process: `python -m hbcd`, Ctrl-C, closed pipes, terminals."""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time

import pytest

import hbcd
from support.commands import QUICK, environment, table

if sys.platform != "win32":
    import fcntl
    import termios

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

# Whoever starts the tests may have told its children to ignore Ctrl-C.
INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from hbcd.cli.main import main; sys.exit(main())"
)


@pytest.fixture(autouse=True)
def here(tmp_path):
    table().to_csv(tmp_path / "own.csv", index=False)
    return tmp_path


def process(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "hbcd", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_python_m_hbcd_fits_and_predicts_and_is_silent_where_there_is_no_terminal(here):
    done = process(here, "fit", "own.csv", "--target", "y", *QUICK, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    model = json.loads(done.stdout)["model"]
    done = process(here, "predict", model, "own.csv")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == 121


def test_an_error_of_the_process_is_one_line_and_exit_code_2(here):
    done = process(here, "fit", "none.csv", "--target", "y")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"hbcd: error: ")
    assert len(done.stderr.splitlines()) == 1


def test_names_that_the_encoding_lacks_are_printed_as_escapes(here):
    table().rename(columns={"y": "Größe"}).to_csv(here / "own.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-m", "hbcd", "fit", "own.csv", "--target", "Größe", *QUICK],
        cwd=here,
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"Gr\xf6\xdfe" in done.stdout


@posix
@pytest.mark.parametrize("arguments", [("--help",), ("fit", "own.csv", "--target", "y", *QUICK)])
def test_a_reader_that_was_never_there_is_no_error_to_talk_about(here, arguments):
    child = subprocess.Popen(
        [sys.executable, "-m", "hbcd", *arguments],
        cwd=here,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(60) == 1


@posix
def test_a_reader_that_goes_away_is_no_error_to_talk_about(here):
    table(20_000).to_csv(here / "long.csv", index=False)
    assert process(here, "fit", "own.csv", "--target", "y", *QUICK).returncode == 0
    child = subprocess.Popen(
        [sys.executable, "-m", "hbcd", "predict", "hbcd-own.hbcd", "long.csv"],
        cwd=here,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"y\n"
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(60) == 1


class Terminal:
    """A pseudo-terminal as standard error of a child; collects what the child writes."""

    def __init__(self):
        self.ours, self.theirs = os.openpty()
        # 25 lines of 200 columns: tqdm cuts its line to the width, which is 0 at first.
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 200, 0, 0))
        self.text = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            while piece := os.read(self.ours, 4096):
                self.text += piece
        except OSError:  # the child is gone
            pass

    def wait_for(self, piece, seconds):
        end = time.monotonic() + seconds
        while piece not in self.text:
            assert time.monotonic() < end, self.text
            time.sleep(0.01)

    def close(self):
        os.close(self.theirs)
        self.reader.join(10)
        os.close(self.ours)


@pytest.fixture
def terminal():
    made = Terminal()
    yield made
    made.close()


@contextlib.contextmanager
def child_on(terminal, folder, *arguments, **options):
    """`hbcd` with standard error on a terminal; gone at the end, whatever happens."""
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=terminal.theirs,
        **options,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


LONG = ("fit", "plant", "--strategy", "full_batch", "--hidden", "50,50,50", "--threads", "1",
        "--max-time", "60")  # fmt: skip


@posix
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_ctrl_c_stops_at_once_and_keeps_the_best_network(here, terminal, form):
    with (
        open(here / "out", "wb") as out,
        child_on(terminal, here, *LONG, *form, stdout=out) as child,
    ):
        terminal.wait_for(b"best", 30)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert child.wait(30) == 130
        # The fit stops within 0.2 s; the rest is scoring, writing and the end of Python, on a
        # machine that may be busy.
        assert time.monotonic() - sent < 5
    text = (here / "out").read_text()
    model = hbcd.load(here / "hbcd-plant.hbcd")
    assert model.report_.stop_reason is hbcd.StopReason.INTERRUPTED
    if form:
        assert json.loads(text)["stop_reason"] == "interrupted"
        assert json.loads(text)["train"] == model.about_["train"]
    else:
        assert str(hbcd.StopReason.INTERRUPTED) in text
        assert text.endswith("Model written to hbcd-plant.hbcd\n")
    assert b"Traceback" not in terminal.text
    assert b"interrupted after" not in terminal.text  # the warning: the table says it


@posix
@pytest.mark.parametrize("quiet", [False, True])
def test_progress_is_shown_on_a_terminal_unless_quiet(here, terminal, quiet):
    arguments = ["fit", "plant", "--hidden", "10,10,10", "--max-time", "0.5", "--threads", "1"]
    arguments += ["--quiet"] if quiet else []
    with child_on(terminal, here, *arguments, stdout=subprocess.DEVNULL) as child:
        assert child.wait(60) == 0
    if quiet:
        assert terminal.text == b""
    else:
        terminal.wait_for(b"phase 3", 5)  # the last one, where the time runs out
