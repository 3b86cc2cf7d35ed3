"""One pass tells mean, spread and ends of columns of any scale, to rounding."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hbcd import core
from hbcd.utils.column_statistics import column_statistics
from hbcd.utils.column_sums import ColumnPass, join
from hbcd.utils.robust_scaling import robust_scaler
from hbcd.utils.scaling import Scaler

RNG = np.random.default_rng(3)


def exact(column, weight):
    """Mean and standard deviation in rational numbers, rounded once."""
    values = [Fraction(float(value)) for value in column]
    weights = [Fraction(float(value)) for value in weight]
    total = sum(weights)
    mean = sum(w * x for w, x in zip(weights, values, strict=True)) / total
    variance = sum(w * (x - mean) ** 2 for w, x in zip(weights, values, strict=True)) / total
    exponent = math.frexp(float(max(map(abs, values))))[1]  # squares stay within the range
    return float(mean), math.ldexp(math.sqrt(variance / Fraction(2) ** (2 * exponent)), exponent)


COLUMNS = {
    "around 0": RNG.normal(size=700),
    "far from 0": 1e12 + RNG.normal(size=700),
    "at the end of the mantissa": 1e15 + RNG.integers(0, 9, 700),
    "an outlier in front": np.r_[1e9, RNG.normal(size=699)],
    "huge": 1e308 * RNG.uniform(-1, 1, 700),
    "tiny": 1e-300 * RNG.normal(size=700),
    "below the normal numbers": 1e-310 * RNG.uniform(1, 9, 700),
    "Unix time over an hour": 1.7e9 + 3600 * RNG.random(700),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_mean_and_deviation_are_those_of_exact_arithmetic(name, weighted):
    column = COLUMNS[name]
    weight = RNG.uniform(0.1, 2.0, 700) if weighted else None
    mean, deviation = exact(column, np.ones(700) if weight is None else weight)
    found = column_statistics("X", column[:, np.newaxis], weight)
    size = np.abs(column).max()
    assert abs(found.mean[0] - mean) <= 1e-15 * size
    # Differences of elements round at the size of the elements once.
    assert found.deviation[0] == pytest.approx(deviation, rel=1e-12)
    assert (found.least[0], found.most[0]) == (column.min(), column.max())
    assert found.varies[0]


@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_of_rows_are_put_together_as_if_they_were_one(weighted):
    column = np.r_[np.full(300, 5.0) + RNG.normal(size=300), RNG.normal(size=400)]
    weight = RNG.uniform(0.1, 2.0, 700) if weighted else None
    mean, deviation = exact(column, np.ones(700) if weight is None else weight)
    wide = np.repeat(column[:, np.newaxis], 130, axis=1)  # 252 rows would fill a block: 256 do
    found = column_statistics("X", wide, weight)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(found.deviation, deviation, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_order_in_memory_does_not_change_a_bit(dtype):
    table = RNG.normal(5.0, 2.0, (2000, 7)).astype(dtype)
    weight = RNG.random(2000)
    one, other = (column_statistics("X", np.asarray(table, order=o), weight) for o in "CF")
    assert one.mean.tobytes() == other.mean.tobytes()
    assert one.deviation.tobytes() == other.deviation.tobytes()
    strided = np.repeat(table, 2, axis=1)[:, ::2]
    assert column_statistics("X", strided, weight).mean.tobytes() == one.mean.tobytes()


SHIFTED = {
    "1e12 +- 1e6": 1e12 + 1e6 * RNG.normal(size=400),
    "Unix time over an hour": 1.7e9 + 3600 * np.linspace(0, 1, 400),
    "1e8 +- 50": 1e8 + 50 * RNG.normal(size=400),
    "-3e20 +- 1e15": -3e20 + 1e15 * RNG.normal(size=400),
}


@pytest.mark.parametrize("name", SHIFTED)
def test_shifted_columns_of_float32_are_scaled_by_their_true_spread(name):
    table = SHIFTED[name].astype(np.float32)[:, np.newaxis]
    scaler = Scaler.fit(table)
    _, deviation = exact(table[:, 0], np.ones(400))
    assert scaler.scale[0] == pytest.approx(deviation, rel=1e-12)
    z = scaler.forward(table, np.float32)
    assert z.std() == pytest.approx(1.0, rel=1e-5)
    assert abs(z.mean()) < 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -101325.0, 1e30])
def test_columns_that_differ_by_rounding_alone_do_not_vary(value, dtype):
    value = dtype(value)
    column = np.array([value, np.nextafter(value, dtype(np.inf)), value])
    for one in (np.full(3, value), column if value else np.zeros(3)):
        found = column_statistics("X", one.astype(dtype)[:, np.newaxis])
        assert not found.varies[0]
        assert Scaler.of(found).scale[0] == 0.0


def test_a_column_that_does_not_vary_is_0_whatever_stands_in_it():
    scaler = Scaler(np.array([3.0, 1.0]), np.array([0.0, 2.0]))
    far = np.array([[1e308, 1.0], [-1e308, 3.0], [3.0, 5.0]])
    assert np.array_equal(scaler.forward(far, np.float64), [[0, 0], [0, 1], [0, 2]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(bad):
    table = RNG.normal(size=(5000, 3))
    table[4321, 1] = bad
    with pytest.raises(ValueError, match=r"^X: row 4321, column 1 is (missing|infinite)"):
        column_statistics("X", table)


# ---- robust -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("at", [100.0, -1e6, 1e300])
def test_outliers_hardly_move_a_robust_center_and_spread(share, at):
    clean = RNG.normal(size=4000)
    table = np.where(np.arange(4000) < share * 4000, at, clean)[:, np.newaxis]
    scaler, before = robust_scaler(table), robust_scaler(clean[:, np.newaxis])
    assert abs(scaler.mean - before.mean) < 0.4
    assert scaler.scale == pytest.approx(before.scale, rel=0.45)
    assert before.scale == pytest.approx(0.5 * 0.6745, rel=0.05)


def test_whole_weights_are_repeated_rows_of_a_robust_spread():
    table = RNG.normal(size=(301, 2))
    copies = RNG.integers(1, 4, 301)
    one, other = robust_scaler(table, copies / 4), robust_scaler(np.repeat(table, copies, axis=0))
    assert np.array_equal(one.mean, other.mean)
    np.testing.assert_allclose(one.scale, other.scale, rtol=1e-14)


def test_whole_weights_are_repeated_rows_where_most_of_a_column_stands_still():
    rng = np.random.default_rng(0)
    table = np.where(np.arange(300) % 10, 0.0, rng.normal(size=300))[:, np.newaxis]
    moves = table[:, 0] != 0
    copies = np.where(table[:, 0] > 0, 3, 1)
    assert copies[moves].sum() < copies.sum() / 4  # three quarters stand still
    one, other = robust_scaler(table, copies), robust_scaler(np.repeat(table, copies, axis=0))
    assert one.scale == pytest.approx(other.scale, rel=1e-14)
    assert one.scale[0] != pytest.approx(robust_scaler(table).scale[0], rel=0.01)


def test_where_most_of_a_column_stands_still_the_rest_gives_the_spread():
    mostly = np.where(np.arange(1000) % 10, 0.0, RNG.normal(size=1000))
    nearly = np.where(np.arange(1000) % 10 < 6, 1e-9 * RNG.random(1000), RNG.normal(size=1000))
    scales = robust_scaler(np.column_stack([mostly, nearly, np.full(1000, 7.0)])).scale
    assert 0.3 < scales[0] < 1.5
    assert 0.01 < scales[1] < 1.5
    assert scales[2] == 0.0


# ---- in portions ------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("portion", [1, 100, 256, 1000, 8999])
def test_portions_of_any_size_give_the_same_bits(portion, weighted):
    table = RNG.normal(5.0, 2.0, (9000 if portion > 1 else 900, 3))
    weight = RNG.random(len(table)) if weighted else None
    whole, parts = (ColumnPass(len(table), table[0]) for _ in range(2))
    whole.add(table, weight)
    for start in range(0, len(table), portion):
        part = slice(start, start + portion)
        parts.add(table[part], None if weight is None else weight[part])
    (one,), (other,) = whole.nodes, parts.nodes
    assert np.array_equal(one.mean, other.mean)
    assert np.array_equal(one.squares, other.squares)


@pytest.mark.parametrize("ends", [(0, 5, 16), (0, 0, 1, 16), (0, 2, 9, 15, 16, 16)])
def test_ranges_of_rows_joined_in_their_order_give_the_same_bits(ends):
    table = RNG.normal(5.0, 2.0, (9001, 3))
    starts, nodes = core.lane_rows(len(table)), []
    for begin, end in pairwise(ends):
        part = ColumnPass(len(table), table[0], begin=starts[begin])
        part.add(table[starts[begin] : starts[end]])
        for node in part.nodes:
            join(nodes, node)
    whole = ColumnPass(len(table), table[0])
    whole.add(table)
    assert len(starts) == 17
    assert len(nodes) == 1
    assert np.array_equal(nodes[0].mean, whole.nodes[0].mean)
    assert np.array_equal(nodes[0].squares, whole.nodes[0].squares)
