"""Names for what changes on land and is not construction: crops, growth, felled trees, wet soil."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import LAND
from sitewatch.change._covariance import YEAR_DAYS
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import STRAY_SHARE, fell_as_trees, rose_as_plants
from sitewatch.structures._naming._facts import Facts
from sitewatch.structures._naming._fit import fit, seasons
from sitewatch.structures._naming._verdict import Verdict

# A season is told from a lasting step once it had time to return.
FEWEST_YEARS = 1.5
# The season leaves at most this share of the squares that the lasting step leaves, and explains this much by itself.
LEFT_BY_SEASON, LEAST_SEASON_SHARE, SEASON_P = 0.7, 0.4, 1e-4
# Wet ground answers to rain by so much more than the land around, for each dB of that.
LEAST_WET_SLOPE, WET_P = 0.4, 1e-3
# Cross-polarised level above which trees or dense plants stood (gamma0, dB): crops and grass seldom reach it.
FOREST_VH_DB = -17.0


def crop(found: Found, facts: Facts) -> Verdict | None:
    """A field that goes through the same season every year."""
    if facts.years < FEWEST_YEARS:
        return None
    growth = found.presence.built_by.mean(axis=1)[:, None]
    series = facts.series_db.mean(axis=1)
    season, step = fit(series, seasons(facts.days)), fit(series, growth)
    if season.rest > LEFT_BY_SEASON * step.rest or season.share < LEAST_SEASON_SHARE or season.p_value > SEASON_P:
        return None
    month = _peak(found.window.dates[0], season.coefficients)
    words = f"it brightens each {month} and returns: the season explains {100 * season.share:.0f} % of what it does"
    return Verdict("crop", f"{words}, a lasting step {100 * max(step.share, 0.0):.0f} %")


def short_crop(found: Found, facts: Facts) -> Verdict | None:
    """What rose most in the cross-polarised channel and fell again: plants that grew and were cut."""
    step = found.character.step_db
    if not _went_again(found) or not rose_as_plants(step):
        return None
    return Verdict("crop", f"{_rise(step, ',')}, and both fell again: plants that grew and were cut")


def vegetation(found: Found, facts: Facts) -> Verdict | None:
    """Plants that came to stay."""
    if found.grade.kind != "vegetation":
        return None
    return Verdict("vegetation", f"{_rise(found.character.step_db, ' and')}, as that of growing plants does")


def felled_trees(found: Found, facts: Facts) -> Verdict | None:
    """Trees scatter from their volume: felled, the cross-polarised channel falls most, and it had been bright."""
    if found.grade.kind != "felling":
        return None
    step, before = found.character.step_db, found.character.before_db
    if fell_as_trees(step) and float(before[1]) > FOREST_VH_DB:
        return Verdict(
            "felled_trees",
            f"its cross-polarised echo fell by {-float(step[1]):.1f} dB for good, the co-polarised by "
            f"{max(-float(step[0]), 0.0):.1f} dB only: a volume of branches is gone",
        )
    return Verdict("cleared_ground", found.grade.reason)


def wet_soil(found: Found, facts: Facts) -> Verdict | None:
    """Ground that brightens with rain more than the land around."""
    with_rain = fit(facts.series_db[:, 0], facts.effect_db[LAND][:, None])
    slope = float(with_rain.coefficients[0])
    if slope > LEAST_WET_SLOPE and with_rain.p_value < WET_P:
        return Verdict("wet_soil", f"it rises by a further {slope:.1f} dB for each dB that rain raises the land around")
    if found.grade.kind == "wet soil":
        return Verdict("wet_soil", found.grade.reason)
    step = found.character.step_db
    if _went_again(found) and float(step[0]) > 0 and (step.size < 2 or float(step[0]) > float(step[1])):
        rise = f"it rose by {float(step[0]):.1f} dB, most in the co-polarised channel, and dried again"
        return Verdict("wet_soil", rise)
    return None


def _went_again(found: Found) -> bool:
    """Whether later images show the former state again."""
    return found.character.like_before_after > STRAY_SHARE


def _rise(step_db: NDArray[np.float64], link: str) -> str:
    """By how much both channels rose, in words."""
    co, cross = float(step_db[0]), float(step_db[1])
    return f"its cross-polarised echo rose by {cross:.1f} dB{link} the co-polarised by {co:.1f} dB"


def _peak(first: dt.date, coefficients: np.ndarray) -> str:
    """Name of the month in which the fitted season is highest."""
    days = np.arange(366.0)
    season = seasons(days) @ coefficients
    day = first + dt.timedelta(days=int(np.argmax(season)) % int(YEAR_DAYS))
    return day.strftime("%B")
