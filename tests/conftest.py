"""What every test starts from."""

import signal

import pytest


def pytest_make_parametrize_id(val):
    """The class of an object whose repr is an address: every process has to find the same tests."""
    return type(val).__name__ if " at 0x" in repr(val) and not callable(val) else None


def pytest_xdist_auto_num_workers(config):
    """The whole suite runs on two processes; tests that are named are few, and run in this one.

    Not one a core: fits start threads of their own, and tests of ranks and workers processes.
    """
    return 2 if config.args_source is config.ArgsSource.TESTPATHS else 0


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_raises():
    """A shell that starts pytest in the background has SIGINT ignored, here and in children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
