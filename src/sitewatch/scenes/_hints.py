"""What the user knows about the images and the files don't say."""

from __future__ import annotations

import dataclasses
import re

from sitewatch.errors import SceneError
from sitewatch.scenes._dem import terrain_named
from sitewatch.scenes._scene import REFLECTANCES, Quantity, Scale, Track
from sitewatch.scenes._terrain import Terrain

POLARISATIONS = ("VV", "VH", "HH", "HV")

_CONSTELLATION = re.compile(
    r"(?<![a-z])(?:(?P<s1>sentinel[-_ ]?1[a-d]?|s1[a-d]?)|(?P<s2>sentinel[-_ ]?2[a-d]?|s2[a-d]?)"
    r"|landsat|hls|planetscope"
    r"|cosmo[-_ ]skymed|terrasar[-_ ]x|tandem[-_ ]x|alos[-_ ][124]|radarsat[-_ ][12]|iceye|capella|umbra|paz|nisar)"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_ORBIT_STATES = {
    "ascending": "ascending",
    "asc": "ascending",
    "descending": "descending",
    "desc": "descending",
    "dsc": "descending",
}


@dataclasses.dataclass(frozen=True)
class Hints:
    """What the user says of the images; each field is the command-line option of the same name.

    What is said here wins over what a GeoTIFF or a STAC item tells, except for products that are fully described by
    their format (OPERA RTC-S1).

    Attributes
    ----------
    date_pattern
        Where the date stands in a file's name, in `strptime` letters: ``IMG_%d%m%Y``.
    polarisation
        Of the bands, in order and separated by commas: ``VV`` or ``VV,VH``.
    units
        What a pixel value is once scale and offset are applied: ``linear`` power, ``dB`` or ``amplitude``.
    scale, offset
        value = stored * scale + offset.
    track
        Viewing geometry, e.g. ``sentinel-1 IW 137 descending``; see `parse_track`.
    quantity
        ``gamma0``, ``sigma0``, ``beta0`` or ``unknown``.
    nodata
        Stored value that means no data.
    dem
        The ground that images in radar geometry are laid on: a raster file of heights in metres, a STAC item of one, or
        one height.
    dem_datum
        What its heights are measured from: ``ellipsoid``, ``egm2008``, ``egm96``, or the geoid's height in metres over
        the ellipsoid at the site; see `sitewatch.scenes._terrain`.
    """

    date_pattern: str | None = None
    polarisation: str | None = None
    units: Scale | None = None
    scale: float | None = None
    offset: float | None = None
    track: str | None = None
    quantity: Quantity | None = None
    nodata: float | None = None
    dem: str | None = None
    dem_datum: str | None = None

    def __post_init__(self) -> None:
        if unknown := [p for p in self.polarisations if p not in POLARISATIONS]:
            raise SceneError(f"there is no polarisation {', '.join(unknown)}", hint="Use VV, VH, HH or HV.")
        if self.units not in (None, "linear", "dB", "amplitude"):
            raise SceneError(f"there is no unit {self.units!r}", hint="Use linear, dB or amplitude.")
        if self.quantity not in (None, "gamma0", "sigma0", "beta0", "unknown", *REFLECTANCES):
            raise SceneError(
                f"there is no quantity {self.quantity!r}",
                hint="Use gamma0, sigma0, beta0 or unknown; of optical ones 'surface reflectance', 'TOA reflectance'.",
            )
        if self.scale == 0:
            raise SceneError("a scale of 0 would make every pixel the same")
        if self.dem_datum is not None and self.dem is None:
            raise SceneError("a height datum needs heights", hint="Name them with --dem.")
        if self.dem is not None:
            terrain_named(self.dem, self.dem_datum)

    @property
    def terrain(self) -> Terrain | None:
        """The ground that the user names; None without one."""
        return None if self.dem is None else terrain_named(self.dem, self.dem_datum)

    @property
    def polarisations(self) -> tuple[str, ...]:
        """The polarisations named, in upper case."""
        return tuple(p.strip().upper() for p in (self.polarisation or "").split(",") if p.strip())


def parse_track(text: str) -> Track:
    """Read a track from words such as ``sentinel-1 IW 137 descending``, or from `Track.key`.

    Words may come in any order, split by spaces, commas or dashes: a number is the relative orbit; ascending,
    descending (asc, desc), right and left speak for themselves, as do inc32 and az80, the incidence angle and azimuth
    of pointed satellites; of what is left, a constellation that is not known
    here comes first and the mode second.
    """
    constellation, rest = "", text.strip()
    if found := _CONSTELLATION.search(rest):
        known = "sentinel-1" if found["s1"] else "sentinel-2" if found["s2"] else ""
        constellation = known or re.sub(r"[_ ]", "-", found[0].lower())
        rest = rest[: found.start()] + " " + rest[found.end() :]
    orbit, state, look, words = 0, "", "", []
    angles = {"inc": 0, "az": -1}
    for word in re.split(r"[\s,_-]+", rest):
        lower = word.lower()
        if word.isdigit():
            orbit = int(word)
        elif lower in _ORBIT_STATES:
            state = _ORBIT_STATES[lower]
        elif lower in ("right", "left"):
            look = lower
        elif pointed := re.fullmatch(r"(inc|az)(\d+)", lower):
            angles[pointed[1]] = int(pointed[2])
        elif word:
            words.append(word)
    if not constellation:
        constellation = words.pop(0).lower() if words else "unknown"
    mode = words[0].upper() if words else ""
    if constellation == "sentinel-1" and not look:
        look = "right"
    return Track(constellation, mode, orbit, state, look, angles["inc"], angles["az"])
