"""Terrain: how high the ground lies above the WGS84 ellipsoid, which is what radar geometry asks for.

Maps and most elevation models give heights above a geoid (mean sea level), which lies up to 107 m off the ellipsoid. An
error h in height moves a target by about h / tan(incidence angle) on the ground, so a datum is never assumed.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path

import numpy as np
import pyproj
import rasterio.warp
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling

from sitewatch.errors import SceneError
from sitewatch.geodesy import lonlat_at
from sitewatch.scenes._lattice import Lattice
from sitewatch.scenes._raster import open_raster, scene_error, without_warnings

# Vertical CRS of the geoids that elevation models are given above, as EPSG knows them.
_GEOIDS = {"egm2008": "EPSG:3855", "egm96": "EPSG:5773", "egm84": "EPSG:5798"}
_GEOID_NAMES = {"EPSG:3855": "egm2008", "EPSG:5773": "egm96", "EPSG:5798": "egm84"}
_ELLIPSOID = "ellipsoid"
_DATUM_HINT = (
    "Say it with --dem-datum: ellipsoid, egm2008 (Copernicus DEM), egm96 (SRTM), or the height in metres of the geoid "
    "above the ellipsoid at the site, e.g. --dem-datum 23.4."
)
# No terrain on Earth lies outside.
_LOWEST_M, _HIGHEST_M = -500.0, 9000.0
# A geoid is so smooth that some points an image tell it to a centimetre.
_GEOID_POINTS = 33


@dataclasses.dataclass(frozen=True)
class Terrain:
    """Ground heights: one constant, or an elevation model's file, and what they are measured from.

    Attributes
    ----------
    source
        Path of a raster with heights in metres, or one height in metres.
    datum
        ``ellipsoid`` (WGS84), a geoid by name (``egm2008``, ``egm96``, ``egm84``), or the height of the geoid above
        the ellipsoid at the site, in metres, as a number.
    """

    source: str | float
    datum: str | float = _ELLIPSOID

    @classmethod
    def parse(cls, dem: str, datum: str | None = None, presumed: str | None = None) -> Terrain:
        """Read what the user said: a file or a height, and the datum, which a file may state itself.

        `presumed` is the datum where neither tells it.

        Raises
        ------
        SceneError
            The file does not exist, the datum is unknown, stated nowhere, or contradicts the one that the file states.
        """
        source: str | float = dem if (height := _number(dem)) is None else height
        if isinstance(source, float) and not _LOWEST_M <= source <= _HIGHEST_M:
            raise SceneError(f"a ground height of {source:g} m is not on Earth", hint="Give metres, or a file.")
        stated = _datum_of_file(source) if isinstance(source, str) else None
        asked = None if datum is None else _datum_named(datum)
        if stated and asked not in (None, stated) and not isinstance(asked, float):
            raise SceneError(
                f"{Path(dem).name} states heights above {stated}, and --dem-datum says {asked}",
                hint="Leave --dem-datum out, or give the model in the datum you mean.",
            )
        told = asked if asked is not None else stated or presumed
        if told is None:
            what = f"{source:g} m" if isinstance(source, float) else f"the heights in {Path(source).name}"
            raise SceneError(f"nothing says what {what} are measured from", hint=_DATUM_HINT)
        return cls(source, told)

    @property
    def label(self) -> str:
        """Words for notes and reports."""
        where = f"{self.source:g} m" if isinstance(self.source, float) else Path(self.source).name
        if isinstance(self.datum, float):
            return f"{where} above a geoid {self.datum:g} m over the ellipsoid"
        return f"{where} above the {'WGS84 ellipsoid' if self.datum == _ELLIPSOID else self.datum.upper() + ' geoid'}"

    def as_hints(self) -> dict[str, str]:
        """What the user says to name this ground."""
        return {"dem": str(self.source), "dem_datum": str(self.datum)}

    def heights(self, geobox: GeoBox) -> np.ndarray:
        """Heights of the ground above the WGS84 ellipsoid at a grid's pixel centres.

        Returns
        -------
        ndarray
            (rows, columns), float32 metres; NaN where the elevation model holds nothing.

        Raises
        ------
        SceneError
            The elevation model can't be read, does not reach the grid, or its geoid's heights are not at hand.
        """
        ground = _constant(self.source, geobox) if isinstance(self.source, float) else _from_file(self.source, geobox)
        if self.datum == _ELLIPSOID:
            return ground
        return ground + geoid_heights(self.datum, geobox)


def geoid_heights(datum: str | float, geobox: GeoBox) -> np.ndarray:
    """Heights of a geoid above the WGS84 ellipsoid (undulations) at a grid's pixel centres, float32 metres."""
    rows, cols = geobox.shape
    if isinstance(datum, float):
        return np.full((rows, cols), datum, np.float32)
    at_row, at_col = (np.linspace(0.5, n - 0.5, min(n, _GEOID_POINTS)) for n in (rows, cols))
    grid_col, grid_row = np.meshgrid(at_col, at_row)
    lon, lat = lonlat_at(geobox, grid_row, grid_col)
    coarse = np.asarray(_geoid_transformer(datum).transform(lon, lat, np.zeros_like(lon))[2])
    if not np.isfinite(coarse).all():
        raise _no_geoid(datum)
    all_rows, all_cols = np.arange(rows) + 0.5, np.arange(cols) + 0.5
    return Lattice.of(at_row, at_col, coarse).at(all_rows, all_cols).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _geoid_transformer(datum: str) -> pyproj.Transformer:
    """From heights above a geoid to heights above the ellipsoid, by the geoid's grid alone.

    PROJ falls back to no shift at all where it lacks the grid; that must never pass for one.
    """
    with without_warnings(UserWarning):
        group = pyproj.transformer.TransformerGroup(f"EPSG:4326+{_GEOIDS[datum][5:]}", "EPSG:4979", always_xy=True)
    for transformer in group.transformers:
        if "vgridshift" in transformer.definition:
            return transformer
    raise _no_geoid(datum)


