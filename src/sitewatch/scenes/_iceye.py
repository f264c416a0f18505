"""ICEYE: GRD and SLC in radar geometry, as COG with STAC metadata or in the legacy GeoTIFF, XML and HDF5 forms.

Calibration after ICEYE's product specification (metadata page, "Calibration Correction"): sigma0 = CF |DN|² for GRD,
whose incidence angle is applied, and beta0 = CF |DN|² for SLC.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._family import OneFile
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._iceye_metadata import IceyeMetadata, from_legacy, from_properties
from sitewatch.scenes._radar_file import RadarFile, StoredBand, json_beside, json_of, read_radar_file, rpc_of
from sitewatch.scenes._radar_image import Stored, TiePoint, map_grid, tidy_spacing
from sitewatch.scenes._raster import is_remote, scene_error
from sitewatch.scenes._rpc import Rpc
from sitewatch.scenes._samples import open_hdf5
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes._tasked import geometry_notes, radar_reader, radiometry_note, range_gain

_REFUSED = {
    "QLK": "a quicklook: a picture with its contrast changed, without calibration",
    "QL": "a quicklook: a picture with its contrast changed, without calibration",
    "QUICKLOOK": "a quicklook: a picture with its contrast changed, without calibration",
    "THUMBNAIL": "a quicklook: a picture with its contrast changed, without calibration",
    "CSI": "a colorized sub-aperture image: a picture, without calibration",
    "VID": "a video: frames of parts of the aperture, without calibration of the whole",
}
_HDF5 = (".h5", ".hdf5")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".mp4", ".kmz", ".kml")
# The legacy tags' words for modes, and the short names of the product specification.
_MODES = {
    "SPOTLIGHTEXTENDEDDWELL": "SLED",
    "SPOTLIGHTEXTENDEDAREA": "SLEA",
    "SPOTLIGHTHIGH": "SLH",
    "SPOTLIGHTFINE": "SLF",
    "SPOTLIGHT": "SL",
    "STRIPMAPHIGH": "SMH",
    "STRIPMAP": "SM",
    "SCAN": "SC",
    "SCANSAR": "SC",
}
# Orbits known ahead of time and within hours (STAC schema: predicted, rapid, precise, scientific).
_ROUGH_ORBITS = ("predicted", "rapid")


class Iceye(OneFile):
    """The ICEYE family; the products say all of themselves, so that only the terrain is left to the user."""

    name = "ICEYE"

    def matches(self, href: str) -> bool:
        """Whether the name begins as ICEYE's product names do."""
        return PurePosixPath(href).name.upper().startswith("ICEYE_")

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one product.

        Raises
        ------
        SceneError
            It is a quicklook, its metadata or calibration are missing, it is cut off, or nothing places it.
        """
        href = hrefs[0]
        _refuse_pictures(href)
        if PurePosixPath(href).suffix.lower() in _HDF5:
            told, shape = _read_hdf5(href)
            return _scene(href, told, shape, None, "ICEYE HDF5", told.rpc, hints)
        file = read_radar_file(href)
        told = _metadata(file)
        if told.product_type not in ("GRD", "SLC"):
            raise scene_error(href, f"it is an ICEYE product of type {told.product_type}", "Use its GRD or SLC.")
        model: Rpc | tuple[TiePoint, ...] | None = file.rpc or told.rpc or file.tie_points or None
        return _scene(href, told, file.shape, _amplitude_band(file), "raster", model, hints)


def _scene(
    href: str,
    told: IceyeMetadata,
    shape: tuple[int, int],
    band: StoredBand | None,
    stored: Stored,
    model: Rpc | tuple[TiePoint, ...] | None,
    hints: Hints,
) -> Scene:
    if model is None:
        raise scene_error(href, "nothing tells where it lies: it has neither rational polynomials nor tie points")
    _check(told, href)
    slant = told.product_type == "SLC"
    measured: Quantity = "beta0" if slant else "sigma0"
    angles = told.incidence_near_deg, told.incidence_far_deg
    gain = range_gain(model, shape, measured, *angles, told.layout)
    reader, footprint = radar_reader(href, shape, model, told.mean_height_m, hints, gain, stored, "gamma0")
    ground_range = told.range_spacing_m / math.sin(math.radians(told.incidence_deg)) if slant else told.range_spacing_m
    factor = math.sqrt(told.calibration_factor)
    number = band or StoredBand("", "complex64", 1.0, 0.0, None)
    mode = _MODES.get(told.mode.replace(" ", ""), told.mode)
    return Scene(
        id=PurePosixPath(href).stem,
        datetime=told.acquired,
        track=Track.tasked(
            "iceye", mode, told.orbit_state, told.look_direction, told.incidence_deg, told.view_azimuth_deg
        ),
        bands=(
            Band(
                told.polarisation,
                href,
                scale=factor * number.scale,
                offset=factor * number.offset,
                unit="amplitude",
                # 0 marks what lies outside the swath; today's files say so, the legacy ones don't.
                nodata=0.0 if number.nodata is None else number.nodata,
            ),
        ),
        geobox=map_grid(footprint, tidy_spacing(ground_range, told.azimuth_spacing_m)),
        footprint=footprint,
        quantity="gamma0",
        platform=told.platform,
        incidence_angle_deg=round(told.incidence_deg, 3),
        family=Iceye.name,
        processed=told.processed,
        credit=credit_line("iceye", told.acquired),
        notes=(
            radiometry_note(reader.image),
            *_notes(told, mode),
            *geometry_notes(reader.image, told.incidence_deg),
        ),
        product_type=told.product_type,
        view_azimuth_deg=None if told.view_azimuth_deg is None else round(told.view_azimuth_deg, 2),
        reader=reader,
    )


def _notes(told: IceyeMetadata, mode: str) -> list[str]:
    notes = []
    if told.azimuth_looks and told.range_looks:
        notes.append(f"produced with {told.azimuth_looks} looks in azimuth and {told.range_looks} in range")
    if told.orbit_precision in _ROUGH_ORBITS:
        notes.append(f"made with the {told.orbit_precision} orbit, not the precise one: it may lie off by some pixels")
    if mode.startswith("SC"):
        notes.append("ICEYE does not calibrate scan products: levels may be off")
    return notes


def _check(told: IceyeMetadata, href: str) -> None:
    if not (math.isfinite(told.calibration_factor) and told.calibration_factor > 0):
        raise scene_error(
            href,
            f"its calibration factor ({told.calibration_factor:g}) calibrates nothing",
            "Ask its provider for a calibrated product.",
        )
    if not 0 < told.incidence_near_deg <= told.incidence_far_deg < 90:
        near, far = told.incidence_near_deg, told.incidence_far_deg
        raise scene_error(href, f"its incidence angles ({near:g} to {far:g} degrees) are not possible")
    if told.amplitude_mapping not in ("", "none", "linear"):
        raise scene_error(
            href,
            f"its amplitudes went through a {told.amplitude_mapping!r} mapping, which the specification leaves open",
            "Use the GRD of the same acquisition.",
        )


def _refuse_pictures(href: str) -> None:
    path = PurePosixPath(href)
    words = re.split(r"[_.]", path.stem.upper())
    kind = next((_REFUSED[word] for word in reversed(words) if word in _REFUSED), None)
    if kind is None and path.suffix.lower() in _PICTURES:
        kind = _REFUSED["QLK"]
    if kind is not None:
        raise scene_error(href, f"it is {kind}", "Use the GRD of the same acquisition.")


def _metadata(file: RadarFile) -> IceyeMetadata:
    """From inside the image, else from the JSON or XML beside it."""
    href = file.href
    if text := file.tags.get("ICEYE_PROPERTIES"):
        return from_properties(json_of(text, href, "ICEYE_PROPERTIES"), href)
    if "CALIBRATION_FACTOR" in file.tags and "PRODUCT_LEVEL" in file.tags:
        return from_legacy({key.lower(): value for key, value in file.tags.items()}, href, file.rpc)
    stem = PurePosixPath(href).stem
    if (item := json_beside(href, f"{stem}.json")) is not None:
        properties = item.get("properties", item)
        return from_properties(properties if isinstance(properties, dict) else {}, href)
    if (fields := _xml_beside(href)) is not None:
        return from_legacy(fields, href, file.rpc)
    raise scene_error(
        href,
        f"its metadata are missing: it has no tag ICEYE_PROPERTIES, and no {stem}.json or {stem}.xml is beside it",
        "Put the metadata file delivered with it beside it.",
    )


def _xml_beside(href: str) -> Mapping[str, str] | None:
    path = Path(href).with_suffix(".xml")
    if is_remote(href) or not path.is_file():
        return None
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise scene_error(path, f"it is not readable XML ({error})", "Fetch it again.") from error
    return {node.tag.lower(): node.text.strip() for node in root.iter() if node.text and node.text.strip()}


def _amplitude_band(file: RadarFile) -> StoredBand:
    band = file.bands[0]
    if band.dtype.startswith("complex"):
        raise scene_error(file.href, "its first band is complex; ICEYE's GeoTIFFs hold amplitude", "Fetch it again.")
    if band.name and "amplitude" not in band.name and "phase" in band.name:
        raise scene_error(file.href, f"its first band is {band.name!r}, not the amplitude", "Fetch it again.")
    return band


def _read_hdf5(href: str) -> tuple[IceyeMetadata, tuple[int, int]]:
    """Metadata and shape of a legacy SLC."""
    with open_hdf5(href) as file:
        if "s_i" not in file or "s_q" not in file:
            raise scene_error(href, "it lacks the samples (datasets s_i and s_q) of an ICEYE SLC")
        single = {key: node[()] for key, node in file.items() if getattr(node, "shape", None) == ()}
        fields: dict[str, Any] = {
            key.lower(): value.decode()
            if isinstance(value, bytes)
            else value.item()
            if hasattr(value, "item")
            else value
            for key, value in single.items()
        }
        rpc = rpc_of({key: node[()] for key, node in file.get("RPC", {}).items()}, href)
        rows, cols = file["s_i"].shape
    return from_legacy(fields, href, rpc), (int(rows), int(cols))
