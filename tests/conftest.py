"""What every test starts from."""

import signal

import pytest


def pytest_make_parametrize_id(val):
    """The class of an object whose repr is an address: every process has to find the same tests."""
    return type(val).__name__ if " at 0x" in repr(val) and not callable(val) else None


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_raises():
    """A shell that starts pytest in the background has SIGINT ignored, here and in children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
