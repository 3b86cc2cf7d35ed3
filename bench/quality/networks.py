"""The networks of scikit-learn and PyTorch in quality.py, trained as a user who knows them would.

Tables are standardized beforehand, which is not counted.  Weights are copied while they train, with
the time; copying (some hundred numbers) is counted, predicting is not.
"""

from __future__ import annotations

import math
import time
import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from bench.quality.race import Array, Snapshots, Task

BATCH, RATE = 256, 3e-3  # of both ADAMs: a good setting for nets of this size


class Spent(Exception):
    """The budget is."""


def forward(weights: list[Any], x: Array) -> Array:
    """A tanh network with a linear output; weights: pairs (matrix of (n_in, n_out), bias)."""
    for matrix, bias in weights[:-1]:
        x = np.tanh(x @ matrix + bias)
    matrix, bias = weights[-1]
    return x @ matrix + bias


class Copies:
    """Keeps a copy of the weights now and then, until the budget is spent."""

    def __init__(self, task: Task, test_x: Array, mean: float, spread: float) -> None:
        def predict(weights: Any) -> Array:
            return mean + spread * forward(weights, test_x)

        self.found = Snapshots(predict=predict)
        self.budget, self.every = task.budget, task.checks[0] / 2
        self.started = time.perf_counter()

    @property
    def part(self) -> float:
        """Of the budget that is spent."""
        return (time.perf_counter() - self.started) / self.budget

    def look(self, weights: Any) -> None:
        """`weights` is a function that copies them."""
        seconds = time.perf_counter() - self.started
        last = self.found.seconds[-1] if self.found.seconds else -math.inf
        if seconds >= last + self.every:
            self.found.add(seconds, weights())
        if seconds > self.budget:
            raise Spent


def sklearn_network(task: Task, solver: str) -> tuple[Any, Any, Copies]:
    from sklearn.neural_network import MLPRegressor

    x, y, test_x, mean, spread = task.standardized()
    copies = Copies(task, test_x, mean, spread)

    class Watched(MLPRegressor):
        """Copies its weights at every evaluation of L-BFGS; nothing else differs."""

        def _loss_grad_lbfgs(self, packed: Array, *rest: Any) -> Any:
            value = super()._loss_grad_lbfgs(packed, *rest)
            copies.look(lambda: weights_of(self))
            return value

    model = Watched(
        hidden_layer_sizes=task.hidden,
        activation="tanh",
        solver=solver,
        alpha=0.0,
        batch_size=min(BATCH, len(x)) if solver == "adam" else "auto",
        learning_rate_init=RATE,
        max_iter=10**6,
        max_fun=10**9,
        tol=0.0,
        random_state=task.seed,
    )
    return model, (x, y), copies


def weights_of(model: Any) -> list[Any]:
    return [(w.copy(), b.copy()) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]


def sklearn_adam(task: Task) -> Snapshots:
    """Pass by pass (`partial_fit` is one of `fit`) at a constant learning rate: it has no other."""
    model, (x, y), copies = sklearn_network(task, "adam")
    try:
        while True:
            model.partial_fit(x, y)
            copies.look(lambda: weights_of(model))
    except Spent:
        return copies.found


def sklearn_lbfgs(task: Task) -> Snapshots:
    model, (x, y), copies = sklearn_network(task, "lbfgs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(x, y)
        except Spent:
            return copies.found
    copies.every = 0.0
    copies.found.add(time.perf_counter() - copies.started, weights_of(model))  # it found an end
    return copies.found


def torch_network(task: Task, dtype: str) -> tuple[Any, Any, Any, Copies, Any]:
    import torch
    from torch import nn

    torch.set_num_threads(task.threads)
    torch.manual_seed(task.seed)
    x, y, test_x, mean, spread = task.standardized()
    copies = Copies(task, test_x, mean, spread)
    widths = [x.shape[1], *task.hidden, 1]
    kind = getattr(torch, dtype)
    layers: list[Any] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, dtype=kind), nn.Tanh()]
    model = nn.Sequential(*layers[:-1])
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]

    def weights() -> list[Any]:
        return [
            (one.weight.detach().numpy().T.astype(float), one.bias.detach().numpy().astype(float))
            for one in linear
        ]

    return model, torch.tensor(x, dtype=kind), torch.tensor(y[:, None], dtype=kind), copies, weights


def torch_adam(task: Task) -> Snapshots:
    """float32, fused ADAM, batches of 256 drawn in each pass, cosine to zero over the budget."""
    import torch

    model, x, y, copies, weights = torch_network(task, "float32")
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    loss = torch.nn.MSELoss()
    try:
        while True:
            for rows in torch.randperm(len(x)).split(BATCH):
                rate = RATE * 0.5 * (1.0 + math.cos(math.pi * min(copies.part, 1.0)))
                optimizer.param_groups[0]["lr"] = rate
                optimizer.zero_grad(set_to_none=True)
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
                copies.look(weights)
    except Spent:
        return copies.found


def torch_lbfgs(task: Task) -> Snapshots:
    """float64, all rows, 20 pairs, strong Wolfe search."""
    import torch

    model, x, y, copies, weights = torch_network(task, "float64")
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=10,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )
    loss = torch.nn.MSELoss()

    def closure() -> Any:
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(x), y)
        value.backward()
        return value

    try:
        while True:
            optimizer.step(closure)
            copies.look(weights)
    except Spent:
        return copies.found
