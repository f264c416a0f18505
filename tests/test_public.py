"""The package's face: its names, and that importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sitewatch


def test_the_public_names_are_these() -> None:
    assert sitewatch.__all__ == [
        "RunOptions",
        "Scene",
        "Site",
        "SitewatchError",
        "Structure",
        "Workspace",
        "build_stack",
        "build_stacks",
        "date_footprint",
        "date_polygon",
        "detect_change",
        "find_structures",
        "open_scene",
        "open_scenes",
        "open_stack",
        "run_site",
        "smallest_detectable",
        "to_geodataframe",
        "write_dossier",
        "write_structures",
    ]


@pytest.mark.parametrize("name", sitewatch.__all__)
def test_every_public_name_can_be_had_and_says_what_it_is(name: str) -> None:
    assert getattr(sitewatch, name).__doc__


def test_an_unknown_name_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pier'"):
        _ = sitewatch.pier


def test_importing_the_package_and_asking_for_help_load_no_raster_stack() -> None:
    code = (
        "import sys, sitewatch, sitewatch.cli\n"
        "heavy = {'numpy', 'rasterio', 'xarray', 'shapely', 'numba', 'pydantic', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
