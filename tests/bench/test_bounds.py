"""bench/bounds: the attack sees bounds that do not hold."""

import numpy as np


def test_the_attack_tells_rows_outside_from_rows_inside(bench, monkeypatch):
    from bench.bounds import attack

    seen = attack.attack(72, 4000)
    assert (seen.rows, seen.outside) == (4032, 0)
    assert np.exp(np.mean(seen.ratios)) < 0.5

    class Narrow(attack.NetworkBounds):
        def outputs(self, lo, hi):
            low, high = super().outputs(lo, hi)
            middle = 0.5 * (low + high)
            return middle + 0.2 * (low - middle), middle + 0.2 * (high - middle)

    monkeypatch.setattr(attack, "NetworkBounds", Narrow)
    assert attack.attack(72, 4000).outside > 100
