"""Colours that colour-blind readers can tell apart, text that every figure can draw, the stretch from dB to grey."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from matplotlib import colormaps, font_manager, ft2font, patheffects
from matplotlib.colors import Colormap, ListedColormap
from numpy.typing import NDArray

# The page overrides these four in dark mode (see _embed.py), so figures use them for everything that is not data.
INK = "#1b1f24"
MUTED = "#5a6470"
RULE = "#d5dae0"
PAPER = "#ffffff"

# Okabe and Ito (2008), ordered so that the first three also differ in print.
TRACK_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
ONSET_COLOUR = "#e69f00"
COMPLETION_COLOUR = "#009e73"
PREPARATION_COLOUR = "#cc79a7"
EVENT_COLOUR = "#9a3412"
# No Activity, Site Preparation, Active Construction, Post Construction.
PHASE_COLOURS = ("#d5dae0", PREPARATION_COLOUR, "#56b4e9", COMPLETION_COLOUR)
CANDIDATE_COLOUR = "#4fd1ff"
REJECTED_COLOUR = "#c9ced6"
NO_DATA_COLOUR = "#7d8794"
OUTLINE_COLOUR = "#ffd400"

# From magenta to yellow: both stand out on grey imagery, which the dark end of plasma would not.
ONSET_MAP: Colormap = ListedColormap(colormaps["plasma"](np.linspace(0.5, 0.98, 256)), name="onset")

GREY_MAP: Colormap = colormaps["gray"].with_extremes(bad=NO_DATA_COLOUR)

SMALLEST_SPAN_DB = 8.0

# The figures' own font comes with matplotlib; for scripts that it lacks, what this machine may have, the widest first.
OWN_FONT = "DejaVu Sans"
_OTHERS = (
    *("Noto Sans CJK", "Noto Sans", "Source Han Sans", "WenQuanYi", "Nanum", "Malgun", "Microsoft YaHei"),
    *("PingFang", "Hiragino", "Apple SD Gothic", "Unifont"),
)


def _families() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    ranked = ((place, name) for name in installed for place, one in enumerate(_OTHERS) if name.startswith(one))
    return [OWN_FONT, *(name for _, name in sorted(ranked))]


FAMILIES = _families()


def track_colours(tracks: list[str]) -> dict[str, str]:
    """Give each track key its colour, the same in every figure of a dossier."""
    return {key: TRACK_COLOURS[i % len(TRACK_COLOURS)] for i, key in enumerate(dict.fromkeys(tracks))}


def to_db(power: NDArray[np.floating]) -> NDArray[np.float32]:
    """Linear power to dB for a picture; NaN stays NaN.

    The logarithm is cut 22 dB below the median, since a true 0 has no decibels and pixels of unknown scale no
    known noise floor.
    """
    power = np.asarray(power, dtype=np.float32)
    positive = power[np.isfinite(power) & (power > 0)]
    floor = 10**-2.2 * float(np.median(positive)) if positive.size else 1e-4
    return np.asarray(10 * np.log10(np.maximum(power, np.float32(floor))), dtype=np.float32)


def stretch_db(*images_db: NDArray[np.floating]) -> tuple[float, float]:
    """Black and white points, in dB, that serve all the images given, so that they can be compared by eye."""
    limits = [
        np.percentile(values[:: max(1, values.size // 500_000)], (1.5, 99.6))
        for values in (image[np.isfinite(image)] for image in images_db)
        if values.size
    ]
    if not limits:
        return (-25.0, 0.0)
    # The mean of the black points: a single image is noisier than an average beside it, and would wash that one out.
    low, high = float(np.mean([v[0] for v in limits])), float(np.max([v[1] for v in limits]))
    missing = max(SMALLEST_SPAN_DB - (high - low), 0.0)
    return (low - missing / 2, high + missing / 2)


def halo(width: float = 2.0, colour: str = "#000000") -> list[Any]:
    """Path effect that keeps a thin line or a word visible on any background."""
    return [patheffects.withStroke(linewidth=width, foreground=colour)]


@functools.lru_cache(maxsize=1)
def _drawable_codes() -> frozenset[int]:
    fonts = [ft2font.FT2Font(font_manager.findfont(name)) for name in FAMILIES]
    return frozenset().union(*(font.get_charmap() for font in fonts))


def drawable(text: str) -> str:
    """Text with the letters that the figures' fonts lack replaced by ``?``; the page itself shows them all."""
    return "".join(c if ord(c) in _drawable_codes() else "?" for c in text)
