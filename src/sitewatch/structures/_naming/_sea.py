"""Names for what changes on water and is not construction: vessels, tidal flats, waves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from sitewatch.change import DB_PER_LOG, WATER
from sitewatch.change._gamma import trigamma
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import AT_SEA_SHARE, SMALLEST_SEA_STEP_DB, STEADY_DB
from sitewatch.structures._naming._facts import Facts
from sitewatch.structures._naming._fit import fit, tides, without
from sitewatch.structures._naming._stays import Stay, stays_of
from sitewatch.structures._naming._verdict import Verdict
from sitewatch.structures._vessel import swing_in_words
from sitewatch.structures._window import is_filtered

# No vessel is longer; rafts of them cover no more.
LONGEST_VESSEL_M, LARGEST_RAFT_M2 = 500.0, 60_000.0
# Standing works scatter by 1.0 to 1.6 times speckle's sd (measured on the breakwater of Latakia, four tracks, filtered
# images), vessels by 1.5 to 4.
UNSTEADY_ECHO = 1.8
FEWEST_OF_A_PIXEL = 4
BRIGHT_DB = -13.0
# Mean levels (dB) further above the water's usual one are not those of water.
MOST_ABOVE_SEA_DB = 6.0
# The sun and moon explain at least so much of what a flat does, and chance as much only so often.
LEAST_TIDE_SHARE, TIDE_P = 0.3, 1e-3
# Waves rise with the sea around them by at least so many dB for each of its own; what stands out of it sinks in it.
LEAST_WAVE_SLOPE, WAVE_P = 0.2, 1e-3


def tidal_flat(found: Found, facts: Facts) -> Verdict | None:
    """Ground along the shore that falls dry and wet: it follows the sun and moon."""
    if not found.window.stack.attrs.get("time_known", 1):
        return None
    # Vessels that lie there for months and works that grow are slow: what a drift and a step explain is taken off.
    growth = found.presence.built_by.mean(axis=1)
    slow = np.stack([facts.days, growth], axis=1) if len(growth) == len(facts.days) else facts.days[:, None]
    contrasts = (facts.levels_db - facts.arounds_db).T
    followed = min((fit(without(one, slow), tides(facts.days)) for one in contrasts), key=lambda f: f.p_value)
    if followed.share < LEAST_TIDE_SHARE or followed.p_value * len(contrasts) > TIDE_P:
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
    """A patch of the sea itself: it changed a little, and neither before nor after did anything stand out of it."""
    character, background = found.character, found.window.background
    if character.water_share <= AT_SEA_SHARE or np.isnan(background.level[WATER, 0]):
        return None
    step = float(character.step_db[int(np.argmax(np.abs(character.step_db)))])
    stood = float(max(character.above_before_db.max(), character.above_after_db.max()))
    above_sea = float(max(character.before_db[0], character.after_db[0])) - background.level[WATER, 0] * DB_PER_LOG
    if max(abs(step), stood) >= SMALLEST_SEA_STEP_DB or above_sea > MOST_ABOVE_SEA_DB:
        return None
    moved = f"the water here {'rose' if step > 0 else 'fell'} by {abs(step):.1f} dB"
    never = f"never stood out of the water around by {SMALLEST_SEA_STEP_DB:.0f} dB: wind, slicks and currents do so"
    return Verdict("waves", f"{moved} and {never}")


def vessel(found: Found, facts: Facts) -> Verdict | None:
    """Something that lay at a place for a while: it leaves the water as it was, or it swings as it lies."""
    if not as_small_as_vessels(found):
        return None
    dates, character = found.window.dates, found.character
    # What too few images tell is NaN, and no sign.
    swing = float(np.nan_to_num([character.scatter_after_db, character.scatter_before_db]).max())
    excess = float(np.nan_to_num(echo_excess(found)))
    stays = stays_of(facts.level_db, facts.around_db)
    # What stood from the first image on may have been a work that was taken down, unless it was restless.
    if came_and_went(stays) or swing > STEADY_DB or excess > UNSTEADY_ECHO:
        told = stays_in_words(stays, dates)
        if told:
            return Verdict("ship_moored", told)
    if found.grade.kind == "ship" and swing > STEADY_DB and found.grade.status == "rejected":
        more = f"; its echo scatters {excess:.1f} times more than speckle" if excess > UNSTEADY_ECHO else ""
        return Verdict("ship_moored", swing_in_words(swing) + more)
    if is_filtered(found.window.stack) and excess > UNSTEADY_ECHO and float(character.after_db.max()) > BRIGHT_DB:
        words = f"its echo scatters {excess:.1f} times more from image to image than speckle does"
        return Verdict("ship_moored", f"{words}, as that of a moored ship; standing works stay below {UNSTEADY_ECHO}")
    return None


def as_small_as_vessels(found: Found) -> bool:
    """Whether a footprint is no larger than a vessel, or a few side by side."""
    return found.shape.length_m.value < LONGEST_VESSEL_M and found.shape.area_m2.value < LARGEST_RAFT_M2


def came_and_went(stays: Sequence[Stay]) -> bool:
    """Whether something came and left, or more than one thing lay there."""
    return len(stays) > 1 or any(stay.begun and stay.ended for stay in stays)


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
    return float(np.sqrt(np.median(variance) / trigamma(window.background.looks)))
