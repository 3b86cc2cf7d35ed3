"""Rows left out by turns: each once, with like targets in every part."""

from __future__ import annotations

import numpy as np
import pytest

from hbcd.members.folds import deal, one_part


def apart(y: np.ndarray) -> np.ndarray:
    """Inputs of which no two rows are equal."""
    return np.arange(len(y), dtype=float).reshape(-1, 1)


@pytest.mark.parametrize(("n", "folds"), [(20, 5), (21, 5), (100, 10), (23, 3), (20, 20)])
def test_every_row_is_left_out_once(n: int, folds: int) -> None:
    y = np.random.default_rng(0).normal(size=(n, 2))
    parts = deal(apart(y), y, folds, np.random.default_rng(1))
    assert sorted(np.concatenate([part.left for part in parts])) == list(range(n))
    for part in parts:
        assert sorted([*part.kept, *part.left]) == list(range(n))
        assert part.left.size in (n // folds, -(-n // folds))


def test_the_parts_have_like_targets() -> None:
    y = np.random.default_rng(0).exponential(size=(500, 1))
    means = [y[part.left].mean() for part in deal(apart(y), y, 5, np.random.default_rng(1))]
    assert np.ptp(means) < 0.05  # by chance alone it would be about 0.2


def test_every_part_has_its_share_of_a_rare_class() -> None:
    y = np.zeros((200, 1))
    y[np.random.default_rng(0).permutation(200)[:10]] = 1
    assert [int(y[part.left].sum()) for part in deal(apart(y), y, 5, np.random.default_rng(1))] == [
        2
    ] * 5


def test_another_seed_deals_otherwise_and_the_same_one_alike() -> None:
    y = np.random.default_rng(0).normal(size=(50, 1))
    first, again, other = (deal(apart(y), y, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all((a.left == b.left).all() for a, b in zip(first, again, strict=True))
    assert any(a.left.tolist() != b.left.tolist() for a, b in zip(first, other, strict=True))


def test_one_part_is_a_share_of_at_most_so_many_rows() -> None:
    part = one_part(apart(np.zeros(1000)), 0.2, 10_000, np.random.default_rng(0))
    assert part.left.size == 200
    assert sorted([*part.kept, *part.left]) == list(range(1000))
    assert one_part(apart(np.zeros(1000)), 0.2, 50, np.random.default_rng(0)).left.size == 50


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_with_equal_inputs_are_left_out_together(dtype: type) -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(200, size=1500)
    x, y = rng.normal(size=(200, 3)).astype(dtype)[group], rng.normal(size=(1500, 1))
    for part in [*deal(x, y, 5, np.random.default_rng(1)), one_part(x, 0.2, 10**4, rng)]:
        assert 0 < part.left.size < 600
        assert not set(group[part.left]) & set(group[part.kept])
        assert sorted([*part.kept, *part.left]) == list(range(1500))


def test_something_is_kept_and_left_out_where_few_inputs_differ() -> None:
    for counts in ([990, 10], [1000], [1, 999]):
        x = np.repeat(np.arange(len(counts), dtype=float), counts).reshape(-1, 1)
        for seed in range(4):
            rng = np.random.default_rng(seed)
            parts = [*deal(x, np.zeros((1000, 1)), 5, rng), one_part(x, 0.2, 10**4, rng)]
            assert all(part.kept.size and part.left.size for part in parts)
