"""What ranks send each other: sums by the one tree, errors that reach all."""

import copy
import pickle
import threading
from itertools import pairwise

import numpy as np
import pytest

from hbcd import core
from hbcd.distributed import RankLost
from hbcd.utils.ranks import check_alike
from support.thread_backend import on_threads

LANES, N = 16, 541


def subtrees(size):
    """Lanes of ranks as the core hands them over: aligned subtrees."""
    starts = [LANES * k // size for k in range(size + 1)]
    found = []
    for begin, end in pairwise(starts):
        own = []
        while begin < end:
            k = 1
            while begin % (2 * k) == 0 and begin + 2 * k <= end:
                k *= 2
            own.append((begin, k))
            begin += k
        found.append(own)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n", [1, 2, N])
def test_sums_have_the_bits_of_the_tree_and_cost_a_vector_more_than_the_subtrees(size, n):
    lanes = np.random.default_rng(0).standard_normal((LANES, n)) * 10.0 ** np.arange(LANES)[:, None]
    wanted = core.add_nodes(np.arange(LANES), np.ones(LANES, int), lanes)

    def node(begin, k):
        return core.add_nodes(np.arange(k), np.ones(k, int), lanes[begin : begin + k])

    def work(ranks):
        own = subtrees(size)[ranks.rank]
        first = np.array([begin for begin, _ in own], np.int64)
        count = np.array([k for _, k in own], np.int64)
        nodes = np.array([node(*one) for one in own]).reshape(len(own), n)
        root, status, over = ranks.sum(first, count, nodes, 2**64 - 5, 0, 3)
        assert (status, over) == (0, 3)
        # Heads of messages are a few numbers.
        heads = 2 * size * 8 * (6 + 2 * len(own))
        # Two ranks send subtrees; of more a rank sends slices of them, and its slice of the sum.
        assert ranks.sent <= 8 * n * (len(own) + 1) + heads
        return root.tobytes()

    assert on_threads(size, work) == [wanted.tobytes()] * size


def test_rank_0_stops_all():
    def work(ranks):
        status = 11 if ranks.rank == 0 else 0
        return ranks.sum(np.arange(0), np.arange(0), np.empty((0, 0)), 0, status, 1)

    assert on_threads(3, work) == [(None, 11, 1)] * 3


def test_ranks_at_other_parameters_are_named():
    def work(ranks):
        first = np.array([ranks.rank])
        return ranks.sum(first, np.ones(1, int), np.ones((1, 4)), 7 + (ranks.rank == 1), 0, 0)

    for error in on_threads(2, work):
        assert isinstance(error, ValueError)
        assert "rank 1 at thread 1: has other parameters" in str(error)


def test_values_are_gathered_agreed_on_and_sent_to_each():
    def work(ranks):
        each = ranks.to_each([(ranks.rank, r) for r in range(3)])
        return ranks.gather(ranks.rank), ranks.agree(ranks.rank), each, ranks.share(
            b"ab"[: ranks.rank], [0, 1, 2]
        )  # fmt: skip

    for rank, found in enumerate(on_threads(3, work)):
        assert found == ([0, 1, 2], 0, [(r, rank) for r in range(3)], b"aab")


@pytest.mark.parametrize("where", ["before", "in a sum", "at the end"])
def test_an_exception_on_one_rank_reaches_all_and_says_why(where):
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

    first, own, last = on_threads(3, work)
    assert isinstance(own, ZeroDivisionError)
    assert own.__notes__ == ["on rank 1 of 3"]
    for error in (first, last):
        assert isinstance(error, RankLost)
        assert str(error) == "rank 1 at thread 1 ZeroDivisionError: by zero"
        assert not error.gone


def test_ranks_go_on_together_after_an_error():
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

    assert on_threads(3, work) == [[0, 1, 2]] * 3


def test_ranks_in_different_calls_are_told():
    def work(ranks):
        with ranks.session():
            return ranks.gather(1) if ranks.rank else ranks.share(b"", [0, 0])

    for error in on_threads(2, work):
        assert "sends" in str(error)


def test_a_rank_that_is_gone_is_named_and_ends_the_backend():
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

    assert on_threads(2, work, timeout=0.2) == [None, None]


def test_facts_that_differ_are_named_on_every_rank():
    def work(ranks):
        check_alike(ranks, {"columns": 3 + (ranks.rank == 2), "same": 1})

    for error in on_threads(3, work):
        assert str(error) == "columns: is 4 on rank 2, must be 3 as on rank 0"


def test_a_copy_is_the_backend_and_a_pickle_is_none():
    def work(ranks):
        assert copy.deepcopy(ranks) is copy.copy(ranks) is ranks
        return pickle.loads(pickle.dumps(ranks))

    assert on_threads(1, work) == [None]
