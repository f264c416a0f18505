"""The dossier: one HTML file, nothing outside it, that shows what was found at a site and proves it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sitewatch.assess import SIZE_NAMES, what_it_changes_or_why_not
from sitewatch.atomic import replacing, write_whole
from sitewatch.record import FindingRevision
from sitewatch.report._choice import main_stack
from sitewatch.report._findings import finding_groups, link_statements
from sitewatch.report._manifest import as_script, manifest_of
from sitewatch.report._maps import overview_map
from sitewatch.report._panels import structure_panel
from sitewatch.report._provenance import Provenance
from sitewatch.report._site_section import latest, site_film, site_maps, site_pair, timeline_shot
from sitewatch.report._style import track_colours
from sitewatch.report._templates import environment, rendered
from sitewatch.report._wording import summary_words
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.site import Site
from sitewatch.structure import Structure
from sitewatch.words import span_words, upper_first

MOST_PANELS = 16
MOST_ROWS_OPEN = 12
STATUS_ORDER = ("confirmed", "candidate", "rejected")


@dataclasses.dataclass(frozen=True)
class Dossier:
    """A report with its pictures drawn, ready to be written as HTML, PDF, Markdown or slides.

    Attributes
    ----------
    context
        What templates may name, see docs/report.md.
    """

    context: Mapping[str, Any]


def draw_dossier(
    *,
    site: Site,
    stacks: Sequence[xr.Dataset],
    structures: Sequence[Structure],
    scenes_used: Sequence[Scene],
    left_out: Sequence[LeftOut],
    provenance: Provenance,
    findings: Sequence[FindingRevision] = (),
) -> Dossier:
    """Draw a report on a site once, for any number of forms; parameters as of `write_dossier`."""
    return Dossier(_context(site, stacks, structures, scenes_used, left_out, provenance, findings))


def write_html(
    path: str | os.PathLike[str], dossier: Dossier, *, templates: str | os.PathLike[str] | None = None
) -> Path:
    """Write a dossier as one self-contained HTML file: it works offline, and prints.

    Parameters
    ----------
    path
        File to write; it appears whole or not at all.
    templates
        Folder whose files come before sitewatch's own of the same name.

    Raises
    ------
    ExportError
        If a template has a fault.
    """
    made = environment(None if templates is None else Path(templates))
    return write_whole(Path(path), rendered(made, "dossier.html.j2", dossier.context))


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
    drawn = draw_dossier(
        site=site, stacks=stacks, structures=structures, scenes_used=scenes_used, left_out=left_out,
        provenance=provenance, findings=findings,
    )  # fmt: skip
    return write_html(path, drawn)


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
    figure = overview_map(latest(stack), ordered, numbers(ordered), site.area, site.facilities)
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
    panels = [structure_panel(s, labels[s.id], stacks, colours) for s in shown]
    film, film_caption = site_film(stacks)
    return {
        "site": site,
        "period": span_words(*period) if period else "no images",
        "lede": lede,
        "labels": labels,
        "confirmed": confirmed,
        "candidates": [s for s in ordered if s.status == "candidate"],
        "rejected": [s for s in ordered if s.status == "rejected"],
        "maps": site_maps(site, stacks, ordered, labels, panels),
        "site_pair": site_pair(stacks),
        "film": film,
        "film_caption": film_caption,
        "assessed": what_it_changes_or_why_not(site, ordered) if site.links else None,
        "size_names": SIZE_NAMES,
        "timeline": timeline_shot(site, stacks, ordered, labels, colours),
        "panels": panels,
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
