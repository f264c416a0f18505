"""Before and after: the pictures that prove one structure."""

from __future__ import annotations

from matplotlib.figure import Figure
from shapely.geometry.base import BaseGeometry

from sitewatch.report._captions import dates_words, source_words
from sitewatch.report._furniture import (
    Sheet,
    look_arrow,
    look_azimuth_deg,
    new_sheet,
    north_arrow,
    scale_bar,
    write,
    write_lines,
)
from sitewatch.report._outlines import draw_outline
from sitewatch.report._picture import Picture
from sitewatch.report._style import GREY_MAP, OUTLINE_COLOUR


def scene_map(
    picture: Picture, footprint: BaseGeometry | None, stretch: tuple[float, float], *, title: str, dashed: bool = False
) -> Figure:
    """One picture with a structure's outline, scale bar, north and look arrows, dates, track and credit.

    Parameters
    ----------
    picture
        What to show.
    footprint
        Outline in EPSG:4326; None for a picture without.
    stretch
        Black and white points in dB; give both pictures of a pair the same.
    title
        ``Before`` or ``After``.
    dashed
        Draw the outline dashed, for a place where nothing stands yet.
    """
    sheet = new_sheet(picture.frame, width_in=4.5, max_height_in=4.8, head_in=0.44, foot_in=0.72)
    sheet.picture.imshow(
        picture.db, extent=picture.frame.extent, cmap=GREY_MAP, vmin=stretch[0], vmax=stretch[1], aspect="auto"
    )
    if footprint is not None:
        line = {"linestyle": (0, (4, 3))} if dashed else {}
        apart = 1.5 * pixel_units(picture)
        draw_outline(sheet.picture, picture.frame, footprint, apart=apart, color=OUTLINE_COLOUR, linewidth=0.7, **line)
    write(sheet.head, 0, 0.31, title, fontsize=10, fontweight="bold")
    write_lines(sheet.head, 0, 0.21, dates_words(picture), width_in=sheet.width_in, lines=1, fontsize=8)
    standard_foot(sheet, picture, top_in=sheet.foot_in)
    return sheet.figure


def standard_foot(sheet: Sheet, picture: Picture, *, top_in: float) -> None:
    """Scale bar, arrows, track and credit in the band under a picture, from `top_in` (inches) downwards."""
    frame = picture.frame
    y = top_in - 0.2
    scale_bar(sheet, y=y)
    lat = frame.lonlat((frame.left + frame.right) / 2, (frame.bottom + frame.top) / 2)[1]
    azimuth = look_azimuth_deg(picture.orbit_state, picture.look_direction, lat, picture.constellation)
    north_arrow(sheet, frame, x=sheet.width_in - (1.22 if azimuth is not None else 0.25), y=y)
    if azimuth is not None:
        look_arrow(sheet, frame, azimuth, x=sheet.width_in - 0.84, y=y)
    words = ". ".join(w for w in (source_words(picture), picture.credit) if w)
    write_lines(sheet.foot, 0, y - 0.18, words, width_in=sheet.width_in, lines=2, fontsize=7.5)


def pixel_units(picture: Picture) -> float:
    """Size of a picture's pixel in CRS units, the larger of its sides."""
    frame = picture.frame
    rows, cols = picture.db.shape
    return max((frame.right - frame.left) / cols, (frame.top - frame.bottom) / rows)
