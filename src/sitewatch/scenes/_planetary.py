"""Terrain-corrected Sentinel-1 images of Microsoft's Planetary Computer (``sentinel-1-rtc``), as bare files.

Through their STAC items they are read as any item is. Downloaded without it, they are named ``iw-vv.rtc.tiff`` in a
folder ``measurement`` of a folder named as the GRD product they were made from, which tells time and orbit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import local_orbit_state, platform_named, sentinel_1_relative_orbit, time_in_name
from sitewatch.scenes._hints import POLARISATIONS, Hints, parse_track
from sitewatch.scenes._raster import footprint_of, read_alike, scene_error
from sitewatch.scenes._scene import Band, Scene, Track
from sitewatch.scenes._stac import item_facts, read_item
from sitewatch.scenes._stac_files import describes, item_beside

_FILE = re.compile(r"(?P<mode>iw|ew)-(?P<pol>vv|vh|hh|hv)\.rtc", re.IGNORECASE)
_GRANULE = re.compile(
    r"(?P<id>(?P<platform>S1[A-D])_(?P<mode>IW|EW)_GRD[FHM]_1S[SD][HV]_(?P<start>\d{8}T\d{6})_\d{8}T\d{6}_(?P<orbit>\d{6})"
    r"_[0-9A-F]{6})(?:_[0-9A-F]{4})?(?:_rtc)?",
    re.IGNORECASE,
)
# Documented with the collection: linear gamma0, looks of the GRD product, and this number for no data.
_NODATA = -32768.0
_ENL = 4.4


class PlanetaryRtc:
    """The family of the Planetary Computer's ``sentinel-1-rtc`` files."""

    name = "Planetary Computer RTC"

    def matches(self, href: str) -> bool:
        """Whether the file and the folder above it are named as in the collection's storage."""
        return bool(_FILE.fullmatch(PurePosixPath(href).stem)) and _granule(href) is not None

    def is_companion(self, href: str) -> bool:
        """Never: masks have other names."""
        return False

    def scene_key(self, href: str) -> str:
        """The folder."""
        return str(PurePosixPath(href).parent)

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one product; raises SceneError where a file can't be used."""
        item = item_beside(hrefs[0])
        if item is not None and describes(item, hrefs):
            return read_item(item, hints, only=hrefs)
        ordered = sorted(hrefs, key=lambda href: POLARISATIONS.index(_polarisation(href)))
        infos = read_alike(ordered)
        granule = _granule(ordered[0])
        assert granule is not None
        start = time_in_name(granule["start"])
        footprint = footprint_of(infos[0].geobox)
        platform = platform_named(granule["platform"])
        state = (item_facts(item).orbit_state if item is not None else None) or local_orbit_state(start, footprint)
        relative = sentinel_1_relative_orbit(platform, int(granule["orbit"]), start.date()) or 0
        track = Track("sentinel-1", granule["mode"].upper(), relative, state or "", "right")
        return Scene(
            id=f"{granule['id']}_rtc",
            datetime=start,
            track=parse_track(hints.track) if hints.track else track,
            bands=tuple(
                Band(
                    _polarisation(i.href),
                    i.href,
                    unit="linear",
                    nodata=_NODATA if i.bands[0].nodata is None else i.bands[0].nodata,
                )
                for i in infos
            ),
            geobox=infos[0].geobox,
            footprint=footprint,
            quantity="gamma0",
            platform=platform,
            enl=_ENL,
            family=self.name,
            credit=credit_line("sentinel-1", start),
            notes=("terrain-flattened", *([f"flight direction ({state}) told from the local time"] if state else [])),
            product_type="RTC",
        )


def _granule(href: str) -> re.Match[str] | None:
    folders = PurePosixPath(href).parts[:-1]
    return next((found for name in reversed(folders) if (found := _GRANULE.fullmatch(name))), None)


def _polarisation(href: str) -> str:
    found = _FILE.fullmatch(PurePosixPath(href).stem)
    if found is None:
        raise scene_error(href, "the name is not that of a Planetary Computer RTC file")
    return found["pol"].upper()
