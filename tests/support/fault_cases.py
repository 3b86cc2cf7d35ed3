"""What is done while calls fail: fits of every strategy, saving, loading, predicting, exporting."""

from pathlib import Path

import numpy as np

import hbcd
from hbcd.export.targets import TARGETS
from hbcd.training.registry import STRATEGIES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
Y = np.sin(X[:, 0]) + 0.1 * X[:, 1]
CLASSES = np.where(Y > 0, "warm", "cold")


def regressor(strategy="fast"):
    return hbcd.HybridRegressor((2,), strategy=strategy, random_state=0, n_threads=1, max_iter=20)


def everything(value):
    """A value as bytes and texts, whatever it is made of."""
    if isinstance(value, np.ndarray):
        return value.tobytes() if value.dtype != object else repr(value.tolist())
    if isinstance(value, dict):
        return {key: everything(one) for key, one in value.items()}
    return repr(value)


def state(model):
    """What a fit sets, and which objects: a failure may replace none of them."""
    return {name: (id(value), everything(value)) for name, value in vars(model).items()}


class Fit:
    """A fit of an estimator that has been fitted to something else before."""

    def __init__(self, model, y, before):
        self.model, self.y = model, y
        model.fit(X[:, ::-1], before)

    def act(self):
        return self.model.fit(X, self.y)

    def result(self, made):
        return self.model.theta_.tobytes(), self.model.predict(X).tobytes()

    def untouched(self):
        return state(self.model)


class Train:
    """A training of a network, below the estimators."""

    def __init__(self, strategy):
        layers = [hbcd.InputLayer(2), hbcd.HiddenLayer(3), hbcd.OutputLayer(1)]
        self.net = hbcd.Network(layers)
        self.theta = self.net.init(0)
        self.strategy = strategy

    def act(self):
        strategy = STRATEGIES[self.strategy]()
        stop = hbcd.Stop(max_iterations=20)
        return self.net.train(self.theta, X, Y, strategy=strategy, stop=stop, n_threads=1)

    def result(self, made):
        return made.theta.tobytes(), made.loss

    def untouched(self):
        return self.theta.tobytes()


class Use:
    """Something that is done with a fitted model, which it leaves as it is."""

    def __init__(self, folder, act, files=()):
        self.model = regressor().fit(X, Y)
        self.folder, self.files = Path(folder), files
        self.act = lambda: act(self.model)
        for name in files:
            (self.folder / name).write_bytes(b"what was there before")

    def result(self, made):
        written = [(self.folder / name).read_bytes() for name in self.files]
        return written or everything(made)

    def untouched(self):
        names = sorted(path.name for path in self.folder.iterdir())
        kept = [(self.folder / name).read_bytes() for name in self.files]
        return state(self.model), names, kept


class Load(Use):
    """A load of a model file."""

    def __init__(self, folder):
        super().__init__(folder, lambda model: hbcd.load(self.folder / "m.hbcd"))
        self.model.save(self.folder / "m.hbcd")

    def result(self, made):
        return made.theta_.tobytes(), made.predict(X).tobytes()


def _fit_classes(folder):
    model = hbcd.HybridClassifier((2,), random_state=0, n_threads=1, max_iter=20)
    return Fit(model, CLASSES, np.roll(CLASSES, 3))


def _export(name):
    target = TARGETS[name]
    file = "m" + target.suffix
    return lambda folder: Use(
        folder, lambda model: target.write(model, str(Path(folder, file))) and None, (file,)
    )


#: By name; each takes a folder of its own.
CASES = {
    **{f"fit {name}": lambda _, n=name: Fit(regressor(n), Y, -Y) for name in STRATEGIES},
    **{f"train {name}": lambda _, n=name: Train(n) for name in STRATEGIES},
    "fit classes": _fit_classes,
    "predict": lambda folder: Use(folder, lambda model: model.predict(X)),
    "predict one row": lambda folder: Use(folder, lambda model: model.predict(X[:1])),
    "intervals": lambda folder: Use(folder, lambda model: model.predict(X, return_std=True)),
    "load": Load,
    "save": lambda folder: Use(folder, lambda m: m.save(Path(folder, "m.hbcd")), ("m.hbcd",)),
    **{f"export {name}": _export(name) for name, one in TARGETS.items() if not one.missing},
}
