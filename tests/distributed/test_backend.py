"""What ranks send each other: sums by the one tree, errors that reach all."""

import copy
import pickle
import threading
from itertools import pairwise

import numpy as np
import pytest

from hbcd import core
from hbcd.distributed import RankLost
from hbcd.distributed.tree import children_of, parent_of
from hbcd.utils.ranks import check_alike
from support.thread_backend import ThreadBackend, TreeOfThreads, on_threads

LANES, N = 16, 541
KINDS = {"all to all": ThreadBackend, "tree": TreeOfThreads}


@pytest.fixture(params=KINDS)
def kind(request):
    """How sums travel."""
    return KINDS[request.param]


def aligned(begin, end):
    """Lanes as the largest subtrees: first lane and number of each."""
    own = []
    while begin < end:
        k = 1
        while begin % (2 * k) == 0 and begin + 2 * k <= end:
            k *= 2
        own.append((begin, k))
        begin += k
    return own


def subtrees(size, lanes):
    """Lanes of ranks as the core hands them over."""
    return [aligned(*ends) for ends in pairwise(lanes * k // size for k in range(size + 1))]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n", [1, 2, N])
def test_sums_have_the_bits_of_the_tree_and_cost_a_vector_more_than_the_subtrees(size, n):
    def bound(own):
        heads = 2 * size * 8 * (6 + 2 * own)  # of messages are a few numbers
        # Two ranks send subtrees; of more a rank sends slices of them, and its slice of the sum.
        return 8 * n * (own + 1) + heads

    check_sums(size, n, LANES, ThreadBackend, bound)


@pytest.mark.parametrize("lanes", [16, 64])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 11, 16])
@pytest.mark.parametrize("n", [1, N])
def test_sums_up_a_tree_have_its_bits_and_cost_at_most_twice_its_depth(size, n, lanes):
    def bound(own):
        vectors = 2 * int(np.log2(lanes))
        heads = vectors * 8 * (3 + 4 * size) + 16 * lanes
        return 8 * n * vectors + heads

    check_sums(size, n, lanes, TreeOfThreads, bound)


