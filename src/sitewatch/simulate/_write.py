"""A scenario on disk: scenes as GeoTIFF files, the site, and the truth in the form that a scorer reads."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio.crs import CRS

from sitewatch.errors import WorkspaceError
from sitewatch.progress import Progress, silent
from sitewatch.simulate._grid import ground_point
from sitewatch.simulate._scenario import CREDIT, Scenario
from sitewatch.simulate._truth import NotConstruction, Work


def write_scenario(scenario: Scenario, folder: str | Path, *, progress: Progress = silent) -> Path:
    """Write ``scenes/*.tif``, ``site.geojson`` and ``truth.geojson`` into a folder.

    Each scene is one GeoTIFF with a band a polarisation (float32, linear gamma0, described by its polarisation) and
    the tags ACQUISITION_DATETIME, POLARISATION, QUANTITY, UNITS, PLATFORM, CONSTELLATION, INSTRUMENT_MODE, ORBIT_STATE,
    RELATIVE_ORBIT, LOOK_DIRECTION, INCIDENCE_ANGLE, ENL and CREDIT.

    Parameters
    ----------
    scenario
        What to write.
    folder
        Made if it does not exist; files of the same names are replaced.
    progress
        Told of each scene.

    Returns
    -------
    The folder.

    Raises
    ------
    WorkspaceError
        If the folder can't be written to.
    """
    folder = Path(folder)
    scenes = folder / "scenes"
    try:
        scenes.mkdir(parents=True, exist_ok=True)
        total, done = len(scenario.dates), 0
        for stack, view_tags in zip((*scenario.stacks, *scenario.singles), scenario_tags(scenario), strict=True):
            for index in range(stack.sizes["time"]):
                write_scene(stack.isel(time=index), scenes, view_tags)
                done += 1
                progress("writing scenes", done, total)
        _write_json(folder / "site.geojson", site_collection(scenario))
        _write_json(folder / "truth.geojson", truth_collection(scenario))
    except OSError as error:
        raise WorkspaceError(
            f"the scenario can't be written to {folder}: {error}", hint="Choose a folder that you may write to"
        ) from error
    return folder


def scenario_tags(scenario: Scenario) -> list[dict[str, str]]:
    """The tags that all scenes of a track share, an entry a stack; those of single images last."""
    return [
        {
            "PLATFORM": "simulated",
            "CONSTELLATION": view.track.constellation,
            "INSTRUMENT_MODE": view.track.mode,
            "ORBIT_STATE": view.orbit_state,
            "RELATIVE_ORBIT": str(view.relative_orbit),
            "LOOK_DIRECTION": view.look_direction,
            "INCIDENCE_ANGLE": str(view.incidence_deg),
            "ENL": str(view.enl),
            **({"QUANTITY": view.quantity} if view.quantity != "unknown" else {}),
            "UNITS": "linear",
            "CREDIT": CREDIT,
        }
        for view in (*scenario.views, *scenario.single_views)
    ]


def write_scene(one: xr.Dataset, folder: Path, tags: dict[str, str]) -> Path:
    """Write one date of a stack; the file takes its name only when it is whole."""
    pols = [str(name) for name in one.data_vars]
    geobox = one.odc.geobox
    moment = dt.datetime.fromtimestamp(one["time"].astype("int64").item() / 1e9, dt.UTC)
    target = folder / f"{one['scene'].item()}.tif"
    partial = target.with_suffix(".part")
    profile = {
        "driver": "GTiff",
        "height": geobox.height,
        "width": geobox.width,
        "count": len(pols),
        "dtype": "float32",
        "crs": CRS.from_user_input(str(geobox.crs)),
        "transform": geobox.transform,
        "nodata": float("nan"),
        "compress": "deflate",
        "zlevel": 1,
        "predictor": 3,
        "interleave": "band",
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
    }
    with rasterio.open(partial, "w", **profile) as file:
        for band, pol in enumerate(pols, 1):
            file.write(np.asarray(one[pol], dtype="float32"), band)
            file.set_band_description(band, pol)
            file.update_tags(band, POLARISATION=pol)
        file.update_tags(
            ACQUISITION_DATETIME=moment.isoformat().replace("+00:00", "Z"), POLARISATION=",".join(pols), **tags
        )
    os.replace(partial, target)
    return target


def site_collection(scenario: Scenario) -> dict[str, Any]:
    """The site file: the scenario's extent, one pixel in from its edge."""
    box = scenario.geobox
    corners = [(1, 1), (1, box.width - 1), (box.height - 1, box.width - 1), (box.height - 1, 1)]
    area = shapely.Polygon([ground_point(box, row, col) for row, col in corners])
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": _in_degrees(area, scenario),
                "properties": {
                    "role": "site",
                    "id": scenario.name,
                    "name": scenario.name.replace("-", " ").capitalize(),
                },
            }
        ],
    }


def truth_collection(scenario: Scenario) -> dict[str, Any]:
    """What was built and what was not, in the properties that a scorer of found structures reads."""
    height, width = scenario.geobox.shape
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": _in_degrees(work.outline, scenario), "properties": _truth(work)}
            for work in scenario.works
        ],
        "properties": {
            "site": scenario.name,
            "seed": scenario.seed,
            "crs": str(scenario.geobox.crs),
            "pixel_m": scenario.pixel_m,
            "dates": [moment.isoformat() for moment in scenario.dates],
            "area_km2": height * width * scenario.pixel_m**2 / 1e6,
            "not_construction": [_other(thing, scenario) for thing in scenario.not_construction],
            "ignore": [],
        },
    }


def _truth(work: Work) -> dict[str, Any]:
    return {
        "id": work.id,
        "kind": work.kind,
        "onset_earliest": work.onset[0].isoformat(),
        "onset_latest": work.onset[1].isoformat(),
        "completion_earliest": work.completion[0].isoformat() if work.completion else None,
        "completion_latest": work.completion[1].isoformat() if work.completion else None,
        "preparation_first_seen": work.preparation_first_seen.isoformat() if work.preparation_first_seen else None,
        "growth": [[date.isoformat(), fraction] for date, fraction in work.growth],
        "area_m2": work.area_m2,
        "length_m": work.length_m,
    }


def _other(thing: NotConstruction, scenario: Scenario) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "from": thing.first.isoformat(),
        "to": thing.last.isoformat() if thing.last else None,
        "geometry": _in_degrees(thing.outline, scenario) if thing.outline is not None else None,
    }


def _in_degrees(geometry: shapely.Geometry, scenario: Scenario) -> dict[str, Any]:
    """GeoJSON geometry in longitude and latitude."""
    to_degrees = Transformer.from_crs(str(scenario.geobox.crs), "EPSG:4326", always_xy=True)

    def moved(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))

    exact: dict[str, Any] = json.loads(shapely.to_geojson(shapely.transform(geometry, moved)))
    return exact


def _write_json(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(content), encoding="utf-8")
    os.replace(partial, path)
