"""A scene written as a STAC item, which `from_stac` reads back as the same scene."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Any

import pyproj
import pystac
import shapely.geometry
from odc.geo.geobox import GeoBox
from pystac.extensions.projection import ProjectionExtension
from pystac.extensions.raster import RasterExtension
from pystac.extensions.sar import SarExtension
from pystac.extensions.sat import SatExtension
from pystac.extensions.view import ViewExtension

from sitewatch.scenes._scene import Band, Scene
from sitewatch.scenes._stac_layers import OWN

# Carrier frequency band and centre frequency in GHz of the constellations we know.
_RADARS = {"sentinel-1": ("C", 5.405), "iceye": ("X", 9.65), "capella": ("X", 9.65), "umbra": ("X", 9.8)}
_PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
_MEDIA_TYPES = {
    ".h5": pystac.MediaType.HDF5,
    ".hdf5": pystac.MediaType.HDF5,
    ".nitf": "application/vnd.nitf",
    ".ntf": "application/vnd.nitf",
}
# Families whose files may be of any level, which then is not told.
_OF_ANY_LEVEL = ("GeoTIFF", "STAC")
_UNITS = {"linear": "linear power", "dB": "dB", "amplitude": "amplitude", "reflectance": "reflectance"}


def to_stac(scene: Scene) -> pystac.Item:
    """Describe a scene as a STAC item (sar, sat, view, projection, raster and processing extensions).

    What has no common field (quantity, credit, whether the time of day is known, ...) is written under
    ``sitewatch:``. The sar extension is declared only where its required fields are known. Of an image in radar
    geometry the projection fields describe the map grid that it is laid on.
    """
    item = pystac.Item(
        id=scene.id,
        geometry=shapely.geometry.mapping(scene.footprint),
        bbox=list(scene.footprint.bounds),
        datetime=scene.datetime,
        properties=_properties(scene),
    )
    for band in scene.bands:
        item.add_asset(band.polarisation.lower(), _asset(band))
    if scene.mask is not None:
        fields = {f"{OWN}bits": scene.mask.bits}
        item.add_asset(
            "mask",
            pystac.Asset(scene.mask.href, media_type=pystac.MediaType.GEOTIFF, roles=["mask"], extra_fields=fields),
        )
    item.stac_extensions = [
        ProjectionExtension.get_schema_uri(),
        RasterExtension.get_schema_uri(),
        *([SatExtension.get_schema_uri()] if "sat:orbit_state" in item.properties else []),
        *([SarExtension.get_schema_uri()] if "sar:frequency_band" in item.properties else []),
        *([ViewExtension.get_schema_uri()] if {"view:incidence_angle", "view:azimuth"} & set(item.properties) else []),
        *([_PROCESSING] if {"processing:level", "processing:lineage"} & set(item.properties) else []),
    ]
    return item


def projection_fields(geobox: GeoBox) -> dict[str, Any]:
    """A grid in the fields of the projection extension; WKT where its CRS has no code."""
    crs = pyproj.CRS.from_user_input(str(geobox.crs))
    epsg = crs.to_epsg()
    told = {"proj:code": f"EPSG:{epsg}"} if epsg else {"proj:wkt2": crs.to_wkt()}
    return {"proj:shape": list(geobox.shape), "proj:transform": list(geobox.affine)[:6], **told}


def _properties(scene: Scene) -> dict[str, Any]:
    track, radar = scene.track, _RADARS.get(scene.track.constellation)
    told: dict[str, Any] = {
        "constellation": track.constellation,
        "platform": scene.platform,
        **_radar(scene),
        "sat:relative_orbit": track.relative_orbit or None,
        "sat:orbit_state": track.orbit_state,
        "view:incidence_angle": scene.incidence_angle_deg,
        "view:azimuth": scene.view_azimuth_deg,
        **projection_fields(scene.geobox),
        f"{OWN}quantity": scene.quantity,
        f"{OWN}time_known": scene.time_known,
        f"{OWN}family": scene.family,
        f"{OWN}subunit": scene.subunit,
        f"{OWN}processed": scene.processed.isoformat() if scene.processed else None,
        **_reading(scene),
    }
    if radar and track.mode:
        kind = scene.product_type or "RTC"
        told |= {"sar:product_type": kind, "sar:frequency_band": radar[0], "sar:center_frequency": radar[1]}
    if scene.product_type or scene.family not in _OF_ANY_LEVEL:
        # Level of the products in radar geometry and of those on a map, in the processing extension's words.
        told |= {"processing:level": _level(scene)}
    told |= {
        "processing:lineage": "; ".join(scene.notes),
        f"{OWN}product_type": scene.product_type,
        f"{OWN}nesz_db": scene.nesz_db,
        f"{OWN}track": track.key if track.is_pointed or scene.product_type else None,
        f"{OWN}track_angles": [track.incidence_deg, track.azimuth_deg] if track.is_pointed else None,
        f"{OWN}terrain": scene.reader.terrain.label if scene.reader and scene.reader.terrain else None,
    }
    kept = {key: value for key, value in told.items() if value not in (None, "")}
    return {**kept, f"{OWN}credit": scene.credit, f"{OWN}notes": list(scene.notes)}


def _radar(scene: Scene) -> dict[str, Any]:
    """Fields of the sar extension; none of an optical image."""
    if scene.is_optical:
        return {}
    return {
        "sar:instrument_mode": scene.track.mode,
        "sar:polarizations": list(scene.polarisations),
        "sar:observation_direction": scene.track.look_direction,
        "sar:looks_equivalent_number": scene.enl,
    }


def _reading(scene: Scene) -> dict[str, Any]:
    """What it takes to read a product again that needs more than a raster library: its place, and what was asked."""
    if scene.reader is None:
        return {}
    return {f"{OWN}source": scene.reader.source, f"{OWN}hints": dict(scene.reader.hints)}


def _level(scene: Scene) -> str:
    at_level_1 = scene.quantity == "TOA reflectance" if scene.is_optical else scene.fits_any_grid
    return "L1" if at_level_1 else "L2"


def _asset(band: Band) -> pystac.Asset:
    numbers = {"scale": band.scale, "offset": band.offset, "unit": _UNITS[band.unit]}
    if band.nodata is not None:
        # JSON has no NaN; the raster extension spells it.
        numbers["nodata"] = band.nodata if math.isfinite(band.nodata) else str(band.nodata)
    told = (
        {"eo:bands": [{"common_name": band.polarisation}]}
        if band.unit == "reflectance"
        else {"sar:polarizations": [band.polarisation]}
    )
    fields: dict[str, Any] = {**told, "raster:bands": [numbers]}
    if band.index != 1:
        fields[f"{OWN}band"] = band.index
    kind = _MEDIA_TYPES.get(PurePosixPath(band.href).suffix.lower(), pystac.MediaType.GEOTIFF)
    return pystac.Asset(band.href, media_type=kind, roles=["data"], extra_fields=fields)
