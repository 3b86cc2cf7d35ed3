"""The pieces of work of rivals.py in PyTorch, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.rivals.libraries import BETA1, BETA2, EPSILON, LEARNING_RATE, Array, Case, Work


def torch_model(case: Case) -> Any:
    import torch

    layers: list[Any] = []
    for weights, bias in case.parameters:
        linear = torch.nn.Linear(*weights.shape, dtype=getattr(torch, str(case.theta.dtype)))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias.copy()))
        layers += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def torch_loss(case: Case, compiled: bool) -> tuple[Any, Callable[[], Any]]:
    import torch

    model = torch_model(case)
    x, y = torch.from_numpy(case.rows), torch.from_numpy(case.targets)

    def loss(x: Any, y: Any) -> Any:
        return 0.5 * torch.nn.functional.mse_loss(model(x), y)

    if compiled:
        torch._dynamo.reset()
        loss = torch.compile(loss, dynamic=False)
    return model, lambda: loss(x, y)


def torch_gradient(case: Case, threads: int, compiled: bool = False) -> Work:
    model, loss = torch_loss(case, compiled)

    def call() -> Any:
        for parameter in model.parameters():
            parameter.grad = None
        value = loss()
        value.backward()
        return value

    def found() -> Array:
        parts = [np.array([call().item()])]
        for linear in model[::2]:
            parts += [linear.weight.grad.numpy().T.ravel(), linear.bias.grad.numpy()]
        return np.concatenate(parts)

    return Work(call, found)


def torch_adam(case: Case, threads: int, steps: int, fused: bool = False) -> Work:
    import torch

    def start() -> tuple[Any, Callable[[], None]]:
        model, loss = torch_loss(case, compiled=False)
        how = {"fused": True} if fused else {}
        adam = torch.optim.Adam(
            model.parameters(), lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON, **how
        )

        def step() -> None:
            adam.zero_grad()
            loss().backward()
            adam.step()

        return model, step

    _, step = start()

    def call() -> None:
        for _ in range(steps):
            step()

    def found() -> Array:
        model, fresh = start()
        for _ in range(10):
            fresh()
        parts = []
        for linear in model[::2]:
            parts += [linear.weight.detach().numpy().T.ravel(), linear.bias.detach().numpy()]
        return np.concatenate(parts)

    return Work(call, found, steps)


def torch_predict(case: Case) -> Work:
    import torch

    model, x = torch_model(case), torch.from_numpy(case.rows)

    def call() -> Any:
        with torch.inference_mode():
            return model(x)

    return Work(call, lambda: call().numpy().ravel())
