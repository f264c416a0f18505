"""Capella: GEO and GEC on a map grid, SLC in the slant plane; the extended metadata are in the TIFF and beside it.

Calibration after Capella's SAR products format specification: (scale_factor |DN|)² is the backscatter that `radiometry`
names.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._family import OneFile
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._orbit import Orbit
from sitewatch.scenes._radar_file import RadarFile, json_beside, json_of, read_radar_file
from sitewatch.scenes._radar_image import map_grid, tidy_spacing
from sitewatch.scenes._raster import footprint_of, read_info, scene_error
from sitewatch.scenes._rpc import Rpc, fit_rpc
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes._tasked import (
    UNCORRECTED,
    as_gamma0,
    even_gain,
    gamma0_factor,
    geometry_notes,
    middle,
    radar_reader,
    radiometry_note,
    without_terrain,
)
from sitewatch.scenes._told import Told, polarisation_of, utc

_NAME = re.compile(r"CAPELLA_C\d+_[A-Z]+_(?P<kind>[A-Z]+)_[HV]{2}_.+", re.IGNORECASE)
_MEASURED: dict[str, Quantity] = {
    "sigma_nought": "sigma0",
    "beta_nought": "beta0",
    "gamma_nought": "gamma0",
}
# Room around a scene for the ground heights that its polynomials hold for.
_BOX_DEG = 0.02
_HEIGHTS_M = (-1000.0, 3000.0)


class Capella(OneFile):
    """The Capella family: GEO, GEC and SLC."""

    name = "Capella"

    def matches(self, href: str) -> bool:
        """Whether the name follows Capella's convention and the file is a GeoTIFF or a picture."""
        path = PurePosixPath(href)
        return path.suffix.lower() in (".tif", ".tiff", ".png") and _NAME.fullmatch(path.stem) is not None

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image.

        Raises
        ------
        SceneError
            It is a picture, its metadata or calibration are missing, or the file can't be used.
        """
        href = hrefs[0]
        path = PurePosixPath(href)
        found = _NAME.fullmatch(path.stem)
        kind = "" if found is None else found["kind"].upper()
        if "preview" in path.stem.lower() or "thumb" in path.stem.lower() or path.suffix.lower() == ".png":
            raise scene_error(href, "it is a preview: a picture, without calibration", "Use the GEO or the SLC.")
        if kind not in ("GEO", "GEC", "SLC"):
            raise scene_error(href, f"it is a Capella {kind or 'picture'}", "Use the GEO, the GEC or the SLC.")
        file = read_radar_file(href)
        told = _metadata(file)
        return _slc(file, told, hints) if kind == "SLC" else _geocoded(file, told, kind, hints)


def _metadata(file: RadarFile) -> Told:
    href, stem = file.href, PurePosixPath(file.href).stem
    text = file.tags.get("TIFFTAG_IMAGEDESCRIPTION", "")
    content = json_of(text, href, "ImageDescription") if text.lstrip().startswith("{") else None
    content = content or json_beside(href, f"{stem}_extended.json")
    if content is None or "collect" not in content:
        raise scene_error(
            href,
            f"its metadata are missing: not in the TIFF's ImageDescription, and {stem}_extended.json is not beside it",
            "Put the file that comes with the image beside it.",
        )
    return Told(content, href)


def _geocoded(file: RadarFile, told: Told, kind: str, hints: Hints) -> Scene:
    info = read_info(file.href)
    measured, notes = _calibration(told, hints)
    incidence = _incidence(told)
    factor = float(gamma0_factor(measured, np.array([incidence]))[0])
    scale = told.number("collect.image.scale_factor") * math.sqrt(factor)
    if kind == "GEC":
        notes = [*notes, without_terrain(incidence)]
    nodata = 0.0 if file.bands[0].nodata is None else file.bands[0].nodata
    band = Band(_polarisation(told), file.href, scale=scale, unit="amplitude", nodata=nodata)
    return Scene(
        **_common(told, kind, incidence),  # type: ignore[arg-type]
        bands=(band,),
        geobox=info.geobox,
        footprint=footprint_of(info.geobox),
        quantity=as_gamma0(measured),
        # The looks a map product was made with, which is what its pixels show.
        enl=told.maybe_number("collect.image.enl"),
        notes=(UNCORRECTED, *notes),
    )


def _slc(file: RadarFile, told: Told, hints: Hints) -> Scene:
    measured, notes = _calibration(told, hints)
    incidence = _incidence(told)
    model = file.rpc or _fitted(told, file.href)
    gain = even_gain(measured, incidence)
    quantity = as_gamma0(measured)
    reader, footprint = radar_reader(file.href, file.shape, model, None, hints, gain, "complex raster", quantity)
    slant = told.number("collect.image.pixel_spacing_column") / math.sin(math.radians(incidence))
    band = Band(_polarisation(told), file.href, scale=told.number("collect.image.scale_factor"), unit="amplitude")
    return Scene(
        **_common(told, "SLC", incidence),  # type: ignore[arg-type]
        bands=(band,),
        geobox=map_grid(footprint, tidy_spacing(slant, told.number("collect.image.pixel_spacing_row"))),
        footprint=footprint,
        quantity=quantity,
        notes=(radiometry_note(reader.image), *notes, *geometry_notes(reader.image, incidence)),
        reader=reader,
    )


def _common(told: Told, kind: str, incidence: float) -> dict[str, object]:
    acquired = middle(told.time("collect.start_timestamp"), told.maybe_time("collect.stop_timestamp"))
    orbit, time = _orbit(told, acquired), acquired.timestamp()
    look = told.text("collect.radar.pointing", default="").lower()
    ascending = "" if orbit is None else "ascending" if orbit.ascending(time) else "descending"
    azimuth = None if orbit is None else orbit.look_azimuth(time, *_centre(told)[:2])
    mode = told.text("collect.mode").upper()
    return {
        "id": PurePosixPath(told.href).stem,
        "datetime": acquired,
        "track": Track.tasked("capella", mode, ascending, look, incidence, azimuth),
        "platform": told.text("collect.platform", default="").lower(),
        "incidence_angle_deg": incidence,
        "family": Capella.name,
        "processed": told.maybe_time("processing_time"),
        "credit": credit_line("capella", acquired),
        "product_type": kind,
        "nesz_db": told.maybe_number("collect.image.nesz_peak"),
        "view_azimuth_deg": None if azimuth is None else round(azimuth, 2),
    }


def _calibration(told: Told, hints: Hints) -> tuple[Quantity, list[str]]:
    stated = told.text("collect.image.radiometry", default="").lower()
    measured = hints.quantity or _MEASURED.get(stated)
    if measured is None:
        raise scene_error(
            told.href,
            f"its radiometry {stated!r} is not one of {', '.join(_MEASURED)}",
            "If you know what its pixels measure, say it with --quantity.",
        )
    level = told.text("collect.image.calibration", default="full").lower()
    return measured, [] if level == "full" else [f"its calibration is {level!r}: levels may be off"]


def _incidence(told: Told) -> float:
    angle = told.number("collect.image.center_pixel.incidence_angle")
    if not 0 < angle < 90:
        raise scene_error(told.href, f"its incidence angle ({angle:g} degrees) is not possible")
    return angle


def _polarisation(told: Told) -> str:
    sent, received = (told.text(f"collect.radar.{way}_polarization") for way in ("transmit", "receive"))
    return polarisation_of(sent + received, told.href)


def _orbit(told: Told, acquired: dt.datetime) -> Orbit | None:
    states = told.first("collect.state.state_vectors") or []
    if len(states) < 4:
        return None
    times = np.array([utc(str(state["time"]), told.href).timestamp() for state in states])
    return Orbit.fit(times, np.array([state["position"] for state in states], float))


def _centre(told: Told) -> tuple[float, float, float]:
    import pyproj

    x, y, z = told.required("collect.image.center_pixel.target_position")
    lon, lat, height = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True).transform(x, y, z)
    return float(lon), float(lat), float(height)


def _fitted(told: Told, href: str) -> Rpc:
    """Rational polynomials for an image in the slant plane, from its orbit, first range and first line's time."""
    geometry = "collect.image.image_geometry"
    kind = told.text(f"{geometry}.type")
    centroid = np.array(told.first(f"{geometry}.doppler_centroid_polynomial.coefficients") or [0.0], float)
    if kind != "slant_plane" or np.any(centroid != 0):
        raise scene_error(
            href,
            f"its geometry ({kind}{'' if kind != 'slant_plane' else ', not zero-Doppler'}) can't be placed here",
            "Use the GEO, the GEC or the SICD of the same acquisition.",
        )
    acquired = told.time("collect.start_timestamp")
    orbit = _orbit(told, acquired)
    if orbit is None:
        raise scene_error(href, "nothing tells where it lies: it has neither rational polynomials nor an orbit")
    first_line = told.time(f"{geometry}.first_line_time").timestamp()
    line_s, near = told.number(f"{geometry}.delta_line_time"), told.number(f"{geometry}.range_to_first_sample")
    sample_m = told.number(f"{geometry}.delta_range_sample")

    def locate(lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slant_range, time = orbit.range_time(lon, lat, height)
        return (time - first_line) / line_s, (slant_range - near) / sample_m

    lon, lat, height = _centre(told)
    low, high = _HEIGHTS_M
    wide = _BOX_DEG / math.cos(math.radians(lat))
    rpc, worst = fit_rpc(
        locate, (lon - wide, lon + wide), (lat - _BOX_DEG, lat + _BOX_DEG), (height + low, height + high)
    )
    if worst > 0.1:
        raise scene_error(href, f"its orbit does not place it well ({worst:.1f} pixels)")
    return rpc
