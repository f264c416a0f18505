"""The dossier: one HTML file, nothing outside it, that shows what was found at a site and proves it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import xarray as xr

from sitewatch.assess import SIZE_NAMES, bottleneck_words, what_it_changes_or_why_not
from sitewatch.atomic import replacing
from sitewatch.phrases import answer_words
from sitewatch.record import FindingRevision
from sitewatch.report._captions import dates_words
from sitewatch.report._choice import dates_of, main_stack
from sitewatch.report._embed import svg_data_uri
from sitewatch.report._findings import finding_groups, link_statements
from sitewatch.report._frame import whole_window
from sitewatch.report._manifest import as_script, manifest_of, scene_file_name
from sitewatch.report._maps import composite_map, overview_map
from sitewatch.report._panels import Shot, structure_panel
from sitewatch.report._picture import Picture, polarisations, read_picture
from sitewatch.report._provenance import Provenance
from sitewatch.report._style import track_colours
from sitewatch.report._timeline import site_timeline
from sitewatch.report._wording import (
    area_words,
    begun_words,
    finished_words,
    length_words,
    sentence_about,
    summary_words,
)
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.site import Site
from sitewatch.structure import Structure
from sitewatch.words import date_words, interval_words, span_words, upper_first

MOST_PANELS = 16
OVERVIEW_PIXELS = 1300
OVERVIEW_IMAGES = 9
COMPOSITE_IMAGES = 6
MOST_ROWS_OPEN = 12
STATUS_ORDER = ("confirmed", "candidate", "rejected")


def write_dossier(
    path: str | os.PathLike[str],
    *,
    site: Site,
    stacks: Sequence[xr.Dataset],
    structures: Sequence[Structure],
    scenes_used: Sequence[Scene],
    left_out: Sequence[LeftOut],
    provenance: Provenance,
    findings: Sequence[FindingRevision] = (),
) -> Path:
    """Write the report on a site as one self-contained HTML file.

    Parameters
    ----------
    path
        File to write; its folder must exist. Written under a temporary name first.
    site
        The place under watch.
    stacks
        One a track, linear power, dims ``time, y, x``; only the windows and dates shown are read.
    structures
        What was found, of any status. Confirmed ones and the likeliest candidates get a section with pictures (16 at
        most), all others a row in a table.
    scenes_used, left_out
        Every scene is listed, those left out with the reason.
    provenance
        How the result came about.
    findings
        What the record states of the site, in the order in which it is to be read; those that don't stand are left out.

    Returns
    -------
    Path
        The file written.
    """
    target = Path(path)
    context = _context(site, stacks, structures, scenes_used, left_out, provenance, findings)
    html = environment().get_template("dossier.html.j2").render(context)
    with replacing(target) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return target


def write_overview_png(
    path: str | os.PathLike[str],
    *,
    site: Site,
    stacks: Sequence[xr.Dataset],
    structures: Sequence[Structure],
    dpi: int = 150,
) -> Path:
    """Write the overview map alone as a PNG, for a README, a mail or a slide.

    Raises
    ------
    ValueError
        When no stack holds an image.
    """
    stack = main_stack(stacks)
    if stack is None:
        raise ValueError("there is no image to draw the overview on")
    ordered = in_order(structures)
    figure = overview_map(_latest(stack), ordered, numbers(ordered), site.area)
    target = Path(path)
    with replacing(target) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)
    return target


def in_order(structures: Sequence[Structure]) -> list[Structure]:
    """Confirmed ones by onset, then candidates by p-value, then rejected ones."""

    def key(s: Structure) -> tuple[int, dt.date, float, float, str]:
        onset = s.onset.latest if s.onset and s.status == "confirmed" else dt.date.max
        p = s.p_value if np.isfinite(s.p_value) else 1.0
        return (STATUS_ORDER.index(s.status), onset, p, -s.area_m2.value, s.id)

    return sorted(structures, key=key)


def numbers(ordered: Sequence[Structure]) -> dict[str, str]:
    """Structure id to the number that stands for it on maps, where an id would be too long."""
    return {s.id: str(i) for i, s in enumerate(ordered, start=1)}


def _context(
    site: Site,
    stacks: Sequence[xr.Dataset],
    structures: Sequence[Structure],
    scenes_used: Sequence[Scene],
    left_out: Sequence[LeftOut],
    provenance: Provenance,
    findings: Sequence[FindingRevision],
) -> dict[str, Any]:
    ordered = in_order(structures)
    labels = numbers(ordered)
    scenes = sorted(scenes_used, key=lambda s: s.datetime)
    colours = track_colours([str(s.attrs.get("track", "")) for s in stacks])
    period = (scenes[0].datetime.date(), scenes[-1].datetime.date()) if scenes else None
    confirmed = [s for s in ordered if s.status == "confirmed"]
    lede = summary_words(ordered, labels, len(scenes), period, provenance.detectable)
    shown = [s for s in ordered if s.status != "rejected"][:MOST_PANELS]
    credits = dict.fromkeys(
        c for c in (*(s.credit for s in scenes), *(str(k.attrs.get("credit") or "") for k in stacks)) if c
    )
    return {
        "site": site,
        "period": span_words(*period) if period else "no images",
        "lede": lede,
        "labels": labels,
        "confirmed": confirmed,
        "candidates": [s for s in ordered if s.status == "candidate"],
        "rejected": [s for s in ordered if s.status == "rejected"],
        "maps": _site_maps(site, stacks, ordered, labels),
        "assessed": what_it_changes_or_why_not(site, ordered) if site.links else None,
        "size_names": SIZE_NAMES,
        "timeline": _timeline(stacks, ordered, labels, colours),
        "panels": [structure_panel(s, labels[s.id], stacks, colours) for s in shown],
        "not_shown": max(sum(s.status != "rejected" for s in ordered) - MOST_PANELS, 0),
        "scenes": scenes,
        "left_out": left_out,
        "provenance": provenance,
        "parameters": _parameter_rows(provenance.parameters),
        "stack_notes": [
            (str(s.attrs.get("track_label") or s.attrs.get("track", "")), list(s.attrs.get("notes") or []))
            for s in stacks
        ],
        "credits": list(credits),
        "most_rows_open": MOST_ROWS_OPEN,
        "panel_ids": {s.id for s in shown},
        "finding_groups": finding_groups(findings, ordered, labels, scenes, provenance.run),
        "link_statements": link_statements(findings, scenes, provenance.run),
        "manifest": as_script(manifest_of(site, provenance, scenes, left_out)),
    }


def _parameter_rows(parameters: Mapping[str, object]) -> list[tuple[str, str]]:
    """Settings that were given or matter, as name and value; those left empty are not worth a row."""
    rows = []
    for name, value in parameters.items():
        if value is None or value == "" or (isinstance(value, list | tuple) and not value):
            continue
        words = ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
        rows.append((upper_first(name.replace("_", " ")), words))
    return rows


def _latest(stack: xr.Dataset) -> Picture:
    n = stack.sizes["time"]
    indices = range(max(n - OVERVIEW_IMAGES, 0), n)
    return read_picture(stack, polarisations(stack)[0], indices, whole_window(stack), max_pixels=OVERVIEW_PIXELS)


def _site_maps(
    site: Site, stacks: Sequence[xr.Dataset], ordered: Sequence[Structure], labels: dict[str, str]
) -> list[Shot]:
    stack = main_stack(stacks)
    if stack is None:
        return []
    latest = _latest(stack)
    shots = [
        Shot(
            uri=svg_data_uri(overview_map(latest, ordered, labels, site.area)),
            alt=f"Radar image of the site with {len(ordered)} outlined structures; {dates_words(latest)}.",
            caption=f"The site in radar backscatter: {dates_words(latest)}. "
            "The numbers are those of the tables and sections below; dashed white: the area watched.",
        )
    ]
    n = stack.sizes["time"]
    if n < 2:
        return shots
    side = max(min(COMPOSITE_IMAGES, n // 2), 1)
    window = whole_window(stack)
    first, last = (
        read_picture(stack, polarisations(stack)[0], part, window, max_pixels=OVERVIEW_PIXELS)
        for part in (range(side), range(n - side, n))
    )
    shots.append(
        Shot(
            uri=svg_data_uri(composite_map(first, last)),
            alt="Red and cyan composite of the site: cyan is brighter in the last images, red in the first.",
            caption=f"First against last images. Cyan got brighter (as a new pier does), red got darker; grey stayed. "
            "Wind tints a whole sea and rain a whole land, so look for shapes. "
            f"Red: {dates_words(first)}. Cyan: {dates_words(last)}.",
        )
    )
    return shots


def _timeline(
    stacks: Sequence[xr.Dataset], ordered: Sequence[Structure], labels: dict[str, str], colours: dict[str, str]
) -> Shot | None:
    acquisitions = {
        str(s.attrs.get("track", "")): (str(s.attrs.get("track_label") or s.attrs.get("track", "")), dates_of(s))
        for s in stacks
        if s.sizes.get("time", 0)
    }
    drawn = [s for s in ordered if s.status != "rejected"]
    if not acquisitions and not any(s.onset for s in drawn):
        return None
    words = "; ".join(f"{labels[s.id]} {s.kind} {begun_words(s)}, {finished_words(s)}" for s in drawn[:MOST_PANELS])
    return Shot(
        uri=svg_data_uri(site_timeline(drawn, labels, acquisitions, colours)),
        alt=f"Timeline of the site. {words}" if words else "Timeline of the site's acquisitions.",
        caption="Bars: from the first image that shows it to the last before it was complete; whiskers: the intervals; "
        "an arrow: not known to be complete; a diamond: site preparation first seen. Ticks: acquisitions.",
    )


def _begun_cell(structure: Structure) -> str:
    return upper_first(interval_words(structure.onset)) if structure.onset else "Not dated"


def _finished_cell(structure: Structure) -> str:
    return upper_first(interval_words(structure.completion)) if structure.completion else "Not known to be complete"


def _scene_time(scene: Scene) -> str:
    day = scene.datetime.strftime("%Y-%m-%d")
    return f"{day} {scene.datetime:%H:%M:%S}" if scene.time_known else f"{day} (time of day unknown)"


def environment() -> jinja2.Environment:
    """Templates, and the filters that put numbers and dates into words."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sitewatch.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters.update(
        area=area_words, length_m=length_words, begun_cell=_begun_cell, finished_cell=_finished_cell, day=date_words,
        answer=answer_words, sentence=sentence_about, scene_time=_scene_time, upper_first=upper_first,
        bottleneck=bottleneck_words, file_name=scene_file_name,
    )  # fmt: skip
    return environment
