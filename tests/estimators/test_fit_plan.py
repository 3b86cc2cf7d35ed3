"""A fit looks at its table twice, copies it once, and is few calls deep."""

import inspect

import numpy as np
import pytest

import hbcd
from hbcd import core
from hbcd.estimators.intervals.interval_rows import MOST_ROWS
from hbcd.utils import validation

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20_000, 4))
Y = np.sin(X[:, 0]) + X[:, 1]
QUICK = {"random_state": 0, "max_fun": 40}
KEPT = MOST_ROWS / len(X)  # of the rows, once more: a fit keeps so many for intervals


class Watched(np.ndarray):
    """An array that counts how often its elements are read, as multiples of its size.

    What a slice, an index, a function of NumPy or the core reads is counted when it is taken; what
    comes back is a plain array.
    """

    passes = 0.0
    copies = 0.0

    def count(self, size, copied=False):
        Watched.passes += size / X.size
        Watched.copies += copied * size / X.size

    def __getitem__(self, key):
        plain = np.asarray(self)
        found = plain[key]
        self.count(found.size, copied=not np.shares_memory(found, plain))
        return found

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        self.count(self.size)
        plain = [np.asarray(one) if isinstance(one, Watched) else one for one in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __array_function__(self, function, types, args, options):
        self.count(self.size)
        return function(
            *(np.asarray(one) if isinstance(one, Watched) else one for one in args), **options
        )


@pytest.fixture
def watched(monkeypatch):
    """Counts what is read of X from the check that it is a table of numbers on."""
    plain, data = validation.as_real, core.Data

    def as_real(name, value):
        found = plain(name, value)
        return found.view(Watched) if name == "X" else found

    def packed(dtype, x, y, weight, x_columns, y_columns, penalty, index, threads):
        if x.shape[1] == X.shape[1]:
            rows = len(x) if index is None else index.size
            Watched.count(x, rows * x.shape[1], copied=True)
        return data(dtype, np.asarray(x), y, weight, x_columns, y_columns, penalty, index, threads)

    monkeypatch.setattr(validation, "as_real", as_real)
    monkeypatch.setattr(core, "Data", packed)
    Watched.passes = Watched.copies = 0.0
    return Watched


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_table_is_read_twice_and_copied_once(watched, dtype, order):
    model = hbcd.HybridRegressor((3,), validation_fraction=None, dtype=dtype, **QUICK)
    model.fit(np.asarray(X, order=order), Y)
    # statistics, whose first row is looked at twice; the copy; rows for intervals
    assert 2 <= watched.passes - KEPT <= 2.001
    assert watched.copies == 1 + KEPT


@pytest.mark.parametrize("weight", [None, 1.0 + np.arange(len(X)) % 3], ids=["none", "several"])
@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_share_that_is_held_out_costs_no_more(watched, share, kind, weight):
    model = kind((3,), validation_fraction=share, **QUICK)
    model.fit(X, Y if kind is hbcd.HybridRegressor else Y > 0, weight)
    assert 2 <= watched.passes - KEPT <= 2.001
    assert watched.copies == 1 + KEPT


def test_rows_of_weight_0_are_checked_by_a_pass_of_their_own(watched):
    weight = np.arange(len(X)) % 4
    hbcd.HybridRegressor((3,), validation_fraction=0.25, **QUICK).fit(X, Y, weight)
    assert watched.copies == 1.5  # the rows that count, and these in the core


def test_a_metric_of_held_out_rows_copies_them_and_no_others(watched):
    model = hbcd.HybridRegressor((3,), validation_fraction=0.25, early_stopping="r2", **QUICK)
    model.fit(X, Y)
    assert watched.copies == 1.25 + KEPT


def test_partial_fit_reads_no_more(watched):
    model = hbcd.HybridRegressor((3,), **QUICK).partial_fit(X, Y)
    assert watched.passes - KEPT <= 2.001
    watched.passes = watched.copies = 0.0
    model.partial_fit(X, Y)
    assert watched.passes <= 2.001
    assert watched.copies == 1


@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
@pytest.mark.parametrize(
    "options", [{"members": 1}, {"strategy": "paper"}, {"alpha": 0.1}], ids=str
)
def test_at_most_6_calls_lie_between_fit_and_the_core(kind, options, monkeypatch):
    between, train = [], core.train

    def looks_up(*args, **more):
        names = [frame.function for frame in inspect.stack()]
        between.append(names[1 : names.index("fit")])
        return train(*args, **more)

    monkeypatch.setattr(core, "train", looks_up)
    kind(**QUICK, **options).fit(X[:200], Y[:200] if kind is hbcd.HybridRegressor else Y[:200] > 0)
    assert between
    assert max(map(len, between)) <= 6
