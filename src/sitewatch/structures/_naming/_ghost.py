"""Azimuth ambiguities: weak ghosts of something bright, some kilometres off along the flight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sitewatch.structures._find_one import Found
from sitewatch.structures._naming._beside import pixels_of, start_of
from sitewatch.structures._naming._track import Heading
from sitewatch.structures._naming._verdict import Verdict
from sitewatch.structures._window import pixel_m_of

# A ghost is displaced by PRF * wavelength * slant range / (2 * speed of the satellite). Sentinel-1 IW: PRF 1452 to
# 1717 Hz by swath, 5.547 cm, 800 to 960 km, 7.59 km/s: 4.2 to 6.0 km. RTC products keep neither swath nor PRF, so the
# range stands for the value; of other radars it isn't known here.
DISPLACED_M = {"sentinel-1": (4200.0, 6000.0), "simulated": (4200.0, 6000.0)}
MOST_ASIDE_M = 400.0
WEAKER_DB = (10.0, 45.0)
SAME_START_IMAGES = 3
LARGEST_SHARE = 2.0


def ambiguity(one: Found, found: Sequence[Found], heading: Heading | None) -> Verdict | None:
    """The bright thing that a finding is the ghost of, if the site holds it."""
    limits = DISPLACED_M.get(str(one.window.stack.attrs.get("constellation", "")).lower())
    if heading is None or limits is None or _gained(one) <= 0:
        return None
    pixel_m = np.array(pixel_m_of(one.window.stack))[::-1]
    for other in found:
        if other is one or other.grade.status == "rejected" or _gained(other) <= 0:
            continue
        offset = (pixels_of(one).mean(axis=0) - pixels_of(other).mean(axis=0)) * pixel_m
        along, aside = abs(float(offset @ heading.along)), abs(float(offset @ heading.away))
        weaker = 10 * np.log10(_gained(other) / _gained(one))
        alike = (
            limits[0] < along < limits[1]
            and aside < MOST_ASIDE_M + 0.5 * other.shape.length_m.value
            and WEAKER_DB[0] < weaker < WEAKER_DB[1]
            and abs(start_of(one) - start_of(other)) <= SAME_START_IMAGES
            and one.footprint.sum() <= LARGEST_SHARE * other.footprint.sum()
        )
        if alike:
            return Verdict(
                "ambiguity",
                f"a ghost of the {other.grade.kind} {along / 1000:.1f} km along the orbit: begun with it, no larger, "
                f"{weaker:.0f} dB weaker",
            )
    return None


def _gained(found: Found) -> float:
    """Linear power that it brought, first polarisation."""
    character = found.character
    return float(10 ** (character.after_db[0] / 10) - 10 ** (character.before_db[0] / 10))
