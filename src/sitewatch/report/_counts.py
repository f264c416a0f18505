"""Small numbers as words."""

from __future__ import annotations

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count_words(n: int) -> str:
    """Numbers up to twelve as words, larger ones in digits."""
    return WORDS[n] if 0 <= n < len(WORDS) else f"{n:,}"
