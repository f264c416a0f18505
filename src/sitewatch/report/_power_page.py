"""The page that answers "could I have seen it?": maps, a table, and what they rest on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from sitewatch.atomic import replacing
from sitewatch.phrases import answer_words, size_words
from sitewatch.report._choice import dates_of
from sitewatch.report._picture import polarisations
from sitewatch.report._power_map import PowerMap, PowerReport, lengths_words, power_figure
from sitewatch.report._shots import Shot
from sitewatch.report._templates import environment
from sitewatch.report._wording import db_words, percent_words, plain_area_words
from sitewatch.sought import Detectable, Sought
from sitewatch.words import span_words


def write_power_page(path: str | os.PathLike[str], report: PowerReport) -> Path:
    """Write maps, table and assumptions as one self-contained HTML file; it appears whole or not at all."""
    target = Path(path)
    html = environment().get_template("power.html.j2").render(_context(report))
    with replacing(target) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return target


def contrast_words(sought: Sought, available: Sequence[str]) -> str:
    """``VV +11 dB, VH +8 dB`` of the polarisations that the images have."""
    named = [(name, level) for name, level in sought.contrast_db.items() if name in available]
    return ", ".join(f"{name} {db_words(level, signed=True)}" for name, level in named)


def window_words(one: Detectable) -> str:
    """When it must first show to be confirmed, and how long that takes."""
    if one.shown_from is None or one.shown_by is None or one.nine_tenths_m is None:
        return "it would not be confirmed"
    return f"{span_words(one.shown_from, one.shown_by)}; confirmed some {one.days_to_confirm} days later"


def _context(report: PowerReport) -> dict[str, object]:
    available = sorted({name for stack in report.stacks for name in polarisations(stack)})
    labels = {str(stack.attrs.get("track", "")): _label(stack) for stack in report.stacks}
    rows = [
        {
            "kind": one.sought.kind,
            "surface": one.sought.surface,
            "track": labels.get(one.track, one.track) if one.track else f"best of {len(report.stacks)}",
            "contrast": contrast_words(one.sought, available),
            "size": size_words(one) if one.share else f"no {one.sought.surface} in the site",
            "area": plain_area_words(one.nine_tenths_m2) if one.nine_tenths_m2 else "",
            "half": plain_area_words(one.half_m2) if one.half_m2 else "",
            "half_differs": one.half_m2 is not None and one.half_m2 != one.nine_tenths_m2,
            "share": percent_words(one.share) if one.share else "",
            "window": window_words(one) if one.share else "",
        }
        for one in report.detectable
    ]
    return {
        "report": report,
        "rows": rows,
        "answers": [answer_words(one) for one in report.detectable[: len(report.maps)]],
        "several": len(report.stacks) > 1,
        "chance": percent_words(report.probability),
        "maps": [_shot(report, one) for one in report.maps if (~np.isnan(one.length_m)).any()],
        "absent": [one.sought for one in report.maps if np.isnan(one.length_m).all()],
        "tracks": [(_label(s), s.sizes["time"], dates_of(s)[0], dates_of(s)[-1]) for s in report.stacks],
        "credits": list(dict.fromkeys(c for s in report.stacks if (c := str(s.attrs.get("credit") or "")))),
    }  # fmt: skip


def _label(stack: xr.Dataset) -> str:
    return str(stack.attrs.get("track_label") or stack.attrs.get("track", ""))


def _shot(report: PowerReport, one: PowerMap) -> Shot:
    finite = one.length_m[np.isfinite(one.length_m)]
    span = lengths_words(float(finite.min()), float(finite.max())) if finite.size else "none of the sizes tried"
    return Shot(
        power_figure(report, one),
        alt=f"Map of the smallest {one.sought.kind} that would have been found on {one.sought.surface}: {span}.",
        caption=f"Smallest {one.sought.kind} on {one.sought.surface}, {one.sought.size_words}: {span}.",
    )
