"""PlanetScope: four or eight bands in one GeoTIFF, clouds in the usable data mask (UDM2) beside it.

``20200101_023456_78_1234_3B_AnalyticMS_SR_8b_clip.tif``: time, satellite, level 3B (orthorectified), surface
reflectance, eight bands, cut to an area. Only surface reflectance is read: plain analytic files hold radiance, whose
way to reflectance differs from image to image. reflectance = 0.0001 DN, 0 is no data (Planet, Imagery Product
Specification).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._family import OneFile
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import footprint_of, read_info, scene_error
from sitewatch.scenes._scene import Band, Scene, Track
from sitewatch.scenes.optical._bands import PLANETSCOPE
from sitewatch.scenes.optical._layers import beside
from sitewatch.scenes.optical._masks import Mask
from sitewatch.scenes.optical._reader import OpticalReader

SCALE, NODATA = 0.0001, 0.0
TRACK = Track("planetscope", "SR")
_NAME = re.compile(
    r"(?P<product>(?P<start>\d{8}_\d{6})(?:_\d{2})?_(?P<satellite>[0-9a-f]{4})_3B)_(?P<layer>AnalyticMS.*|udm2.*)",
    re.IGNORECASE,
)


class PlanetScope(OneFile):
    """The family of PlanetScope's orthorectified surface reflectance."""

    name = "PlanetScope"

    def matches(self, href: str) -> bool:
        """Whether the name follows the product specification."""
        return _NAME.fullmatch(PurePosixPath(href).stem) is not None

    def is_companion(self, href: str) -> bool:
        """The usable data mask."""
        found = _NAME.fullmatch(PurePosixPath(href).stem)
        return found is not None and found["layer"].lower().startswith("udm2")

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image.

        Raises
        ------
        SceneError
            The file can't be used, holds radiance, or has another number of bands than four or eight.
        """
        href = hrefs[0]
        found = _NAME.fullmatch(PurePosixPath(href).stem)
        if found is None or "_sr" not in found["layer"].lower():
            raise scene_error(
                href, "it holds radiance, not reflectance", "Order the surface reflectance (analytic_sr)."
            )
        info = read_info(href)
        names = PLANETSCOPE.get(len(info.bands))
        if names is None:
            raise scene_error(href, f"it has {len(info.bands)} bands; PlanetScope images have 4 or 8")
        clip = "_clip" if found["layer"].lower().endswith("_clip") else ""
        masks = [f"{found['product']}_{name}{clip}.tif" for name in ("udm2", "UDM2")]
        mask = beside(href, masks)
        at = dt.datetime.strptime(found["start"], "%Y%m%d_%H%M%S").replace(tzinfo=dt.UTC)
        return Scene(
            id=found["product"],
            datetime=at,
            track=parse_track(hints.track) if hints.track else TRACK,
            bands=tuple(
                Band(name, href, band.index, SCALE, unit="reflectance", nodata=NODATA)
                for name, band in zip(names, info.bands, strict=True)
                if name
            ),
            geobox=info.geobox,
            footprint=footprint_of(info.geobox),
            quantity="surface reflectance",
            platform=f"planetscope-{found['satellite']}",
            family=self.name,
            credit=credit_line("planetscope", at),
            notes=() if mask else ("no cloud mask: the usable data mask (udm2) of the product is not there",),
            product_type="SR",
            reader=OpticalReader(href, Mask("UDM2", mask) if mask else None),
            mask_files=(mask,) if mask else (),
        )
