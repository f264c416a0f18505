"""Small numbers as words, and lists with commas and `and`."""

from __future__ import annotations

from collections.abc import Sequence

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count_words(n: int) -> str:
    """Numbers up to twelve as words, larger ones in digits."""
    return WORDS[n] if 0 <= n < len(WORDS) else f"{n:,}"


def list_words(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
