"""Weather at the site through time: wind, soil moisture and surge, the same for every track that passes."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
from scipy import signal, special

from sitewatch.simulate._fields import FloatArray, generator

_STEP_DAYS = 0.25
# The series begins before the first civil radar satellite and is drawn in order, so that the weather of a day depends
# on the seed alone and not on which images are asked for.
_FIRST_DAY = 7300.0


@dataclasses.dataclass(frozen=True)
class Conditions:
    """The weather at one moment.

    Attributes
    ----------
    wind_m_s
        Wind speed at 10 m height.
    wind_from_deg
        Direction that the wind comes from, clockwise from north.
    wetness
        Soil moisture after rain, 0 (dry) to 1 (soaked).
    surge_m
        What the weather adds to the tide.
    """

    wind_m_s: float
    wind_from_deg: float
    wetness: float
    surge_m: float


@dataclasses.dataclass(frozen=True)
class Weather:
    """Weather as series over days since 1970-01-01."""

    days: FloatArray
    wind_m_s: FloatArray
    wind_from_deg: FloatArray
    wetness: FloatArray
    surge_m: FloatArray

    def at(self, day: float) -> Conditions:
        """Conditions at a moment, in days since 1970-01-01 UTC."""
        return Conditions(
            wind_m_s=float(np.interp(day, self.days, self.wind_m_s)),
            wind_from_deg=float(np.interp(day, self.days, self.wind_from_deg)) % 360,
            wetness=float(np.interp(day, self.days, self.wetness)),
            surge_m=float(np.interp(day, self.days, self.surge_m)),
        )


def draw_weather(seed: int, last_day: float) -> Weather:
    """Draw the weather up to `last_day` (days since 1970-01-01).

    Wind speed is Weibull (shape 2, mean about 7 m/s, a quarter more in January than in July) and remembers itself for
    about a day and a half; rain comes every nine days or so and soaks away with a time constant of four days.
    """
    days = np.arange(_FIRST_DAY, last_day + 2, _STEP_DAYS)
    season = np.cos(2 * np.pi * (days - 15) / 365.25)
    uniform = special.ndtr(_remembering(generator(seed, "wind"), len(days), memory_days=1.5))
    wind = 7.9 * (1 + 0.12 * season) * np.sqrt(-np.log1p(-np.minimum(uniform, 1 - 1e-9)))
    rains = generator(seed, "rain").random(len(days)) < _STEP_DAYS / 9
    amount = generator(seed, "rain amount").exponential(0.8, len(days))
    soaked = signal.lfilter([1.0], [1.0, -np.exp(-_STEP_DAYS / 4)], rains * amount)
    turning = generator(seed, "wind direction")
    return Weather(
        days=days,
        wind_m_s=np.clip(wind, 0.8, 19.0),
        wind_from_deg=turning.uniform(0, 360) + 75 * _remembering(turning, len(days), memory_days=4.0),
        wetness=soaked / (0.6 + soaked),
        surge_m=0.15 * _remembering(generator(seed, "surge"), len(days), memory_days=2.0),
    )


def _remembering(rng: np.random.Generator, size: int, *, memory_days: float) -> FloatArray:
    """Standard normal series with exponential autocorrelation."""
    keep = np.exp(-_STEP_DAYS / memory_days)
    series = signal.lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(size))
    return np.asarray(series)


def days_since_epoch(moment: dt.datetime) -> float:
    """Days since 1970-01-01 UTC of an aware moment."""
    return moment.timestamp() / 86400


def date_of(day: float) -> dt.date:
    """UTC date of a moment in days since 1970-01-01."""
    return dt.datetime.fromtimestamp(day * 86400, dt.UTC).date()
