"""Sentinel-1 level-1 products as SAFE folders and zips: what they are, and the scene they make.

CDSE's COG-SAFE (``..._COG.SAFE``) differs in its pixels' files alone: ``-cog.tiff`` instead of ``.tiff``, tiled, ZSTD
compressed, with overviews and 0 marked as no data; annotation and tables are the same but for the same ending.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import shapely

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import sentinel_1_relative_orbit
from sitewatch.scenes._hints import POLARISATIONS, Hints
from sitewatch.scenes._radar_image import map_grid
from sitewatch.scenes._raster import scene_error
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes.sentinel1._annotation import Annotation
from sitewatch.scenes.sentinel1._image import Image
from sitewatch.scenes.sentinel1._package import Manifest, Package, is_package, open_package
from sitewatch.scenes.sentinel1._reader import Sentinel1Reader, native_spacing_m
from sitewatch.scenes.sentinel1._slc import RANGE_LOOKS

_MEASUREMENT = re.compile(
    r"measurement/s1[a-d]-(?P<swath>[a-z0-9]+)-(?P<kind>grd|slc)-(?P<pol>vv|vh|hh|hv)-.*\.tiff", re.IGNORECASE
)
# Looks of the ground range products of IW, from the Sentinel-1 Product Definition: 5 in range and 1 in azimuth at high
# resolution, of which weighting and overlap leave 4.4.
_ENL = {("IW", "GRDH"): 4.4}


class Sentinel1Safe:
    """The family of Sentinel-1 GRD and SLC products in SAFE format."""

    name = "Sentinel-1 SAFE"

    def matches(self, href: str) -> bool:
        """Whether a path is a SAFE folder or a zip of one."""
        return is_package(href)

    def is_companion(self, href: str) -> bool:
        """Never: a product is whole."""
        return False

    def scene_key(self, href: str) -> str:
        """The product's own path."""
        path = PurePosixPath(href)
        return str(path.parent if path.name.lower() == "manifest.safe" else path)

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe a product.

        Raises
        ------
        SceneError
            A needed file is missing, cut off or damaged, or the product is of a kind that is not read.
        """
        package = open_package(hrefs[0])
        manifest = package.manifest()
        images, absent = _images(package, manifest)
        wanted = hints.polarisations
        if wanted:
            images = tuple(i for i in images if i.polarisation in wanted)
            if not images:
                raise scene_error(package.source, f"it has no polarisation {', '.join(wanted)}")
        for image in images:
            image.check()
        quantity: Quantity = hints.quantity if hints.quantity not in (None, "unknown") else "gamma0"
        return _scene(Sentinel1Reader(images, quantity, hints.terrain), manifest, absent)


def _scene(reader: Sentinel1Reader, manifest: Manifest, absent: Sequence[str]) -> Scene:
    package, images = reader.package, reader.images
    first = images[0].annotation
    footprint = _footprint(package, images)
    track = Track("sentinel-1", first.mode, _relative_orbit(first, manifest), first.orbit_state, "right")
    found = {image.polarisation: image for image in reversed(images)}
    kind = "SLC" if first.bursts else f"GRD{_resolution(package)}"
    floor = images[0].noise_floor(reader.quantity)
    return Scene(
        id=package.product,
        datetime=min(image.annotation.start for image in images),
        track=track,
        bands=tuple(Band(name, found[name].href, nodata=0.0) for name in POLARISATIONS if name in found),
        geobox=map_grid(footprint, max(round(native_spacing_m(first)), 1)),
        footprint=footprint,
        quantity=reader.quantity,
        platform=first.platform,
        enl=_ENL.get((first.mode, kind)),
        incidence_angle_deg=_incidence(images),
        family=f"Sentinel-1 {kind}{' COG' if package.product.endswith('_COG') else ''}",
        processed=_utc(manifest.processed),
        credit=credit_line("sentinel-1", first.start),
        notes=tuple(_notes(reader, absent)),
        product_type=first.product_type,
        reader=reader,
        nesz_db=None if not floor else round(10 * math.log10(floor), 2),
    )


def _notes(reader: Sentinel1Reader, absent: Sequence[str]) -> list[str]:
    """What was done to the pixels, what was not, and what that rests on."""
    image = reader.images[0]
    notes = [f"{name} of the product is not there" for name in absent]
    if image.annotation.noise_removed:
        notes.append("thermal noise was subtracted by the processor")
    elif image.noise_path is None:
        notes.append("thermal noise is not subtracted: the product has no noise file")
    if image.ipf_version is None:
        notes.append("the processor's version is not told: borders are taken as clean")
    elif image.has_noisy_borders:
        notes.append(f"borders of noise are masked (processor IPF {image.ipf_version:g})")
    if image.annotation.bursts:
        notes.append(f"detected from complex bursts, {RANGE_LOOKS} looks in range")
    if reader.terrain is None:
        heights = [i.annotation.ground.height_m for i in reader.images]
        low, high = min(float(h.min()) for h in heights), max(float(h.max()) for h in heights)
        notes.append(
            f"placed at the product's own coarse ground heights ({low:.0f} to {high:.0f} m above the ellipsoid): "
            "say the ground's height with --dem"
        )
    else:
        notes.append(f"terrain corrected with {reader.terrain.label}")
    if reader.flattens:
        notes.append("gamma0 flattened by the terrain's area; layover and shadow masked")
    elif reader.quantity == "gamma0":
        notes.append("gamma0 of the ellipsoid: slopes are not flattened")
    return notes


def _images(package: Package, manifest: Manifest) -> tuple[tuple[Image, ...], list[str]]:
    """The images that are whole, and the polarisations of which nothing but the manifest's word is there."""
    listed = {item.path for item in manifest.objects} | set(package.files)
    measurements = sorted(path for path in listed if _MEASUREMENT.fullmatch(path))
    if not measurements:
        what = "RAW or OCN data, or its measurements are missing"
        raise scene_error(package.source, f"it holds no GRD or SLC image ({what})", "Use a GRD or SLC product.")
    there: list[Image] = []
    absent: list[str] = []
    for path in measurements:
        found = _MEASUREMENT.fullmatch(path)
        assert found is not None
        if path not in package.files:
            absent.append(
                found["pol"].upper() if found["kind"] == "grd" else f"{found['swath']} {found['pol']}".upper()
            )
            continue
        there.append(_image(package, manifest, path, found))
    if not there:
        raise scene_error(package.source, f"{measurements[0]} is missing from it", "Fetch the product again.")
    swaths = {image.annotation.mode for image in there}
    if swaths != {"IW"}:
        raise scene_error(
            package.source, f"its mode is {', '.join(sorted(swaths))}", "Only the IW mode of Sentinel-1 is read."
        )
    order = sorted(there, key=lambda i: (POLARISATIONS.index(i.polarisation), i.swath))
    return tuple(order), sorted(set(absent), key=absent.index)


