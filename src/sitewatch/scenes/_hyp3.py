"""Terrain-corrected Sentinel-1 images made by ASF's HyP3 (RTC_GAMMA), one GeoTIFF a polarisation.

The name tells all but the track (HyP3 RTC product guide): ``S1A_IW_20221204T161641_DVR_RTC30_G_gpuned_1AE1_VV.tif`` is
platform, mode, start, polarisations and orbit (P precise, R restituted, O predicted), spacing, GAMMA, and six letters,
g/s gamma0 or sigma0, p/a/d power, amplitude or decibel, u/w unmasked or water masked, n/f filtered or not, e/c entire
or clipped, d/m dead reckoning or matched to the DEM. The granule it was made from, whose orbit number tells the track,
stands in the files beside it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import shapely

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import local_orbit_state, platform_named, sentinel_1_relative_orbit, time_in_name
from sitewatch.scenes._family import MASKED, NamedLayers
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import footprint_of, is_remote, read_alike
from sitewatch.scenes._scene import Band, Quantity, Scale, Scene, Track

_NAME = re.compile(
    r"(?P<product>(?P<platform>S1[A-D])_(?P<mode>IW|EW|S\d|WV)_(?P<start>\d{8}T\d{6})_[SD][HV](?P<orbit>[PRO])_"
    r"RTC(?P<spacing>\d+)_G_(?P<quantity>[gs])(?P<unit>[pad])(?P<mask>[uw])(?P<filter>[nf])(?P<extent>[ec])"
    r"(?P<match>[dm])_[0-9A-F]{4})(?:_(?P<layer>.+))?"
)
_GRANULE = re.compile(r"S1[A-D]_(?:IW|EW|S\d|WV)_(?:GRD[FHM]|SLC_)_1S[SD][HV]_(\d{8}T\d{6})_\d{8}T\d{6}_(\d{6})_")
_UNITS: dict[str, Scale] = {"p": "linear", "a": "amplitude", "d": "dB"}
# A README is some kilobytes; what is larger is no text for readers.
_LARGEST_TEXT = 2**20


class Hyp3Rtc(NamedLayers):
    """The family of ASF HyP3's RTC products; names leave open only the track."""

    name = "ASF HyP3 RTC"
    pattern = _NAME
    # Sums of 1 tested, 2 and 4 layover, active and passive, 8 and 16 shadow, active and passive (product guide).
    mask_layer = "ls_map"
    mask_bits = 2 + 4 + 8 + 16

    def matches(self, href: str) -> bool:
        """Whether the name follows the product guide."""
        return bool(_NAME.fullmatch(PurePosixPath(href).stem))

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one product.

        Raises
        ------
        SceneError
            A file can't be used, or is not named as an image of this family.
        """
        names = self.names_of(hrefs)
        infos = read_alike(names)
        found = names[infos[0].href]
        start = time_in_name(found["start"])
        footprint = footprint_of(infos[0].geobox)
        track, notes = _track(Path(infos[0].href), found, start, footprint, hints)
        quantity: Quantity = "gamma0" if found["quantity"] == "g" else "sigma0"
        # GAMMA writes 0 where it has no data, and HyP3's files say so or not, by their version.
        bands = (
            Band(
                names[i.href]["layer"],
                i.href,
                unit=_UNITS[found["unit"]],
                nodata=0.0 if i.bands[0].nodata is None else i.bands[0].nodata,
            )
            for i in infos
        )
        mask = self.mask_beside(infos[0].href)
        return Scene(
            id=found["product"],
            datetime=start,
            track=track,
            bands=tuple(bands),
            geobox=infos[0].geobox,
            footprint=footprint,
            quantity=quantity,
            platform=platform_named(found["platform"]),
            family=self.name,
            credit=credit_line("sentinel-1", start),
            notes=(*_processing(found), *([MASKED] if mask else []), *notes),
            product_type="RTC",
            mask=mask,
        )


def _processing(found: re.Match[str]) -> list[str]:
    """What the six letters say was done."""
    notes = ["terrain-flattened by the pixels' area"]
    notes += ["speckle filtered (Enhanced Lee)"] if found["filter"] == "f" else []
    notes += ["water is masked"] if found["mask"] == "w" else []
    notes += ["clipped to an area"] if found["extent"] == "c" else []
    notes += ["matched to the DEM"] if found["match"] == "m" else []
    notes += ["made with the predicted orbit: it may lie off by some metres"] if found["orbit"] == "O" else []
    return notes


def _track(
    path: Path, found: re.Match[str], start: dt.datetime, footprint: shapely.Polygon, hints: Hints
) -> tuple[Track, list[str]]:
    if hints.track is not None:
        return parse_track(hints.track), []
    platform = platform_named(found["platform"])
    absolute = _absolute_orbit(path, found)
    relative = sentinel_1_relative_orbit(platform, absolute, start.date()) if absolute is not None else None
    state = local_orbit_state(start, footprint)
    notes = [] if state is None else [f"flight direction ({state}) told from the local time"]
    if relative is None:
        notes.append(
            "the relative orbit is not told (keep the product's README beside it, or use --track): "
            "images of several orbits may count as one track"
        )
    return Track("sentinel-1", found["mode"], relative or 0, state or "", "right"), notes


def _absolute_orbit(path: Path, found: re.Match[str]) -> int | None:
    """Orbit number of the granule the product was made from, which its text files name."""
    if is_remote(str(path)):
        return None
    for beside in sorted(path.parent.glob(f"{found['product']}*")):
        if (
            beside.suffix.lower() not in (".txt", ".md", ".log", ".xml", ".json")
            or beside.stat().st_size > _LARGEST_TEXT
        ):
            continue
        for granule in _GRANULE.finditer(beside.read_text(encoding="utf-8", errors="replace")):
            if granule[1] == found["start"]:
                return int(granule[2])
    return None
