"""The images that findings speak of: which cover a place, and from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import shapely

from sitewatch.scenes import Scene
from sitewatch.words import counted, span_words


def covering(scenes: Iterable[Scene], place: shapely.Geometry) -> list[Scene]:
    """Those that show the place or a part of it, oldest first."""
    return sorted((s for s in scenes if shapely.intersects(s.footprint, place)), key=lambda s: (s.datetime, s.id))


def days_of(scenes: Iterable[Scene]) -> list[dt.date]:
    """Days (UTC) on which images were taken, each once, in order."""
    return sorted({scene.datetime.date() for scene in scenes})


def images_words(scenes: Sequence[Scene]) -> str:
    """``14 images from 2 March to 4 October 2021``."""
    days = days_of(scenes)
    if not days:
        return "no image"
    when = f"from {span_words(days[0], days[-1])}" if len(days) > 1 else f"of {span_words(days[0], days[0])}"
    return f"{counted(len(scenes), 'image')} {when}"
