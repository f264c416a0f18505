from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import shapely

from sitewatch.scenes import Scene, open_scenes
from sitewatch.site import Site
from sitewatch.stack import build_stack, build_stacks

pytestmark = pytest.mark.data

SEA = ("T137-292318-IW1", "T137-292318-IW2", "T137-292319-IW1", "T137-292323-IW1")
TOWN = "T137-292319-IW2"


def opera(folder: Path, *bursts: str) -> dict[str, list[Scene]]:
    files = [path for burst in bursts for path in sorted((folder / "opera-rtc-s1").glob(f"OPERA*{burst}*.tif"))]
    by_burst: defaultdict[str, list[Scene]] = defaultdict(list)
    for scene in open_scenes(files).scenes:
        by_burst[scene.subunit].append(scene)
    return by_burst


def test_a_town_is_in_place_on_every_date(shared_data: Path) -> None:
    scenes = opera(shared_data, TOWN)[TOWN]
    stack = build_stack(Site.read(scenes[0].footprint.buffer(-0.002)), scenes)
    assert stack.sizes["time"] == 31
    (note,) = [n for n in stack.attrs["notes"] if n.startswith("registration")]
    assert note.startswith("registration: 31 of 31 images checked, median offset 0.0")
    assert not any("moved" in n for n in stack.attrs["notes"])


@pytest.mark.parametrize("burst", SEA)
def test_open_sea_is_not_registered(burst: str, shared_data: Path) -> None:
    scenes = opera(shared_data, burst)[burst]
    stack = build_stack(Site.read(scenes[0].footprint.buffer(-0.002)), scenes)
    assert any("too little lasting structure" in n for n in stack.attrs["notes"])
    assert not any("moved" in n for n in stack.attrs["notes"])


def test_bursts_of_one_pass_lie_side_by_side_as_the_files_have_them(shared_data: Path, tmp_path: Path) -> None:
    by_burst = opera(shared_data, TOWN, "T137-292320-IW2")
    scenes = [s for members in by_burst.values() for s in members[:3]]
    both = Site.read(shapely.union_all([s.footprint for s in scenes]).envelope)
    stack = build_stacks(both, scenes, tmp_path).stacks[0]
    assert stack.sizes["time"] == 3
    for name, members in by_burst.items():
        alone = build_stack(both, members[:3])
        there = stack.sel(x=alone.x, y=alone.y)
        np.testing.assert_array_equal(there.VV, alone.VV, err_msg=name)


def test_la_palma_keeps_its_grid_and_its_pixels_are_nine_metres(shared_data: Path) -> None:
    folder = shared_data / "lapalma-lava-delta"
    found = open_scenes(folder / "scenes")
    stack = build_stack(Site.read(folder / "site.geojson"), found.scenes)
    assert dict(stack.sizes) == {"time": 18, "y": 600, "x": 750}
    assert stack.odc.geobox.crs.epsg == 3857
    assert stack.attrs["pixel_x_m"] == pytest.approx(8.87, abs=0.01)
    assert stack.attrs["time_known"] == 0
    assert not any("resampled" in n or "moved" in n for n in stack.attrs["notes"])
