"""Fixtures of the watch: receivers, a clock that jumps, and a workspace whose record runs have filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clocks import Jumping
from receivers import Desk, Post

from acquaintances import SITE
from sitewatch.pipeline import init_site
from sitewatch.record import Workspace


@pytest.fixture
def clock() -> Jumping:
    return Jumping()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("DESK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    server = Desk()
    yield server
    server.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post()
    yield server
    server.stop()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return init_site(tmp_path / "port", SITE)
