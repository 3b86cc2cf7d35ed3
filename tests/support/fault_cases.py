"""What is done while calls fail: fits of every strategy, saving, loading, predicting, exporting."""

import os
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


def content(path):
    """Of a file, with few objects."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1 << 24)
    finally:
        os.close(file)


class Case:
    """What is done: ``act()``; what comes of it, and what a failure may not change."""

    def reset(self):
        """All as it is before."""

    def left_over(self):
        """What is there besides."""
        return []

    def glance(self):
        """Of what a failure may not change that which is looked at in no time."""
        return self.untouched()


class Fit(Case):
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


class Train(Case):
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


class Use(Case):
    """Something that is done with a fitted model, which it leaves as it is."""

    def __init__(self, folder, act, files=()):
        self.model = regressor().fit(X, Y)
        self.folder, self.files = Path(folder), files
        self.act = lambda: act(self.model)
        self.reset()

    def reset(self):
        for name in self.files:
            (self.folder / name).write_bytes(b"what was there before")
        self.there = set(self.names())

    def left_over(self):
        return sorted({*self.names()} - self.there)

    def names(self):
        """Of what is there; openpyxl takes its temporary files away when the process ends."""
        found = [path.name for path in self.folder.rglob("*")]
        return sorted(name for name in found if not name.startswith("openpyxl."))

    def result(self, made):
        written = [(self.folder / name).read_bytes() for name in self.files]
        return written or everything(made)

    def untouched(self):
        kept = [(self.folder / name).read_bytes() for name in self.files]
        return state(self.model), self.names(), kept

    def glance(self):
        here = str(self.folder)
        names = [name for name in os.listdir(here) if not name.startswith("openpyxl.")]
        files = [content(f"{here}/{name}") for name in self.files]
        return [*map(id, vars(self.model).values())], sorted(names), files


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


#: Of exports what keeps the number of allocations small, and has every kind of them.
SMALL = {"excel": {"rows": 1}}


def _export(name):
    target, options = TARGETS[name], SMALL.get(name, {})
    file = "m" + target.suffix

    def act(folder, model):
        target.write(model, str(Path(folder, file)), **options)

    return lambda folder: Use(folder, lambda model: act(folder, model), (file,))


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
