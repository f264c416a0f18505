"""From optical files to the record and the dossier: the whole job."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from optical_cube import BUILT, area, cube, days, write_images
from sitewatch.pipeline import run_site
from sitewatch.record import Workspace, list_structures
from sitewatch.site import Site

DAY = dt.date(2019, 9, 10)


def test_optical_files_go_all_the_way_to_record_and_dossier(tmp_path: Path) -> None:
    images = write_images(cube(days(56), [((slice(4, 12), slice(6, 14)), DAY, BUILT)]), tmp_path / "scenes")
    result = run_site(Site(id="place", name="Place", area=area()), [images], tmp_path / "workspace")
    (one,) = [s for s in result.structures if s.status == "confirmed"]
    assert one.onset is not None
    assert one.onset.earliest < DAY <= one.onset.latest
    assert one.tracks == ("sentinel-2-l2a",)
    workspace = Workspace.open(tmp_path / "workspace")
    with workspace.record() as record:
        kept = [revision.structure for revision in list_structures(record, workspace.uid)]
    assert one.levels in [s.levels for s in kept]
    dossier = workspace.dossier_path.read_text(encoding="utf-8")
    assert "Index NDVI" in dossier
    assert "Radar image" not in dossier
