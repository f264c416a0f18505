"""The parts of the step scan against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sitewatch.change._covariance import DRIFT_DAYS, Covariance, fit_covariance, shared_part
from sitewatch.change._despike import despike
from sitewatch.change._order import quantile_over_time
from sitewatch.change._scan import step_filter


def test_step_filters_are_generalised_least_squares() -> None:
    rng = np.random.default_rng(2)
    days = np.sort(rng.uniform(0, 900, 14))
    covariance = Covariance(0.2, (0.05, 0.0, 0.1), 0.08).matrix(days)
    series = rng.normal(size=14)
    found = step_filter(covariance)
    root = np.linalg.cholesky(covariance)
    for step in range(13):
        design = np.stack([np.ones(14), (np.arange(14) > step).astype(float)], axis=1)
        white = np.linalg.solve(root, design)
        estimate, *_ = np.linalg.lstsq(white, np.linalg.solve(root, series), rcond=None)
        sd = np.sqrt(np.linalg.inv(white.T @ white)[1, 1])
        z = found.z_weights[step] @ series
        assert z == pytest.approx(estimate[1] / sd, rel=1e-4, abs=1e-5)
        assert z / found.root_information[step] == pytest.approx(estimate[1], rel=1e-4, abs=1e-5)


def test_variance_components_are_recovered() -> None:
    rng = np.random.default_rng(3)
    days = np.arange(0, 1400, 12.0)
    truth = Covariance(0.25, (0.0, 0.08, 0.0), 0.10)
    series = (np.linalg.cholesky(truth.matrix(days)) @ rng.standard_normal((days.size, 4000))).astype(np.float32)
    found = fit_covariance(series, days)
    assert found.nugget == pytest.approx(truth.nugget, rel=0.15)
    assert found.season == pytest.approx(truth.season, rel=0.3)
    assert sum(found.drift) == pytest.approx(sum(truth.drift), rel=0.5)


def test_what_neighbours_share_is_parted_from_their_own() -> None:
    own, shared = Covariance(0.2, (0.03, 0.0, 0.01), 0.02), Covariance(0.05, (0.01, 0.02, 0.0), 0.03)

    def mixed(divide: float) -> Covariance:
        drift = tuple(a / divide + b for a, b in zip(own.drift, shared.drift, strict=True))
        return Covariance(own.nugget / divide + shared.nugget, drift, own.season / divide + shared.season)

    found = shared_part(mixed(1.0), mixed(9.0), 9.0)
    assert found.nugget == pytest.approx(shared.nugget)
    assert found.drift == pytest.approx(shared.drift)
    assert found.season == pytest.approx(shared.season)
    assert len(found.drift) == len(DRIFT_DAYS)


def test_a_step_passes_the_despiking_and_passing_things_do_not() -> None:
    series = np.zeros((20, 1), np.float32)
    series[12:] = 3.0
    reach = np.full(20, 0.5, np.float32)
    np.testing.assert_allclose(despike(series, reach), series)
    for length in (1, 2):
        ship = np.zeros((20, 1), np.float32)
        ship[6 : 6 + length] = 5.0
        assert despike(ship, reach).max() <= 0.5


def test_despiking_fills_missing_images_and_leaves_empty_pixels_empty() -> None:
    series = np.ones((9, 2), np.float32)
    series[4, 0] = np.nan
    series[:, 1] = np.nan
    out = despike(series, np.full(9, 1.0, np.float32))
    assert out[4, 0] == 1.0
    assert np.isnan(out[:, 1]).all()


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, (7, 3), elements=st.one_of(st.floats(-50, 50, width=32), st.just(np.float32(np.nan)))),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
)
def test_quantiles_over_time_are_numpys(values: np.ndarray, share: float) -> None:
    found = quantile_over_time(values, share)
    for column in range(values.shape[1]):
        known = values[:, column][~np.isnan(values[:, column])]
        if known.size == 0:
            assert np.isnan(found[column])
        else:
            assert found[column] == pytest.approx(np.quantile(known.astype(float), share), rel=1e-4, abs=1e-4)
