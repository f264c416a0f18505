"""Pictures of the whole site: overview, callouts, construction dates, before against after, time-lapse, timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from sitewatch.report._annotated import annotated_map
from sitewatch.report._captions import as_date, dates_words
from sitewatch.report._choice import dates_of, main_stack
from sitewatch.report._construction import construction_caption, construction_map
from sitewatch.report._events import events_of
from sitewatch.report._frame import whole_window, window_around
from sitewatch.report._maps import composite_map, overview_map
from sitewatch.report._pairs import scene_map
from sitewatch.report._panels import Panel
from sitewatch.report._picture import Picture, polarisations, read_picture
from sitewatch.report._shots import Shot
from sitewatch.report._style import stretch_db
from sitewatch.report._timelapse import film_words, frames_of
from sitewatch.report._timeline import site_timeline
from sitewatch.report._wording import begun_words, finished_words
from sitewatch.site import Site
from sitewatch.structure import Structure
from sitewatch.words import date_words, span_words

OVERVIEW_PIXELS = 1300
OVERVIEW_IMAGES = 9
COMPOSITE_IMAGES = 6
FILM_FRAMES, FILM_PX = 20, 760
MOST_NAMED = 16
# Where the works fill less of the site than this, the maps of them show their part of it.
FULL_SHARE = 0.6


def latest(stack: xr.Dataset) -> Picture:
    """Median of the last images of a track, the whole of it."""
    n = stack.sizes["time"]
    indices = range(max(n - OVERVIEW_IMAGES, 0), n)
    return read_picture(stack, polarisations(stack)[0], indices, whole_window(stack), max_pixels=OVERVIEW_PIXELS)


def site_maps(
    site: Site,
    stacks: Sequence[xr.Dataset],
    ordered: Sequence[Structure],
    labels: Mapping[str, str],
    panels: Sequence[Panel],
) -> list[Shot]:
    """Overview, callouts, construction dates and the red-cyan composite; fewer where there is less to show."""
    stack = main_stack(stacks)
    if stack is None:
        return []
    picture = latest(stack)
    shots = [
        Shot(
            overview_map(picture, ordered, labels, site.area, site.facilities),
            alt=f"Radar image of the site with {len(ordered)} outlined structures; {dates_words(picture)}.",
            caption=f"The site in radar backscatter: {dates_words(picture)}. "
            "The numbers are those of the tables and sections below; dashed white: the area watched"
            f"{'; white, dotted: known facilities' if site.facilities else ''}.",
            name="overview",
        )
    ]
    told = [s for s in ordered if s.status == "confirmed"] or [s for s in ordered if s.status == "candidate"]
    if told:
        shots.append(
            Shot(
                annotated_map(_close(stack, told), told, labels),
                alt="The same with callouts: " + "; ".join(f"{labels[s.id]} {s.kind}" for s in told[:MOST_NAMED]) + ".",
                caption="What was found, with lengths as they were measured along the lines drawn. "
                "sd: standard deviation. Dates lie between two images.",
                name="annotated",
            )
        )
    dated = [(p.structure, p.dates) for p in panels if p.dates is not None]
    if dated:
        shots.append(
            Shot(
                construction_map(_close(stack, [s for s, _ in dated]), dated, labels, outlines=len(dated) == 1),
                alt="Construction-date map of the site: pixels coloured by the first image by which they were built.",
                caption=construction_caption(dated),
                name="construction-dates",
            )
        )
    return [*shots, *_composite(stack)]


def _close(stack: xr.Dataset, structures: Sequence[Structure]) -> Picture:
    """The last images of the part of the site where the works are, or all of it where they are spread."""
    import shapely

    whole = whole_window(stack)
    around = window_around(stack, shapely.union_all([s.footprint for s in structures]).envelope, times_size=1.3)
    if around is None or around.shape[0] * around.shape[1] > FULL_SHARE * whole.shape[0] * whole.shape[1]:
        return latest(stack)
    n = stack.sizes["time"]
    indices = range(max(n - OVERVIEW_IMAGES, 0), n)
    return read_picture(stack, polarisations(stack)[0], indices, around, max_pixels=OVERVIEW_PIXELS)


def _sides(stack: xr.Dataset) -> tuple[Picture, Picture] | None:
    n = stack.sizes["time"]
    if n < 2:
        return None
    side = max(min(COMPOSITE_IMAGES, n // 2), 1)
    window = whole_window(stack)
    first, last = (
        read_picture(stack, polarisations(stack)[0], part, window, max_pixels=OVERVIEW_PIXELS)
        for part in (range(side), range(n - side, n))
    )
    return first, last


def _composite(stack: xr.Dataset) -> list[Shot]:
    sides = _sides(stack)
    if sides is None:
        return []
    first, last = sides
    return [
        Shot(
            composite_map(first, last),
            alt="Red and cyan composite of the site: cyan is brighter in the last images, red in the first.",
            caption=f"First against last images. Cyan got brighter (as a new pier does), red got darker; grey stayed. "
            "Wind tints a whole sea and rain a whole land, so look for shapes. "
            f"Red: {dates_words(first)}. Cyan: {dates_words(last)}.",
            name="composite",
        )
    ]


def site_pair(stacks: Sequence[xr.Dataset]) -> list[Shot]:
    """The whole site in its first and in its last images, to lay one over the other; empty where there are not two."""
    stack = main_stack(stacks)
    sides = _sides(stack) if stack is not None else None
    if sides is None:
        return []
    stretch = stretch_db(*(one.db for one in sides))
    shots = []
    for title, picture in zip(("First", "Last"), sides, strict=True):
        span = span_words(as_date(picture.times[0]), as_date(picture.times[-1]))
        shots.append(
            Shot(
                scene_map(picture, None, stretch, title=f"{title} images"),
                alt=f"The site in its {title.lower()} images; {dates_words(picture)}.",
                caption=f"{title} images: {span}.",
                name=f"site-{title.lower()}",
            )
        )
    return shots


def site_film(stacks: Sequence[xr.Dataset]) -> tuple[list[Shot], str]:
    """Frames of a time-lapse of the site for the page's slider, and its caption."""
    stack = main_stack(stacks)
    if stack is None or stack.sizes["time"] < 2:
        return [], ""
    frames = frames_of(stack, width_px=FILM_PX, most=FILM_FRAMES)
    days = [as_date(time) for time in frames.times]
    shots = [
        Shot(
            image,
            alt=f"The site on {date_words(day)}.",
            caption=day.isoformat(),
            name=f"film-{i:02d}-{day.isoformat()}",
        )
        for i, (image, day) in enumerate(zip(frames, days, strict=True), start=1)
    ]
    return shots, f"Single images, each as it was taken: {film_words(frames)}"


