"""A small made-up site: a pier that grows out of a shore, in any grid, with as many dates as a test wants."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
import shapely
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from sitewatch.report import Provenance
from sitewatch.scenes._scene import Band, LeftOut, Scene, Track
from sitewatch.site import Site
from sitewatch.structure import GrowthPoint, Interval, Levels, Measure, Structure

TRACK = Track("sentinel-1", "IW", 98, "descending", "right")
START = dt.datetime(2021, 3, 2, 9, 31, 20, tzinfo=dt.UTC)
LON, LAT = -17.92, 28.6


@dataclasses.dataclass(frozen=True)
class Case:
    """All that a dossier is written from."""

    site: Site
    stacks: tuple[xr.Dataset, ...]
    structures: tuple[Structure, ...]
    scenes_used: tuple[Scene, ...]
    left_out: tuple[LeftOut, ...]
    provenance: Provenance


def geobox_in(crs: str, rows: int = 60, cols: int = 72) -> GeoBox:
    """A grid of 10 m or so around the same place in any CRS, with pixels that aren't square in EPSG:3857."""
    centre = {"EPSG:32628": (214600.0, 3167200.0), "EPSG:3857": (-1994845.0, 3324600.0), "EPSG:4326": (LON, LAT)}[crs]
    dx, dy = {"EPSG:32628": (10.0, 10.0), "EPSG:3857": (10.1, 9.9), "EPSG:4326": (1e-4, 1e-4)}[crs]
    left, top = centre[0] - dx * cols / 2, centre[1] + dy * rows / 2
    return GeoBox.from_bbox((left, top - dy * rows, left + dx * cols, top), crs, shape=(rows, cols))


@pytest.fixture(scope="session")
def make_stack() -> Callable[..., xr.Dataset]:
    def make(crs: str = "EPSG:32628", dates: int = 12, polarisations: tuple[str, ...] = ("VV", "VH")) -> xr.Dataset:
        rng = np.random.default_rng(7)
        geobox = geobox_in(crs)
        times = [np.datetime64((START + dt.timedelta(days=12 * i)).replace(tzinfo=None), "ns") for i in range(dates)]
        data = {}
        for name in polarisations:
            mean = np.full((dates, *geobox.shape), 0.01)
            mean[:, :20] = 0.1
            mean[dates // 2 :, 20:45, 30:36] = 0.4
            cube = (mean * rng.gamma(4.4, 1 / 4.4, mean.shape)).astype(np.float32)
            data[name] = (("time", "y", "x"), cube, {"units": "1", "long_name": f"{name} gamma0"})
        coords = xr_coords(geobox)
        stack = xr.Dataset(data, coords={"time": times, **{str(k): v for k, v in coords.items()}})
        if crs == "EPSG:4326":
            stack = stack.rename({k: v for k, v in {"latitude": "y", "longitude": "x"}.items() if k in stack.dims})
        stack.attrs = {
            "track": TRACK.key,
            "track_label": TRACK.label,
            "constellation": "sentinel-1",
            "orbit_state": "descending",
            "look_direction": "right",
            "relative_orbit": 98,
            "quantity": "gamma0",
            "enl": float("nan"),
            "time_known": 1,
            "credit": "Made up for a test",
            "notes": ["the number of looks was guessed"],
            "site": "shore",
        }
        return stack

    return make


@pytest.fixture(scope="session")
def make_structure() -> Callable[..., Structure]:
    def make(name: str = "pier-1", status: str = "confirmed", **changes: object) -> Structure:
        days = [(START + dt.timedelta(days=12 * i)).date() for i in range(12)]
        growth = tuple(GrowthPoint(d, float(i >= 6), 0.02, TRACK.key) for i, d in enumerate(days))
        structure = Structure(
            id=name,
            kind="pier",
            status=status,  # type: ignore[arg-type]
            footprint=shapely.box(LON - 0.0006, LAT - 0.0013, LON, LAT + 0.0009),
            area_m2=Measure(15_000.0, 900.0),
            length_m=Measure(250.0, 12.0),
            width_m=Measure(60.0, 7.0),
            growth=growth,
            levels=(Levels(TRACK.key, "VV", -20.0, -4.0), Levels(TRACK.key, "VH", -20.0, -4.0)),
            p_value=1e-12,
            onset=Interval(days[5], days[6]),
            completion=Interval(days[6], days[7]),
            first_raised=days[6],
            confirmed_on=days[8],
            orientation_deg=2.0,
            scenes=("scene-6", "scene-7"),
            tracks=(TRACK.key,),
            kind_probability=0.9,
        )
        return dataclasses.replace(structure, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def case(make_stack: Callable[..., xr.Dataset], make_structure: Callable[..., Structure]) -> Case:
    stack = make_stack()
    area = shapely.box(LON - 0.003, LAT - 0.002, LON + 0.003, LAT + 0.002)
    scenes = tuple(
        Scene(
            id=f"scene-{i}",
            datetime=START + dt.timedelta(days=12 * i),
            track=TRACK,
            bands=(Band("VV", "a.tif"), Band("VH", "b.tif")),
            geobox=geobox_in("EPSG:32628"),
            footprint=area,
            platform="sentinel-1a",
            credit="Made up for a test",
        )
        for i in range(12)
    )
    return Case(
        site=Site(id="shore", name="The shore", area=area),
        stacks=(stack,),
        structures=(
            make_structure(),
            make_structure("half-seen", "candidate", reason="one more image is needed"),
            make_structure("moored", "rejected", kind="ship", reason="it left after 40 days"),
        ),
        scenes_used=scenes,
        left_out=(LeftOut("broken.tif", "the file ends early", "Download it again"),),
        provenance=Provenance("0.1.0", "sitewatch run shore.geojson scenes", {"false-alarm rate": 1e-4}),
    )