def test_every_rank_is_below_its_parent_and_no_rank_sends_more_vectors_than_twice_the_depth():
    for lanes in (16, 128, 1024):
        for size in range(2, min(lanes, 200) + 1):
            ends = [lanes * k // size for k in range(size + 1)]
            below = [children_of(rank, size) for rank in range(size)]
            last = [size] * size
            for rank, children in enumerate(below):
                assert all(parent_of(child) == rank for child in children)
                for child, after in pairwise([*children, last[rank]]):
                    last[child] = after  # the ranks below it are those before the next one
            assert sorted(child for some in below for child in some) == list(range(1, size))
            for rank in range(size):
                up = aligned(ends[rank], ends[last[rank]]) if rank else []
                assert len(up) + len(below[rank]) <= 2 * np.log2(lanes)


def check_sums(size, n, count, kind, bound):
    """Sums of random lanes have the bits of the tree, at a bounded number of bytes."""
    sizes = 10.0 ** (np.arange(count) % 16)
    lanes = np.random.default_rng(0).standard_normal((count, n)) * sizes[:, None]
    wanted = core.add_nodes(np.arange(count), np.ones(count, int), lanes)

    def node(begin, k):
        return core.add_nodes(np.arange(k), np.ones(k, int), lanes[begin : begin + k])

    def work(ranks):
        own = subtrees(size, count)[ranks.rank]
        first = np.array([begin for begin, _ in own], np.int64)
        many = np.array([k for _, k in own], np.int64)
        nodes = np.array([node(*one) for one in own]).reshape(len(own), n)
        root, status, over = ranks.sum(first, many, nodes, 2**64 - 5, 0, 3)
        assert (status, over) == (0, 3)
        assert ranks.sent <= bound(len(own))
        return root.tobytes()

    assert on_threads(size, work, kind=kind) == [wanted.tobytes()] * size


def test_rank_0_stops_all(kind):
    def work(ranks):
        status = 11 if ranks.rank == 0 else 0
        return ranks.sum(np.arange(0), np.arange(0), np.empty((0, 0)), 0, status, 1)

    assert on_threads(3, work, kind=kind) == [(None, 11, 1)] * 3


def test_ranks_at_other_parameters_are_named(kind):
    def work(ranks):
        first = np.array([ranks.rank])
        return ranks.sum(first, np.ones(1, int), np.ones((1, 4)), 7 + (ranks.rank == 1), 0, 0)

    for error in on_threads(2, work, kind=kind):
        assert isinstance(error, ValueError)
        assert "rank 1 at thread 1: has other parameters" in str(error)


def test_values_are_gathered_agreed_on_and_sent_to_each(kind):
    def work(ranks):
        each = ranks.to_each([(ranks.rank, r) for r in range(3)])
        return ranks.gather(ranks.rank), ranks.agree(ranks.rank), each, ranks.share(
            b"ab"[: ranks.rank], [0, 1, 2]
        )  # fmt: skip

    for rank, found in enumerate(on_threads(3, work, kind=kind)):
        assert found == ([0, 1, 2], 0, [(r, rank) for r in range(3)], b"aab")


@pytest.mark.parametrize("where", ["before", "in a sum", "at the end"])
def test_an_exception_on_one_rank_reaches_all_and_says_why(where, kind):
    def work(ranks):
        with ranks.session():
            ranks.gather(None)
            if ranks.rank == 1 and where == "before":
                raise ZeroDivisionError("by zero")
            nodes, lanes = np.ones((1, 4)), np.ones(1, int)
            if where == "in a sum":
                status = -3 if ranks.rank == 1 else 0
                part = nodes[:0] if status else nodes
                ranks.sum(
                    np.array([ranks.rank])[: len(part)], lanes[: len(part)], part, 0, status, 0
                )
                raise ZeroDivisionError("by zero")
            if ranks.rank == 1:
                raise ZeroDivisionError("by zero")

    first, own, last = on_threads(3, work, kind=kind)
    assert isinstance(own, ZeroDivisionError)
    assert own.__notes__ == ["on rank 1 of 3"]
    for error in (first, last):
        assert isinstance(error, RankLost)
        assert str(error) == "rank 1 at thread 1 ZeroDivisionError: by zero"
        assert not error.gone


def test_ranks_go_on_together_after_an_error(kind):
    def work(ranks):
        for rank in range(ranks.size):
            try:
                with ranks.session():
                    if ranks.rank == rank:
                        raise ZeroDivisionError
            except (ZeroDivisionError, RankLost):
                pass
        with ranks.session():
            return ranks.gather(ranks.rank)

    assert on_threads(3, work, kind=kind) == [[0, 1, 2]] * 3


def test_ranks_in_different_calls_are_told(kind):
    def work(ranks):
        with ranks.session():
            return ranks.gather(1) if ranks.rank else ranks.share(b"", [0, 0])

    for error in on_threads(2, work, kind=kind):
        assert "sends" in str(error)


def test_a_rank_that_is_gone_is_named_and_ends_the_backend(kind):
    done = threading.Event()

    def work(ranks):
        if ranks.rank == 1:
            done.wait(20)
            return None
        try:
            for _ in range(2):
                match = "rank 1 at thread 1 has not answered"
                with pytest.raises(RankLost, match=match) as found, ranks.session():
                    ranks.gather(None)
                assert found.value.gone
        finally:
            done.set()

    assert on_threads(2, work, timeout=0.2, kind=kind) == [None, None]


def test_facts_that_differ_are_named_on_every_rank(kind):
    def work(ranks):
        check_alike(ranks, {"columns": 3 + (ranks.rank == 2), "same": 1})

    for error in on_threads(3, work, kind=kind):
        assert str(error) == "columns: is 4 on rank 2, must be 3 as on rank 0"


def test_a_copy_is_the_backend_and_a_pickle_is_none(kind):
    def work(ranks):
        assert copy.deepcopy(ranks) is copy.copy(ranks) is ranks
        return pickle.loads(pickle.dumps(ranks))

    assert on_threads(1, work, kind=kind) == [None]
