"""OPERA CSLC-S1: NASA's geocoded single-look complex Sentinel-1 bursts (HDF5), read as power.

After the OPERA CSLC-S1 product specification (JPL D-108278): complex numbers in ``/data/<polarisation>`` on a map grid
of 5 x 10 m, tables of noise and calibration on a coarser one. The numbers are those of the burst they were made from
(DN): backscatter is (|DN|^2 - noise) / gamma^2. Nothing is flattened by the terrain.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from sitewatch.scenes._credit import opera_credit_line
from sitewatch.scenes._facts import platform_named, time_in_name
from sitewatch.scenes._family import NamedLayers
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._raster import footprint_of, scene_error
from sitewatch.scenes._samples import open_hdf5
from sitewatch.scenes._sampling import block_mean
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes._told import utc

_PREFIX = "OPERA_L2_CSLC-S1"
_NAME = re.compile(
    r"(?P<product>OPERA_L2_CSLC-S1_(?P<burst>T(?P<track>\d{3})-\d{6}-(?P<mode>[A-Z]{2})\d)_(?P<acquired>\d{8}T\d{6}Z)_"
    r"(?P<processed>\d{8}T\d{6}Z)_(?P<platform>S1[A-D]))_(?P<layer>VV|VH|HH|HV)_v\d+\.\d+"
)
# Two pixels side by side make one of 10 x 10 m.
_ACROSS = 2
_TABLES = {"gamma0": "gamma", "sigma0": "sigma_naught"}


@dataclasses.dataclass(frozen=True)
class CslcReader:
    """Reads windows of one product's grid.

    Attributes
    ----------
    source
        The file of the first polarisation.
    origin
        First pixel's outer corner and pixel sizes of the complex image: x, y, width, height (negative).
    quantity
        gamma0, sigma0 or beta0; unknown for |DN|^2 as it is, where the tables are missing.
    """

    source: str
    origin: tuple[float, float, float, float]
    quantity: Quantity

    @property
    def grids(self) -> Literal["own", "any"]:
        """Its own: the image is geocoded."""
        return "own"

    @property
    def terrain(self) -> None:
        """None: the image lies on the ground that NASA took."""
        return None

    @property
    def lacks_terrain(self) -> bool:
        """No: as above."""
        return False

    @property
    def hints(self) -> Mapping[str, str]:
        """The quantity."""
        return {"quantity": self.quantity}

    def read(self, bands: Sequence[Band], geobox: GeoBox) -> Mapping[str, NDArray[np.float32]]:
        """Linear power of a window of the scene's grid: float32 (rows, columns), NaN where there is no data."""
        x0, y0, width, height = self.origin
        col, row = round((geobox.affine.c - x0) / width), round((geobox.affine.f - y0) / height)
        window = np.s_[row : row + geobox.shape[0], col : col + _ACROSS * geobox.shape[1]]
        out = {}
        for band in bands:
            with open_hdf5(band.href) as file:
                stored = file[f"data/{band.polarisation}"][window]
                power = block_mean(np.asarray(stored.real**2 + stored.imag**2, np.float32), 1, _ACROSS)
                out[band.polarisation] = self._calibrated(file, band.href, power, geobox)
        return out

    def _calibrated(self, file: Any, href: str, power: NDArray[np.float32], geobox: GeoBox) -> NDArray[np.float32]:
        if self.quantity == "unknown":
            return power
        noise = _table(file, href, "metadata/noise_information", "thermal_noise_lut", geobox)
        if self.quantity == "beta0":
            amplitude: Any = float(file["metadata/calibration_information/beta_naught"][()])
        else:
            amplitude = _table(file, href, "metadata/calibration_information", _TABLES[self.quantity], geobox)
        return np.maximum((power - noise) / (amplitude * amplitude), 0).astype(np.float32)


