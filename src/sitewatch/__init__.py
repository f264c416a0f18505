"""sitewatch: what was built at a place, when, how big and how surely, from radar images.

The main job in five lines (``docs/python.md`` explains each)::

    site = Site.read("site.geojson")
    scenes = open_scenes(["images/"]).scenes
    stacks = build_stacks(site, scenes, "work/stacks").stacks
    changes = [detect_change(stack) for stack in stacks]
    structures = find_structures(site, stacks, changes)

``to_geodataframe(structures)`` gives a table for geopandas; stacks and changes are `xarray.Dataset`. `run_site` does
the same from one call and writes a workspace with the dossier. Names are loaded when they are first used, so
importing sitewatch costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sitewatch.change import detect_change as detect_change
    from sitewatch.errors import SitewatchError as SitewatchError
    from sitewatch.pipeline import RunOptions as RunOptions
    from sitewatch.pipeline import date_polygon as date_polygon
    from sitewatch.pipeline import run_site as run_site
    from sitewatch.record import Workspace as Workspace
    from sitewatch.record import write_structures as write_structures
    from sitewatch.report import write_dossier as write_dossier
    from sitewatch.scenes import Scene as Scene
    from sitewatch.scenes import open_scene as open_scene
    from sitewatch.scenes import open_scenes as open_scenes
    from sitewatch.simulate import smallest_detectable as smallest_detectable
    from sitewatch.site import Site as Site
    from sitewatch.stack import build_stack as build_stack
    from sitewatch.stack import build_stacks as build_stacks
    from sitewatch.stack import open_stack as open_stack
    from sitewatch.structures import Structure as Structure
    from sitewatch.structures import date_footprint as date_footprint
    from sitewatch.structures import find_structures as find_structures
    from sitewatch.structures import to_geodataframe as to_geodataframe

__version__ = "0.1.0"

_HOME = {
    "RunOptions": "pipeline",
    "Scene": "scenes",
    "Site": "site",
    "SitewatchError": "errors",
    "Structure": "structures",
    "Workspace": "record",
    "build_stack": "stack",
    "build_stacks": "stack",
    "date_footprint": "structures",
    "date_polygon": "pipeline",
    "detect_change": "change",
    "find_structures": "structures",
    "open_scene": "scenes",
    "open_scenes": "scenes",
    "open_stack": "stack",
    "run_site": "pipeline",
    "smallest_detectable": "simulate",
    "to_geodataframe": "structures",
    "write_dossier": "report",
    "write_structures": "record",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Load a public name from its package on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'sitewatch' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"sitewatch.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
