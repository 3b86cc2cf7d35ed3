"""skops.io writes and reads fitted models; every type it asks to be trusted is one of ours."""

import numpy as np
import pandas as pd
import pytest
import skops.io

import hbcd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X[:, 0] - np.tanh(X[:, 1])
FRAME = pd.DataFrame(X, columns=["a", "b"]).assign(day=np.resize(["Mon", "Tue"], 60))
GAPS = FRAME.assign(a=np.where(np.arange(60) % 7 == 0, np.nan, X[:, 0]))
QUICK = {"hidden_layer_sizes": (3,), "random_state": 0, "n_threads": 1}

MODELS = {
    "regressor": (hbcd.HybridRegressor(strategy="bcd", **QUICK), X, Y),
    "table": (
        hbcd.HybridRegressor(
            strategy="bcd", missing="indicator", activation=hbcd.LeakyReLU(0.2), loss="huber",
            stop=hbcd.Stop(1e-3), dtype="float32", **QUICK,
        ),
        GAPS,
        pd.Series(Y, name="power"),
    ),
    "classifier": (
        hbcd.HybridClassifier(strategy=hbcd.Hybrid.fast(), max_time=5, **QUICK),
        FRAME,
        np.where(Y > 0, "up", "down"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_a_model_comes_back_and_only_our_types_are_to_be_trusted(case):
    model, x, y = MODELS[case]
    model.fit(x, y)
    data = skops.io.dumps(model)
    asked = skops.io.get_untrusted_types(data=data)
    assert [name for name in asked if not name.startswith("hbcd.")] == []
    again = skops.io.loads(data, trusted=asked)
    assert np.array_equal(again.predict(x), model.predict(x))
    assert repr(again) == repr(model)
    assert again.report_.stop_reason is model.report_.stop_reason
    assert again.history_.equals(model.history_)
    assert np.array_equal(again.fit(x, y).theta_, model.theta_)
