"""The stack as a labelled array: coordinates and attributes, the same in memory and on disk."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from odc.geo.xr import xr_coords

from sitewatch.geodesy import pixel_size_m
from sitewatch.scenes._scene import REFLECTANCES, Scene
from sitewatch.stack._plan import StackPlan
from sitewatch.stack._resample import describe

_YEARS = re.compile(r"\b((?:19|20)\d\d)(?:\s*[-–]\s*((?:19|20)\d\d))?\b")


def coordinates(plan: StackPlan) -> dict[str, Any]:
    """Coordinates of the plan's stack, see ``docs/architecture.md``."""
    times = np.array([np.datetime64(p.time.replace(tzinfo=None), "ns") for p in plan.passes], dtype="datetime64[ns]")
    grid = xr_coords(plan.geobox)
    return {
        "time": ("time", times, {"long_name": "acquisition time (UTC)"}),
        "y": grid["y"],
        "x": grid["x"],
        "spatial_ref": grid["spatial_ref"],
        "scene": ("time", _texts(";".join(s.id for s in p.scenes) for p in plan.passes), {"long_name": "scene ids"}),
        "platform": ("time", _texts(p.platform for p in plan.passes), {"long_name": "platform"}),
    }


def attributes(plan: StackPlan, site_id: str, notes: Iterable[str] = ()) -> dict[str, Any]:
    """JSON-safe attributes of the plan's stack; `notes` come after the plan's and the scenes' own."""
    scenes, track = plan.scenes, plan.track
    looks = [s.enl for s in scenes if s.enl is not None and math.isfinite(s.enl)]
    ground = pixel_size_m(plan.geobox)
    return {
        "track": track.key,
        "track_label": track.label,
        "constellation": track.constellation,
        "mode": track.mode,
        "orbit_state": track.orbit_state,
        "look_direction": track.look_direction,
        "relative_orbit": int(track.relative_orbit),
        "quantity": scenes[0].quantity,
        "enl": float(statistics.median(looks)) if looks else math.nan,
        "pixel_x_m": float(ground.x),
        "pixel_y_m": float(ground.y),
        "time_known": int(plan.time_known),
        "credit": merge_credits(s.credit for s in scenes),
        "notes": list(dict.fromkeys([*plan.notes, *_scene_notes(plan), *notes])),
        "site": site_id,
    }


def variable_attributes(polarisation: str, quantity: str) -> dict[str, str]:
    """Units and long name of one polarisation, or of one optical band."""
    if quantity in REFLECTANCES:
        return {"units": "1", "long_name": f"{polarisation} {quantity}", "grid_mapping": "spatial_ref"}
    name = "backscatter" if quantity == "unknown" else f"{quantity} backscatter"
    return {"units": "1", "long_name": f"{polarisation} {name}, linear power", "grid_mapping": "spatial_ref"}


def in_memory(plan: StackPlan, values: Mapping[str, np.ndarray], attrs: Mapping[str, Any]) -> xr.Dataset:
    """Label arrays (time, y, x), one a polarisation, as a stack."""
    variables = {}
    for name in plan.polarisations:
        about = variable_attributes(name, attrs["quantity"])
        variables[name] = xr.Variable(
            ("time", "y", "x"), values[name], about, {"grid_mapping": about.pop("grid_mapping")}
        )
    return xr.Dataset(variables, coords=coordinates(plan), attrs=dict(attrs))


def merge_credits(credits: Iterable[str]) -> str:
    """Join credit lines: those that differ by their year only become one over the years, others follow each other.

    >>> merge_credits(["Modified Copernicus Sentinel data 2021", "Modified Copernicus Sentinel data 2024"])
    'Modified Copernicus Sentinel data 2021-2024'
    """
    years: dict[str, set[int]] = {}
    for credit in filter(None, (c.strip() for c in credits)):
        found = _YEARS.search(credit)
        shape = credit if found is None else credit[: found.start()] + "\0" + credit[found.end() :]
        years.setdefault(shape, set()).update(int(y) for y in (found.groups() if found else ()) if y)
    merged = []
    for shape, seen in years.items():
        span = "" if not seen else f"{min(seen)}" if len(seen) == 1 else f"{min(seen)}-{max(seen)}"
        merged.append(shape.replace("\0", span))
    return "; ".join(merged)


def _scene_notes(plan: StackPlan) -> list[str]:
    """Notes of the scenes, each once, with how many images it concerns where not all."""
    counts = Counter(note for scene in plan.scenes for note in dict.fromkeys(_notes_of(scene, plan)))
    total = len(plan.scenes)
    return [note if n == total else f"{note} ({n} of {total} images)" for note, n in counts.items()]


def _notes_of(scene: Scene, plan: StackPlan) -> Sequence[str]:
    resampled = "" if scene.fits_any_grid else describe(scene.geobox, plan.geobox)
    return [*scene.notes, resampled] if resampled else scene.notes


def _texts(values: Iterable[str]) -> np.ndarray:
    return np.array(list(values), dtype=object)
