"""Names for what changes on water and is not construction: vessels, tidal flats, waves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from scipy.special import polygamma

from sitewatch.change import WATER
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import SMALLEST_SEA_STEP_DB, STEADY_DB
from sitewatch.structures._naming._facts import Facts
from sitewatch.structures._naming._fit import fit, tides
from sitewatch.structures._naming._stays import Stay, stays_of
from sitewatch.structures._naming._verdict import Verdict
from sitewatch.structures._window import is_filtered

# No vessel is longer; rafts of them cover no more.
LONGEST_VESSEL_M, LARGEST_RAFT_M2 = 500.0, 60_000.0
# Standing works scatter by 1.0 to 1.6 times speckle's sd (measured on the breakwater of Latakia, four tracks, filtered
# images), vessels by 1.5 to 4.
UNSTEADY_ECHO = 1.8
FEWEST_OF_A_PIXEL = 4
BRIGHT_DB = -13.0
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


def open_water(found: Found, facts: Facts) -> Verdict | None:
    """A patch of the sea itself: what fell dark had not stood out of it, what rose moves with it still."""
    character = found.character
    step = float(character.step_db[0])
    stood = float(character.above_before_db.max())
    if step < 0 and stood < SMALLEST_SEA_STEP_DB:
        text = (
            f"the water here fell by {-step:.1f} dB, and nothing had stood out of it by {SMALLEST_SEA_STEP_DB:.0f} dB"
        )
        return Verdict("waves", f"{text}: wind, slicks and currents do so")
    if 0 <= float(character.step_db.max()) < SMALLEST_SEA_STEP_DB and character.water_after:
        text = f"the water here rose by {float(character.step_db.max()):.1f} dB and still moves with the sea"
        return Verdict("waves", f"{text}: wind, slicks and currents do so")
    return None


def vessel(found: Found, facts: Facts) -> Verdict | None:
    """Something that lay at a place for a while: it leaves the water as it was, or it swings as it lies."""
    if not as_small_as_vessels(found):
        return None
    dates, character = found.window.dates, found.character
    told = stays_in_words(stays_of(facts.level_db, facts.around_db), dates)
    if told:
        return Verdict("ship_moored", told)
    swing = max(_known(character.scatter_after_db), _known(character.scatter_before_db))
    excess = _known(echo_excess(found))
    if found.grade.kind == "ship" and swing > STEADY_DB and found.grade.status == "rejected":
        words = f"its level swings by {swing:.1f} dB from image to image as moored ships do"
        more = f"; its echo scatters {excess:.1f} times more than speckle" if excess > UNSTEADY_ECHO else ""
        return Verdict("ship_moored", words + more)
    if is_filtered(found.window.stack) and excess > UNSTEADY_ECHO and float(character.after_db.max()) > BRIGHT_DB:
        words = f"its echo scatters {excess:.1f} times more from image to image than speckle does"
        return Verdict("ship_moored", f"{words}, as that of a moored ship; standing works stay below {UNSTEADY_ECHO}")
    return None


def as_small_as_vessels(found: Found) -> bool:
    """Whether a footprint is no larger than a vessel, or a few side by side."""
    return found.shape.length_m.value < LONGEST_VESSEL_M and found.shape.area_m2.value < LARGEST_RAFT_M2


def stays_in_words(stays: Sequence[Stay], dates: Sequence[dt.date]) -> str:
    """What stays say of a vessel; nothing where the only one goes on."""
    if len(stays) > 1:
        return f"vessels lay here by turns: something came and went {len(stays)} times"
    if not stays or not stays[0].ended:
        return ""
    since = f"from {dates[stays[0].first]} on" if stays[0].begun else "from the first image on"
    return f"it lay here {since}, last seen on {dates[stays[0].last]}, and left open water behind, as a vessel does"


def echo_excess(found: Found) -> float:
    """Scatter over time (sd) of the level of pixels while something lies on them, over that of speckle alone.

    NaN where fewer than four images show it.
    """
    presence, window = found.presence, found.window
    brighter = float(found.character.step_db.mean()) > 0
    sure = presence.built_by > 0.9 if brighter else presence.built_by < 0.1
    rows, columns = presence.pixels
    values = np.where(sure[:, None, :], window.log_values[:, :, rows, columns].astype(float), np.nan)
    enough = np.isfinite(values).sum(axis=0) >= FEWEST_OF_A_PIXEL
    if not enough.any():
        return float("nan")
    variance = np.nanvar(values[:, enough], axis=0, ddof=1)
    return float(np.sqrt(np.median(variance) / polygamma(1, window.background.looks)))


def _known(value: float) -> float:
    return 0.0 if np.isnan(value) else value
