"""Umbra GEC: detected images geocoded onto a plane, with their METADATA.json beside them.

Umbra publishes no calibration of its GEC pixels, which are amplitudes fitted to 8 or 16 bits for viewing; its SICD
carries the calibration (see `_sicd.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._family import OneFile
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._radar_file import json_beside
from sitewatch.scenes._raster import footprint_of, read_info, scene_error
from sitewatch.scenes._scene import Band, Scene, Track
from sitewatch.scenes._tasked import middle, without_terrain
from sitewatch.scenes._told import Told

_NAME = re.compile(r"(?P<product>.+_UMBRA-\d+)_(?P<kind>[A-Z0-9-]+?)(?:_MM)?$", re.IGNORECASE)


class UmbraGec(OneFile):
    """The Umbra GEC family."""

    name = "Umbra GEC"

    def matches(self, href: str) -> bool:
        """Whether the name is that of an Umbra product that is a GeoTIFF."""
        path = PurePosixPath(href)
        return path.suffix.lower() in (".tif", ".tiff", ".png") and _NAME.fullmatch(path.stem) is not None

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image.

        Raises
        ------
        SceneError
            It is a picture, its metadata are missing, or the file can't be used.
        """
        href = hrefs[0]
        path = PurePosixPath(href)
        found = _NAME.fullmatch(path.stem)
        if found is None or found["kind"].upper() != "GEC" or path.suffix.lower() == ".png":
            kind = "a picture" if found is None or path.suffix.lower() == ".png" else f"an Umbra {found['kind']}"
            raise scene_error(href, f"it is {kind}, without measured backscatter", "Use the GEC or the SICD.")
        told = _metadata(href, found["product"])
        info = read_info(href)
        incidence = told.number("collects.0.angleIncidenceDegrees")
        azimuth = told.maybe_number("collects.0.angleAzimuthDegrees")
        acquired = middle(told.time("collects.0.startAtUTC"), told.maybe_time("collects.0.endAtUTC"))
        mode = told.text("imagingMode", "collects.0.imagingMode").upper()
        raw = info.bands[0]
        nodata = hints.nodata if hints.nodata is not None else 0.0 if raw.nodata is None else raw.nodata
        # Towards the radar in Umbra's metadata; a view looks the other way.
        view = None if azimuth is None else (azimuth + 180) % 360
        return Scene(
            id=path.stem,
            datetime=acquired,
            track=Track.tasked(
                "umbra",
                mode,
                told.text("collects.0.satelliteTrack", default="").lower(),
                told.text("collects.0.observationDirection", default="").lower(),
                incidence,
                view,
            ),
            bands=(
                Band(
                    told.polarisation("collects.0.polarizations"),
                    href,
                    scale=1.0 if hints.scale is None else hints.scale,
                    offset=hints.offset or 0.0,
                    unit=hints.units or "amplitude",
                    nodata=nodata,
                ),
            ),
            geobox=info.geobox,
            footprint=footprint_of(info.geobox),
            quantity=hints.quantity or "unknown",
            platform=told.text("umbraSatelliteName", default="").lower().replace("_", "-"),
            incidence_angle_deg=incidence,
            family=self.name,
            credit=credit_line("umbra", acquired),
            notes=(
                "Umbra publishes no calibration of its GEC: levels of different images need not compare; its SICD is "
                "calibrated",
                without_terrain(incidence),
                *([f"{raw.dtype}: strong echoes may be clipped"] if raw.dtype.startswith("uint") else []),
            ),
            product_type="GEC",
            view_azimuth_deg=view,
        )


def _metadata(href: str, product: str) -> Told:
    names = (f"{PurePosixPath(product).name}_METADATA.json", f"{PurePosixPath(product).name}_MM_METADATA.json")
    content = json_beside(href, *names)
    if content is None:
        raise scene_error(
            href, f"its metadata are missing: {names[0]} is not beside it", "Put it there: it comes with the image."
        )
    return Told(content, href)
