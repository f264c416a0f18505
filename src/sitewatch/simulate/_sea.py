"""The open sea: its level follows the wind from date to date, with gusts, slicks, shelter and swell upon it."""

from __future__ import annotations

import numpy as np

from sitewatch.simulate._fields import FloatArray, Shape, smooth_field, to_linear
from sitewatch.simulate._view import View
from sitewatch.simulate._weather import Conditions

GUST_SCALE_M = 350.0
SHELTER_SCALE_M = 260.0


def sea_level_db(wind_m_s: float, wind_from_deg: float, view: View) -> dict[str, float]:
    """Mean gamma0 of the open sea in dB, for VV and VH.

    VV is a power law of the wind speed with the usual modulation by its direction and a fall of 0.4 dB a degree of
    incidence: a coarse stand-in for a C-band model function (Hersbach et al. 2007, CMOD5), right to a dB or two between
    2 and 15 m/s and 30 to 45 degrees. VH rises linearly in dB with the wind speed and knows neither direction nor
    incidence (after Zhang and Perrie 2012). Levels are before the instrument's noise.
    """
    to_gamma0 = -10 * np.log10(np.cos(np.radians(view.incidence_deg)))
    against_look = np.radians(wind_from_deg - view.look_deg - 180)
    power_law = -15.2 + 17 * np.log10(wind_m_s / 7)
    directional = 1.3 * np.cos(2 * against_look) + 0.4 * np.cos(against_look)
    steepness = -0.4 * (view.incidence_deg - 37)
    return {
        "VV": float(power_law + directional + steepness + to_gamma0),
        "VH": float(-35.6 + 0.58 * wind_m_s + to_gamma0),
    }


def sea_surface(
    rng: np.random.Generator,
    shape: Shape,
    pixel_m: float,
    conditions: Conditions,
    view: View,
    shore_distance_m: FloatArray,
    seaward_deg: float,
) -> dict[str, FloatArray]:
    """Mean gamma0 of the sea, linear, for VV and VH (y, x), without noise and speckle.

    Parameters
    ----------
    shore_distance_m
        Distance of each pixel from the coast; close to it an offshore wind has had no room to roughen the water.
    seaward_deg
        Direction from land to sea, clockwise from north.
    """
    level = sea_level_db(conditions.wind_m_s, conditions.wind_from_deg, view)
    gusts_db = 0.6 * smooth_field(rng, shape, GUST_SCALE_M / pixel_m)
    offshore = max(0.0, -float(np.cos(np.radians(conditions.wind_from_deg - seaward_deg))))
    shelter_db = -3.5 * offshore * np.exp(-shore_distance_m / SHELTER_SCALE_M)
    slick = smooth_field(rng, shape, 220.0 / pixel_m)
    # films of oil and plankton damp the ripples of a weak wind and are torn apart by a strong one
    slick_db = -4.0 * np.clip(slick - 0.9, 0, 1) * np.clip((5.0 - conditions.wind_m_s) / 3, 0, 1)
    swell_db = swell(rng, shape, pixel_m, seaward_deg)
    return {
        "VV": to_linear(level["VV"] + gusts_db + shelter_db + slick_db + swell_db),
        "VH": to_linear(level["VH"] + 0.6 * (gusts_db + shelter_db) + 0.3 * swell_db),
    }


def swell(rng: np.random.Generator, shape: Shape, pixel_m: float, seaward_deg: float) -> FloatArray:
    """Modulation by swell in dB: a narrow-band random field that runs toward the coast, 90 to 220 m long."""
    length_m = rng.uniform(90, 220)
    bearing = np.radians(seaward_deg + rng.uniform(-40, 40))
    ky = np.fft.fftfreq(shape[0], pixel_m)[:, None]
    kx = np.fft.rfftfreq(shape[1], pixel_m)[None, :]
    band = np.zeros((shape[0], kx.size))
    for sign in (1, -1):
        offset = np.hypot(ky + sign * np.cos(bearing) / length_m, kx - sign * np.sin(bearing) / length_m)
        band += np.exp(-0.5 * (offset * length_m / 0.14) ** 2)
    waves = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * band, s=shape)
    spread = float(waves.std())
    amplitude_db = rng.uniform(0.15, 0.9)
    return np.asarray(waves * (amplitude_db / spread)) if spread > 0 else np.zeros(shape)
