"""What could not be seen: how small, when, where, and behind what."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

import shapely

from sitewatch.finding import Finding
from sitewatch.findings._images import days_of
from sitewatch.phrases import answer_words
from sitewatch.scenes import Scene
from sitewatch.site import Site
from sitewatch.sought import Detectable
from sitewatch.words import counted, date_words, joined, span_words

_WHOLE = 0.995
"""Share of a site from which on it counts as covered: footprints are drawn with few corners."""
# Which images of a structure, and how sure its finding: what `sitewatch.pipeline.map_power` asks for by default.
_ASKED = "Asked for: found with a chance of 90 % on nine tenths of that surface, once six images show it."


def limit_findings(site: Site, scenes: Sequence[Scene], detectable: Sequence[Detectable]) -> Iterator[Finding]:
    """What these images could not have shown."""
    for one in detectable:
        if one.share:
            yield _smallest(one)
    days = days_of(scenes)
    if len(days) > 1:
        yield _gaps(scenes, days)
    if any(one.share and one.sought.surface == "water" for one in detectable):
        yield _tide(scenes)
    yield from _not_covered(site, scenes)


def _smallest(one: Detectable) -> Finding:
    contrast = joined(f"{level:+.1f} dB in {name}".replace("-", "−") for name, level in one.sought.contrast_db.items())
    text = answer_words(one)
    if one.shown_from and one.shown_by and one.nine_tenths_m is not None:
        window = span_words(one.shown_from, one.shown_by, "and")
        text += f" To be confirmed, it must first show between {window}."
    return Finding(
        "measured",
        text,
        assumptions=(_ASKED, f"Assumed: a {one.sought.kind} changes the level of its ground by {contrast}."),
        key=f"limits/smallest {one.sought.kind}",
        facts={f"smallest {one.sought.kind}": text},
    )


def _gaps(scenes: Sequence[Scene], days: Sequence[dt.date]) -> Finding:
    gap, before, after = max((b - a, a, b) for a, b in itertools.pairwise(days))
    text = (
        f"The longest time without an image is {counted(gap.days, 'day')}, between {span_words(before, after, 'and')}: "
        "what came and went in it could not be seen, and what was begun in it can't be dated more finely. "
        f"Nothing after {date_words(days[-1])} is in these images."
    )
    return Finding(
        "observed",
        text,
        scenes=tuple(scene.id for scene in scenes if scene.datetime.date() in (before, after)),
        key="limits/gaps",
        facts={"longest gap": span_words(before, after), "last image": date_words(days[-1])},
    )


def _tide(scenes: Sequence[Scene]) -> Finding:
    return Finding(
        "observed",
        f"How high the tide stood in these {counted(len(scenes), 'image')} is not known: what only low water lays bare "
        "may have stood unseen, and the edge of the water moves with the tide.",
        key="limits/tide",
        facts={"tide": "not known"},
    )


def _not_covered(site: Site, scenes: Sequence[Scene]) -> Iterator[Finding]:
    # A ratio of areas in degrees is that of true areas over so small a place.
    seen = shapely.intersection(site.area, shapely.union_all([scene.footprint for scene in scenes]))
    share = float(shapely.area(seen) / shapely.area(site.area))
    if scenes and share < _WHOLE:
        words = f"{100 * (1 - share):.0f} %"
        yield Finding(
            "observed",
            f"About {words} of the site is in none of the images.",
            scenes=tuple(scene.id for scene in scenes),
            key="limits/not covered",
            facts={"not covered": words},
        )
