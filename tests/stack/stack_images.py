"""Scenes for the tests of stacks: a small grid, its outline, and scenes of no file."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from sitewatch.scenes._scene import Band, Scene, Track

GRID = GeoBox((60, 80), Affine(10, 0, 300000, 0, -10, 3800000), "EPSG:32611")
START = dt.datetime(2023, 1, 3, 6, 0, 0, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Place:
    """A site as far as stacks need it."""

    id: str
    area: shapely.Polygon


def footprint(geobox: GeoBox) -> shapely.Polygon:
    """Outline of a grid in EPSG:4326."""
    to_lonlat = Transformer.from_crs(str(geobox.crs), "EPSG:4326", always_xy=True)
    left, bottom, right, top = geobox.boundingbox.bbox
    return shapely.Polygon(
        [to_lonlat.transform(x, y) for x, y in ((left, bottom), (right, bottom), (right, top), (left, top))]
    )


def planned(
    name: str = "a", day: float = 0, geobox: GeoBox = GRID, pols: tuple[str, ...] = ("VV",), **facts: Any
) -> Scene:
    """A scene of no file, for planning."""
    facts = {
        "track": Track("sentinel-1", "IW", 7, "ascending"),
        "platform": "sentinel-1a",
        "quantity": "gamma0",
        **facts,
    }
    bands = tuple(Band(p, f"nowhere/{name}_{p}.tif", nodata=float("nan")) for p in pols)
    facts.setdefault("datetime", START + dt.timedelta(days=day))
    facts.setdefault("footprint", footprint(geobox))
    return Scene(id=name, bands=bands, geobox=geobox, **facts)
