"""A real workspace, and the real server on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import harbour
import httpx
import pytest
from server import serving

from sitewatch.record import Workspace
from sitewatch.web import make_app


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that no test writes to."""
    return harbour.make_harbour(tmp_path_factory.mktemp("harbour"))


@pytest.fixture(scope="session")
def client(pattern: Workspace) -> Iterator[httpx.Client]:
    """A client of a server that only answers."""
    with serving(make_app([pattern])) as address, httpx.Client(base_url=address, timeout=60) as one:
        yield one


@pytest.fixture
def workspace(pattern: Workspace, tmp_path: Path) -> Workspace:
    """A copy that a test may write to."""
    shutil.copytree(pattern.folder, tmp_path / "workspace")
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def writer(workspace: Workspace) -> Iterator[httpx.Client]:
    """A client of a server on the copy."""
    with serving(make_app([workspace])) as address, httpx.Client(base_url=address, timeout=60) as one:
        yield one
