"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy for a moment is no fault of what is tested.
settings.register_profile("sitewatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sitewatch")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real images beside the repository, or a skip that says why."""
    folder = Path(os.environ.get("SITEWATCH_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"the real images are not at {folder}; set SITEWATCH_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def small_coast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated coast with a pier: site.geojson, truth.geojson, 16 images in scenes/; not to be changed."""
    from sitewatch.simulate import revisit_dates, simulate_coast, write_scenario

    dates = revisit_dates(count=16, every_days=16, missed=0.0)
    scenario = simulate_coast(5, dates=dates, shape=(90, 90), works=("pier",), name="small-coast")
    return write_scenario(scenario, tmp_path_factory.mktemp("small-coast"))


@pytest.fixture(scope="session")
def needs_package() -> Callable[[str, bool], None]:
    """Skip the test where a system package is absent; in CI, which installs them all (.ci/run), fail it."""

    def check(package: str, present: bool) -> None:
        if not present and os.environ.get("SITEWATCH_CI"):
            pytest.fail(f"{package} is not installed; .ci/run should have done so")
        if not present:
            pytest.skip(f"needs the system package {package}")

    return check
