"""Fixtures for the command line."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sitewatch.cli import app


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be."""
        return dict(json.loads(self.out))


Sitewatch = Callable[..., Outcome]


@pytest.fixture
def sitewatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sitewatch:
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Outcome:
        done = CliRunner().invoke(app, [str(word) for word in words], prog_name="sitewatch")
        # A traceback is never an answer: every way of failing ends in words and an exit code.
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        assert "Traceback" not in done.stderr + done.stdout
        return Outcome(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def images(small_coast: Path, tmp_path: Path) -> Path:
    """A folder with copies of twelve good images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for file in sorted((small_coast / "scenes").glob("*.tif"))[:12]:
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def site(small_coast: Path) -> Path:
    """The site file of the images."""
    return small_coast / "site.geojson"


@pytest.fixture(scope="session")
def followed(small_coast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace `port` that has been updated with twelve of the images in `images/`; not to be changed."""
    from sitewatch.pipeline import add_images, init_site, update_site
    from sitewatch.site import Site

    folder = tmp_path_factory.mktemp("followed")
    (folder / "images").mkdir()
    for file in sorted((small_coast / "scenes").glob("*.tif"))[:12]:
        shutil.copy(file, folder / "images")
    init_site(folder / "port", Site.read(small_coast / "site.geojson"))
    add_images(folder / "port", [folder / "images"])
    update_site(folder / "port")
    return folder
