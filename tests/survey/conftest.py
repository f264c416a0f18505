"""A simulated area whose works lie on seams, away from them, and across four tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from surveyed_area import BUILT, IMAGES, SHAPE

from sitewatch.simulate import write_area
from sitewatch.site import Site
from sitewatch.survey import SurveyResult, survey_stacks


@pytest.fixture(scope="session")
def area(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zarr stack of the area, not to be changed."""
    path = tmp_path_factory.mktemp("area") / "stack.zarr"
    write_area(path, SHAPE, IMAGES, built=BUILT, seed=3, polarisations=("VV",))
    return path


@pytest.fixture(scope="session")
def site() -> Site:
    """All of it."""
    return Site.read("bbox:120.5,39.4,121.2,39.8")


@pytest.fixture(scope="session")
def surveyed(area: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[SurveyResult, Path]:
    """Of the area in this process, in tiles of 512 pixels, and where it was written; not to be changed."""
    out = tmp_path_factory.mktemp("surveyed")
    return survey_stacks(site, [str(area)], str(out), tile=512), out
