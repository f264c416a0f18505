"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository, or a skip that says why."""
    folder = Path(os.environ.get("SITEWATCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"the real images are not at {folder}; set SITEWATCH_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def needs_package() -> Callable[[str, bool], None]:
    """Skip the test where a system package is absent; in CI, which installs them all (.ci/run), fail it."""

    def check(package: str, present: bool) -> None:
        if not present and os.environ.get("SITEWATCH_CI"):
            pytest.fail(f"{package} is not installed; .ci/run should have done so")
        if not present:
            pytest.skip(f"needs the system package {package}")

    return check
