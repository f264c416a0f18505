"""scenes.geojson is read back as it was written, whatever has become of the images."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from sitewatch.errors import WorkspaceError
from sitewatch.record import read_scenes, write_scenes
from sitewatch.scenes import LeftOut, open_scenes


def test_scenes_and_those_left_out_come_back_though_the_images_are_gone(small_coast: Path, tmp_path: Path) -> None:
    scenes = open_scenes([small_coast / "scenes"]).scenes[:3]
    # As of a product in radar geometry: not a GeoTIFF, and gone.
    gone = tuple(
        dataclasses.replace(s, bands=tuple(dataclasses.replace(b, href=f"gone/{i}.h5") for b in s.bands))
        for i, s in enumerate(scenes)
    )
    left_out = (LeftOut("broken.tif", "the file ends early", "Download it again", scenes[0].datetime),)
    used, unused = read_scenes(write_scenes(tmp_path / "scenes.geojson", gone, left_out))
    assert unused == left_out
    for was, came in zip(sorted(gone, key=lambda s: (s.datetime, s.id)), used, strict=True):
        for field in ("id", "datetime", "track", "platform", "credit", "time_known", "polarisations", "notes"):
            assert getattr(came, field) == getattr(was, field)


@pytest.mark.parametrize("content", [None, "", "{}", '{"features": [{"properties": {}}]}'])
def test_a_list_that_is_gone_or_broken_is_told(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "scenes.geojson"
    if content is not None:
        path.write_text(content)
    with pytest.raises(WorkspaceError, match=r"scenes\.geojson"):
        read_scenes(path)
