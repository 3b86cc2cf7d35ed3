"""Checks of cost: one gradient against PyTorch, import time, size of the wheel."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hbcd
from bench.first_light.checks import Line, network

ROOT = Path(__file__).resolve().parents[2]


def torch_gradient(
    net: hbcd.Network, theta: np.ndarray, rows: np.ndarray, targets: np.ndarray
) -> Callable[[], tuple[float, np.ndarray]]:
    """The same network in PyTorch eager: value and gradient as one call."""
    import torch

    layers: list[Any] = []
    blocks = net.parameters(theta)
    for k, (weights, bias) in enumerate(blocks):
        linear = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias.copy()))
        layers += [linear, torch.nn.Tanh()] if k + 1 < len(blocks) else [linear]
    model = torch.nn.Sequential(*layers)
    x, y = torch.from_numpy(rows), torch.from_numpy(targets)

    def evaluate() -> tuple[float, np.ndarray]:
        model.zero_grad(set_to_none=True)
        loss = 0.5 * torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        parts: list[np.ndarray] = []
        for linear in model[::2]:
            parts += [linear.weight.grad.numpy().T.ravel(), linear.bias.grad.numpy()]
        return loss.item(), np.concatenate(parts)

    return evaluate


def check_torch(home: Any) -> list[Line]:
    """One full gradient, 4-10-10-10-1, 7654 rows, float64, in turn in one process."""
    bar = ">= 3 x"
    try:
        import torch
    except ImportError:
        return [
            Line("one full gradient against PyTorch eager", "PyTorch is not installed", bar, None)
        ]
    rng = np.random.default_rng(0)
    rows, targets = rng.normal(size=(7654, 4)), rng.normal(size=(7654, 1))
    net = network(4, (10, 10, 10), hbcd.Tanh())
    theta = net.init(0)
    lines = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        theirs = torch_gradient(net, theta, rows, targets)
        bound = net.bind(rows, targets, n_threads=threads)

        def packing(threads: int = threads) -> Any:
            return net.loss_and_gradient(theta, rows, targets, n_threads=threads)

        f, g = theirs()
        ours = bound(theta)
        assert abs(f - ours[0]) < 1e-12
        assert np.abs(g - ours[1]).max() < 1e-12
        times: dict[str, list[float]] = {"torch": [], "bound": [], "packing": []}
        calls = {"torch": theirs, "bound": lambda b=bound: b(theta), "packing": packing}
        for _ in range(150):
            for name, call in calls.items():
                started = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - started)
        median = {name: statistics.median(values) for name, values in times.items()}
        ratio = median["torch"] / median["bound"]
        lines.append(
            Line(
                f"one full gradient against PyTorch eager {torch.__version__}, {threads} thread(s):"
                f" "
                f"{median['bound'] * 1e3:.3f} ms to {median['torch'] * 1e3:.3f} ms "
                f"({median['torch'] / median['packing']:.1f} x with the rows copied in each time)",
                f"{ratio:.1f} x",
                bar,
                ratio >= 3,
            )
        )
    return lines


def check_import(home: Any) -> list[Line]:
    """Times of fresh processes, medians: imports and the help; size of the wheel."""
    package = _beyond("numpy", "hbcd")
    estimator = _beyond("pandas", "hbcd; hbcd.HybridRegressor")
    share = _process("-m", "hbcd", "--help") / _process("-c", "import numpy")
    lines = [
        Line(
            "import of hbcd beyond NumPy's, seconds", f"{package:.3f}", "<= 0.06", package <= 0.06
        ),
        Line("estimators beyond pandas' own", f"{estimator:.3f}", "<= 0.35", estimator <= 0.35),
        Line("hbcd --help over import numpy, processes", f"{share:.2f}", "<= 2", share <= 2.0),
    ]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, str(ROOT)]
        made = subprocess.run(command, capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if made.returncode or not wheels:
            return [*lines, Line("wheel size", made.stderr.strip()[-80:], "<= 3 MB", None)]
        size = wheels[0].stat().st_size / 1e6
    return [*lines, Line("wheel size, MB", f"{size:.2f}", "<= 3", size <= 3)]


def _beyond(first: str, then: str) -> float:
    """Seconds that an import takes after another one."""
    program = (
        f"import time, {first}; t = time.perf_counter(); import {then};"
        "print(time.perf_counter() - t)"
    )
    return statistics.median(float(_output("-c", program)) for _ in range(7))


def _process(*arguments: str) -> float:
    """Seconds of a whole process."""
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        _output(*arguments)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _output(*arguments: str) -> bytes:
    return subprocess.run([sys.executable, *arguments], capture_output=True, check=True).stdout