def _image(package: Package, manifest: Manifest, path: str, found: re.Match[str]) -> Image:
    stem = PurePosixPath(path).stem
    # CDSE's COG products end their annotation files as their images, and could keep the originals' names.
    stems = dict.fromkeys((stem, stem.removesuffix("-cog")))
    annotation = _present(package, [f"annotation/{s}.xml" for s in stems])
    calibration = _present(package, [f"annotation/calibration/calibration-{s}.xml" for s in stems])
    noises = [f"annotation/calibration/noise-{s}.xml" for s in stems]
    named = {item.path for item in manifest.objects}
    noise = next((n for n in noises if n in package.files), None)
    if noise is None and any(n in named for n in noises):
        raise scene_error(package.source, f"{noises[0]} is missing from it", "Fetch the product again.")
    return Image(
        package=package,
        polarisation=found["pol"].upper(),
        swath=found["swath"].upper(),
        annotation_path=annotation,
        calibration_path=calibration,
        noise_path=noise,
        measurement_path=path,
        ipf_version=manifest.ipf_version,
    )


def _present(package: Package, candidates: Sequence[str]) -> str:
    found = next((c for c in candidates if c in package.files), None)
    if found is None:
        raise scene_error(package.source, f"{candidates[0]} is missing from it", "Fetch the product again.")
    return found


def _relative_orbit(annotation: Annotation, manifest: Manifest) -> int:
    told = sentinel_1_relative_orbit(annotation.platform, annotation.absolute_orbit, annotation.start.date())
    return manifest.relative_orbit or told or 0


def _resolution(package: Package) -> str:
    found = re.search(r"_GRD([FHM])_", package.product)
    return found[1] if found else "H"


def _incidence(images: Sequence[Image]) -> float:
    angles = [
        float(i.annotation.ground.incidence_deg[i.annotation.ground.incidence_deg.shape[0] // 2].mean()) for i in images
    ]
    return round(float(np.mean(angles)), 3)


def _footprint(package: Package, images: Sequence[Image]) -> shapely.Polygon:
    parts = []
    for image in images:
        ground = image.annotation.ground
        lon, lat = (
            np.concatenate([g[0], g[1:, -1], g[-1, -2::-1], g[-2:0:-1, 0]]) for g in (ground.longitude, ground.latitude)
        )
        if np.ptp(lon) > 180:
            raise scene_error(package.source, "it crosses the antimeridian, which is not supported")
        parts.append(shapely.Polygon(np.column_stack([lon, lat])))
    whole = shapely.union_all(parts)
    if isinstance(whole, shapely.Polygon):
        return whole
    return shapely.Polygon(shapely.get_coordinates(shapely.convex_hull(whole)))


def _utc(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
