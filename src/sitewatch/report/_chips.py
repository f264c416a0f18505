"""Chips: small bare pictures of one place through time, drawn without matplotlib, for there are many of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry

from sitewatch.report._frame import Frame
from sitewatch.report._outlines import outline_apart, rings
from sitewatch.report._picture import Picture
from sitewatch.report._style import NO_DATA_COLOUR, OUTLINE_COLOUR

CHIP_PX = 300
TALLEST = 2.5
FINER = 3  # outlines are drawn so many times as large and brought down, which smooths their edges


def grey_image(db: NDArray[np.floating], stretch: tuple[float, float], size: tuple[int, int]) -> Image.Image:
    """A picture in dB as a grey image of `size` (width, height) pixels; what is missing in a colour of its own.

    Enlarged pixels stay squares, so that nobody takes a smooth edge for one that the radar saw.
    """
    black, white = stretch
    known = np.isfinite(db)
    share = np.clip((np.where(known, db, black) - black) / max(white - black, 1e-6), 0, 1)
    image = Image.fromarray((255 * share + 0.5).astype(np.uint8), mode=None)
    larger = size[0] > db.shape[1]
    image = image.resize(size, Image.Resampling.NEAREST if larger else Image.Resampling.BOX)
    if known.all():
        return image
    gaps = Image.fromarray(np.where(known, 0, 255).astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    coloured = image.convert("RGB")
    coloured.paste(NO_DATA_COLOUR, (0, 0), gaps)
    return coloured


def chip(picture: Picture, footprint: BaseGeometry, stretch: tuple[float, float], width: int = CHIP_PX) -> Image.Image:
    """A small picture of the true shape of the ground with a thin outline just outside of the footprint."""
    frame = picture.frame
    height = max(round(width * min(frame.height_m / frame.width_m, TALLEST)), 1)
    grey = grey_image(picture.db, stretch, (width, height)).convert("RGB")
    mask = Image.new("L", (width * FINER, height * FINER))
    draw = ImageDraw.Draw(mask)
    rows, cols = picture.db.shape
    pixel = max((frame.right - frame.left) / cols, (frame.top - frame.bottom) / rows)
    for ring in rings(outline_apart(frame, footprint, 1.5 * pixel)):
        draw.line(on_image(ring, frame, (width * FINER, height * FINER)), fill=255, width=FINER, joint="curve")
    grey.paste(OUTLINE_COLOUR, (0, 0), mask.resize((width, height), Image.Resampling.BOX))
    return grey


def on_image(ring: NDArray[np.float64], frame: Frame, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Points in CRS units as pixels of an image that the frame fills."""
    x = (ring[:, 0] - frame.left) / (frame.right - frame.left) * size[0]
    y = (frame.top - ring[:, 1]) / (frame.top - frame.bottom) * size[1]
    return list(zip(x.tolist(), y.tolist(), strict=True))
