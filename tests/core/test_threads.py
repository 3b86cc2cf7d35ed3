"""Fits and threads: no lock is held in a fit, a network serves several, no sub-interpreters."""

import ctypes
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import LowLevelCallable

import hbcd

ENDLESS = hbcd.FullBatch(hbcd.Adam(), max_iterations=10**9)


def plant(rows, seed=0):
    x = np.random.default_rng(seed).normal(size=(rows, 4))
    return x, np.tanh(x[:, 0]) + x[:, 1] * x[:, 2]


def network():
    return hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(8), hbcd.OutputLayer(1)])


def train(seed, seconds=0.4, callbacks=None):
    """When a fit of so many seconds began and ended."""
    net = network()
    x, y = plant(2000, seed)
    begin = time.perf_counter()
    stop = hbcd.Stop(max_seconds=seconds, f_tol=None, pg_tol=0.0)
    settings = {"stop": stop, "rng": seed, "n_threads": 1, "callbacks": callbacks}
    net.train(net.init(seed), x, y, strategy=ENDLESS, **settings)
    return begin, time.perf_counter()


def ticks_inside(seconds):
    """How often another thread wakes up in the middle half of a fit."""
    over, ticks = threading.Event(), []

    def tick():
        while not over.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        begin, end = train(0, seconds)
    finally:
        over.set()
        thread.join()
    quarter = 0.25 * (end - begin)
    return sum(begin + quarter < t < end - quarter for t in ticks)


def test_another_thread_runs_python_during_a_fit():
    # A lock held in the call would let no tick through; a busy machine only makes them fewer.
    assert any(ticks_inside(seconds) >= 5 for seconds in (0.2, 0.4, 0.8, 1.6))


def test_two_fits_are_in_progress_at_the_same_time():
    both = threading.Barrier(2)

    class Meet(hbcd.Callback):
        met = False

        def on_improved(self, event):
            if not self.met:
                self.met = True
                both.wait(60)  # raises unless the other fit comes here too, before this one goes on

    meetings = [Meet(), Meet()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seed: train(seed, callbacks=[meetings[seed]]), (0, 1)))
    assert meetings[0].met
    assert meetings[1].met


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_that_share_a_network_get_the_bits_of_one_thread(dtype):
    net = network()
    x, y = plant(300)
    points = [net.init(seed, dtype) for seed in range(8)]
    objective = net.bind(x, y, dtype=dtype, n_threads=1)
    alone = [(objective(theta), net.predict(theta, x[:3].astype(dtype))) for theta in points]

    def work(k):
        for _ in range(200):
            theta = points[k]
            value, gradient = objective(theta)
            few = net.predict(theta, x[:3].astype(dtype))
            (expected, slope), rows = alone[k]
            if (
                value != expected
                or not np.array_equal(gradient, slope)
                or not np.array_equal(few, rows)
            ):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_parts_in_python_may_be_called_from_several_threads():
    class Square(hbcd.Activation):
        def forward(self, z, out):
            np.multiply(z, z, out)

        def backward(self, z, a, grad):
            grad *= 2 * z

    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(3, Square()), hbcd.OutputLayer(1)])
    x, y = plant(40)
    objective = net.bind(x, y, n_threads=1)
    points = [net.init(seed) for seed in range(4)]
    alone = [objective(theta)[0] for theta in points]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda theta: [objective(theta)[0] for _ in range(20)], points))
    assert together == [[value] * 20 for value in alone]


def together(work, count=2):
    """What `work(k)` returns or raises in so many threads."""

    def caught(k):
        try:
            return work(k)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(caught, range(count)))


@pytest.fixture
def in_turns():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def meet(came):
    """Goes on when two threads have come, both at once: neither sleeps."""
    came.append(threading.get_ident())
    ends = time.monotonic() + 60
    while len(came) < 2:
        assert time.monotonic() < ends, "no other thread has come"
        for _ in range(2000):  # awake, for the other may be here in a moment
            if len(came) >= 2:
                return
        time.sleep(0)


class Meeting(hbcd.Activation):
    """Goes on when two threads have come; may then fail in the name of its thread."""

    def __init__(self, fails=False):
        self.came, self.fails = [], fails

    def forward(self, z, out):
        meet(self.came)
        if self.fails:
            raise ArithmeticError(f"at {threading.get_ident()}")
        np.tanh(z, out=out)

    def backward(self, z, a, grad):
        grad *= 1 - a * a


CALLS = {
    "gradient": lambda objective, theta: objective(theta),
    "value": lambda objective, theta: objective.value(theta),
    "normal equations": lambda objective, theta: objective.normal_equations(theta, 1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls_of_one_objective_run_parts_in_python_side_by_side(call):
    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(3, Meeting()), hbcd.OutputLayer(1)])
    objective = net.bind(*plant(40))
    for found in together(lambda k: call(objective, net.init(k))):
        assert not isinstance(found, Exception)


@pytest.mark.usefixtures("in_turns")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_error_of_a_part_reaches_the_thread_that_made_the_call(call):
    meeting = Meeting(fails=True)
    layers = hbcd.InputLayer(4), hbcd.HiddenLayer(3, meeting), hbcd.OutputLayer(1)
    net = hbcd.Network(layers)
    objective = net.bind(*plant(40))

    def own_error(k):
        try:
            return call(objective, net.init(k))
        except ArithmeticError as error:
            return str(error) == f"at {threading.get_ident()}"

    for _ in range(200):
        meeting.came.clear()
        assert together(own_error) == [True, True]


@pytest.mark.usefixtures("in_turns")
def test_every_thread_is_told_which_compiled_function_failed():
    array = ctypes.POINTER(ctypes.c_double)
    came = []

    def fail(n, z, a):
        meet(came)
        return 7

    kinds = [ctypes.c_int, array, array]
    forward = LowLevelCallable(ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(fail))
    backward = LowLevelCallable(ctypes.CFUNCTYPE(ctypes.c_int, *kinds, array)(lambda *a: 0))
    failing = hbcd.CompiledActivation(forward, backward)
    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(3, failing), hbcd.OutputLayer(1)])
    objective = net.bind(*plant(40))
    for _ in range(200):
        came.clear()
        for found in together(lambda k: objective(net.init(k))):
            assert "layers[1]: CompiledActivation: forward returned 7" in str(found)


def test_the_import_leaves_a_free_threaded_interpreter_without_its_lock():
    if not hasattr(sys, "_is_gil_enabled"):
        pytest.skip("this Python always has its lock")
    code = (
        "import sys, numpy; before = sys._is_gil_enabled(); import hbcd.core; "
        "print(before == sys._is_gil_enabled())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


SUB_INTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
name = interpreters.create()
name = name[0] if isinstance(name, tuple) else name
code = f'import sys; sys.path[:] = {sys.path}' + '''
try:
    import hbcd
except ImportError as error:
    print(error, flush=True)
else:
    print("imported", flush=True)
'''
if "first" in sys.argv:
    import hbcd
interpreters.run_string(name, code)
import hbcd
print(hbcd.HybridRegressor.__name__)
"""


@pytest.mark.parametrize("order", ["first", "second"])
def test_a_sub_interpreter_is_refused_in_one_line_and_the_main_one_goes_on(order):
    # NumPy refuses them; so does the core, whose objects are shared by the whole process.
    command = [sys.executable, "-W", "ignore", "-c", SUB_INTERPRETER, order]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = "hbcd runs in the main interpreter only, as NumPy does: use threads or processes"
    assert done.stdout.splitlines() == [f"{told} instead of sub-interpreters", "HybridRegressor"]
