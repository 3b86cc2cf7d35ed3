"""Reads a list of tokens one by one: what the readers of exported texts have in common."""

from __future__ import annotations

__all__ = ["TokenReader"]


class TokenReader:
    """Tokens of a text, and the place of the next one.

    A class of a language names it in `language`, and sets `_tokens` and `_place`.
    """

    language: str
    _tokens: list[str]
    _place: int

    def _peek(self, ahead: int = 0) -> str:
        """The token that is next, or so many after it; "" beyond the end."""
        at = self._place + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self, wanted: str | None = None) -> str:
        """The next token, which is passed.

        Raises
        ------
        ValueError
            There is none, or it is not the one that is wanted.
        """
        found = self._peek()
        if not found or (wanted is not None and found != wanted):
            near = " ".join(self._tokens[max(self._place - 5, 0) : self._place + 5])
            raise ValueError(f"{self.language}: has {found or 'its end'!r} near {near!r}")
        self._place += 1
        return found

    def _take(self, wanted: str) -> bool:
        """Whether it is the next token, which is passed then."""
        if self._peek() == wanted:
            self._place += 1
            return True
        return False
