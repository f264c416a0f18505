"""Backscatter through time: of one pixel, and of a structure beside its surroundings."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
import odc.geo.xr  # noqa: F401  registers the `odc` accessor
from fastapi import APIRouter, HTTPException, Query, Request
from numpy.typing import NDArray
from pyproj import Transformer

from sitewatch.errors import ReviewError
from sitewatch.record import get_structure
from sitewatch.report._series import footprint_series
from sitewatch.web._desk import desk_of
from sitewatch.web._stacks import TrackStack, iso, open_track, stack_names

router = APIRouter(tags=["time series"])


@router.get("/api/sites/{site}/structures/{name}/series")
def structure_series(request: Request, site: str, name: str) -> dict[str, Any]:
    """Mean backscatter inside a structure's outline and in a ring around it, dB, for every image of every track."""
    desk = desk_of(request, site)
    with desk.record() as record:
        try:
            found = get_structure(record, desk.uid, name)
        except ReviewError as error:
            raise HTTPException(404, error.message) from error
    series: list[dict[str, Any]] = []
    for track in (open_track(desk, each) for each in stack_names(desk.workspace)):
        key = ("series", track.name, track.version, found.structure.footprint.wkb)

        def read(track: TrackStack = track) -> tuple[list[dict[str, Any]], int]:
            curves = [
                {
                    "track": track.name,
                    "label": track.label,
                    "polarisation": one.polarisation,
                    "times": [iso(time) for time in one.times],
                    "footprint_db": _plain(one.footprint_db),
                    "surroundings_db": _plain(one.surroundings_db),
                }
                for one in footprint_series(track.cube, found.structure.footprint)
            ]
            return curves, 200 * len(track.times)

        series += desk.answers.get(key, read)
    return {"structure": found.id, "series": series}


@router.get("/api/sites/{site}/series")
def pixel_series(
    request: Request,
    site: str,
    lon: Annotated[float, Query(ge=-180, le=180, description="degrees east")],
    lat: Annotated[float, Query(ge=-90, le=90, description="degrees north")],
) -> dict[str, Any]:
    """Backscatter of the pixel at a place, dB, for every image of every track that shows it."""
    desk = desk_of(request, site)
    series = []
    for name in stack_names(desk.workspace):
        track = open_track(desk, name)
        at = _pixel(track, lon, lat)
        if at is None:
            continue
        for band in track.polarisations:
            values = track.cube[band].isel(y=at[0], x=at[1]).to_numpy()
            with np.errstate(divide="ignore", invalid="ignore"):
                levels = 10 * np.log10(np.maximum(values, 1e-6))
            series.append(
                {
                    "track": name,
                    "label": track.label,
                    "polarisation": band,
                    "times": [iso(time) for time in track.times],
                    "db": _plain(levels),
                }
            )
    return {"lon": lon, "lat": lat, "series": series}


def _pixel(track: TrackStack, lon: float, lat: float) -> tuple[int, int] | None:
    """Row and column of the pixel at a place; None outside."""
    box = track.cube.odc.geobox
    x, y = Transformer.from_crs("EPSG:4326", str(box.crs), always_xy=True).transform(lon, lat)
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    column, row = ~box.affine * (x, y)
    rows, columns = box.shape
    inside = 0 <= row < rows and 0 <= column < columns
    return (int(row), int(column)) if inside else None


def _plain(values: NDArray[np.floating]) -> list[float | None]:
    return [round(float(value), 2) if math.isfinite(value) else None for value in values]
