"""What every test starts from."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_raises():
    """A shell that starts pytest in the background has SIGINT ignored, here and in children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
