"""Single images of many geometries and two sensors, of the same place and works as the full tracks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from sitewatch import open_scenes
from sitewatch.simulate import Acquisitions, Scenario, revisit_dates, simulate_coast, single_views, write_scenario

SHAPE = (60, 60)
DATES = revisit_dates(count=6, every_days=60, missed=0.0)


@pytest.fixture(scope="module")
def coast() -> Scenario:
    singles = [
        Acquisitions(view, (DATES[0] + dt.timedelta(days=40 * number + 7),))
        for number, view in enumerate(single_views(4))
    ]
    return simulate_coast(5, dates=DATES, shape=SHAPE, works=("pier",), singles=singles)


def test_ten_geometries_are_all_unlike_and_of_two_sensors() -> None:
    views = single_views()
    assert len({view.track for view in views}) == 10
    assert sorted(view.incidence_deg for view in views)[:: len(views) - 1] == [20.0, 50.0]
    assert {view.constellation for view in views} == {"simulated", "simulated-x"}
    assert {view.look_direction for view in views} == {"left", "right"}
    assert {view.orbit_state for view in views} == {"ascending", "descending"}


def test_single_images_leave_the_full_tracks_as_they_were(coast: Scenario) -> None:
    alone = simulate_coast(5, dates=DATES, shape=SHAPE, works=("pier",))
    for name in ("VV", "VH"):
        assert (coast.stack[name] == alone.stack[name]).all()
    assert len(coast.dates) == len(DATES) + 4


def test_the_finer_sensor_has_its_own_grid_over_the_same_ground(coast: Scenario) -> None:
    fine = coast.singles[1]
    assert fine["VV"].shape == (1, 180, 180)
    assert list(fine.data_vars) == ["VV"]
    assert fine.attrs["pixel_x_m"] == pytest.approx(coast.stack.attrs["pixel_x_m"] / 3)
    assert fine.odc.geobox.boundingbox == pytest.approx(coast.geobox.boundingbox)
    assert fine.attrs["quantity"] == "unknown"


def test_its_numbers_are_no_gamma0(coast: Scenario) -> None:
    level = [10 * np.log10(float(stack["VV"].median())) for stack in coast.singles]
    assert min(level[1], level[3]) > 15
    assert max(level[0], level[2]) < 0


def test_they_are_written_as_scenes_that_open_as_tracks_of_their_own(coast: Scenario, tmp_path: Path) -> None:
    found = open_scenes([write_scenario(coast, tmp_path) / "scenes"])
    assert len(found.scenes) == len(DATES) + 4
    assert not found.left_out
    assert len(found.tracks) == 5
    assert {tuple(scene.geobox.shape) for scene in found.scenes} == {SHAPE, (180, 180)}


def test_a_geometry_without_an_image_is_refused() -> None:
    with pytest.raises(ValueError, match="one image of each geometry"):
        simulate_coast(1, dates=DATES, shape=SHAPE, singles=[Acquisitions(single_views(1)[0], ())])
