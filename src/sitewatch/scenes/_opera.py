"""OPERA RTC-S1: NASA's terrain-corrected Sentinel-1 bursts, gamma0 in linear power, one file a polarisation.

The file name follows the OPERA RTC-S1 product specification; tags, where the files still have them, add what the name
lacks (orbit pass direction, exact start).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.scenes._credit import opera_credit_line
from sitewatch.scenes._facts import Facts, Moment, join_facts, platform_named
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._raster import footprint_of, read_info, scene_error
from sitewatch.scenes._scene import Band, Scene
from sitewatch.scenes._tags import read_tags

_PREFIX = "OPERA_L2_RTC-S1"
_NAME = re.compile(
    r"(?P<product>OPERA_L2_RTC-S1_"
    r"(?P<burst>T(?P<track>\d{3})-\d{6}-(?P<mode>[A-Z]{2})\d)_"
    r"(?P<acquired>\d{8}T\d{6}Z)_(?P<processed>\d{8}T\d{6}Z)_"
    r"(?P<platform>S1[A-D])_(?P<spacing>\d+)_v\d+\.\d+)"
    r"(?:_(?P<layer>.+))?"
)
_POLARISATIONS = ("VV", "VH", "HH", "HV")


class OperaRtcS1:
    """The OPERA RTC-S1 family; user hints don't apply, for names and format leave nothing open."""

    name = "OPERA RTC-S1"

    def matches(self, href: str) -> bool:
        """Whether the name follows the product specification, static layers included."""
        stem = PurePosixPath(href).stem
        return bool(_NAME.fullmatch(stem)) or stem.startswith(f"{_PREFIX}-STATIC_")

    def is_companion(self, href: str) -> bool:
        """Every layer that is not a polarisation: mask, angles, looks, browse picture."""
        found = _NAME.fullmatch(PurePosixPath(href).stem)
        return found is None or found["layer"] not in _POLARISATIONS

    def scene_key(self, href: str) -> str:
        """Folder and product name without the layer."""
        path = PurePosixPath(href)
        found = _NAME.fullmatch(path.stem)
        return str(path.with_name(found["product"] if found else path.stem))

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one burst of one pass."""
        ordered = sorted(hrefs, key=lambda href: _POLARISATIONS.index(_parse(href)["layer"]))
        infos = [read_info(href) for href in ordered]
        found, info = _parse(ordered[0]), infos[0]
        for other in infos[1:]:
            if other.geobox != info.geobox:
                raise scene_error(other.href, "its grid differs from that of the product's other polarisation")
        named = Facts(
            moment=Moment(_time(found["acquired"])),
            platform=platform_named(found["platform"]),
            mode=found["mode"],
            relative_orbit=int(found["track"]),
            look_direction="right",
            quantity="gamma0",
        )
        tagged = read_tags(info.tags)
        facts = join_facts(named, Facts(orbit_state=tagged.orbit_state, incidence_angle_deg=tagged.incidence_angle_deg))
        acquired = _time(found["acquired"])
        return Scene(
            id=found["product"],
            datetime=acquired,
            track=facts.track,
            bands=tuple(Band(_parse(i.href)["layer"], i.href, unit="linear", nodata=i.bands[0].nodata) for i in infos),
            geobox=info.geobox,
            footprint=footprint_of(info.geobox),
            quantity="gamma0",
            platform=facts.platform or "",
            incidence_angle_deg=facts.incidence_angle_deg,
            family=self.name,
            subunit=found["burst"],
            processed=_time(found["processed"]),
            credit=opera_credit_line(acquired),
        )


def _parse(href: str) -> re.Match[str]:
    found = _NAME.fullmatch(PurePosixPath(href).stem)
    if found is None or found["layer"] not in _POLARISATIONS:
        raise scene_error(href, "the name is not that of an OPERA RTC-S1 polarisation")
    return found


def _time(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
