"""What the products of tasked satellites share: angles, calibration to gamma0, and the words for both."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import shapely

from sitewatch.scenes._geocode import RadarReader
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._lattice import Lattice
from sitewatch.scenes._radar_image import RadarImage, Stored, TiePoint, along_range, outline_on_ground, range_axis
from sitewatch.scenes._raster import scene_error
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._scene import Quantity

_STEPS = 17


def gamma0_factor(measured: Quantity, incidence_deg: np.ndarray) -> np.ndarray:
    """Factor from a quantity to gamma0 for flat ground: gamma0 = sigma0 / cos(i) and sigma0 = beta0 sin(i)."""
    angle = np.radians(np.asarray(incidence_deg, float))
    if measured == "sigma0":
        return 1 / np.cos(angle)
    if measured == "beta0":
        return np.tan(angle)
    return np.ones_like(angle)


def as_gamma0(measured: Quantity) -> Quantity:
    """What power is once `gamma0_factor` is applied to it."""
    return "unknown" if measured == "unknown" else "gamma0"


def even_gain(measured: Quantity, incidence_deg: float) -> Lattice:
    """Factor to gamma0 over an image of which one incidence angle is told."""
    return Lattice.of(np.zeros(1), np.zeros(1), gamma0_factor(measured, np.array([[incidence_deg]])))


def range_gain(
    model: Rpc | tuple[TiePoint, ...],
    shape: tuple[int, int],
    measured: Quantity,
    near_deg: float,
    far_deg: float,
    default_axis: tuple[int, bool],
) -> Lattice:
    """Factor to gamma0 over an image whose incidence angle grows evenly from near to far range.

    `default_axis` (see `range_axis`) is the producer's layout, for images without rational polynomials to tell it.
    """
    axis, increasing = range_axis(model, shape) if isinstance(model, Rpc) else default_axis
    return along_range(shape, axis, increasing, gamma0_factor(measured, np.linspace(near_deg, far_deg, _STEPS)))


def radar_reader(
    href: str,
    shape: tuple[int, int],
    model: Rpc | tuple[TiePoint, ...],
    mean_height_m: float | None,
    hints: Hints,
    gain: Lattice | None,
    stored: Stored,
    quantity: Quantity,
) -> tuple[RadarReader, shapely.Polygon]:
    """What lays an image on the map, and the image's outline: on the ground that the user names, else on flat ground.

    Without a mean height of the product that is the height its rational polynomials count from. `quantity` is what the
    power measures once `gain` is applied.
    """
    flat = mean_height_m if mean_height_m is not None else model.height_off if isinstance(model, Rpc) else 0.0
    image = RadarImage(shape, model, float(flat), hints.terrain, gain, stored, quantity)
    try:
        return RadarReader(href, image), outline_on_ground(image)
    except ValueError as error:
        raise scene_error(href, str(error), "Fetch it again, or ask its provider.") from error


def geometry_notes(image: RadarImage, incidence_deg: float) -> list[str]:
    """How an image gets onto the map, and what that leaves open."""
    if not isinstance(image.model, Rpc):
        return ["laid on the map by its tie points: terrain is followed only as far as they do"]
    if image.terrain is not None:
        return [f"laid on the map by its rational polynomials on ground at {image.terrain.label}"]
    return [
        "laid on the map by its rational polynomials on flat ground at the product's mean height: ground 10 m higher "
        f"or lower lies about {_off_m(incidence_deg):.0f} m off (--dem)"
    ]


def without_terrain(incidence_deg: float) -> str:
    """What it means that the producer laid an image on flat ground."""
    return f"geocoded without terrain: ground 10 m higher lies {_off_m(incidence_deg):.0f} m off"


def _off_m(incidence_deg: float) -> float:
    """How far off ground lies that is 10 m higher than it was taken for."""
    return 10 / math.tan(math.radians(incidence_deg))


UNCORRECTED = "gamma0 for flat ground: slopes are not corrected for, noise is not taken off"
FLATTENED = "gamma0 flattened by the terrain's area; layover and shadow masked; noise is not taken off"


def radiometry_note(image: RadarImage) -> str:
    """What gamma0 is that of, and what was not done to it."""
    return FLATTENED if image.flattens else UNCORRECTED


def middle(start: dt.datetime, end: dt.datetime | None) -> dt.datetime:
    """Half way between two times; the first where the second is absent or no acquisition lasts that long."""
    if end is None or not dt.timedelta(0) <= end - start <= dt.timedelta(minutes=10):
        return start
    return start + (end - start) / 2
