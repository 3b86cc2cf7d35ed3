"""A fitted model that several threads ask at once answers each as if it were alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest

import hbcd

THREADS = 4
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(160, 2)), columns=["a", "b"])
X["kind"] = np.where(RNG.random(160) < 0.5, "red", "blue")
Y = np.exp(np.tanh(X["a"]) + 0.5 * (X["kind"] == "red"))
LABELS = np.where(Y > 1.2, "high", "low")
NEW = [X[20 * k : 20 * k + 20] for k in range(THREADS)]  # each thread asks about its own
BOXES = [{"a": (-1.0, 0.3 * k), "b": (-1.0, 1.0), "kind": "red"} for k in range(THREADS)]

BOTH = {
    "predict": lambda model, k: model.predict(NEW[k]),
    "one row": lambda model, k: model.predict(NEW[k][:1]),
    "novelty": lambda model, k: model.novelty(NEW[k]),
    "jacobian": lambda model, k: model.jacobian(NEW[k]),
    "hessian": lambda model, k: model.hessian(NEW[k]),
    "output bounds": lambda model, k: model.output_bounds(BOXES[k]),
    "jacobian bounds": lambda model, k: model.jacobian_bounds(BOXES[k]),
    "is monotonic": lambda model, k: str(model.is_monotonic(BOXES[k], {"a": 1})),
}
REGRESSOR = BOTH | {
    "score": lambda model, k: model.score(NEW[k], Y[NEW[k].index]),
    "interval": lambda model, k: model.predict_interval(NEW[k]),
}
CLASSIFIER = BOTH | {
    "score": lambda model, k: model.score(NEW[k], LABELS[NEW[k].index]),
    "probabilities": lambda model, k: model.predict_proba(NEW[k]),
    "set": lambda model, k: model.predict_set(NEW[k]),
}


def bits(answer):
    """What can be compared with ==."""
    if isinstance(answer, (tuple, list)):
        return [bits(one) for one in answer]
    return answer if isinstance(answer, str) else np.asarray(answer).tolist()


def regressor():
    options = {"effort": 0.05, "target_transform": "log", "random_state": 0, "n_threads": 1}
    return hbcd.HybridRegressor(**options).fit(X, Y), REGRESSOR


def classifier():
    options = {"effort": 0.05, "calibrate": "temperature", "random_state": 0, "n_threads": 1}
    return hbcd.HybridClassifier(**options).fit(X, LABELS), CLASSIFIER


@pytest.mark.parametrize("fitted", [regressor, classifier])
def test_every_answer_of_a_model_that_threads_share_is_that_of_one_thread(fitted, tmp_path):
    model, questions = fitted()
    model.save(tmp_path / "model.hbcd")
    names = [*questions]
    alone = [{name: bits(questions[name](model, k)) for name in names} for k in range(THREADS)]
    shared = hbcd.load(tmp_path / "model.hbcd")  # nothing has been asked of it: nothing is kept
    begin = Barrier(THREADS)

    def answers_are_right(k):
        begin.wait()
        order = names[k:] + names[:k]
        once = {name: bits(questions[name](shared, k)) for name in order}
        again = [questions["predict"](shared, k).tolist() for _ in range(50)]
        return once == alone[k] and again == [alone[k]["predict"]] * 50

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(answers_are_right, range(THREADS)))


def test_a_model_that_threads_share_is_explained_exported_and_saved_as_by_one(tmp_path):
    model, _ = regressor()

    def kept(k):
        folder = tmp_path / str(k)
        folder.mkdir()
        importance = hbcd.explain.permutation_importance(model, X, Y, random_state=0)
        hbcd.to_c(model, folder / "model.c")
        model.save(folder / "model.hbcd")
        again = hbcd.load(folder / "model.hbcd").predict(X).tobytes()
        return bits(importance.importances), (folder / "model.c").read_bytes(), again

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kept, range(4))) == [kept("alone")] * 4


def test_fits_side_by_side_have_the_bits_of_one_after_the_other():
    def fitted(seed):
        options = {"effort": 0.02, "random_state": seed, "n_threads": 1}
        return hbcd.HybridRegressor(**options).fit(X, Y).predict(X).tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fitted, range(4))) == [fitted(seed) for seed in range(4)]
