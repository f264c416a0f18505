"""A scenario: stacks of an invented coast, and the truth about what was built there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pyproj import Proj
from rasterio import features
from scipy import ndimage as ndi

from sitewatch.simulate._coast import draw_coast
from sitewatch.simulate._fields import BoolArray, FloatArray, generator
from sitewatch.simulate._growth import draw_schedule, milestones
from sitewatch.simulate._image import Felling, Place, image
from sitewatch.simulate._land import FOREST, draw_land
from sitewatch.simulate._paint import Building
from sitewatch.simulate._ships import draw_moorings
from sitewatch.simulate._tide import draw_tide
from sitewatch.simulate._view import DESCENDING, View
from sitewatch.simulate._weather import draw_weather
from sitewatch.simulate._works import KINDS, Plan, place_works

CREDIT = "Simulated data (sitewatch); the place is invented"
# far out in the Atlantic, so that nobody takes the invented coast for a real one
_CRS = "EPSG:32626"
_ORIGIN = (500_000.0, 5_000_000.0)
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
class Work:
    """The truth about one structure.

    Attributes
    ----------
    id, kind
        Name within the scenario, and what it is.
    mask
        Its pixels on the scenario's grid at the last image (for a demolition, those removed).
    outline
        The same as a polygon in the scenario's CRS.
    onset, completion
        (last image without, first image with) the structure and its full extent; completion is None while it grows.
    preparation_first_seen
        First image of the prepared site, or None.
    growth
        (date, fraction of the final extent), an entry an image.
    area_m2, length_m
        Size: the pixels' area, and the longer side of the smallest rotated rectangle (of a road, along it).
    """

    id: str
    kind: str
    mask: BoolArray
    outline: shapely.Polygon | shapely.MultiPolygon
    onset: tuple[dt.date, dt.date]
    completion: tuple[dt.date, dt.date] | None
    preparation_first_seen: dt.date | None
    growth: tuple[tuple[dt.date, float], ...]
    area_m2: float
    length_m: float


@dataclasses.dataclass(frozen=True)
class NotConstruction:
    """Something that changes and is not construction; `outline` is in the scenario's CRS, None for all over the sea."""

    kind: str
    first: dt.date
    last: dt.date | None = None
    outline: shapely.Polygon | shapely.MultiPolygon | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Scenario:
    """Stacks with known truth.

    Attributes
    ----------
    name, seed
        What the scenario is called and drawn from.
    geobox
        The grid that all stacks share.
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
    """

    name: str
    seed: int
    geobox: GeoBox
    stacks: tuple[xr.Dataset, ...]
    views: tuple[View, ...]
    works: tuple[Work, ...]
    not_construction: tuple[NotConstruction, ...]
    dates: tuple[dt.datetime, ...]

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
    moments = tuple(sorted(moment for track in tracks for moment in track.dates))
    geobox = GeoBox(shape, Affine(pixel_m, 0, _ORIGIN[0], 0, -pixel_m, _ORIGIN[1]), _CRS)
    # works are timed by the first track, so that adding another leaves the place as it was
    place = _draw_place(seed, shape, pixel_m, tide_m, works, faintness_db, first.dates, moments)
    site = name or f"coast-{seed}"
    return Scenario(
        name=site,
        seed=seed,
        geobox=geobox,
        stacks=tuple(_stack(place, track, geobox, site) for track in tracks),
        views=tuple(track.view for track in tracks),
        works=tuple(_truth(place, moments, geobox)),
        not_construction=tuple(_not_construction(place, geobox, moments[0].date())),
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
    first, last = _day(dates[0]), _day(dates[-1])
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
        weather=draw_weather(seed, _day(moments[-1])),
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


def _stack(place: Place, track: Acquisitions, geobox: GeoBox, site: str) -> xr.Dataset:
    """One track's images as a stack by the contract of docs/architecture.md."""
    images = [image(place, track.view, _day(moment)) for moment in track.dates]
    times = np.array([moment.astimezone(dt.UTC).replace(tzinfo=None) for moment in track.dates], "datetime64[ns]")
    described = track.view.track
    pixel_x_m, pixel_y_m = _ground_pixel(geobox)
    data = {
        pol: (
            ("time", "y", "x"),
            np.stack([one[pol] for one in images]),
            {"units": "1", "long_name": f"{pol} gamma0, linear power", "grid_mapping": "spatial_ref"},
        )
        for pol in images[0]
    }
    return xr.Dataset(
        data,
        coords={
            "time": times,
            "scene": ("time", np.array([scene_name(site, track.view, moment) for moment in track.dates])),
            "platform": ("time", np.array(["simulated"] * len(times))),
            **xr_coords(geobox),
        },
        attrs={
            "track": described.key,
            "track_label": described.label,
            "constellation": described.constellation,
            "orbit_state": described.orbit_state,
            "look_direction": described.look_direction,
            "relative_orbit": described.relative_orbit,
            "quantity": "gamma0",
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


def _truth(place: Place, moments: Sequence[dt.datetime], geobox: GeoBox) -> list[Work]:
    """Each structure's truth in terms of the images; one that shows in fewer than two of them has none."""
    days, dates = [_day(moment) for moment in moments], [moment.date() for moment in moments]
    pixel_m = place.coast.pixel_m
    out = []
    for number, work in enumerate(place.works, 1):
        built_day = work.schedule.built_day(work.plan.order)
        mask = work.plan.mask & (built_day <= days[-1])
        seen = milestones(mask, built_day, work.schedule, days, dates)
        if seen is None:
            continue
        shape_ = outline(mask, geobox.transform)
        out.append(
            Work(
                id=f"{work.plan.kind}-{number}",
                kind=work.plan.kind,
                mask=mask,
                outline=shape_,
                onset=seen.onset,
                completion=seen.completion,
                preparation_first_seen=seen.preparation_first_seen,
                growth=seen.growth,
                area_m2=float(mask.sum()) * pixel_m**2,
                length_m=_length_m(work.plan, mask, shape_, pixel_m),
            )
        )
    return out


def _not_construction(place: Place, geobox: GeoBox, begin: dt.date) -> list[NotConstruction]:
    """Everything a careless reader of the images might take for construction."""
    out = []
    for mooring in place.moorings:
        row, col = mooring.ship.centre
        around = shapely.Point(ground_point(geobox, row + 0.5, col + 0.5)).buffer(
            mooring.ship.length_m / 2 + mooring.drift_m
        )
        kind = "ship at a quay" if mooring.place == "quay" else "anchored ship"
        out.append(NotConstruction(kind, _date(mooring.first_day), _date(mooring.last_day), around))
    coast, reach_m = place.coast, place.tide.highest_m
    flat = ~coast.land & (np.abs(coast.bed_m) < reach_m)
    if flat.any():
        out.append(NotConstruction("tidal flat", begin, None, outline(flat, geobox.transform)))
    for felling in place.fellings:
        out.append(NotConstruction("felled trees", _date(felling.day), None, outline(felling.mask, geobox.transform)))
    out.append(NotConstruction("ships under way", begin))
    out.append(NotConstruction("crops through their seasons", begin))
    return out


def ground_point(geobox: GeoBox, row: float, col: float) -> tuple[float, float]:
    """(x, y) in the CRS of a place on the grid; (0, 0) is the outer corner of the first pixel."""
    transform = geobox.transform
    return (
        transform.a * col + transform.b * row + transform.c,
        transform.d * col + transform.e * row + transform.f,
    )


def outline(mask: BoolArray, transform: Affine) -> shapely.Polygon | shapely.MultiPolygon:
    """Pixels as a polygon along their edges."""
    pieces = [
        shapely.geometry.shape(g) for g, _ in features.shapes(mask.astype("uint8"), mask=mask, transform=transform)
    ]
    joined = shapely.union_all(pieces)
    if not isinstance(joined, shapely.Polygon | shapely.MultiPolygon):
        raise ValueError("an empty mask has no outline")
    return joined


def _length_m(plan: Plan, mask: BoolArray, shape_: shapely.Polygon | shapely.MultiPolygon, pixel_m: float) -> float:
    if plan.centreline is not None:
        line: FloatArray = plan.centreline
        at = np.round(line).astype(int)
        share = float(np.mean(mask[at[:, 0], at[:, 1]]))
        return share * float(np.sum(np.hypot(*np.diff(line, axis=0).T))) * pixel_m
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape_))
    return float(np.max(np.hypot(*np.diff(corners, axis=0).T)))


def _ground_pixel(geobox: GeoBox) -> tuple[float, float]:
    """True size of a pixel on the ground at the centre, metres."""
    projection = Proj(str(geobox.crs))
    x, y = ground_point(geobox, geobox.height / 2, geobox.width / 2)
    scale = projection.get_factors(*projection(x, y, inverse=True)).meridional_scale
    return abs(geobox.resolution.x) / scale, abs(geobox.resolution.y) / scale


def _check_dates(dates: Sequence[dt.datetime]) -> None:
    if len(dates) < 2:
        raise ValueError(f"a scenario needs two images at least, not {len(dates)}")
    if any(moment.tzinfo is None for moment in dates):
        raise ValueError("image times need a time zone (UTC)")
    if any(later <= earlier for earlier, later in itertools.pairwise(dates)):
        raise ValueError("image times must increase")


def _day(moment: dt.datetime) -> float:
    """Days since 1970-01-01 UTC."""
    return moment.timestamp() / 86400


def _date(day: float) -> dt.date:
    return dt.datetime.fromtimestamp(day * 86400, dt.UTC).date()