class OperaCslcS1(NamedLayers):
    """The OPERA CSLC-S1 family."""

    name = "OPERA CSLC-S1"
    pattern = _NAME

    def matches(self, href: str) -> bool:
        """Whether the name follows the product specification, static layers included."""
        path = PurePosixPath(href)
        return path.suffix.lower() == ".h5" and path.name.startswith(_PREFIX)

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one burst of one pass; raises SceneError where the file is damaged or lacks a needed entry."""
        names = self.names_of(hrefs)
        first, *others = names
        found = names[first]
        quantity: Quantity = hints.quantity if hints.quantity not in (None, "unknown") else "gamma0"
        with open_hdf5(first) as file:
            geobox, origin = _grid(file, first, found["layer"])
            calibrated = _has_tables(file)
            track = Track(
                "sentinel-1",
                found["mode"],
                int(found["track"]),
                _text(file, "identification/orbit_pass_direction").lower(),
                _text(file, "identification/look_direction").lower(),
            )
            start = utc(_text(file, "identification/zero_doppler_start_time"), first)
        for href in others:
            with open_hdf5(href) as file:
                if _grid(file, href, names[href]["layer"])[0] != geobox:
                    raise scene_error(href, "its grid differs from that of the scene's other file")
        if not calibrated:
            quantity = "unknown"
        return Scene(
            id=found["product"],
            datetime=start,
            track=track,
            bands=tuple(Band(name["layer"], href) for href, name in names.items()),
            geobox=geobox,
            footprint=footprint_of(geobox),
            quantity=quantity,
            platform=platform_named(found["platform"]),
            family=self.name,
            subunit=found["burst"],
            processed=time_in_name(found["processed"]),
            credit=opera_credit_line(self.name, start),
            notes=_notes(quantity),
            product_type="CSLC",
            reader=CslcReader(first, origin, quantity),
        )


def _notes(quantity: Quantity) -> tuple[str, ...]:
    looks = "power of complex pixels, two averaged in x"
    if quantity == "unknown":
        return (looks, "not calibrated: the product holds no calibration and noise tables",
                "the scale of the linear power is unknown: levels in dB are relative")  # fmt: skip
    slopes = ("gamma0 of the ellipsoid: slopes are not flattened",) if quantity == "gamma0" else ()
    return (looks, *slopes)


def _grid(file: Any, href: str, polarisation: str) -> tuple[GeoBox, tuple[float, float, float, float]]:
    """Grid of pixels of 10 x 10 m, and where the complex pixels lie."""
    x, y = file["data/x_coordinates"], file["data/y_coordinates"]
    width, height = float(file["data/x_spacing"][()]), float(file["data/y_spacing"][()])
    rows, cols = file[f"data/{polarisation}"].shape
    if (rows, cols) != (y.shape[0], x.shape[0]):
        raise scene_error(href, f"it has {rows} x {cols} pixels and coordinates for {y.shape[0]} x {x.shape[0]}")
    left, top = float(x[0]) - width / 2, float(y[0]) - height / 2
    # Pairs begin at even multiples of the spacing, so that the grids of all dates share their pixels.
    skipped = round(left / width) % _ACROSS
    left += skipped * width
    crs = f"EPSG:{int(file['data/projection'][()])}"
    shape = (rows, (cols - skipped) // _ACROSS)
    geobox = GeoBox(shape, Affine(width * _ACROSS, 0, left, 0, height, top), crs)
    return geobox, (left - skipped * width, top, width, height)


def _has_tables(file: Any) -> bool:
    """Whether noise and calibration are there and filled."""
    names = ("metadata/noise_information/thermal_noise_lut", "metadata/calibration_information/gamma")
    return all(name in file for name in names) and bool(np.max(file[names[1]][()]) > 0)


def _table(file: Any, href: str, group: str, name: str, geobox: GeoBox) -> NDArray[np.float64]:
    """A table at a grid's pixel centres, bilinear."""
    # Few runs need it, and it takes a while to import.
    from scipy.interpolate import RegularGridInterpolator

    at = file[group]
    y, x, values = at["y_coordinates"][()], at["x_coordinates"][()], at[name][()].astype(np.float64)
    if x.size < 2 or y.size < 2 or x[0] == x[1] or y[0] == y[1]:
        raise scene_error(href, f"the coordinates of {group}/{name} are empty")
    down = np.argsort(y)
    table = RegularGridInterpolator((y[down], x), values[down], bounds_error=False, fill_value=None)
    rows, cols = geobox.shape
    a, _, c, _, e, f = geobox.affine[:6]
    yy, xx = np.meshgrid(f + e * (np.arange(rows) + 0.5), c + a * (np.arange(cols) + 0.5), indexing="ij")
    return np.asarray(table((yy, xx)))


def _text(file: Any, path: str) -> str:
    value = file[path][()]
    return value.decode() if isinstance(value, bytes) else str(value)