def _no_geoid(datum: str) -> SceneError:
    return SceneError(
        f"the heights of the {datum.upper()} geoid above the ellipsoid are not on this machine",
        hint="Fetch its grid once with `pyproj sync --file us_nga`, give the model above the ellipsoid, or state the "
        "geoid's height at the site in metres with --dem-datum.",
    )


def _constant(height: float, geobox: GeoBox) -> np.ndarray:
    return np.full(tuple(geobox.shape), height, np.float32)


def _from_file(href: str, geobox: GeoBox) -> np.ndarray:
    """Heights as the file holds them, bilinear between its posts."""
    heights = np.full(tuple(geobox.shape), np.nan, np.float32)
    with open_raster(href) as source:
        if source.crs is None:
            raise scene_error(href, "the elevation model is not georeferenced")
        rasterio.warp.reproject(
            rasterio.band(source, 1),
            heights,
            src_crs=_horizontal(source.crs),
            dst_crs=str(geobox.crs),
            dst_transform=geobox.affine,
            src_nodata=source.nodata,
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
        )
    if not np.isfinite(heights).any():
        raise scene_error(href, "the elevation model holds no height where the image lies")
    return heights


def _horizontal(crs: rasterio.CRS) -> str:
    """A CRS without its heights: converting these is done here, visibly, and nowhere else."""
    full = pyproj.CRS.from_wkt(crs.to_wkt())
    return str((full.sub_crs_list[0] if full.is_compound else full.to_2d()).to_wkt())


def _datum_of_file(href: str) -> str | None:
    """What a file's heights are measured from, where it states that in its CRS."""
    with open_raster(href) as source:
        if source.crs is None:
            raise scene_error(href, "the elevation model is not georeferenced")
        crs = pyproj.CRS.from_wkt(source.crs.to_wkt())
    if crs.is_compound:
        vertical = crs.sub_crs_list[-1]
        name = _GEOID_NAMES.get(f"EPSG:{vertical.to_epsg()}")
        if name is None:
            raise scene_error(
                href,
                f"its heights are above {vertical.name}, which is not known here",
                "Give them above the ellipsoid.",
            )
        return name
    return _ELLIPSOID if len(crs.axis_info) == 3 else None


def _datum_named(text: str) -> str | float:
    if (undulation := _number(text)) is not None:
        if abs(undulation) > 110:
            raise SceneError(f"no geoid lies {undulation:g} m off the ellipsoid (at most 107 m)", hint=_DATUM_HINT)
        return undulation
    name = text.strip().lower().replace("-", "").replace("_", "")
    if name in _GEOIDS or name == _ELLIPSOID:
        return name
    raise SceneError(f"there is no height datum {text!r}", hint=_DATUM_HINT)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
