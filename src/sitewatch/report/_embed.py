"""Figures as data URIs: SVG with JPEG pictures inside, which follows a light or dark page and prints well."""

from __future__ import annotations

import base64
import io
import re
import urllib.parse

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from sitewatch.report._style import INK, MUTED, PAPER, RULE

# What an SVG's own style sheet turns the page colours into on a dark page; viewers that ignore it see the light ones.
DARK = {INK: "#e6e9ed", MUTED: "#a3adb8", RULE: "#39414b", PAPER: "#15191e"}

_SAFE = " =:/;,+()'!*@?&$~[]{}|^"
_PNG = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")


def svg_text(figure: Figure, *, raster_dpi: int = 190, jpeg_quality: int = 82) -> str:
    """A figure as SVG, letters as outlines, pictures as JPEG, with colours for dark pages."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "sitewatch"}):
        figure.savefig(buffer, format="svg", dpi=raster_dpi, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = _PNG.sub(lambda match: _as_jpeg(match.group(1), jpeg_quality), text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    end = text.index(">") + 1
    return f"{text[:end]}<style>{_dark_rules()}</style>{text[end:]}"


def svg_data_uri(figure: Figure, *, raster_dpi: int = 190, jpeg_quality: int = 82) -> str:
    """A figure as ``data:image/svg+xml,...``, percent-encoded (a second base64 would cost a third in size)."""
    text = re.sub(r"\s*\n\s*", " ", svg_text(figure, raster_dpi=raster_dpi, jpeg_quality=jpeg_quality))
    # A table of the few characters that need it: `quote` goes byte by byte.
    escapes = {ord(c): urllib.parse.quote(c, safe=_SAFE) for c in set(text)}
    return "data:image/svg+xml," + text.translate(escapes)


def image_data_uri(image: Image.Image, *, jpeg_quality: int = 82) -> str:
    """An image as ``data:image/jpeg;base64,...``."""
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=jpeg_quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _as_jpeg(png_base64: str, quality: int) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(png_base64)))
    if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255:  # type: ignore[operator]
        return f"data:image/png;base64,{''.join(png_base64.split())}"
    rgb = image.convert("RGB")
    red, green, blue = rgb.split()
    grey = red.tobytes() == green.tobytes() == blue.tobytes()
    out = io.BytesIO()
    (red if grey else rgb).save(out, format="JPEG", quality=quality, optimize=True, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _dark_rules() -> str:
    rules = [
        f'[style*="{what}: {light}"]{{{what}:{dark} !important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    ]
    return f"@media (prefers-color-scheme: dark){{{''.join(rules)}}}"
