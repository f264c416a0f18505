"""OPERA RTC-S1: NASA's terrain-corrected Sentinel-1 bursts, gamma0 in linear power, one file a polarisation.

The file name follows the OPERA RTC-S1 product specification; tags, where the files still have them, add what the name
lacks (orbit pass direction, exact start).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.scenes._credit import opera_credit_line
from sitewatch.scenes._facts import Facts, Moment, join_facts, platform_named, time_in_name
from sitewatch.scenes._family import MASKED, NamedLayers
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._raster import footprint_of, read_alike
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


class OperaRtcS1(NamedLayers):
    """The OPERA RTC-S1 family; user hints don't apply, for names and format leave nothing open."""

    name = "OPERA RTC-S1"
    pattern = _NAME
    # 1 shadow, 2 layover, 3 both, 255 outside the burst (product specification).
    mask_layer = "mask"
    mask_bits = 3

    def matches(self, href: str) -> bool:
        """Whether the name follows the product specification, static layers included."""
        stem = PurePosixPath(href).stem
        return bool(_NAME.fullmatch(stem)) or stem.startswith(f"{_PREFIX}-STATIC_")

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one burst of one pass."""
        names = self.names_of(hrefs)
        infos = read_alike(names)
        found, info = names[infos[0].href], infos[0]
        acquired = time_in_name(found["acquired"])
        named = Facts(
            moment=Moment(acquired),
            platform=platform_named(found["platform"]),
            mode=found["mode"],
            relative_orbit=int(found["track"]),
            look_direction="right",
            quantity="gamma0",
        )
        tagged = read_tags(info.tags)
        facts = join_facts(named, Facts(orbit_state=tagged.orbit_state, incidence_angle_deg=tagged.incidence_angle_deg))
        mask = self.mask_beside(infos[0].href)
        return Scene(
            id=found["product"],
            datetime=acquired,
            track=facts.track,
            bands=tuple(Band(names[i.href]["layer"], i.href, unit="linear", nodata=i.bands[0].nodata) for i in infos),
            geobox=info.geobox,
            footprint=footprint_of(info.geobox),
            quantity="gamma0",
            platform=facts.platform or "",
            incidence_angle_deg=facts.incidence_angle_deg,
            family=self.name,
            subunit=found["burst"],
            processed=time_in_name(found["processed"]),
            credit=opera_credit_line(self.name, acquired),
            notes=(MASKED,) if mask else (),
            mask=mask,
        )
