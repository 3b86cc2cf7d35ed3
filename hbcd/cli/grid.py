"""What is searched, as the command line writes it: widths, a grid of them, a budget."""

from __future__ import annotations

import argparse

__all__ = ["BUDGET", "GRID", "parse_budget", "parse_grid", "parse_hidden", "parse_widths"]

Widths = tuple[int, ...]
WORDS = ("auto", "grow")  # instead of widths
GRID: tuple[Widths, ...] = ((5,), (10,), (20,), (5, 5), (10, 10), (20, 20), (10, 10, 10))
BUDGET = 20  # whole fits, of a search without a number


def parse_hidden(text: str) -> str | Widths:
    """Widths, `auto`: those of the estimator's rule, or `grow`: those that training finds."""
    word = text.strip().lower()
    return word if word in WORDS else _widths(text, "none, auto or grow")


def parse_widths(text: str) -> Widths:
    """`10,10,10`, or `none`."""
    return _widths(text, "or none")


def _widths(text: str, words: str) -> Widths:
    """Widths, or an error that names the words besides them."""
    if text.strip().lower() == "none":
        return ()
    try:
        widths = tuple(int(word) for word in text.split(","))
    except ValueError:
        widths = (0,)
    if min(widths) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be widths such as 10,10,10, {words}")
    return widths


def parse_grid(text: str) -> tuple[Widths, ...]:
    """`5/10,10/none`, each once."""
    return tuple(dict.fromkeys(parse_widths(part) for part in text.split("/")))


def parse_budget(text: str) -> int:
    """`20`: whole fits."""
    try:
        budget = int(text)
    except ValueError:
        budget = 0
    if budget < 2:
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be a number of fits, at least 2; a table stands before --tune"
        )
    return budget
