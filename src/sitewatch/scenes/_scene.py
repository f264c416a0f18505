"""A scene: one acquired image of one sensor, as metadata plus where its pixels lie."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal, get_args

import shapely
from odc.geo.geobox import GeoBox

from sitewatch.scenes._reader import Reader

Scale = Literal["linear", "dB", "amplitude", "reflectance"]
Reflectance = Literal["surface reflectance", "TOA reflectance", "reflectance"]
Quantity = Literal["gamma0", "sigma0", "beta0", "unknown"] | Reflectance

REFLECTANCES: tuple[Reflectance, ...] = get_args(Reflectance)
"""At the surface, at the top of the atmosphere, and where nothing tells which."""

_NAMES = {"unknown": "unknown sensor", "iceye": "ICEYE", "hls": "HLS", "planetscope": "PlanetScope"}


@dataclasses.dataclass(frozen=True, order=True)
class Track:
    """One viewing geometry; backscatter levels are compared within a track only.

    Attributes
    ----------
    constellation
        Platform family as STAC writes it, e.g. ``sentinel-1``; ``unknown`` where nothing tells.
    mode
        Instrument mode, e.g. ``IW``; empty where nothing tells.
    relative_orbit
        Relative orbit number; 0 where unknown.
    orbit_state
        ``ascending``, ``descending`` or empty.
    look_direction
        ``right``, ``left`` or empty.
    incidence_deg
        Incidence angle of satellites that are pointed, to a degree; 0 where the rest tells it (an orbit that repeats)
        or it is unknown. Images that were taken nearly alike get that of the first of them (`_geometries.py`).
    azimuth_deg
        Direction in which such a satellite looked, clockwise from north, to 5 degrees; -1 as above. Orbits of other
        inclination see the same walls from another side.
    """

    constellation: str = "unknown"
    mode: str = ""
    relative_orbit: int = 0
    orbit_state: str = ""
    look_direction: str = ""
    incidence_deg: int = 0
    azimuth_deg: int = -1

    @classmethod
    def tasked(
        cls,
        constellation: str,
        mode: str,
        orbit_state: str,
        look_direction: str,
        incidence_angle_deg: float | None,
        view_azimuth_deg: float | None,
    ) -> Track:
        """Viewing geometry of a satellite that is pointed and repeats no orbit: images alike in all this compare."""
        incidence = 0 if incidence_angle_deg is None else round(incidence_angle_deg)
        azimuth = -1 if view_azimuth_deg is None else 5 * round(view_azimuth_deg / 5) % 360
        return cls(constellation, mode, 0, orbit_state, look_direction, incidence, azimuth)

    @property
    def is_pointed(self) -> bool:
        """Whether it is the geometry of a satellite that is pointed, told by angles in place of an orbit's number."""
        return self.incidence_deg > 0 or self.azimuth_deg >= 0

    @property
    def key(self) -> str:
        """Short name that serves in file names, e.g. ``sentinel-1-iw-137-descending``.

        Of pointed satellites e.g. ``iceye-slh-ascending-right-inc32-az80``.
        """
        parts = [self.constellation, self.mode.lower(), str(self.relative_orbit or ""), self.orbit_state]
        if self.is_pointed:
            parts += [self.look_direction]
            parts += [f"inc{self.incidence_deg}"] if self.incidence_deg else []
            parts += [f"az{self.azimuth_deg}"] if self.azimuth_deg >= 0 else []
        return "-".join(p for p in parts if p)

    @property
    def label(self) -> str:
        """Name for readers, e.g. ``Sentinel-1 IW, track 137, descending``."""
        name = _NAMES.get(self.constellation, self.constellation.title())
        parts = [f"{name} {self.mode}".strip()]
        parts += [f"track {self.relative_orbit}"] if self.relative_orbit else []
        parts += [self.orbit_state] if self.orbit_state else []
        if self.is_pointed:
            parts += [f"looking {self.look_direction}"] if self.look_direction else []
            parts += [f"incidence {self.incidence_deg}°"] if self.incidence_deg else []
            parts += [f"azimuth {self.azimuth_deg}°"] if self.azimuth_deg >= 0 else []
        return ", ".join(parts)


