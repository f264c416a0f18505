"""What a footprint does as a whole: its mean level image by image, its steadiness, its surroundings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.linalg import solve_triangular
from scipy.stats import chi2

from sitewatch.change import DB_PER_LOG, Covariance
from sitewatch.change._covariance import YEAR_DAYS
from sitewatch.change._gamma import trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._cells import pixels_per_cell
from sitewatch.structures._laws import log_mean_bias
from sitewatch.structures._nan import nan_mean, nan_median
from sitewatch.structures._pixels import EIGHT
from sitewatch.structures._presence import Presence
from sitewatch.structures._vessel import vessel_log_ratio
from sitewatch.structures._window import Window, ground_round

RING_PIXELS = 5
# Images count as from before while no more than this share of the footprint is called built: the least share that
# leaves enough of them, for single pixels are called built too soon.
CLEAR_SHARES = (0.03, 0.06, 0.12)
FEWEST_CLEAR = 6
# Mean log-likelihood ratio of a pixel from which on an image speaks for one of the two states.
CLEAR_RATIO = 0.15
# All images of a track share a radiometric error of about this size (dB, sd).
RADIOMETRY_DB = 0.3
# A sown field swings through the year by so much (dB, sd), whatever the ground round it does; a season is told from a
# step in records of so many days.
FIELD_SEASON_DB = 1.5
SHORTEST_FOR_FIELDS_DAYS = 550.0


@dataclasses.dataclass(frozen=True)
class Character:
    """Evidence about a footprint as a whole.

    Attributes
    ----------
    pixels
        Size of the footprint.
    series_db
        [time, polarisation], mean level of the pixels built by the last image, date effect of the ground before
        removed, dB.
    before_db, after_db
        [polarisation], backscatter before and after, dB.
    above_before_db, above_after_db
        [polarisation], how far the footprint stood above its surroundings, before and after, dB.
    water_share
        Share of the footprint that was water.
    water_after
        Whether what is there afterwards moves with the sea.
    on_shore
        Whether there are both land and water within `RING_PIXELS` of the footprint.
    scatter_before_db, scatter_after_db
        Swing of the mean level from image to image beyond speckle, dB (sd).
    vessel_log_ratio
        See `vessel_log_ratio`, of the level since half of it stands.
    images_before, images_after
        Numbers of images before anything stood and since half of it stands.
    like_after_before, like_before_after
        Share of the images before (after) that look like the state after (before).
    standing_nats
        Mean log-likelihood ratio, built against not, of a pixel in an image by which it is built.
    p_value
        That a stable place shows such a step by chance, over all places and dates searched.
    """

    pixels: int
    series_db: NDArray[np.float64]
    before_db: NDArray[np.float64]
    after_db: NDArray[np.float64]
    above_before_db: NDArray[np.float64]
    above_after_db: NDArray[np.float64]
    water_share: float
    water_after: bool
    on_shore: bool
    scatter_before_db: float
    scatter_after_db: float
    vessel_log_ratio: float
    images_before: int
    images_after: int
    like_after_before: float
    like_before_after: float
    standing_nats: float
    p_value: float

    @property
    def step_db(self) -> NDArray[np.float64]:
        """[polarisation], change of level, dB."""
        return self.after_db - self.before_db


def characterise(
    window: Window,
    footprint: NDArray[np.bool_],
    presence: Presence,
    covariances: Mapping[tuple[int, int], Covariance],
    shared: Mapping[tuple[int, int], Covariance],
    searched_pixels: int,
) -> Character:
    """Describe a footprint as a whole.

    Parameters
    ----------
    covariances, shared
        Variance components of single pixels, and the part that neighbours share.
    searched_pixels
        How many pixels were searched for structures; the p-value pays for them.
    """
    growth = presence.built_by.mean(axis=1)
    rows, columns = presence.pixels
    rest = window.residual[:, :, rows, columns].astype(float)
    raw = window.log_values[:, :, rows, columns].astype(float)
    clear = next((early for share in CLEAR_SHARES if (early := growth < share).sum() >= FEWEST_CLEAR), growth < 0.25)
    whole = growth > 0.97 * max(growth[-1], 1e-9)
    water = window.water[rows, columns]
    series = nan_mean(rest, axis=2)
    raw_series = nan_mean(raw, axis=2)
    at_sea = bool(water.mean() > 0.5)
    ring = ground_round(window, footprint, on_water=at_sea, reach_pixels=RING_PIXELS)
    ring_rest = window.residual[:, :, ring].astype(float) if ring.any() else rest
    ring_raw = window.log_values[:, :, ring].astype(float) if ring.any() else raw
    before, after = _mean(series, clear), _mean(raw_series, whole)
    effective = max(rows.size / pixels_per_cell(window, ground_round(window, footprint, on_water=at_sea)), 1.0)
    standing = growth > 0.5 * max(growth[-1], 1e-9)
    standing_pixels = presence.built_by > 0.5
    sure = presence.built_by > 0.9
    # Mean log-likelihood ratio of the whole footprint (of what is built of it) at each image.
    of_sure = (presence.ratio * sure).sum(axis=1) / np.maximum(sure.sum(axis=1), 1)
    for_built = np.where(clear, presence.ratio.mean(axis=1), of_sure)
    counted = np.where(sure[:, None, :], presence.deviation, np.nan)
    level_error = np.full(series.shape, np.nan)
    level_error[standing] = nan_mean(counted[standing], axis=2)
    z2 = _growth_z2(series, growth, at_sea, effective, covariances, shared, window.days)
    trials = max(searched_pixels / max(rows.size, 1), 1.0) * series.shape[0]
    p_value = float(min(1.0, trials * chi2.sf(z2, series.shape[1])))
    ring_before = _mean(nan_mean(ring_rest, axis=2), clear)
    ring_after = _mean(nan_mean(ring_raw, axis=2), whole)
    return Character(
        pixels=int(footprint.sum()),
        series_db=series * DB_PER_LOG,
        before_db=_power_db(_mean(raw_series, clear), window),
        after_db=_power_db(after, window),
        above_before_db=(before - ring_before) * DB_PER_LOG,
        above_after_db=(after - ring_after) * DB_PER_LOG,
        water_share=float(water.mean()),
        water_after=_moves_with_sea(raw_series[standing], window.background.effect[:, :, standing]),
        on_shore=_has_both(window.water[ndi.binary_dilation(footprint, EIGHT, iterations=RING_PIXELS)]),
        scatter_before_db=_own_swing_db(series, nan_mean(ring_rest, axis=2), clear, window, effective),
        scatter_after_db=_swing_db(level_error, standing, window, effective / 2),
        vessel_log_ratio=vessel_log_ratio(level_error, effective * sure.mean(axis=1), window.background.looks),
        images_before=int(clear.sum()),
        images_after=int(standing.sum()),
        like_after_before=float((for_built[clear] > CLEAR_RATIO).mean()) if clear.any() else 0.0,
        like_before_after=float((for_built[standing] < -CLEAR_RATIO).mean()) if standing.any() else 0.0,
        standing_nats=float(presence.ratio[standing_pixels].mean()) if standing_pixels.any() else 0.0,
        p_value=p_value,
    )


def _has_both(water: NDArray[np.bool_]) -> bool:
    return bool(water.any() and not water.all())


def _power_db(log_mean: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """A mean of logs lies below the log of the mean by the speckle's bias; undo it."""
    return (log_mean + log_mean_bias(window.background.looks)) * DB_PER_LOG


