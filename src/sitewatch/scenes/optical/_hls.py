"""Harmonized Landsat and Sentinel-2 (HLS 2.0): surface reflectance at 30 m, a COG a band, clouds in Fmask.

``HLS.S30.T49QHE.2020123T024539.v2.0.B04.tif`` is product (L30 from Landsat, S30 from Sentinel-2), tile, year, day of
the year and time, version. reflectance = 0.0001 DN, -9999 is no data (HLS Product User Guide 2.0). Both products are
made to compare (band pass and view angle are adjusted), so that they are one track.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import footprint_of
from sitewatch.scenes._scene import Band, Scene, Track
from sitewatch.scenes.optical._bands import HLS_L30, HLS_S30
from sitewatch.scenes.optical._layers import BandFiles, beside, finest
from sitewatch.scenes.optical._masks import Mask
from sitewatch.scenes.optical._reader import OpticalReader

SCALE, NODATA = 0.0001, -9999.0
TRACK = Track("hls", "V2")
_NAME = re.compile(
    r"(?P<product>HLS\.(?P<kind>[LS]30)\.(?P<tile>T\d{2}[A-Z]{3})\.(?P<start>\d{7}T\d{6})\.v(?P<version>2\.\d))"
    r"(?:\.(?P<layer>.+))?"
)


class Hls(BandFiles):
    """The family of HLS L30 and S30."""

    name = "HLS"
    pattern: ClassVar[re.Pattern[str]] = _NAME

    @classmethod
    def bands_of(cls, found: re.Match[str]) -> Mapping[str, str]:
        """The bands of Landsat's or Sentinel-2's half; of the latter the narrow near infrared, as Landsat's is."""
        return HLS_L30 if found["kind"] == "L30" else HLS_S30

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one granule.

        Raises
        ------
        SceneError
            A file can't be used, or is not named as a band of this family.
        """
        infos, found = self.infos_of(hrefs)
        first = next(iter(infos.values())).href
        mask = beside(first, [f"{found['product']}.Fmask.tif"])
        at = dt.datetime.strptime(found["start"], "%Y%jT%H%M%S").replace(tzinfo=dt.UTC)
        geobox = finest(infos)
        return Scene(
            id=found["product"],
            datetime=at,
            track=parse_track(hints.track) if hints.track else TRACK,
            bands=tuple(
                Band(name, info.href, scale=SCALE, unit="reflectance", nodata=NODATA) for name, info in infos.items()
            ),
            geobox=geobox,
            footprint=footprint_of(geobox),
            quantity="surface reflectance",
            platform="landsat" if found["kind"] == "L30" else "sentinel-2",
            family=self.name,
            subunit=found["tile"],
            credit=credit_line("hls", at),
            notes=() if mask else ("no cloud mask: Fmask of the product is not there",),
            product_type=found["kind"],
            reader=OpticalReader(first, Mask("Fmask", mask) if mask else None),
            mask_files=(mask,) if mask else (),
        )
