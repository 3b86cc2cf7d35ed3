"""A dense network of PyTorch that trains for a given number of CPU seconds."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["TorchNet"]


class TorchNet:
    """ADAM on batches in float32, its rate falling to 0 by a cosine over the CPU seconds given.

    Columns and targets are standardized.  The clock is looked at before each batch, so that the
    rate is 0 exactly when the seconds are over, however fast the machine is.
    """

    def __init__(
        self, seed: int, seconds: float, widths: tuple[int, ...] = (64, 64),
        activation: str = "Tanh", rate: float = 1e-2, batch: int = 256,
    ) -> None:  # fmt: skip
        self.seed, self.seconds = seed, seconds
        self.widths, self.activation = tuple(widths), activation
        self.rate, self.batch = rate, batch

    def fit(self, x: Any, y: Any) -> TorchNet:
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        started = time.process_time()
        self._x_scale = x.mean(axis=0), x.std(axis=0)
        self._y_scale = y.mean(), y.std()
        inputs = torch.tensor(self._scaled(x))
        targets = torch.tensor(((y - self._y_scale[0]) / self._y_scale[1]).astype(np.float32))
        self._net = self._network(x.shape[1])
        steps = torch.optim.Adam(self._net.parameters(), lr=self.rate)
        while True:
            for rows in torch.randperm(len(inputs)).split(self.batch):
                used = (time.process_time() - started) / self.seconds
                if used >= 1:
                    return self
                for group in steps.param_groups:
                    group["lr"] = self.rate * 0.5 * (1 + math.cos(math.pi * used))
                steps.zero_grad()
                loss = (self._net(inputs[rows])[:, 0] - targets[rows]).square().mean()
                loss.backward()
                steps.step()

    def predict(self, x: Any) -> Any:
        import torch

        with torch.inference_mode():
            found = self._net(torch.tensor(self._scaled(x)))[:, 0].numpy()
        return found * self._y_scale[1] + self._y_scale[0]

    def _scaled(self, x: Any) -> Any:
        return ((x - self._x_scale[0]) / self._x_scale[1]).astype(np.float32)

    def _network(self, columns: int) -> Any:
        from torch import nn

        sizes = (columns, *self.widths)
        layers: list[Any] = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), getattr(nn, self.activation)()]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
