"""What the parts of a fit ask of the other ranks: a protocol, which backends are instances of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from numpy.typing import NDArray

__all__ = ["Ranks", "check_alike", "decided", "ranks_of", "together"]

T = TypeVar("T")


class Ranks(Protocol):
    """The ranks of a fit, seen from one of them (`hbcd.distributed.Backend`).

    Every method is called by all ranks in the same order.
    """

    @property
    def rank(self) -> int:
        """The number of this rank."""
        ...

    @property
    def size(self) -> int:
        """How many ranks there are."""
        ...

    def sum(
        self,
        first: NDArray[Any],
        lanes: NDArray[Any],
        nodes: NDArray[Any],
        point: int,
        status: int,
        over: int,
    ) -> tuple[NDArray[Any] | None, int, int]:
        """See `hbcd.distributed.Backend.sum`."""
        ...

    def share(self, own: Any, sizes: Sequence[int]) -> Any:
        """The bytes of all ranks."""
        ...

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks."""
        ...

    def agree(self, value: T) -> T:
        """The value that rank 0 has."""
        ...

    def to_each(self, values: Sequence[Any]) -> list[Any]:
        """A value for every rank; those for this one."""
        ...

    def session(self) -> AbstractContextManager[None]:
        """Ends for all ranks, or by an error for all."""
        ...

    def watched(self, progress: Callable[..., object] | None) -> Callable[..., object] | None:
        """Progress that hears Ctrl-C, on rank 0."""
        ...


def ranks_of(backend: Any) -> Ranks | None:
    """The ranks that a backend is; None: the fit is on one machine.

    Raises
    ------
    TypeError
        It is no backend.
    """
    if backend is None:
        return None
    known = all(callable(getattr(backend, name, None)) for name in ("sum", "share", "session"))
    if not known or isinstance(backend, type):
        raise TypeError(f"backend={backend!r}: must be an hbcd.distributed.Backend or None")
    found: Ranks = backend
    return found if found.size > 1 else None


def together(backend: Any) -> AbstractContextManager[None]:
    """What all ranks of a backend do together; of none, and of one rank, nothing more than done."""
    ranks = ranks_of(backend)
    return nullcontext() if ranks is None else ranks.session()


def decided(ranks: Ranks | None, value: T) -> T:
    """The value that rank 0 has, where there are ranks."""
    return value if ranks is None or ranks.size == 1 else ranks.agree(value)


def check_alike(ranks: Ranks, facts: dict[str, Any]) -> None:
    """ValueError, on every rank, where one of several facts is another one than on rank 0."""
    for rank, other in enumerate(met := ranks.gather(facts)):
        if not isinstance(other, dict):
            raise ValueError(f"rank {rank}: is at another point of its fit than this one")
        for name, value in met[0].items():
            if other.get(name) != value:
                raise ValueError(
                    f"{name}: is {other.get(name)} on rank {rank}, must be {value} as on rank 0"
                )
