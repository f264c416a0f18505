"""What a footprint does as a whole: a step is told from a season."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sitewatch.change import DB_PER_LOG, Covariance
from sitewatch.structures._character import _growth_z2

DAYS = 12.0 * np.arange(120)
ALONE = {(stratum, 0): Covariance(0.25, (0.0, 0.0, 0.0), 0.0) for stratum in (0, 1)}
SHARED = {(stratum, 0): Covariance(0.001, (0.0, 0.0, 0.0), 0.0) for stratum in (0, 1)}


def z2(series_db: NDArray[np.float64], growth: NDArray[np.float64], *, on_water: bool) -> float:
    noise = np.random.default_rng(2).normal(0, 0.3, series_db.shape)
    return _growth_z2((series_db + noise)[:, None] / DB_PER_LOG, growth, on_water, 40.0, ALONE, SHARED, DAYS)


def season(amplitude_db: float, phase: float) -> NDArray[np.float64]:
    return np.asarray(amplitude_db * np.sin(2 * np.pi * DAYS / 365.25 + phase))


# It was once called a building: a step, "standing" since the last time the crop stood high.
@pytest.mark.parametrize("phase", [0.0, 1.5, 3.0, 4.5])
def test_a_sown_field_is_no_step_on_land(phase: float) -> None:
    growth = (np.arange(120) >= 106).astype(float)
    assert z2(season(2.5, phase), growth, on_water=False) < 12


@pytest.mark.parametrize("first", [40, 100])
def test_a_step_on_land_stays_one_with_and_without_a_season(first: int) -> None:
    growth = (np.arange(120) >= first).astype(float)
    assert z2(3 * growth, growth, on_water=False) > 100
    assert z2(3 * growth + season(1.5, 1.0), growth, on_water=False) > 100
