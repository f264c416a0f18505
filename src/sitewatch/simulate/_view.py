"""A viewing geometry: from where, how steeply and how sharply the radar sees the site."""

from __future__ import annotations

import dataclasses

import numpy as np

from sitewatch.scenes._scene import Track
from sitewatch.simulate._fields import direction

# A Gaussian whose full width at half maximum is 1 has this standard deviation.
_SIGMA_OF_FWHM = 1 / (2 * np.sqrt(2 * np.log(2)))


@dataclasses.dataclass(frozen=True)
class View:
    """One viewing geometry of an invented C-band radar much like Sentinel-1's.

    Attributes
    ----------
    relative_orbit, orbit_state, look_direction
        As in `Track`.
    heading_deg
        Flight direction over ground, clockwise from north.
    incidence_deg
        At the site's centre.
    pass_hour_utc
        Hour of the day of every pass (the orbit is sun-synchronous).
    resolution_range_m, resolution_azimuth_m
        Width at half maximum of the intensity's point spread on the ground.
    enl
        Equivalent number of looks of the final pixels, after the point spread.
    noise_db
        Noise-equivalent gamma0.
    """

    relative_orbit: int = 110
    orbit_state: str = "descending"
    look_direction: str = "right"
    heading_deg: float = 192.0
    incidence_deg: float = 38.5
    pass_hour_utc: float = 6.7
    resolution_range_m: float = 16.0
    resolution_azimuth_m: float = 18.0
    enl: float = 4.4
    noise_db: float = -28.0

    @property
    def track(self) -> Track:
        """The track that scenes of this geometry belong to."""
        return Track("simulated", "IW", self.relative_orbit, self.orbit_state, self.look_direction)

    @property
    def look_deg(self) -> float:
        """Direction in which the radar looks, clockwise from north."""
        return (self.heading_deg + (90 if self.look_direction == "right" else -90)) % 360

    @property
    def away(self) -> tuple[float, float]:
        """Unit step (row, column) away from the radar, on a grid whose top is north."""
        return direction(self.look_deg)

    def point_spread_px(self, pixel_m: float) -> tuple[float, float]:
        """Standard deviation of the intensity's point spread in (rows, columns).

        The orbit runs within some twelve degrees of north, so azimuth is taken along rows and range along columns.
        """
        return (
            _SIGMA_OF_FWHM * self.resolution_azimuth_m / pixel_m,
            _SIGMA_OF_FWHM * self.resolution_range_m / pixel_m,
        )


DESCENDING = View()
ASCENDING = View(relative_orbit=74, orbit_state="ascending", heading_deg=348.0, incidence_deg=33.0, pass_hour_utc=18.1)
