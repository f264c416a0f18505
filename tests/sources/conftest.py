"""Images on loopback: a catalogue of small cloud-optimised GeoTIFFs, over a static server and over a STAC API."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely.geometry
from holdings import DAYS, SITE, Holdings, write_cog
from servers import Files, serve, serve_api

from sitewatch.sources import Http, Patience


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Holdings:
    folder = tmp_path_factory.mktemp("holdings")
    pixels = {day: write_cog(folder / "data" / day / "iw-vv.rtc.tif", n) for n, day in enumerate(DAYS)}
    return Holdings(folder, pixels)


@pytest.fixture
def holdings(made: Holdings, tmp_path: Path) -> Holdings:
    """Images that a test may change."""
    shutil.copytree(made.folder, tmp_path / "holdings")
    return Holdings(tmp_path / "holdings", made.pixels)


@pytest.fixture
def files(holdings: Holdings) -> Iterator[Files]:
    """A server of the images, and of a static catalogue of them at /stac/catalog.json."""
    for server in serve(holdings.folder):
        holdings.catalogue(server.url)
        yield server


@pytest.fixture
def api(holdings: Holdings, files: Files) -> Iterator[str]:
    """A STAC API of the images."""
    yield from serve_api(lambda: holdings.items(files.url))


@pytest.fixture
def quick() -> Http:
    """Patience for tests: four tries, without much waiting."""
    return Http(Patience(tries=4, first_wait_s=0.01, longest_wait_s=2.0, timeout_s=10.0))


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.geojson"
    path.write_text(json.dumps(shapely.geometry.mapping(SITE)))
    return path
