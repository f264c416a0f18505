"""A folder of pictures ready for slides: 1920 by 1080 pixels each, with a title, the picture, and its words."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from sitewatch.atomic import write_whole
from sitewatch.report._dossier import Dossier
from sitewatch.report._furniture import write, write_lines
from sitewatch.report._shots import Shot
from sitewatch.report._style import INK, MUTED, PAPER, RULE
from sitewatch.words import upper_first

WIDTH_IN, HEIGHT_IN, DPI = 16.0, 9.0, 120
MARGIN_IN, HEAD_IN = 0.5, 1.0
# A picture as wide as this share of the slide or less leaves room for its words beside it.
BESIDE_SHARE = 0.62
WORDS_IN = 0.9
LONGEST_NAME = 44


def write_slides(folder: str | Path, dossier: Dossier) -> tuple[Path, ...]:
    """Write one PNG a picture of the dossier, numbered in the order in which it tells them.

    Returns
    -------
    tuple of Path
        The files. Those that an earlier call left and this one does not write again are removed.
    """
    folder = Path(folder)
    site = str(dossier.context["site"].name or dossier.context["site"].id)
    written = tuple(
        write_whole(folder / f"{number:02d}-{shot.name}.png", _slide(shot, title, site))
        for number, (title, shot) in enumerate(_told(dossier), start=1)
    )
    for old in folder.glob("[0-9][0-9]-*.png"):
        if old not in written and re.fullmatch(r"\d\d-[a-z0-9-]+\.png", old.name):
            old.unlink()
    return written


def _told(dossier: Dossier) -> list[tuple[str, Shot]]:
    """Titles and pictures, in order."""
    context = dossier.context
    titles = {
        "overview": "What was found",
        "annotated": "What, how long, since when",
        "construction-dates": "When each part was built",
        "composite": "First against last images",
        "site-first": "The site in the first images",
        "site-last": "The site in the last images",
    }
    out = [(titles.get(shot.name, "The site"), shot) for shot in (*context["maps"], *context["site_pair"])]
    if context["timeline"]:
        out.append(("Timeline", context["timeline"]))
    for panel in context["panels"]:
        if panel.structure.status != "confirmed":
            continue
        name = f"No. {panel.label}, {panel.structure.kind}"
        out += [(f"{name}: {shot.caption.split(':')[0].lower()}", shot) for shot in panel.pair]
        out += [(f"{name}: when each part was built", panel.dated)] if panel.dated else []
        out.append((f"{name}: growth and backscatter", panel.curves))
    return out


def _slide(shot: Shot, title: str, site: str) -> bytes:
    picture = _drawn(shot)
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), facecolor=PAPER)
    paper = figure.add_axes((0, 0, 1, 1))
    paper.set(xlim=(0, WIDTH_IN), ylim=(0, HEIGHT_IN))
    paper.set_axis_off()
    write(paper, MARGIN_IN, HEIGHT_IN - 0.5, upper_first(title), fontsize=24, fontweight="bold")
    write(paper, WIDTH_IN - MARGIN_IN, HEIGHT_IN - 0.5, site[:LONGEST_NAME], fontsize=14, color=MUTED, ha="right")
    paper.plot([MARGIN_IN, WIDTH_IN - MARGIN_IN], [HEIGHT_IN - HEAD_IN + 0.12] * 2, color=RULE, linewidth=1.2)
    width, height = WIDTH_IN - 2 * MARGIN_IN, HEIGHT_IN - HEAD_IN - 0.3
    ratio = picture.width / picture.height
    beside = min(width, height * ratio) <= BESIDE_SHARE * width
    if not beside:
        height -= WORDS_IN
    shown_w = min(width, height * ratio)
    shown_h = shown_w / ratio
    left = MARGIN_IN if beside else (WIDTH_IN - shown_w) / 2
    bottom = HEIGHT_IN - HEAD_IN - shown_h
    words = shot.caption.replace("|", " ").replace("\u00a0", " ")
    if beside:
        x = MARGIN_IN + shown_w + 0.4
        top, wide = HEIGHT_IN - HEAD_IN - 0.2, WIDTH_IN - MARGIN_IN - x
        write_lines(paper, x, top, words, width_in=wide, lines=18, fontsize=14, color=INK)
    else:
        write_lines(paper, MARGIN_IN, bottom - 0.08, words, width_in=width, lines=3, fontsize=13, color=INK)
    sheet = _pixels(figure, DPI)
    size = (round(shown_w * DPI), round(shown_h * DPI))
    sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), (round(left * DPI), round(HEAD_IN * DPI)))
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def _drawn(shot: Shot) -> Image.Image:
    """The picture as pixels, about as many as the slide shows."""
    if isinstance(shot.drawn, Image.Image):
        return shot.drawn
    width, height = shot.drawn.get_size_inches()
    dpi = DPI * min((WIDTH_IN - 2 * MARGIN_IN) / width, (HEIGHT_IN - HEAD_IN - 0.3) / height)
    return _pixels(shot.drawn, dpi)


def _pixels(figure: Figure, dpi: float) -> Image.Image:
    own, canvas = figure.dpi, FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    canvas.draw()  # type: ignore[no-untyped-call]
    figure.set_dpi(own)  # other forms put the same figure down
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())  # type: ignore[no-untyped-call]
