"""Addresses of map tiles."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Hashable
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from sitewatch.web._colours import ColourMap
from sitewatch.web._desk import Desk, desk_of
from sitewatch.web._layers import (
    Look,
    Place,
    difference_tile,
    onset_files,
    onset_tile,
    power_tile,
    some_mean,
)
from sitewatch.web._stacks import TrackStack, image, image_index, mean_image, open_track, polarisation_of, stretch

router = APIRouter(tags=["tiles"])

_PNG: dict[int | str, dict[str, object]] = {
    200: {"content": {"image/png": {}}, "description": "a tile; clear where there is no imagery"},
    204: {"description": "the tile lies outside the imagery"},
    404: {"description": "no such site, track, band or image"},
}
_DAY0 = dt.date(1970, 1, 1)

Zoom = Annotated[int, Path(ge=0, le=24, description="zoom level of the Web Mercator grid")]
Column = Annotated[int, Path(ge=0, le=2**24, description="column from the west")]
Row = Annotated[int, Path(ge=0, le=2**24, description="row from the north")]
Pixels = Annotated[int, Query(ge=128, le=1024, description="pixels a side")]
Track = Annotated[str, Query(description="name of a track, from the site's entry", max_length=200)]
Band = Annotated[str | None, Query(description="polarisation; the track's first if left out", max_length=8)]
Moment = Annotated[str | None, Query(description="when an image was taken, from the track's times", max_length=40)]
Level = Annotated[float | None, Query(ge=-100, le=100, description="dB that black or white stand for")]
Version = Annotated[str | None, Query(description="of the track: browsers then keep the tile for good", max_length=80)]


def _place(z: int, x: int, y: int, size: int) -> Place:
    if max(x, y) >= 2**z:
        raise HTTPException(404, f"zoom {z} has no tile {x}/{y}")
    return Place(z, x, y, size)


def _answer(
    request: Request, desk: Desk, track: TrackStack, key: Hashable, version: str | None, draw: Callable[[], bytes]
) -> Response:
    """A tile, from memory where it was drawn before; the browser keeps it while the version is that of the track."""
    tag = f'"{hashlib.sha1(repr((track.name, track.version, key)).encode(), usedforsecurity=False).hexdigest()[:20]}"'
    keep = "private, max-age=31536000, immutable" if version == track.version else "private, no-cache"
    headers = {"ETag": tag, "Cache-Control": keep}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)

    def drawn() -> tuple[bytes, int]:
        picture = draw()
        return picture, len(picture) + 500

    picture: bytes = desk.answers.get(("tile", track.name, track.version, key), drawn)
    if not picture:
        return Response(status_code=204, headers=headers)
    return Response(picture, media_type="image/png", headers=headers)


def _grey(desk: Desk, track: TrackStack, band: str, low: float | None, high: float | None, colours: ColourMap) -> Look:
    usual = stretch(desk, track, band) if low is None or high is None else (0.0, 0.0)
    return Look(usual[0] if low is None else low, usual[1] if high is None else high, colours)


@router.get("/api/sites/{site}/tiles/image/{z}/{x}/{y}.png", responses=_PNG, response_class=Response)
def image_tile(
    request: Request, site: str, z: Zoom, x: Column, y: Row, track: Track, pol: Band = None, time: Moment = None,
    low: Level = None, high: Level = None, colormap: ColourMap = "gray", size: Pixels = 256, v: Version = None,
) -> Response:  # fmt: skip
    """One acquisition, backscatter in dB."""
    desk, place = desk_of(request, site), _place(z, x, y, size)
    stack = open_track(desk, track)
    band, index = polarisation_of(stack, pol), image_index(stack, time)
    look = _grey(desk, stack, band, low, high, colormap)
    key = ("image", place, band, index, look)
    return _answer(request, desk, stack, key, v, lambda: power_tile(image(desk, stack, band, index), place, look))


@router.get("/api/sites/{site}/tiles/mean/{z}/{x}/{y}.png", responses=_PNG, response_class=Response)
def mean_tile(
    request: Request, site: str, z: Zoom, x: Column, y: Row, track: Track, pol: Band = None,
    low: Level = None, high: Level = None, colormap: ColourMap = "gray", size: Pixels = 256, v: Version = None,
) -> Response:  # fmt: skip
    """Mean of all acquisitions of a track (of power, in dB): speckle is smoothed away."""
    desk, place = desk_of(request, site), _place(z, x, y, size)
    stack = open_track(desk, track)
    band = polarisation_of(stack, pol)
    look = _grey(desk, stack, band, low, high, colormap)
    return _answer(
        request, desk, stack, ("mean", place, band, look), v,
        lambda: power_tile(mean_image(desk, stack, band), place, look),
    )  # fmt: skip


@router.get("/api/sites/{site}/tiles/difference/{z}/{x}/{y}.png", responses=_PNG, response_class=Response)
def difference(
    request: Request, site: str, z: Zoom, x: Column, y: Row, track: Track, before: Moment = None,
    after: Moment = None, pol: Band = None,
    images: Annotated[int, Query(ge=1, le=50, description="images averaged on each side")] = 1,
    span: Annotated[float, Query(gt=0, le=60, description="dB at which the colours end, either way")] = 8.0,
    colormap: ColourMap = "change", size: Pixels = 256, v: Version = None,
) -> Response:  # fmt: skip
    """How much brighter the place is after than before, dB.

    `images` > 1 takes the mean of so many images up to `before`, and from `after` on. The first and the last image of
    the track are compared where neither is given.
    """
    desk, place = desk_of(request, site), _place(z, x, y, size)
    stack = open_track(desk, track)
    band = polarisation_of(stack, pol)
    first, last = image_index(stack, before) if before else images - 1, image_index(stack, after)
    last = last if after else len(stack.times) - images
    look = Look(-span, span, colormap)

    def draw() -> bytes:
        earlier = some_mean(desk, stack, band, range(max(0, first - images + 1), first + 1))
        later = some_mean(desk, stack, band, range(max(0, last), last + images))
        return difference_tile(earlier, later, place, look)

    return _answer(request, desk, stack, ("difference", place, band, first, last, images, look), v, draw)


@router.get("/api/sites/{site}/tiles/onset/{z}/{x}/{y}.png", responses=_PNG, response_class=Response)
def onset(
    request: Request, site: str, z: Zoom, x: Column, y: Row, track: Track,
    p: Annotated[float, Query(gt=0, le=1, description="pixels with a larger p-value stay clear")] = 1e-4,
    colormap: ColourMap = "onset", size: Pixels = 256, v: Version = None,
) -> Response:  # fmt: skip
    """First image after each pixel's lasting change; the colours run from the track's first day to its last."""
    desk, place = desk_of(request, site), _place(z, x, y, size)
    stack = open_track(desk, track)
    dates, chances = onset_files(desk, stack)
    first, last = (float(t.astype("datetime64[D]").astype(np.int64)) for t in (stack.times[0], stack.times[-1]))
    look = Look(first, last, colormap)
    key = ("onset", place, p, look, dates.stat().st_mtime_ns)
    return _answer(request, desk, stack, key, v, lambda: onset_tile(dates, chances, p, place, look))
