"""Bounds beside those of the library bound-propagation, which computes them with torch.

That library meets CROWN's bounds of a layer with intervals that went through the whole network by
themselves; ours go on from the tighter bounds of the layer before, and are compared both ways.  Its
tangents are found by 10 bisections, which is set to 60 here, as many as ours have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import hbcd
from hbcd.bounds import propagation
from hbcd.networks.affine_layers import affine_layers

BOXES = 50


class PlainIntervals(propagation.Propagation):
    """Lines backward, met with intervals that know nothing of them."""

    def crown(self, lo: Any, hi: Any) -> Any:
        """As that library has it."""
        plain = self.interval(lo, hi)
        found: list[Any] = []
        back: list[Any] = []
        box = lo, hi
        for k, layer in enumerate(self.layers):
            entering = plain[k].entering
            if k > 0:
                own = self._backward(k, back, box)
                entering = np.maximum(entering[0], own[0]), np.minimum(entering[1], own[1])
            back.append(propagation._Backward(layer, entering, lo, hi))
            lo, hi = layer.activated(entering)
            found.append(propagation.Bounds(entering, (lo, hi)))
        return found


def compared(seed: int = 1) -> list[dict[str, Any]]:
    """The largest differences over boxes, for every activation that both know and every depth."""
    import torch
    from bound_propagation import BoundModelFactory, HyperRectangle, activation
    from torch import nn

    torch.set_default_dtype(torch.float64)
    activation.bisection.__defaults__ = (60,)
    rng = np.random.default_rng(seed)
    found = []
    pairs = ((hbcd.Tanh(), nn.Tanh), (hbcd.Sigmoid(), nn.Sigmoid), (hbcd.ReLU(), nn.ReLU))
    for own, other in pairs:
        for depth in range(1, 6):
            hidden = [hbcd.HiddenLayer(12, own) for _ in range(depth)]
            network = hbcd.Network([hbcd.InputLayer(4), *hidden, hbcd.OutputLayer(2)])
            layers = affine_layers(network, network.init(rng))
            modules: list[Any] = []
            for k, layer in enumerate(layers):
                weights, bias = layer.matrix()
                linear = nn.Linear(layer.n_in, layer.n_out)
                linear.weight.data = torch.tensor(weights.T.copy())
                linear.bias.data = torch.tensor(bias.copy())
                modules += [linear] if k == len(layers) - 1 else [linear, other()]
            theirs = BoundModelFactory(adaptive_relu=True).build(nn.Sequential(*modules))
            center = rng.normal(size=(BOXES, 4))
            half = 10 ** rng.uniform(-2, 0, (BOXES, 1))
            lo, hi = center - half, center + half
            with torch.no_grad():
                region = HyperRectangle(torch.tensor(lo), torch.tensor(hi))
                bounds = theirs.ibp(region), theirs.crown(region).concretize()
            ibp, crown = ([one.lower.numpy(), one.upper.numpy()] for one in bounds)
            crown = [np.maximum(crown[0], ibp[0]), np.minimum(crown[1], ibp[1])]
            plain = PlainIntervals(layers, np.float64)
            same, tighter = plain.crown(lo, hi)[-1].leaving, None
            tighter = propagation.Propagation(layers, np.float64).crown(lo, hi)[-1].leaving
            widths = (tighter[1] - tighter[0]) / (crown[1] - crown[0])
            found.append(
                {
                    "activation": type(own).__name__,
                    "depth": depth,
                    "interval": _apart(plain.interval(lo, hi)[-1].leaving, ibp),
                    "crown": _apart(same, crown),
                    "width": float(np.exp(np.log(widths).mean())),
                }
            )
    return found


def _apart(one: Any, other: Any) -> float:
    return float(max(np.abs(a - b).max() for a, b in zip(one, other, strict=True)))
