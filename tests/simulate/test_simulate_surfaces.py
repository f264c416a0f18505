"""Sea, tide and weather behave as their modules say."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.simulate._fields import correlated_normal, rectangle, shifted, smooth_field, swept
from sitewatch.simulate._sea import sea_level_db, swell
from sitewatch.simulate._tide import draw_tide, under_water
from sitewatch.simulate._view import ASCENDING, DESCENDING, View
from sitewatch.simulate._weather import draw_weather


def test_the_sea_rises_with_the_wind_as_far_as_real_stacks_show() -> None:
    calm, breeze, gale = (sea_level_db(wind, 90.0, DESCENDING) for wind in (2.5, 7.0, 14.0))
    for pol in ("VV", "VH"):
        assert calm[pol] < breeze[pol] < gale[pol]
    assert 10 < gale["VV"] - calm["VV"] < 17
    assert all(level["VH"] < level["VV"] for level in (calm, breeze, gale))


def test_the_sea_is_darker_at_flatter_incidence_and_brighter_along_the_wind_than_across() -> None:
    steep, flat = (sea_level_db(7, 0, View(incidence_deg=angle))["VV"] for angle in (30.0, 45.0))
    assert steep > flat
    along, across = (sea_level_db(7, DESCENDING.look_deg + turn, DESCENDING)["VV"] for turn in (180.0, 90.0))
    assert along > across


def test_swell_has_the_stated_wavelength() -> None:
    waves = swell(np.random.default_rng(5), (256, 256), 10.0, 0.0)
    spectrum = np.abs(np.fft.fft2(waves)) ** 2
    ky, kx = np.meshgrid(np.fft.fftfreq(256, 10.0), np.fft.fftfreq(256, 10.0), indexing="ij")
    length_m = 1 / np.sum(np.hypot(ky, kx) * spectrum / spectrum.sum())
    assert 85 < length_m < 225
    # waves that run north and south have their power along ky
    assert np.sum(np.abs(ky) * spectrum) > np.sum(np.abs(kx) * spectrum)


def test_the_tide_covers_its_range_and_never_leaves_it() -> None:
    tide = draw_tide(3, 1.3)
    heights = tide.height_m(np.arange(18_000, 18_000 + 6 * 365, 1 / 24))
    assert np.abs(heights).max() <= tide.highest_m
    assert heights.max() > 0.85 * tide.highest_m
    assert heights.min() < -0.85 * tide.highest_m
    assert abs(heights.mean()) < 0.01
    # two high waters a day
    highs = np.sum((heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:]))
    assert highs / (6 * 365) == pytest.approx(1.93, abs=0.05)


def test_a_sun_synchronous_pass_meets_all_states_of_the_tide() -> None:
    tide = draw_tide(3, 1.3)
    heights = tide.height_m(19_000.28 + 12 * np.arange(60))
    assert np.ptp(heights) > 1.3


def test_the_water_floods_what_lies_lower_first() -> None:
    bed = np.linspace(-3, 3, 50)[None, :].repeat(4, axis=0)
    low, high = under_water(bed, -1.0), under_water(bed, 1.5)
    assert low.sum() < high.sum()
    assert (high | ~low).all()


def test_weather_is_windy_wet_and_remembers_itself() -> None:
    weather = draw_weather(1, 19_000)
    assert weather.wind_m_s.mean() == pytest.approx(7, abs=0.8)
    step = np.corrcoef(weather.wind_m_s[1:], weather.wind_m_s[:-1])[0, 1]
    later = np.corrcoef(weather.wind_m_s[20:], weather.wind_m_s[:-20])[0, 1]
    assert step > 0.7
    assert later < 0.3
    assert weather.wetness.min() >= 0
    assert weather.wetness.max() < 1


def test_a_longer_series_keeps_the_weather_of_a_shorter_one() -> None:
    short, long = draw_weather(1, 19_100), draw_weather(1, 19_400)
    assert short.at(19_050.3) == long.at(19_050.3)
    assert short.at(19_050.3) != short.at(19_051.3)


@pytest.mark.parametrize("sigma", [0.6, 2.0])
def test_fields_have_unit_variance_up_to_the_edge(sigma: float) -> None:
    rng = np.random.default_rng(1)
    fields = np.array([correlated_normal(rng, (24, 30), (sigma, sigma)) for _ in range(400)])
    assert fields.std() == pytest.approx(1, abs=0.05)
    assert fields[:, 0].std() == pytest.approx(1, abs=0.08)


def test_long_fields_are_smooth_and_of_about_unit_variance() -> None:
    rng = np.random.default_rng(1)
    fields = np.array([smooth_field(rng, (60, 50), 20.0) for _ in range(200)])
    assert fields.shape == (200, 60, 50)
    assert 0.8 < fields.std() < 1.05
    assert np.abs(np.diff(fields, axis=1)).max() < 0.4


def test_a_shape_sweeps_and_shifts_toward_the_side_it_is_told() -> None:
    _, mask = rectangle((40, 40), (20, 20), 90.0, 10, 4)
    rows, cols = np.nonzero(mask)
    assert np.ptp(cols) > np.ptp(rows)
    assert np.nonzero(shifted(mask, (0, 5)))[1].mean() == pytest.approx(cols.mean() + 5)
    shadow = swept(mask, (0.0, 1.0), 3)
    assert not (shadow & mask).any()
    assert np.nonzero(shadow)[1].min() > cols.max()


def test_right_looking_radar_looks_west_when_descending_and_east_when_ascending() -> None:
    assert DESCENDING.away[1] < 0
    assert ASCENDING.away[1] > 0
