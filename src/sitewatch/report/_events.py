"""Context events on the timeline: what was reported about the site, lettered, with a key that names the sources."""

from __future__ import annotations

import dataclasses
import datetime as dt
import string
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes

from sitewatch.report._days import day_number
from sitewatch.report._furniture import write
from sitewatch.report._style import EVENT_COLOUR, INK, MUTED, PAPER, drawable
from sitewatch.site import Site, event_days
from sitewatch.words import date_words, span_words

MARK_IN, KEY_LINE_IN = 0.2, 0.15
KEY_LETTERS = 92
MOST_EVENTS = 26


@dataclasses.dataclass(frozen=True)
class Event:
    """Something reported, with its days and its source."""

    letter: str
    name: str
    begins: dt.date
    ends: dt.date | None
    source: str

    @property
    def words(self) -> str:
        """``A  31 May 2023: launch (KCNA)``."""
        when = span_words(self.begins, self.ends) if self.ends and self.ends > self.begins else date_words(self.begins)
        return f"{self.letter}  {when}: {self.name}{f' ({self.source})' if self.source else ''}"


def events_of(site: Site) -> list[Event]:
    """The site's dated events in the order of their days; those without a date have no place on a timeline."""
    found = []
    for one in site.events:
        begins, ends = event_days(one)
        if begins is not None:
            found.append((begins, ends, one.name or one.id, str(one.properties.get("source") or "")))
    found.sort(key=lambda event: (event[0], event[2]))
    letters = string.ascii_uppercase
    return [
        Event(letter, name or "an event", begins, ends, source)
        for letter, (begins, ends, name, source) in zip(letters, found[:MOST_EVENTS], strict=False)
    ]


def key_lines(events: Sequence[Event]) -> list[str]:
    """The key, wrapped; the letters stand out on lines of their own."""
    return [
        line
        for event in events
        for line in textwrap.wrap(drawable(event.words), KEY_LETTERS, subsequent_indent="    ", max_lines=3)
    ]


def levels_of(events: Sequence[Event], days_per_inch: float) -> list[int]:
    """On which of the rows above the bars each letter stands, so that no two meet."""
    last: list[float] = []
    levels = []
    for event in events:
        day = day_number(event.begins)
        level = next((i for i, taken in enumerate(last) if day - taken >= MARK_IN * days_per_inch), len(last))
        if level == len(last):
            last.append(day)
        last[level] = day
        levels.append(level)
    return levels


def draw_events(axes: Axes, events: Sequence[Event], levels: Sequence[int], bottom: float) -> None:
    """A dashed line a date, a band a period, from its letter above the bars down to `bottom`."""
    for event, level in zip(events, levels, strict=True):
        x, y = day_number(event.begins), -1.0 - level
        if event.ends and event.ends > event.begins:
            axes.fill_betweenx([y, bottom], x, day_number(event.ends), color=EVENT_COLOUR, alpha=0.12, linewidth=0)
        axes.plot([x, x], [y, bottom], color=EVENT_COLOUR, linewidth=0.8, linestyle=(0, (3, 2)), zorder=0.8)
        write(
            axes, x, y, event.letter, ha="center", fontsize=7, fontweight="bold", color=PAPER, zorder=5,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": EVENT_COLOUR, "edgecolor": PAPER, "linewidth": 0.6},
        )  # fmt: skip


def write_key(axes: Axes, lines: Sequence[str], x_in: float, top_in: float) -> None:
    """The key below the timeline, on axes whose units are inches."""
    for i, line in enumerate(lines):
        colour = MUTED if line.startswith(" ") else INK
        write(axes, x_in, top_in - (i + 0.5) * KEY_LINE_IN, line, fontsize=7.5, color=colour)
