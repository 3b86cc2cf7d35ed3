"""Where scikit-learn is not installed the estimators do everything that is theirs to do."""

import os
import subprocess
import sys

PROGRAM = """
import sys, warnings
warnings.simplefilter("error")

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "sklearn" or name.startswith("sklearn."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import copy, pickle
import numpy as np, pandas as pd
import hbcd

rng = np.random.default_rng(0)
frame = pd.DataFrame(rng.normal(size=(80, 2)), columns=["a", "b"])
y = frame["a"] - np.tanh(frame["b"])
labels = np.array(["low", "mid", "high"])[np.digitize(y, [-0.5, 0.5])]
options = dict(hidden_layer_sizes=(3,), strategy="bcd", random_state=0, n_threads=1)
for kind, target in ((hbcd.HybridRegressor, y), (hbcd.HybridClassifier, labels)):
    model = kind(**options)
    for use in (model.predict, model.encode):
        try:
            use(frame)
        except hbcd.NotFittedError as error:
            assert "is not fitted yet" in str(error)
        else:
            raise AssertionError("predicts before fit")
    assert not hasattr(model, "coefs_")
    model.fit(frame, target, sample_weight=np.ones(80), eval_set=(frame[:20], target[:20]))
    assert model.score(frame, target) > 0.8
    twin = kind(**copy.deepcopy(model.get_params()))
    assert repr(twin) == repr(model) and not hasattr(twin, "theta_")
    twin.set_params(warm_start=True).fit(frame, target).fit(frame, target)
    twin.partial_fit(frame, target)
    assert twin.coefs_[0].shape == (2, 3) and twin.n_layers_ == 3
    model.save(sys.argv[1])
    for other in (hbcd.load(sys.argv[1]), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.predict(frame), model.predict(frame))
    assert isinstance(model.set_output(predict="pandas").predict(frame), pd.Series)
    try:
        model.set_fit_request(sample_weight=True)
    except RuntimeError as error:
        assert "needs sklearn" in str(error)
    else:
        raise AssertionError("requests without scikit-learn")
column = labels[:, None]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    hbcd.HybridClassifier(**options).fit(frame, column)
assert [str(one.message)[:15] for one in caught] == ["A column-vector"]
assert not [name for name in sys.modules if name.partition(".")[0] == "sklearn"]
print("done")
"""


def test_estimators_work_without_scikit_learn(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "m.hbcd")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr
