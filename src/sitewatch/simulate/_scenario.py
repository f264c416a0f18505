"""A scenario: stacks of an invented coast, and the truth about what was built there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy import ndimage as ndi

from sitewatch.simulate._coast import draw_coast
from sitewatch.simulate._fields import BoolArray, generator
from sitewatch.simulate._grid import coast_geobox, ground_pixel_m, refined
from sitewatch.simulate._growth import draw_schedule
from sitewatch.simulate._image import Felling, Place, image
from sitewatch.simulate._land import FOREST, draw_land
from sitewatch.simulate._paint import Building
from sitewatch.simulate._ships import draw_moorings
from sitewatch.simulate._tide import draw_tide
from sitewatch.simulate._truth import NotConstruction, Work, not_construction, true_works
from sitewatch.simulate._view import DESCENDING, View
from sitewatch.simulate._weather import days_since_epoch, draw_weather
from sitewatch.simulate._works import KINDS, place_works

CREDIT = "Simulated data (sitewatch); the place is invented"
_SPAN_DAYS = {
    "pier": (150.0, 420.0),
    "reclamation": (120.0, 400.0),
    "building": (50.0, 180.0),
    "road": (80.0, 240.0),
    "demolition": (25.0, 90.0),
}


@dataclasses.dataclass(frozen=True)
class Acquisitions:
    """When one geometry sees the place; times are aware, in UTC."""

    view: View
    dates: tuple[dt.datetime, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Scenario:
    """Stacks with known truth.

    Attributes
    ----------
    name, seed
        What the scenario is called and drawn from.
    geobox
        The grid that the stacks of full tracks share.
    stacks
        One a track, as docs/architecture.md lays down.
    views
        The geometry of each.
    works
        What was built.
    not_construction
        What else changed.
    dates
        Dates of all images of all tracks, in order.
    singles
        Stacks of one or two images, each of a geometry of its own and on a grid that may be finer.
    single_views
        The geometry of each.
    """

    name: str
    seed: int
    geobox: GeoBox
    stacks: tuple[xr.Dataset, ...]
    views: tuple[View, ...]
    works: tuple[Work, ...]
    not_construction: tuple[NotConstruction, ...]
    dates: tuple[dt.datetime, ...]
    singles: tuple[xr.Dataset, ...] = ()
    single_views: tuple[View, ...] = ()

    @property
    def stack(self) -> xr.Dataset:
        """The stack of the first track."""
        return self.stacks[0]

    @property
    def pixel_m(self) -> float:
        """Pixel size in units of the CRS, metres."""
        return float(self.geobox.resolution.x)


def revisit_dates(
    view: View = DESCENDING,
    *,
    start: dt.date = dt.date(2023, 1, 9),
    count: int = 60,
    every_days: int = 12,
    missed: float = 0.06,
    seed: int = 0,
) -> tuple[dt.datetime, ...]:
    """Times of the passes of one geometry: every so many days, a share of them missed as happens in real archives."""
    rng = generator(seed, "passes", view.relative_orbit)
    first = dt.datetime.combine(start, dt.time(), dt.UTC) + dt.timedelta(hours=view.pass_hour_utc)
    passes = [first + dt.timedelta(days=every_days * number) for number in range(int(count / (1 - missed)) + count)]
    return tuple([moment for moment in passes if rng.random() >= missed][:count])


def simulate_coast(
    seed: int,
    *,
    dates: Sequence[dt.datetime] | None = None,
    shape: tuple[int, int] = (200, 200),
    pixel_m: float = 10.0,
    works: Sequence[str] = ("pier", "building", "road"),
    view: View = DESCENDING,
    others: Sequence[Acquisitions] = (),
    singles: Sequence[Acquisitions] = (),
    tide_m: float = 1.3,
    faintness_db: float = 0.0,
    name: str = "",
) -> Scenario:
    """Simulate a coast where things are built among ships, tides and weather.

    The place, the weather and the works depend on the seed, not on who looks; each image depends on the seed, the
    view and its time only. More tracks thus show the same place.

    Parameters
    ----------
    seed
        Any non-negative number.
    dates
        Aware UTC times of the images of the first track; by default `revisit_dates` of the view.
    shape
        Rows, columns.
    pixel_m
        Pixel size in metres.
    works
        Kinds to build, in this order: pier, reclamation, building, road, demolition. One that fits nowhere is left
        out; an empty list gives a place where nothing is built.
    view
        Geometry of the first track.
    others
        Further tracks of the same place.
    singles
        Further geometries that see it once or twice.
    tide_m
        Amplitude of the M2 tide.
    faintness_db
        By how much structures are fainter than usual (0 is plain to see, 6 is near the speckle).
    name
        Of the site; by default made of the seed.

    Returns
    -------
    Scenario

    Raises
    ------
    ValueError
        For an unknown kind of work, fewer than two dates, dates that don't increase or lack a time zone.
    """
    unknown = sorted(set(works) - set(KINDS))
    if unknown:
        raise ValueError(f"no such works: {', '.join(unknown)}; there are {', '.join(KINDS)}")
    first = Acquisitions(view, tuple(dates) if dates is not None else revisit_dates(view, seed=seed))
    tracks = (first, *others)
    for track in tracks:
        _check_dates(track.dates)
    for track in singles:
        _check_dates(track.dates, fewest=1)
    moments = tuple(sorted(moment for track in (*tracks, *singles) for moment in track.dates))
    geobox = coast_geobox(shape, pixel_m)
    # works are timed by the first track, so that adding another leaves the place as it was
    place = _draw_place(seed, shape, pixel_m, tide_m, works, faintness_db, first.dates, moments)
    site = name or f"coast-{seed}"
    return Scenario(
        name=site,
        seed=seed,
        geobox=geobox,
        stacks=tuple(stack_of(place, track, geobox, site) for track in tracks),
        singles=tuple(stack_of(place, track, geobox, site) for track in singles),
        single_views=tuple(track.view for track in singles),
        views=tuple(track.view for track in tracks),
        works=tuple(true_works(place, moments, geobox)),
        not_construction=tuple(not_construction(place, geobox, moments[0].date())),
        dates=moments,
    )


def demo_scenario(seed: int = 3) -> Scenario:
    """The scenario of ``make demo``: two years of a coast where a pier, a building and an access road are built."""
    dates = revisit_dates(start=dt.date(2023, 3, 4), count=46, every_days=16, missed=0.08, seed=seed)
    return simulate_coast(seed, dates=dates, shape=(200, 200), works=("pier", "building", "road"), name="demo-coast")


def _draw_place(
    seed: int,
    shape: tuple[int, int],
    pixel_m: float,
    tide_m: float,
    works: Sequence[str],
    faintness_db: float,
    dates: Sequence[dt.datetime],
    moments: Sequence[dt.datetime],
) -> Place:
    first, last = days_since_epoch(dates[0]), days_since_epoch(dates[-1])
    tide = draw_tide(seed, tide_m)
    coast = draw_coast(seed, shape, pixel_m, tide.highest_m)
    land = draw_land(seed, coast)
    rng = generator(seed, "works")
    built = []
    for plan in place_works(rng, works, coast, land):
        schedule = draw_schedule(rng, first, last, span_days=_SPAN_DAYS[plan.kind], preparation=plan.kind == "building")
        built.append(Building(plan, schedule, faintness_db))
    occupied = np.any([work.plan.mask for work in built], axis=0) if built else np.zeros(shape, bool)
    return Place(
        seed=seed,
        coast=coast,
        tide=tide,
        weather=draw_weather(seed, days_since_epoch(moments[-1])),
        land=land,
        works=tuple(built),
        moorings=draw_moorings(seed, coast, first, last),
        fellings=_fellings(seed, land.is_cover(FOREST) & coast.land & ~occupied, first, last, pixel_m),
    )


def _fellings(seed: int, forest: BoolArray, first: float, last: float, pixel_m: float) -> tuple[Felling, ...]:
    """One stand of trees cut in the middle of the series, where there is forest."""
    rng = generator(seed, "felling")
    places = np.argwhere(forest)
    if not len(places):
        return ()
    centre = places[rng.integers(len(places))]
    rows, cols = np.indices(forest.shape)
    stand = forest & (np.hypot(rows - centre[0], cols - centre[1]) * pixel_m < rng.uniform(50, 110))
    labels, _ = ndi.label(stand)
    stand = labels == labels[tuple(centre)]
    return (Felling(stand, float(first + rng.uniform(0.3, 0.7) * (last - first))),)


def stack_of(place: Place, track: Acquisitions, geobox: GeoBox, site: str) -> xr.Dataset:
    """One track's images as a stack by the contract of docs/architecture.md."""
    images = [image(place, track.view, days_since_epoch(moment)) for moment in track.dates]
    times = np.array([moment.astimezone(dt.UTC).replace(tzinfo=None) for moment in track.dates], "datetime64[ns]")
    described = track.view.track
    geobox = refined(geobox, track.view.finer)
    pixel_x_m, pixel_y_m = ground_pixel_m(geobox)
    data = {
        pol: (
            ("time", "y", "x"),
            np.stack([one[pol] for one in images]),
            {"units": "1", "long_name": f"{pol} {track.view.quantity}, linear power", "grid_mapping": "spatial_ref"},
        )
        for pol in images[0]
    }
    return xr.Dataset(
        data,
        coords={
            "time": times,
            "scene": ("time", np.array([scene_name(site, track.view, moment) for moment in track.dates])),
            "platform": ("time", np.array([described.constellation] * len(times))),
            **xr_coords(geobox),
        },
        attrs={
            "track": described.key,
            "track_label": described.label,
            "constellation": described.constellation,
            "orbit_state": described.orbit_state,
            "look_direction": described.look_direction,
            "relative_orbit": described.relative_orbit,
            "quantity": track.view.quantity,
            "enl": track.view.enl,
            "pixel_x_m": pixel_x_m,
            "pixel_y_m": pixel_y_m,
            "time_known": 1,
            "credit": CREDIT,
            "notes": ["simulated"],
            "site": site,
        },
    )


def scene_name(site: str, view: View, moment: dt.datetime) -> str:
    """Name of one image, which is its id and, with a suffix, its file."""
    return f"{site}_{view.relative_orbit:03d}_{moment.astimezone(dt.UTC):%Y%m%dT%H%M%S}"


def _check_dates(dates: Sequence[dt.datetime], fewest: int = 2) -> None:
    if len(dates) < fewest:
        needed = "two images" if fewest == 2 else "one image of each geometry"
        raise ValueError(f"a scenario needs {needed} at least, not {len(dates)}")
    if any(moment.tzinfo is None for moment in dates):
        raise ValueError("image times need a time zone (UTC)")
    if any(later <= earlier for earlier, later in itertools.pairwise(dates)):
        raise ValueError("image times must increase")
