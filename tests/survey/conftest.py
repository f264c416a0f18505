"""A simulated area whose works lie on seams, away from them, and across four tiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitewatch.simulate import Built, write_area
from sitewatch.site import Site

SHAPE = (600, 1100)
BUILT = (
    Built(505, 700, 16, 30, 5),  # over the seam between two rows of tiles of 512
    Built(500, 1015, 20, 20, 6),  # over the corner of four
    Built(200, 150, 12, 60, 4),  # a pier at sea, amid a tile
    Built(300, 504, 40, 6, 7),  # in a tile's last columns
)


@pytest.fixture(scope="session")
def area(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zarr stack of the area, not to be changed."""
    path = tmp_path_factory.mktemp("area") / "stack.zarr"
    write_area(path, SHAPE, 12, built=BUILT, seed=3)
    return path


@pytest.fixture(scope="session")
def site() -> Site:
    """All of it."""
    return Site.read("bbox:120.5,39.4,121.2,39.8")
