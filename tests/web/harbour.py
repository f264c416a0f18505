"""A small real workspace: images on disk, a stack made of them, change maps, structures in the record."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import rasterio
import shapely
import xarray as xr
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from sitewatch import Site
from sitewatch.finding import Finding
from sitewatch.pipeline import add_images, init_site
from sitewatch.record import (
    Alert,
    ContextEvent,
    Workspace,
    add_event,
    add_finding,
    begin_run,
    change_raster_jobs,
    finish_run,
    keep_structures,
    raise_alert,
    transaction,
    write_published,
)
from sitewatch.scenes import open_scenes
from sitewatch.stack import build_stacks
from sitewatch.structure import GrowthPoint, Interval, Levels, Measure, Phase, PhasePoint, Structure

SIZE = 64
PIXEL_M = 10
EAST, NORTH = 500_000, 5_000_000
DATES = [dt.datetime(2023, 1, 3, 6, 42, tzinfo=dt.UTC) + dt.timedelta(days=12 * i) for i in range(20)]
DAYS = [one.date() for one in DATES]
TRACK = "sentinel-1-iw-110-descending"
PIER = (slice(20, 40), slice(30, 34))  # rows, columns; built in the eighth image
HALL = (slice(4, 10), slice(8, 16))
BUILT = 8
WATER, LAND, CONCRETE = 0.01, 0.1, 1.0


def lonlat(column: float, row: float) -> tuple[float, float]:
    """Place of a pixel's corner."""
    to_degrees = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(EAST + PIXEL_M * column, NORTH - PIXEL_M * row)
    return float(lon), float(lat)


def outline(rows: slice, columns: slice) -> shapely.Polygon:
    """Outline of a block of pixels, degrees."""
    corners = [
        (columns.start, rows.start),
        (columns.start, rows.stop),
        (columns.stop, rows.stop),
        (columns.stop, rows.start),
    ]
    return shapely.Polygon([lonlat(*corner) for corner in corners])


def pixels(index: int) -> np.ndarray:
    """Land in the upper third, water below, and from one date on a pier in it; exact levels, no speckle."""
    image = np.full((SIZE, SIZE), WATER, np.float32)
    image[:20] = LAND
    if index >= BUILT:
        image[PIER] = CONCRETE
    return image


def write_images(folder: Path) -> Path:
    """The images as GeoTIFFs that say what they are."""
    folder.mkdir()
    profile = {
        "driver": "GTiff", "height": SIZE, "width": SIZE, "count": 1, "dtype": "float32", "nodata": float("nan"),
        "crs": CRS.from_epsg(32632), "transform": Affine(PIXEL_M, 0, EAST, 0, -PIXEL_M, NORTH),
    }  # fmt: skip
    for index, moment in enumerate(DATES):
        with rasterio.open(folder / f"s1_{moment:%Y%m%dT%H%M%S}.tif", "w", **profile) as file:
            file.write(pixels(index), 1)
            file.update_tags(
                ACQUISITION_DATETIME=moment.isoformat(), POLARISATION="VV", PLATFORM="sentinel-1a",
                CONSTELLATION="sentinel-1", INSTRUMENT_MODE="IW", ORBIT_STATE="descending", RELATIVE_ORBIT="110",
                QUANTITY="gamma0", UNITS="linear",
            )  # fmt: skip
    return folder


def phase_of(index: int) -> Phase:
    """Phase of the works at an image."""
    if index < BUILT:
        return "No Activity"
    return "Active Construction" if index == BUILT else "Post Construction"


def pier(name: str, footprint: shapely.Polygon, **changes: object) -> Structure:
    """A structure that grew from the eighth image on."""
    return dataclasses.replace(
        Structure(
            id=name, kind="pier", status="candidate", reason="few images", footprint=footprint,
            area_m2=Measure(8000.0, 300.0), length_m=Measure(200.0, 9.0), width_m=Measure(40.0, 9.0),
            growth=tuple(GrowthPoint(day, float(i >= BUILT), 0.01, TRACK) for i, day in enumerate(DAYS)),
            levels=(Levels(TRACK, "VV", -20.0, 0.0),), p_value=1e-9,
            onset=Interval(DAYS[BUILT - 1], DAYS[BUILT]), completion=Interval(DAYS[BUILT], DAYS[BUILT + 1]),
            phases=tuple(
                PhasePoint(day, phase_of(i), (float(i < BUILT), 0.0, float(i == BUILT), float(i > BUILT)))
                for i, day in enumerate(DAYS)
            ),
            scenes=(), tracks=(TRACK,), kind_probability=0.9,
        ),
        **changes,
    )  # fmt: skip


STRUCTURES = (
    pier("pier-1", outline(*PIER)),
    pier("hall-2", outline(*HALL), kind="building", onset=Interval(DAYS[2], DAYS[4]), completion=None),
    pier("hall-3", outline(slice(4, 12), slice(44, 54)), kind="building", status="confirmed", reason=""),
    pier("ship-4", outline(slice(50, 54), slice(10, 18)), kind="ship", status="rejected", reason="vessels lay here"),
)  # fmt: skip


def make_harbour(folder: Path, structures: tuple[Structure, ...] = STRUCTURES) -> Workspace:
    """A workspace as an update leaves it: stack, maps of change, record, structures.geojson."""
    folder.mkdir(parents=True, exist_ok=True)
    images = write_images(folder / "images")
    area = outline(slice(1, SIZE - 1), slice(1, SIZE - 1))
    site = dataclasses.replace(Site.read("bbox:" + ",".join(map(str, area.bounds))), id="harbour", name="A harbour")
    workspace = init_site(folder / "workspace", site)
    add_images(workspace.folder, [images])
    scenes = open_scenes([images]).scenes
    stack = build_stacks(workspace.site, scenes, workspace.stacks_folder).stacks[0]
    for job in change_raster_jobs(workspace.change_folder, change_of(stack), TRACK):
        workspace.change_folder.mkdir(exist_ok=True)
        job()
    with workspace.record() as record, transaction(record):
        uid = workspace.uid
        run = begin_run(
            record, uid, started=DATES[-1], by="test", command="sitewatch update", parameters={},
            scenes=[scene.id for scene in scenes],
        )  # fmt: skip
        revisions = keep_structures(record, uid, run, structures, why=f"run {run}")
        finish_run(record, uid, run, input_hash="1", counts={"candidate": 2}, seconds={}, notes=["a note"], left_out=[])
        add_finding(record, uid, Finding("observed", "A pier was built.", structures=("SW-0001",)), by="test")
        raise_alert(record, uid, Alert("new-1", "new structure", "a pier was begun", "SW-0001"))
        add_event(record, uid, ContextEvent("the port is enlarged", "the gazette", DAYS[5]), by="test")
    write_published(workspace, revisions)
    return workspace


def change_of(stack: xr.Dataset) -> xr.Dataset:
    """Maps of change as a run makes them, of the one thing that changed."""
    bright = stack["VV"].isel(time=-1) > 5 * stack["VV"].isel(time=0)
    chance = xr.where(bright, 1e-9, 0.5).astype(np.float32)
    date = xr.where(bright, stack["time"].isel(time=BUILT), stack["time"].isel(time=2))
    maps = {name: (("y", "x"), values.to_numpy()) for name, values in {"p_value": chance, "first_date": date}.items()}
    return xr.Dataset(maps, coords={"y": stack["y"], "x": stack["x"], "spatial_ref": stack["spatial_ref"]})
