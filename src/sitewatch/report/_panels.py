"""Everything the dossier shows of one structure, as plain values for the template."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sitewatch.report._captions import as_date, dates_words, source_words
from sitewatch.report._chips import chip
from sitewatch.report._choice import before_after_indices, best_view, chip_indices, close_by
from sitewatch.report._construction import construction_caption, construction_map, grew
from sitewatch.report._curves import has_strip, structure_curves
from sitewatch.report._frame import Window, window_around
from sitewatch.report._pairs import scene_map
from sitewatch.report._picture import Picture, read_picture
from sitewatch.report._series import footprint_series
from sitewatch.report._shots import Shot
from sitewatch.report._style import stretch_db
from sitewatch.report._wording import (
    area_words,
    before_last_words,
    begun_words,
    db_words,
    finished_words,
    length_words,
    orientation_words,
    p_value_words,
    percent_words,
)
from sitewatch.structure import PHASES, Measure, Structure
from sitewatch.structures._phases import begun_between
from sitewatch.structures._pixel_dates import date_pixels
from sitewatch.words import date_words, interval_words, span_words, upper_first

CHIP_PIXELS = 240
CHIP_TIMES_SIZE = 1.45
View = tuple[xr.Dataset, str, Window]


@dataclasses.dataclass(frozen=True)
class Panel:
    """The section on one structure; `dates` are those of its pixels, for the map of the whole site."""

    structure: Structure
    label: str
    pair: tuple[Shot, ...]
    chips: tuple[Shot, ...]
    strip: str
    dated: Shot | None
    curves: Shot
    facts: tuple[tuple[str, str], ...]
    remark: str
    dates: xr.DataArray | None


def structure_panel(
    structure: Structure, label: str, stacks: Sequence[xr.Dataset], colours: Mapping[str, str]
) -> Panel:
    """Read what one structure's section needs and draw it."""
    stacks = [close_by(stack, structure.footprint) for stack in stacks]
    view = best_view(stacks, structure)
    dates = date_pixels(view[0], structure) if view else None
    pair, chips, remark = _pictures(structure, label, view)
    series = [s for stack in stacks for s in footprint_series(stack, structure.footprint)]
    return Panel(
        structure=structure,
        label=label,
        pair=pair,
        chips=chips,
        strip=_strip_words(view, structure) if chips else "",
        dated=_dated_shot(structure, label, view, dates) if view and dates is not None and grew(dates) else None,
        dates=dates,
        curves=Shot(
            structure_curves(structure, series, colours),
            alt=f"Curves of structure {label} through time: share built, and backscatter of the footprint. "
            + _growth_alt(structure),
            caption=_curves_caption(structure),
            name=f"structure-{label}-growth",
        ),
        facts=facts(structure, {str(s.attrs.get("track", "")): str(s.attrs.get("track_label", "")) for s in stacks}),
        remark=remark,
    )


def _kind_words(structure: Structure) -> str:
    # A kind that an analyst named has no probability: that is of the evidence in the images.
    known = math.isfinite(structure.kind_probability)
    how = f"the likeliest kind: {percent_words(structure.kind_probability)}" if known else "named by an analyst"
    return f"{upper_first(structure.kind)} ({how})"


