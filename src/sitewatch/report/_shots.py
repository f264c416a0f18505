"""Pictures with their words, drawn once: each form of the report puts them down in its own way."""

from __future__ import annotations

import dataclasses
import io

from matplotlib.figure import Figure
from PIL import Image

from sitewatch.report._embed import image_data_uri, svg_data_uri

PNG_DPI = 200


@dataclasses.dataclass(frozen=True)
class Shot:
    """A picture with alternative text and caption.

    Attributes
    ----------
    drawn
        A figure, or a bare image that the page itself dates and captions.
    alt, caption
        In words.
    name
        Stem of its file's name where it becomes one; unique within a report.
    """

    drawn: Figure | Image.Image
    alt: str
    caption: str
    name: str = "picture"

    @property
    def inside(self) -> str:
        """Where in a figure its picture lies: left, top, width and height as shares, for laying one on another."""
        if not isinstance(self.drawn, Figure) or not self.drawn.axes:
            return "0 0 1 1"
        box = self.drawn.axes[0].get_position()
        return f"{box.x0:.5f} {1 - box.y1:.5f} {box.width:.5f} {box.height:.5f}"


def page_source(shot: Shot) -> str:
    """A picture inside a page on a screen: SVG that follows a dark page, or JPEG."""
    if isinstance(shot.drawn, Figure):
        return svg_data_uri(shot.drawn)
    return image_data_uri(shot.drawn)


def png_bytes(shot: Shot, dpi: float = PNG_DPI) -> bytes:
    """A picture as a PNG file."""
    buffer = io.BytesIO()
    if isinstance(shot.drawn, Figure):
        shot.drawn.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None, "Title": shot.alt[:200]})
    else:
        shot.drawn.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