@dataclasses.dataclass(frozen=True)
class Band:
    """Where one polarisation's pixels lie and how a stored number becomes linear power.

    value = stored * scale + offset, read as `unit` (``linear`` power, ``dB`` or ``amplitude``). Of an optical image it
    is one colour's (``red``, ``nir``, ...), which stands in `polarisation`, and the value is ``reflectance``.
    """

    polarisation: str
    href: str
    index: int = 1
    scale: float = 1.0
    offset: float = 0.0
    unit: Scale = "linear"
    nodata: float | None = None


@dataclasses.dataclass(frozen=True)
class Mask:
    """A layer on an image's own grid that tells which of its pixels can't be used: those with any of some bits set."""

    href: str
    bits: int


@dataclasses.dataclass(frozen=True)
class Scene:
    """One acquired image of one sensor.

    Attributes
    ----------
    id
        Product id, unique within a site.
    datetime
        Acquisition time, UTC.
    track
        Viewing geometry.
    bands
        One entry a polarisation.
    geobox
        Pixel grid (shape, transform, CRS): the image's own, or, of an image in radar geometry, the map grid it is laid
        on when it is read.
    footprint
        Outline of the image in EPSG:4326 (longitude, latitude).
    quantity
        What the pixels measure.
    platform
        e.g. ``sentinel-1a``; empty where unknown.
    enl
        Equivalent number of looks stated by the metadata; None where it must be estimated.
    incidence_angle_deg
        At scene centre; None where unknown.
    time_known
        False where only the date is known; `datetime` is then midday UTC.
    family
        Product family that read it, e.g. ``OPERA RTC-S1``.
    subunit
        Burst or frame id, e.g. ``T137-292319-IW2``; empty where there is none.
    processed
        Production time as far as the name or metadata tells it; decides between duplicates.
    credit
        The credit line the provider's licence asks for.
    notes
        Guesses made on the user's behalf and processing worth knowing (e.g. speckle filtered, 8-bit).
    product_type
        Producer's name of the product level, e.g. ``GRD``, ``SLC`` or ``GEC``; empty where there is none.
    nesz_db
        Noise floor in dB: noise-equivalent backscatter at scene centre, or where the antenna pattern peaks; None where
        not told.
    view_azimuth_deg
        Direction in which the radar looked, clockwise from north; None where unknown.
    reader
        What reads the pixels of products that bring their own geometry or format; None for plain rasters on a map grid.
    mask
        The product's own layer of layover and radar shadow, whose pixels are left out; None where it has none.
    mask_files
        Files beside the bands that tell which pixels count, such as cloud masks.
    """

    id: str
    datetime: dt.datetime
    track: Track
    bands: tuple[Band, ...]
    geobox: GeoBox
    footprint: shapely.Polygon
    quantity: Quantity = "unknown"
    platform: str = ""
    enl: float | None = None
    incidence_angle_deg: float | None = None
    time_known: bool = True
    family: str = "GeoTIFF"
    subunit: str = ""
    processed: dt.datetime | None = None
    credit: str = ""
    notes: tuple[str, ...] = ()
    product_type: str = ""
    nesz_db: float | None = None
    view_azimuth_deg: float | None = None
    reader: Reader | None = None
    mask: Mask | None = None
    mask_files: tuple[str, ...] = ()

    @property
    def polarisations(self) -> tuple[str, ...]:
        """Polarisations in the order of the bands."""
        return tuple(band.polarisation for band in self.bands)

    @property
    def is_optical(self) -> bool:
        """Whether it holds reflectance, not backscatter."""
        return self.quantity in REFLECTANCES

    @property
    def fits_any_grid(self) -> bool:
        """Whether the image is laid straight on whatever map grid is asked for, as those in radar geometry are."""
        return self.reader is not None and self.reader.grids == "any"


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A file or scene that was not used, and why."""

    source: str
    reason: str
    hint: str = ""
    datetime: dt.datetime | None = None
    track: Track | None = None


@dataclasses.dataclass(frozen=True)
class Scenes:
    """What was found: the usable scenes, and what was set aside.

    Attributes
    ----------
    scenes
        By acquisition time.
    left_out
        Every file or item that was named or looked like an image and can't be used, with the reason.
    """

    scenes: tuple[Scene, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The viewing geometries that occur, sorted."""
        return tuple(sorted({scene.track for scene in self.scenes}))
