"""SICD: single-look complex images of any satellite in NITF, read and projected by sarpy (the extra `sicd`).

Source: SICD volumes 1 to 3 (NGA.STND.0024): radiometric scale factor polynomials give beta0, sigma0 or gamma0 of a
pixel's power; the projection model gives the pixel of a point, to which rational polynomials are fitted so that GDAL
can lay the image on a map.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import constellation_of
from sitewatch.scenes._family import OneFile
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._lattice import Lattice
from sitewatch.scenes._radar_image import map_grid, tidy_spacing
from sitewatch.scenes._raster import is_remote, scene_error
from sitewatch.scenes._rpc import Rpc, fit_rpc
from sitewatch.scenes._samples import open_sicd
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes._tasked import UNCORRECTED, as_gamma0, even_gain, gamma0_factor, geometry_notes, radar_reader
from sitewatch.scenes._told import polarisation_of, utc

_POLYNOMIALS: tuple[tuple[str, Quantity], ...] = (
    ("GammaZeroSFPoly", "gamma0"),
    ("SigmaZeroSFPoly", "sigma0"),
    ("BetaZeroSFPoly", "beta0"),
)
_NODES = 17
_HEIGHTS_M = (-1000.0, 3000.0)


class Sicd(OneFile):
    """The SICD family."""

    name = "SICD"

    def matches(self, href: str) -> bool:
        """Any NITF file."""
        return PurePosixPath(href).suffix.lower() in (".nitf", ".ntf")

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image.

        Raises
        ------
        SceneError
            sarpy is not installed, or the file is no SICD or can't be used.
        """
        href = hrefs[0]
        if "SIDD" in PurePosixPath(href).stem.upper():
            raise scene_error(href, "it is a SIDD: a picture derived for viewing", "Use the SICD.")
        if is_remote(href):
            raise scene_error(href, "SICD is read from files on disk only", "Fetch it first.")
        return _describe(href, open_sicd(href).sicd_meta, hints)


def _describe(href: str, meta: Any, hints: Hints) -> Scene:
    incidence = float(meta.SCPCOA.IncidenceAng)
    shape = int(meta.ImageData.NumRows), int(meta.ImageData.NumCols)
    height = float(meta.GeoData.SCP.LLH.HAE)
    measured, gain, notes = _calibration(meta, shape, incidence, hints)
    reader, footprint = radar_reader(href, shape, _model(href, meta), height, hints, gain, "SICD", as_gamma0(measured))
    slant = float(meta.Grid.Row.SS) / (math.sin(math.radians(incidence)) if meta.Grid.ImagePlane == "SLANT" else 1.0)
    start = utc(str(meta.Timeline.CollectStart), href)
    acquired = start + dt.timedelta(seconds=float(meta.Timeline.CollectDuration) / 2)
    platform = re.sub(r"[\s_]+", "-", str(meta.CollectionInfo.CollectorName).strip().lower())
    constellation = constellation_of(platform)
    mode = str(meta.CollectionInfo.RadarMode.ModeType or "").upper()
    polarisation = polarisation_of(str(meta.ImageFormation.TxRcvPolarizationProc).replace(":", ""), href)
    azimuth = (float(meta.SCPCOA.AzimAng) + 180) % 360
    moving_north = float(meta.SCPCOA.ARPVel.Z) > 0
    look = {"L": "left", "R": "right"}[str(meta.SCPCOA.SideOfTrack)]
    return Scene(
        id=PurePosixPath(href).stem,
        datetime=acquired,
        track=Track.tasked(
            constellation, mode, "ascending" if moving_north else "descending", look, incidence, azimuth
        ),
        bands=(Band(polarisation, href, unit="amplitude"),),
        geobox=map_grid(footprint, tidy_spacing(slant, float(meta.Grid.Col.SS))),
        footprint=footprint,
        quantity=as_gamma0(measured),
        platform=platform,
        incidence_angle_deg=incidence,
        family=Sicd.name,
        credit=credit_line(constellation, acquired),
        notes=(*([UNCORRECTED] if measured != "unknown" else []), *notes, *geometry_notes(reader.image, incidence)),
        product_type="SICD",
        nesz_db=_nesz(meta),
        view_azimuth_deg=round(azimuth, 2),
        reader=reader,
    )


def _calibration(
    meta: Any, shape: tuple[int, int], incidence: float, hints: Hints
) -> tuple[Quantity, Lattice, list[str]]:
    """What the scale factor polynomials lead to, and the factor from pixel power to gamma0."""
    for name, measured in _POLYNOMIALS:
        polynomial = getattr(meta.Radiometric, name, None) if meta.Radiometric is not None else None
        if polynomial is None:
            continue
        rows, cols = (np.linspace(0, n - 1, min(n, _NODES)) for n in shape)
        first = float(meta.ImageData.FirstRow), float(meta.ImageData.FirstCol)
        at_row = (rows + first[0] - meta.ImageData.SCPPixel.Row) * meta.Grid.Row.SS
        at_col = (cols + first[1] - meta.ImageData.SCPPixel.Col) * meta.Grid.Col.SS
        scale = np.polynomial.polynomial.polygrid2d(at_row, at_col, np.asarray(polynomial.Coefs, float))
        to_gamma0 = float(gamma0_factor(measured, np.array([incidence]))[0])
        return measured, Lattice.of(rows, cols, scale * to_gamma0), []
    measured = hints.quantity or "unknown"
    note = "it carries no radiometric scale factors: levels of different images need not compare (--quantity)"
    return measured, even_gain(measured, incidence), [note]


def _nesz(meta: Any) -> float | None:
    """Noise power at the scene's centre as sigma0, dB, where it is stated absolutely."""
    radiometric = meta.Radiometric
    level = getattr(radiometric, "NoiseLevel", None)
    if level is None or level.NoiseLevelType != "ABSOLUTE" or radiometric.SigmaZeroSFPoly is None:
        return None
    power_db = float(np.asarray(level.NoisePoly.Coefs)[0, 0])
    return round(power_db + 10 * math.log10(float(np.asarray(radiometric.SigmaZeroSFPoly.Coefs)[0, 0])), 2)


def _model(href: str, meta: Any) -> Rpc:
    """Rational polynomials fitted to SICD's projection over the image and the heights around its centre."""
    corners = np.array([[c.Lat, c.Lon] for c in meta.GeoData.ImageCorners])
    (south, west), (north, east) = corners.min(axis=0), corners.max(axis=0)
    room_lat, room_lon = 0.1 * (north - south) + 0.005, 0.1 * (east - west) + 0.005
    height = float(meta.GeoData.SCP.LLH.HAE)

    def locate(lon: np.ndarray, lat: np.ndarray, at_height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = np.stack([lat, lon, at_height], axis=-1)
        pixels, _, _ = meta.project_ground_to_image_geo(places, ordering="latlong")
        return pixels[..., 0], pixels[..., 1]

    try:
        rpc, worst = fit_rpc(
            locate,
            (west - room_lon, east + room_lon),
            (south - room_lat, north + room_lat),
            (height + _HEIGHTS_M[0], height + _HEIGHTS_M[1]),
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise scene_error(href, f"its projection model can't be used ({error})") from error
    if not worst < 0.2:
        raise scene_error(href, f"its projection model is not met by rational polynomials ({worst:.1f} pixels off)")
    return rpc