def _mean(series: NDArray[np.float64], when: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[polarisation], median over the images `when` (all, where none)."""
    chosen = series[when] if when.any() else series
    return nan_median(chosen, axis=0)


def _swing_db(series: NDArray[np.float64], when: NDArray[np.bool_], window: Window, effective: float) -> float:
    """Swing of a level from image to image beyond what speckle gives it, dB (sd), from successive differences."""
    chosen = series[when]
    chosen = chosen[np.isfinite(chosen).all(axis=1)]
    if len(chosen) < 3:
        return float("nan")
    step = np.diff(chosen, axis=0)
    limit = 3.0 * MAD_TO_SD * np.median(np.abs(step), axis=0) + 1e-6
    variance = 0.5 * float(np.mean(np.clip(step, -limit, limit) ** 2))
    speckle = float(trigamma(window.background.looks)) / effective
    return float(np.sqrt(max(variance - speckle, 0.0))) * DB_PER_LOG


def _own_swing_db(
    series: NDArray[np.float64], around: NDArray[np.float64], when: NDArray[np.bool_], window: Window, effective: float
) -> float:
    """Swing of a level that its surroundings do not share, dB (sd): the lesser of its own and of the difference.

    Wind that ruffles one bay more than the rest moves both.
    """
    alone, beside = (_swing_db(one, when, window, effective) for one in (series, series - around))
    return alone if np.isnan(beside) else min(alone, beside)


def _moves_with_sea(series: NDArray[np.float64], effect: NDArray[np.float64]) -> bool:
    """Whether a level [time, polarisation] changes from image to image as the sea does, rather than as the land."""
    if len(series) < 3:
        return False

    def restless(a: NDArray[np.float64]) -> float:
        return float(nan_median(np.abs(np.diff(series - a.T, axis=0))))

    return restless(effect[0]) < min(restless(effect[1]), restless(np.zeros_like(effect[1])))


def _growth_z2(
    series: NDArray[np.float64],
    growth: NDArray[np.float64],
    on_water: bool,
    effective: float,
    covariances: Mapping[tuple[int, int], Covariance],
    shared: Mapping[tuple[int, int], Covariance],
    days: NDArray[np.float64],
) -> float:
    """Sum over polarisations of z^2 of the growth-shaped step, by generalised least squares with the level free.

    On land the footprint may have a season of its own: what a sown field does through the years is no step.
    """
    n_time, n_pol = series.shape
    total = 0.0
    common = (RADIOMETRY_DB / DB_PER_LOG) ** 2 * np.eye(n_time)
    if not on_water and np.ptp(days) >= SHORTEST_FOR_FIELDS_DAYS:
        turn = 2 * np.pi * days / YEAR_DAYS
        common += (FIELD_SEASON_DB / DB_PER_LOG) ** 2 * np.cos(turn[:, None] - turn[None, :])
    for pol in range(n_pol):
        together = shared[0 if on_water else 1, pol].matrix(days)
        alone = covariances[0 if on_water else 1, pol].matrix(days) - together
        matrix = together + alone / effective + common
        use = np.flatnonzero(np.isfinite(series[:, pol]))
        if use.size < 3:
            continue
        root = np.linalg.cholesky(matrix[np.ix_(use, use)])
        one, shape, values = solve_triangular(
            root, np.stack([np.ones(use.size), growth[use], series[use, pol]], axis=1), lower=True
        ).T
        information = shape @ shape - (one @ shape) ** 2 / (one @ one)
        if information > 1e-6 * (shape @ shape):
            total += float((shape @ values - (one @ shape) * (one @ values) / (one @ one)) ** 2 / information)
    return total
