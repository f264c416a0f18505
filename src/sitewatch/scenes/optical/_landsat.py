"""Landsat Collection 2 Level 2: surface reflectance, a GeoTIFF a band, clouds in QA_PIXEL.

``LC08_L2SP_193028_20200101_20200823_02_T1_SR_B4.TIF`` is sensor and satellite, processing level, path and row, dates of
acquisition and processing, collection and tier. reflectance = 0.0000275 DN - 0.2, and 0 is no data (USGS, Landsat 8-9
Collection 2 Level 2 Science Product Guide). Bands are numbered by sensor: red is B4 of OLI and B3 of TM and ETM+.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import footprint_of
from sitewatch.scenes._scene import Band, Scene, Track
from sitewatch.scenes.optical._bands import LANDSAT_OLI, LANDSAT_TM
from sitewatch.scenes.optical._layers import BandFiles, beside, finest
from sitewatch.scenes.optical._masks import Mask
from sitewatch.scenes.optical._reader import OpticalReader

SCALE, OFFSET, NODATA = 0.0000275, -0.2, 0.0
TRACK = Track("landsat", "L2")
_NAME = re.compile(
    r"(?P<product>L(?P<sensor>[COTEM])(?P<number>0[4-9])_L2S[PR]_(?P<path>\d{3})(?P<row>\d{3})_(?P<date>\d{8})"
    r"_(?P<processed>\d{8})_02_(?:T1|T2|RT))(?:_(?P<layer>.+))?"
)


class LandsatC2L2(BandFiles):
    """The family of Landsat Collection 2 Level 2 surface reflectance."""

    name = "Landsat C2 L2"
    pattern: ClassVar[re.Pattern[str]] = _NAME

    @classmethod
    def bands_of(cls, found: re.Match[str]) -> Mapping[str, str]:
        """The reflectance bands of the product's sensor."""
        bands = LANDSAT_OLI if found["sensor"] in "CO" else LANDSAT_TM
        return {f"SR_{number}": name for number, name in bands.items()}

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one product.

        Raises
        ------
        SceneError
            A file can't be used, or is not named as a band of this family.
        """
        infos, found = self.infos_of(hrefs)
        first = next(iter(infos.values())).href
        mask = beside(first, [f"{found['product']}_QA_PIXEL.TIF", f"{found['product']}_QA_PIXEL.tif"])
        at, known = _acquired(first, found)
        geobox = finest(infos)
        missing = () if mask else ("no cloud mask: QA_PIXEL of the product is not there",)
        return Scene(
            id=found["product"],
            datetime=at,
            track=parse_track(hints.track) if hints.track else TRACK,
            bands=tuple(
                Band(name, info.href, scale=SCALE, offset=OFFSET, unit="reflectance", nodata=NODATA)
                for name, info in infos.items()
            ),
            geobox=geobox,
            footprint=footprint_of(geobox),
            quantity="surface reflectance",
            platform=f"landsat-{int(found['number'])}",
            time_known=known,
            family=self.name,
            subunit=f"{found['path']}{found['row']}",
            processed=dt.datetime.strptime(found["processed"], "%Y%m%d").replace(tzinfo=dt.UTC),
            credit=credit_line("landsat", at),
            notes=missing,
            product_type="L2SP",
            reader=OpticalReader(first, Mask("QA_PIXEL", mask) if mask else None),
            mask_files=(mask,) if mask else (),
        )


def _acquired(href: str, found: re.Match[str]) -> tuple[dt.datetime, bool]:
    """When the scene's centre was acquired, from the metadata beside it; midday of the named date without it."""
    day = dt.datetime.strptime(found["date"], "%Y%m%d").replace(tzinfo=dt.UTC)
    told = beside(href, [f"{found['product']}_MTL.json", f"{found['product']}_MTL.txt"])
    clock = None
    if told and Path(told).is_file():
        text = Path(told).read_text(encoding="utf-8", errors="replace")
        if told.endswith(".json"):
            try:
                attributes = json.loads(text)["LANDSAT_METADATA_FILE"]["IMAGE_ATTRIBUTES"]
                clock = str(attributes["SCENE_CENTER_TIME"])
            except (ValueError, KeyError, TypeError):
                clock = None
        elif line := re.search(r'SCENE_CENTER_TIME\s*=\s*"?([0-9:.]+)Z?"?', text):
            clock = line[1]
    if clock and (parts := re.match(r"(\d\d):(\d\d):(\d\d)", clock)):
        return day.replace(hour=int(parts[1]), minute=int(parts[2]), second=int(parts[3])), True
    return day.replace(hour=12), False
