"""A plugin of pytest that runs SciPy's own tests of a method with one of hbcd's in its place.

`HBCD_METHOD` names SciPy's method, "L-BFGS-B" or "BFGS".  Selected are the tests that ask
`scipy.optimize.minimize` for it by name; their outcomes go to the file that `HBCD_OUTCOMES` names.
"""

import inspect
import json
import os
from pathlib import Path

import pytest
import scipy.optimize

import hbcd

NAME = os.environ["HBCD_METHOD"]
OURS = {"L-BFGS-B": hbcd.LBFGS(), "BFGS": hbcd.BFGS()}[NAME]
scipys = scipy.optimize.minimize

running = None  # the test that runs now
asked = set()  # tests that asked for the method
outcomes = {}


def minimize(fun, x0, args=(), method=None, *positional, **named):
    if isinstance(method, str) and method.upper() == NAME:
        asked.add(running)
        method = OURS.scipy
    return scipys(fun, x0, args, method, *positional, **named)


scipy.optimize.minimize = minimize


def test_name(nodeid):
    return nodeid.partition("::")[2]


def may_ask(item):
    """Whether a test could ask for the method: it calls `minimize`, and not for another one."""
    method = getattr(getattr(item, "callspec", None), "params", {}).get("method", NAME)
    return str(method).upper() == NAME and "minimize(" in inspect.getsource(item.function)


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if not may_ask(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if may_ask(item)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    global running
    running = test_name(item.nodeid)


def pytest_runtest_logreport(report):
    if report.when == "call":
        lines = str(report.longrepr).splitlines() if report.failed else [""]
        outcomes[test_name(report.nodeid)] = [report.outcome, lines[-1]]


def pytest_sessionfinish():
    found = {name: outcomes[name] for name in sorted(asked) if name in outcomes}
    Path(os.environ["HBCD_OUTCOMES"]).write_text(json.dumps(found), encoding="utf-8")