def facts(structure: Structure, track_labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Rows of the facts table: what was measured and how sure it is."""
    demolition = structure.kind == "demolition"
    begun = interval_words(structure.onset) if structure.onset else begun_words(structure)
    completed = interval_words(structure.completion) if structure.completion else finished_words(structure)
    rows = [
        ("Kind", _kind_words(structure)),
        ("Removed" if demolition else "Begun", upper_first(begun)),
        ("Completed", upper_first(completed)),
    ]
    rows += _phase_rows(structure)
    rows += [
        ("Area", area_words(structure.area_m2)),
        ("Length", length_words(structure.length_m)),
        ("Width", length_words(structure.width_m)),
        ("Orientation", orientation_words(structure.orientation_deg)),
    ]
    for level in structure.levels:
        track = track_labels.get(level.track) or level.track
        change = level.after_db - level.before_db
        words = (
            f"{db_words(level.before_db)} before, {db_words(level.after_db)} after ({db_words(change, signed=True)})"
        )
        rows.append((f"Backscatter {level.polarisation}", f"{words}; {track}" if track else words))
    rows += _single_rows(structure)
    rows.append(
        ("Chance that noise alone gives this", f"p = {p_value_words(structure.p_value)}".replace("= below", "<"))
    )
    last = max((point.date for point in structure.growth), default=None)
    for name, date in (("First detected", structure.first_raised), ("Confirmed", structure.confirmed_on)):
        if date:
            since = before_last_words(date, last) if last else ""
            rows.append((name, f"With the image of {date_words(date)}" + (f", {since}" if since else "")))
    return tuple(rows)


def _single_rows(structure: Structure) -> list[tuple[str, str]]:
    """What images of tracks of one or two say."""
    images = structure.single_images
    if not images:
        return []
    shows, lacks = sum(one.shows for one in images), sum(one.lacks for one in images)
    parts = [
        words
        for count, words in (
            (shows, f"{shows} show it"),
            (lacks, f"{lacks} show the place without it"),
            (len(images) - shows - lacks, f"{len(images) - shows - lacks} can't tell"),
        )
        if count
    ]
    tracks = len({one.track for one in images})
    of = f"{len(images)} of {tracks} {'geometry' if tracks == 1 else 'geometries'}"
    return [("Single images", f"{of}, each judged within itself: {', '.join(parts)}")]


def _phase_rows(structure: Structure) -> list[tuple[str, str]]:
    """When the site was prepared, and in which phase it was last seen; not of what was no construction."""
    rows = []
    if structure.preparation_first_seen:
        between = begun_between(structure.phases, "Site Preparation")
        since = f" (begun {interval_words(between)})" if between else ""
        rows.append(("Site preparation", f"First seen on {date_words(structure.preparation_first_seen)}{since}"))
    if structure.phases and structure.status != "rejected" and structure.kind != "demolition":
        last = structure.phases[-1]
        chance = last.probabilities[PHASES.index(last.phase)]
        rows.append(("Phase at the last image", f"{last.phase} ({percent_words(chance)})"))
    return rows


def _pictures(structure: Structure, label: str, view: View | None) -> tuple[tuple[Shot, ...], tuple[Shot, ...], str]:
    if view is None:
        return (), (), "No image at hand covers this footprint, so there is no picture of it."
    stack, polarisation, window = view
    sides = before_after_indices(stack, structure)
    pictures = [read_picture(stack, polarisation, side, window) if side else None for side in sides]
    close = window_around(stack, structure.footprint, times_size=CHIP_TIMES_SIZE) or window
    chips = [
        read_picture(stack, polarisation, [i], close, max_pixels=CHIP_PIXELS) for i in chip_indices(stack, structure)
    ]
    shown = [p for p in pictures if p is not None]
    stretch = stretch_db(*(p.db for p in shown)) if shown else stretch_db(*(c.db for c in chips))
    pair = tuple(
        _pair_shot(picture, structure, label, stretch, before=i == 0)
        for i, picture in enumerate(pictures)
        if picture is not None
    )
    remark = ""
    if pictures[0] is None:
        remark = "This track has no image from before the change, so there is no picture of the place without it."
    elif pictures[1] is None:
        remark = "This track has no image from after the change."
    return pair, tuple(_chip_shot(c, structure, label, stretch) for c in chips), remark


def _pair_shot(
    picture: Picture, structure: Structure, label: str, stretch: tuple[float, float], *, before: bool
) -> Shot:
    title = "Before" if before else "After"
    nothing_yet = before != (structure.kind == "demolition")
    figure = scene_map(picture, structure.footprint, stretch, title=title, dashed=nothing_yet)
    where = "the dashed line is where it came to stand" if nothing_yet else "the thin line runs just outside of it"
    if structure.kind == "demolition":
        where = "the line marks what was removed"
    span = span_words(as_date(picture.times[0]), as_date(picture.times[-1]))
    greys = f"{db_words(stretch[0], decimals=0)} (black) to {db_words(stretch[1], decimals=0)} (white)"
    caption = f"{title}: {span}. Greys from {greys}; {where}."
    return Shot(
        figure,
        alt=f"Radar image {title.lower()} the change at structure {label} ({structure.kind}); {dates_words(picture)}.",
        caption=caption,
        name=f"structure-{label}-{title.lower()}",
    )


def _chip_shot(picture: Picture, structure: Structure, label: str, stretch: tuple[float, float]) -> Shot:
    day = as_date(picture.times[0])
    share = next((p.fraction for p in structure.growth if p.date == day), None)
    words = "" if share is None else f"{100 * share:.0f} % {'removed' if structure.kind == 'demolition' else 'built'}"
    return Shot(
        chip(picture, structure.footprint, stretch),
        alt=f"Structure {label} on {date_words(day)}{', ' + words if words else ''}",
        caption=f"{day.isoformat()}|{words}",
        name=f"structure-{label}-{day.isoformat()}",
    )


def _strip_words(view: View | None, structure: Structure) -> str:
    """What the chips have in common: how much ground they show, track, pixels and credit."""
    if view is None:
        return ""
    stack, polarisation, window = view
    close = window_around(stack, structure.footprint, times_size=CHIP_TIMES_SIZE) or window
    picture = read_picture(stack, polarisation, [0], close, max_pixels=8)
    width = length_words(Measure(round(close.frame.width_m, -1), float("nan"))).split(" (")[0]
    words = ". ".join(w for w in (source_words(picture), picture.credit) if w)
    clock = {str(t.astype("datetime64[m]"))[-5:] for t in stack["time"].values} if picture.time_known else set()
    when = f", acquired at {min(clock)} to {max(clock)} UTC" if len(clock) > 1 else ""
    turned = round(close.frame.north_deg)
    north = f"north {abs(turned)}° {'right' if turned > 0 else 'left'} of up" if turned else "north up"
    return f"Each picture is {width} wide, {north}{when}. {words}."


def _dated_shot(structure: Structure, label: str, view: View, dates: xr.DataArray) -> Shot:
    stack, polarisation, window = view
    after = before_after_indices(stack, structure)[1] or [stack.sizes["time"] - 1]
    picture = read_picture(stack, polarisation, after, window)
    known = dates.values[~np.isnat(dates.values)]
    span = span_words(as_date(known.min()), as_date(known.max()))
    return Shot(
        construction_map(picture, [(structure, dates)], {structure.id: label}),
        alt=f"Map of structure {label} ({structure.kind}), its pixels coloured by when they were built, {span}.",
        caption=construction_caption([(structure, dates)]),
        name=f"structure-{label}-dates",
    )


def _curves_caption(structure: Structure) -> str:
    removed = structure.kind == "demolition"
    return (
        f"Top: share {'removed' if removed else 'built'} at each image, with a band of two standard deviations"
        f"{', a line a track, the leading one thick' if len(structure.tracks) > 1 else ''}. "
        f"{'The strip shows how likely each phase is at each image. ' if has_strip(structure) else ''}"
        "Below: mean backscatter of the footprint (thick) and of the ring around it (thin), by polarisation. "
        "Where the surroundings move and the footprint doesn't, it has a surface of its own."
    )


def _growth_alt(structure: Structure) -> str:
    if not structure.growth:
        return "No growth curve."
    points = sorted(structure.growth, key=lambda p: p.date)
    return (
        f"{100 * points[0].fraction:.0f} % on {date_words(points[0].date)}, "
        f"{100 * points[-1].fraction:.0f} % on {date_words(points[-1].date)}; {begun_words(structure)}; "
        f"{finished_words(structure)}."
    )
