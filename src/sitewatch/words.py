"""Counts, lists and dates put into words; months are spelled out, for the machine's locale must not change a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sitewatch.structure import Interval

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count_words(n: int) -> str:
    """Numbers up to twelve as words, larger ones in digits."""
    return _SMALL[n] if 0 <= n < len(_SMALL) else f"{n:,}"


def counted(n: int, noun: str) -> str:
    """``1 image``, ``12 images``, ``1,200 images``: of nouns that take an s."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def joined(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def upper_first(text: str) -> str:
    """The first letter large and the others as they are (``str.capitalize`` would write `october`)."""
    return text[:1].upper() + text[1:]


def date_words(date: dt.date) -> str:
    """``20 March 2023``."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def span_words(first: dt.date, last: dt.date, joint: str = "to") -> str:
    """Two dates with what they share said once: ``4 to 16 October 2021``, ``20 March to 9 April 2023``."""
    if first == last:
        return date_words(first)
    if first.year != last.year:
        return f"{date_words(first)} {joint} {date_words(last)}"
    if first.month != last.month:
        return f"{first.day} {MONTHS[first.month - 1]} {joint} {date_words(last)}"
    return f"{first.day} {joint} {date_words(last)}"


def interval_words(interval: Interval) -> str:
    """An interval as ``between 20 March and 9 April 2023``; one whose ends coincide as ``by 9 April 2023``."""
    if interval.earliest == interval.latest:
        return f"by {date_words(interval.latest)}"
    return f"between {span_words(interval.earliest, interval.latest, 'and')}"
