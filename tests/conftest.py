"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository, or a skip that says why."""
    folder = Path(os.environ.get("SITEWATCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"the real images are not at {folder}; set SITEWATCH_DATA to their folder")
    return folder
