"""Pictures of a structure as files: the place before and after, for whatever shows pictures and no SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xarray as xr

from sitewatch.report._captions import as_date
from sitewatch.report._choice import before_after_indices, best_view, close_by
from sitewatch.report._pairs import scene_map
from sitewatch.report._picture import read_picture
from sitewatch.report._style import stretch_db
from sitewatch.structure import Structure
from sitewatch.words import span_words

DPI = 130


def before_after_pngs(structure: Structure, stacks: Sequence[xr.Dataset]) -> tuple[tuple[bytes, str], ...]:
    """The dossier's pictures of the place before and after the change, as PNG files with their captions.

    Parameters
    ----------
    structure
        Its outline is drawn.
    stacks
        One a track, linear power, dims ``time, y, x``; the one that shows it best is taken.

    Returns
    -------
    tuple
        Up to two; none where no image covers it.
    """
    view = best_view([close_by(stack, structure.footprint) for stack in stacks], structure)
    if view is None:
        return ()
    stack, polarisation, window = view
    sides = before_after_indices(stack, structure)
    pictures = [read_picture(stack, polarisation, side, window) if side else None for side in sides]
    shown = [one for one in pictures if one is not None]
    out = []
    for title, picture in zip(("Before", "After"), pictures, strict=True):
        if picture is None:
            continue
        nothing_yet = (title == "Before") != (structure.kind == "demolition")
        figure = scene_map(
            picture, structure.footprint, stretch_db(*(one.db for one in shown)), title=title, dashed=nothing_yet
        )
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        span = span_words(as_date(picture.times[0]), as_date(picture.times[-1]))
        credit = str(stack.attrs.get("credit") or "")
        out.append((buffer.getvalue(), f"{title}: {span}. {credit}".strip()))
    return tuple(out)
