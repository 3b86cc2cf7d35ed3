"""Which rows train and which judge: folds, shares, splitters and pairs."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, ShuffleSplit, TimeSeriesSplit

from hbcd.tables.encoded import EncodedTable
from hbcd.tuning.splits import splits_of, take_rows

Y = np.sort(np.random.default_rng(0).normal(size=103))


def splits(cv, y=Y, classes=False, groups=None, seed=0):
    X = np.zeros((len(y), 2))
    return splits_of(cv, X, y, groups, classes, np.random.default_rng(seed))


@pytest.mark.parametrize("k", [2, 3, 10, 103])
def test_folds_leave_every_row_out_once(k):
    found = splits(k)
    assert sorted(np.concatenate([left for _, left in found])) == list(range(103))
    for train, left in found:
        assert sorted([*train, *left]) == list(range(103))
    assert len({len(left) for _, left in found}) <= 2


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_a_share_leaves_that_many_rows_out_over_the_whole_range_of_the_target(share):
    ((train, left),) = splits(share)
    assert sorted([*train, *left]) == list(range(103))
    assert abs(len(left) - share * 103) <= 1
    # Rows are sorted by target here: gaps between those left out are even.
    assert np.diff(left).max() <= 2 * np.ceil(1 / share)


def test_few_rows_are_left_out_in_turns_and_a_fifth_of_many():
    assert len(splits(None)) == 3
    ((train, left),) = splits(None, np.random.default_rng(0).normal(size=2000))
    assert (len(train), len(left)) == (1600, 400)


@pytest.mark.parametrize("cv", [2, 3, 0.2])
def test_every_class_is_dealt_out_evenly(cv):
    y = np.array(["rare"] * 6 + ["often"] * 60 + ["some"] * 20)
    for train, left in splits(cv, y, classes=True):
        for name in np.unique(y):
            whole = (y == name).sum()
            expected = whole * len(left) / len(y)
            assert abs((y[left] == name).sum() - expected) <= 1
            assert (y[train] == name).any()


def test_other_seeds_give_other_rows():
    assert all(np.array_equal(*pair) for pair in zip(splits(3)[0], splits(3)[0], strict=True))
    assert not np.array_equal(splits(3)[0][1], splits(3, seed=1)[0][1])


def test_splitters_of_scikit_learn_are_asked_and_pairs_are_taken():
    for cv in (TimeSeriesSplit(3), ShuffleSplit(2, random_state=0), GroupKFold(3)):
        groups = np.arange(103) // 10 if isinstance(cv, GroupKFold) else None
        found = splits(cv, groups=groups)
        expected = list(cv.split(np.zeros((103, 2)), Y, groups))
        for ours, theirs in zip(found, expected, strict=True):
            assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))
    mask = np.arange(103) < 50
    ((train, left),) = splits([(mask, np.flatnonzero(~mask))])
    assert (len(train), len(left)) == (50, 53)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (1, "cv=1: must be at least 2"),
        (104, "cv=104: must be at most the number of rows, 103"),
        (0.0, "cv=0.0: must be greater than 0"),
        (1.0, "cv=1.0: must be less than 1"),
        (0.001, "must leave out at least one of 103 rows"),
        (True, "must be a number of folds"),
        ("kfold", "must be a number of folds"),
        ([], "must split at least once"),
        ([3], "split 0 must be a pair"),
        ([([0, 1], [1, 2])], "split 0 has row 1 in both parts"),
        ([([0, 1], [200])], "split 0 has row 200"),
        ([([0, 1], [])], "none empty"),
        ([([0, 1], [0.5])], "must have two lists of row numbers"),
        (GroupKFold(3), "groups"),
    ],
)
def test_bad_splits_are_told(cv, message):
    with pytest.raises((ValueError, TypeError), match=message):
        splits(cv)


def test_groups_need_a_splitter_and_a_class_of_one_row_cannot_be_left_out():
    with pytest.raises(ValueError, match="groups: must go with cv="):
        splits(3, groups=np.zeros(103))
    with pytest.raises(ValueError, match="class 'once' has 1 row"):
        splits(2, np.array(["a", "a", "once", "b", "b"]), classes=True)


def test_rows_are_taken_from_every_kind_of_table():
    rows = np.array([2, 0])
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "t": ["x", "y", "x"]}, index=[5, 5, 7])
    assert take_rows(frame, rows)["a"].tolist() == [3.0, 1.0]
    assert take_rows(frame["a"], rows).tolist() == [3.0, 1.0]
    assert take_rows([[1], [2], [3]], rows) == [[3], [1]]
    assert take_rows(np.arange(3.0), rows).tolist() == [2.0, 0.0]
    encoded = EncodedTable.of(frame)
    assert np.array_equal(take_rows(encoded, rows).features, encoded.features[rows])
    polars = pytest.importorskip("polars")
    assert take_rows(polars.DataFrame({"a": [1, 2, 3]}), rows)["a"].to_list() == [3, 1]
