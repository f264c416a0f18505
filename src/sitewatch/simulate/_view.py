"""A viewing geometry: from where, how steeply and how sharply the radar sees the site."""

from __future__ import annotations

import dataclasses

import numpy as np

from sitewatch.scenes._scene import Quantity, Track
from sitewatch.simulate._fields import direction

# A Gaussian whose full width at half maximum is 1 has this standard deviation.
_SIGMA_OF_FWHM = 1 / (2 * np.sqrt(2 * np.log(2)))


@dataclasses.dataclass(frozen=True)
class View:
    """One viewing geometry of an invented radar, by default at C band and much like Sentinel-1's.

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
    constellation, mode
        As in `Track`.
    finer
        How many of its pixels lie along a side of one of the scenario's grid.
    polarisations
        Those of VV and VH that it has.
    gain_db
        What its numbers are above gamma0; not 0 for an uncalibrated product.
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
    constellation: str = "simulated"
    mode: str = "IW"
    finer: int = 1
    polarisations: tuple[str, ...] = ("VV", "VH")
    gain_db: float = 0.0

    @property
    def track(self) -> Track:
        """The track that scenes of this geometry belong to."""
        return Track(self.constellation, self.mode, self.relative_orbit, self.orbit_state, self.look_direction)

    @property
    def quantity(self) -> Quantity:
        """What its pixels measure."""
        return "gamma0" if self.gain_db == 0.0 else "unknown"

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


def single_views(count: int = 10) -> tuple[View, ...]:
    """As many geometries as asked for of two sensors in turn, as tasked satellites have them, no two alike.

    Incidence from 20 to 50 degrees, up and down, to the right and the left. The first sensor is like `DESCENDING`; the
    second has pixels three times finer, VV alone, fewer looks, more noise and numbers of no calibration (X band; its
    surfaces are those of C band, which within-image contrast forgives).
    """
    views = []
    for number in range(count):
        up, left = number % 4 >= 2, number % 3 == 0
        incidence = 20.0 + 30.0 * ((7 * number) % max(count, 1)) / max(count - 1, 1)
        view = View(
            relative_orbit=301 + number,
            orbit_state="ascending" if up else "descending",
            look_direction="left" if left else "right",
            heading_deg=348.0 if up else 192.0,
            incidence_deg=incidence,
            pass_hour_utc=4.0 + 1.7 * number,
        )
        if number % 2:
            view = dataclasses.replace(
                view,
                constellation="simulated-x",
                mode="SM",
                resolution_range_m=3.2,
                resolution_azimuth_m=3.0,
                enl=1.6,
                noise_db=-20.0,
                finer=3,
                polarisations=("VV",),
                gain_db=41.0,
            )
        views.append(view)
    return tuple(views)
