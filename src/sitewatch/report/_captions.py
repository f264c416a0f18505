"""What a caption has to say about a picture: dates in UTC, how they were averaged, track and credit."""

from __future__ import annotations

import datetime as dt

import numpy as np

from sitewatch.report._picture import Picture
from sitewatch.words import date_words, span_words


def as_date(time: np.datetime64) -> dt.date:
    """The UTC date of an acquisition."""
    return dt.date.fromisoformat(str(time.astype("datetime64[D]")))


def time_words(time: np.datetime64, time_known: bool = True) -> str:
    """``4 October 2021, 09:31 UTC``; the date alone where the time of day isn't known."""
    day = date_words(as_date(time))
    return f"{day}, {str(time.astype('datetime64[m]'))[-5:]} UTC" if time_known else day


def dates_words(picture: Picture) -> str:
    """Which dates a picture shows: ``median of 8 images, 5 July to 4 October 2021 (UTC)``."""
    if len(picture.times) == 1:
        return time_words(picture.times[0], picture.time_known)
    span = span_words(as_date(picture.times[0]), as_date(picture.times[-1]))
    return f"{picture.method} of {len(picture.times)} images, {span} (UTC)"


def source_words(picture: Picture) -> str:
    """Track, polarisation and pixel size: ``Sentinel-1 IW, track 98, ascending; VV; pixels of 10 m``."""
    return "; ".join(p for p in (picture.track_label or picture.track, picture.polarisation, pixel_words(picture)) if p)


def pixel_words(picture: Picture) -> str:
    """How finely a picture samples the ground: ``pixels of 8.9 m``; empty where that isn't known."""
    if not np.isfinite(picture.pixel_m):
        return ""
    size = round(picture.pixel_m, 1)
    return f"pixels of {size:g} m" if size < 30 else f"pixels of {size:.0f} m"