def timeline_shot(
    site: Site,
    stacks: Sequence[xr.Dataset],
    ordered: Sequence[Structure],
    labels: Mapping[str, str],
    colours: Mapping[str, str],
) -> Shot | None:
    """Structures, acquisitions and context events on one axis of time; None where there is nothing dated."""
    acquisitions = {
        str(s.attrs.get("track", "")): (str(s.attrs.get("track_label") or s.attrs.get("track", "")), dates_of(s))
        for s in stacks
        if s.sizes.get("time", 0)
    }
    drawn = [s for s in ordered if s.status != "rejected"]
    events = events_of(site)
    if not acquisitions and not events and not any(s.onset for s in drawn):
        return None
    words = "; ".join(f"{labels[s.id]} {s.kind} {begun_words(s)}, {finished_words(s)}" for s in drawn[:MOST_NAMED])
    reported = "; ".join(event.words for event in events)
    return Shot(
        site_timeline(drawn, labels, acquisitions, colours, events),
        alt=f"Timeline of the site. {words or 'No structure is dated'}.{f' Reported: {reported}.' if reported else ''}",
        caption="Bars: from the first image that shows it to the last before it was complete; whiskers: the intervals; "
        "an arrow: not known to be complete; a diamond: site preparation first seen. Ticks: acquisitions."
        f"{' Letters: what was reported, with its source; nothing is said of what caused what.' if events else ''}",
        name="timeline",
    )
