"""What a footprint did image by image, as its naming reads it."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sitewatch.change import DB_PER_LOG, LAND, WATER
from sitewatch.change._covariance import YEAR_DAYS
from sitewatch.structures._find_one import Found
from sitewatch.structures._grade import AT_SEA_SHARE
from sitewatch.structures._nan import nan_mean, nan_median
from sitewatch.structures._window import Window, ground_round

# So many pixels of the ground of the footprint's kind tell what the place looks like without it.
FEWEST_AROUND = 12


@dataclasses.dataclass(frozen=True)
class Facts:
    """One footprint's history in one track.

    Attributes
    ----------
    days
        [time], since the first image.
    levels_db
        [time, polarisation], mean backscatter of its pixels, dB.
    arounds_db
        [time, polarisation], median backscatter of the ground of its kind around it.
    series_db
        [time, polarisation], mean level, the date effect of its ground removed.
    effect_db
        [stratum, time], date effect of water and land, first polarisation.
    at_sea
        Whether it stood on water.
    """

    days: NDArray[np.float64]
    levels_db: NDArray[np.float64]
    arounds_db: NDArray[np.float64]
    series_db: NDArray[np.float64]
    effect_db: NDArray[np.float64]
    at_sea: bool

    @property
    def level_db(self) -> NDArray[np.float64]:
        """[time], mean over polarisations."""
        return self.levels_db.mean(axis=1)

    @property
    def around_db(self) -> NDArray[np.float64]:
        """[time], mean over polarisations."""
        return self.arounds_db.mean(axis=1)

    @property
    def contrast_db(self) -> NDArray[np.float64]:
        """[time], how far it stood above the ground around it."""
        return self.level_db - self.around_db

    @property
    def years(self) -> float:
        """Length of the record."""
        return float(self.days[-1] - self.days[0]) / YEAR_DAYS if len(self.days) else 0.0


def facts_of(found: Found) -> Facts:
    """Read them from a finding's window."""
    at_sea = found.character.water_share > AT_SEA_SHARE
    return facts_at(found.window, found.footprint, at_sea, found.character.series_db)


def facts_as_afloat(found: Found) -> Facts:
    """The same against the water around it: of what lies half on a quay and half on water."""
    return facts_at(found.window, found.footprint, True, found.character.series_db)


def facts_at(
    window: Window, footprint: NDArray[np.bool_], at_sea: bool, series_db: NDArray[np.float64] | None = None
) -> Facts:
    """Read them for any footprint [y, x] of a window.

    Parameters
    ----------
    series_db
        See `Facts`; where it is not given, it is read from the window.
    """
    if series_db is None:
        series_db = nan_mean(window.residual[:, :, footprint].astype(float), axis=2) * DB_PER_LOG
    values = window.log_values * DB_PER_LOG
    effect = window.background.effect[:, 0] * DB_PER_LOG
    around = ground_round(window, footprint, on_water=at_sea)
    if around.sum() >= FEWEST_AROUND:
        beside = nan_median(values[:, :, around].astype(float), axis=2)
    else:
        stratum = WATER if at_sea else LAND
        usual = np.nan_to_num(window.background.level[stratum])
        beside = (window.background.effect[stratum] + usual[:, None]).T * DB_PER_LOG
    return Facts(
        days=window.days,
        levels_db=nan_mean(values[:, :, footprint].astype(float), axis=2),
        arounds_db=beside,
        series_db=series_db,
        effect_db=effect,
        at_sea=at_sea,
    )
