"""From optical files to the record and the dossier: the whole job."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import rasterio
import shapely

from optical_cube import BANDS, BUILT, GEOBOX, cube, days
from sitewatch.pipeline import run_site
from sitewatch.record import Workspace, list_structures
from sitewatch.site import Site
from sitewatch.structures._map import to_degrees

DAY = dt.date(2019, 9, 10)


def _write(folder: Path) -> Path:
    """The cube as GeoTIFFs of reflectance times 10,000, clouds in a band of their own."""
    stack = cube(days(56), {(slice(4, 12), slice(6, 14)): (DAY, BUILT)})
    folder.mkdir()
    for number, time in enumerate(stack["time"].values):
        values = np.stack([stack[name].to_numpy()[number] for name in BANDS])
        clouds = ~np.isfinite(values).all(axis=0)
        stored = np.concatenate([np.where(clouds, 4000, np.nan_to_num(values) * 10000), clouds[None]]).astype("uint16")
        path = folder / f"S2_L2A_{str(time)[:10].replace('-', '')}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=stored.shape[1], width=stored.shape[2], count=5, dtype="uint16",
            crs=str(GEOBOX.crs), transform=GEOBOX.affine,
        ) as target:  # fmt: skip
            target.write(stored)
            for index, name in enumerate((*BANDS, "clouds"), start=1):
                target.set_band_description(index, name)
    return folder


def test_optical_files_go_all_the_way_to_record_and_dossier(tmp_path: Path) -> None:
    area = to_degrees(shapely.box(*GEOBOX.boundingbox.bbox), GEOBOX)
    site = Site(id="place", name="Place", area=area)
    result = run_site(site, [_write(tmp_path / "scenes")], tmp_path / "workspace")
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
