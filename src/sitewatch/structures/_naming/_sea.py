"""Names for what changes on water and is not construction: vessels, tidal flats, waves."""

from __future__ import annotations

import numpy as np
from scipy.special import polygamma

from sitewatch.change import WATER
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import STEADY_DB
from sitewatch.structures._naming._facts import Facts
from sitewatch.structures._naming._fit import fit, tides
from sitewatch.structures._naming._stays import Stay, stays_of
from sitewatch.structures._naming._verdict import Verdict

# No vessel is longer; rafts of them cover no more.
LONGEST_VESSEL_M, LARGEST_RAFT_M2 = 500.0, 60_000.0
# The sun and moon explain at least so much of what a flat does, and chance as much only so often.
LEAST_TIDE_SHARE, TIDE_P = 0.35, 1e-3
# Waves rise with the sea around them by at least so many dB for each of its own.
LEAST_WAVE_SLOPE, WAVE_P = 0.4, 1e-3


def tidal_flat(found: Found, facts: Facts) -> Verdict | None:
    """Ground along the shore that falls dry and wet: it follows the sun and moon."""
    if not found.window.stack.attrs.get("time_known", 1):
        return None
    followed = fit(facts.contrast_db, tides(facts.days))
    if followed.share < LEAST_TIDE_SHARE or followed.p_value > TIDE_P:
        return None
    return Verdict(
        "tidal_flat",
        f"it looks wet and dry by turns, and the tide's own periods explain {100 * followed.share:.0f} % of that",
    )


def waves(found: Found, facts: Facts) -> Verdict | None:
    """Water that grows brighter than the rest when it blows."""
    with_sea = fit(facts.contrast_db, facts.effect_db[WATER][:, None])
    slope = float(with_sea.coefficients[0])
    if slope < LEAST_WAVE_SLOPE or with_sea.p_value > WAVE_P:
        return None
    return Verdict(
        "waves", f"it rises by a further {slope:.1f} dB for each dB that wind raises the sea, as breaking waves do"
    )


def vessel(found: Found, facts: Facts) -> Verdict | None:
    """Something that lay at a place for a while: it leaves the water as it was, or it swings as it lies."""
    shape, character = found.shape, found.character
    if shape.length_m.value > LONGEST_VESSEL_M or shape.area_m2.value > LARGEST_RAFT_M2:
        return None
    stays = stays_of(facts.level_db, facts.around_db)
    swing = max(_known(character.scatter_after_db), _known(character.scatter_before_db))
    if len(stays) > 1:
        return Verdict("ship_moored", f"vessels lay here by turns: something came and went {len(stays)} times")
    if stays and stays[0].ended:
        return Verdict("ship_moored", _stay_in_words(stays[0], found))
    if swing > STEADY_DB and found.grade.kind == "ship":
        return Verdict("ship_moored", _swing_in_words(found, swing))
    return None


def _stay_in_words(stay: Stay, found: Found) -> str:
    dates = found.window.dates
    since = f"from {dates[stay.first]} on" if stay.begun else "from the first image on"
    return f"it lay here {since}, last seen on {dates[stay.last]}, and left open water behind, as a vessel does"


def _swing_in_words(found: Found, swing_db: float) -> str:
    """The swing of its level, and how much more its pixels scatter than speckle does."""
    words = f"its level swings by {swing_db:.1f} dB from image to image as moored ships do"
    excess = echo_excess(found)
    return f"{words}; its echo scatters {excess:.1f} times more than speckle" if excess > 1.2 else words


def echo_excess(found: Found) -> float:
    """Standard deviation over time of a built pixel's level, over that of speckle alone; NaN where unknown."""
    presence = found.presence
    sure = presence.built_by > 0.9
    deviation = np.where(sure[:, None, :], presence.deviation, np.nan)
    few = np.isfinite(deviation).sum(axis=0) < 4
    if few.all():
        return float("nan")
    with np.errstate(invalid="ignore"):
        variance = np.nanvar(np.where(few[None], 0.0, deviation), axis=0)[~few]
    return float(np.sqrt(np.median(variance) / polygamma(1, found.window.background.looks)))


def _known(value: float) -> float:
    return 0.0 if np.isnan(value) else value
