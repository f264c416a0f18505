"""Any georeferenced GeoTIFF or COG: what it is comes from the user, a STAC item beside it, its tags and its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import Facts, hinted, join_facts, polarisations_told, unit_told
from sitewatch.scenes._hints import POLARISATIONS, Hints
from sitewatch.scenes._names import moments_in, read_name, without_polarisation
from sitewatch.scenes._raster import RasterBand, RasterInfo, footprint_of, name_of, read_alike
from sitewatch.scenes._scene import Band, Scene
from sitewatch.scenes._stac import item_facts, read_item
from sitewatch.scenes._stac_files import describes, item_beside
from sitewatch.scenes._tags import read_tags
from sitewatch.scenes._units import settle_unit
from sitewatch.scenes.optical._reflectance import holds_reflectance, read_reflectance

# Layers that processors write beside their images.
_COMPANION = re.compile(
    r"(?:^|[^A-Za-z0-9])(?:mask|dem|lia|rgb|browse|thumbnail|quicklook|preview|incidence(?:_angle)?|inc_map|ls_map"
    r"|layover(?:_shadow)?|shadow|number_of_looks|rtc_anf\w*|scattering_area|label(?:hand)?)$",
    re.IGNORECASE,
)


class GeoTiff:
    """The family of last resort: it takes every raster."""

    name = "GeoTIFF"

    def matches(self, href: str) -> bool:
        """Any file: GDAL decides when it is opened."""
        return True

    def is_companion(self, href: str) -> bool:
        """Whether the name ends as those of masks, angles and browse pictures do, or speaks of a mask and no band."""
        stem = PurePosixPath(href).stem
        speaks_of_mask = "mask" in re.split(r"[^a-z]+", stem.lower())
        return bool(_COMPANION.search(stem)) or (speaks_of_mask and not polarisations_told(stem))

    def scene_key(self, href: str) -> str:
        """Folder and name without the polarisation."""
        path = PurePosixPath(href)
        return str(path.with_name(without_polarisation(path.stem) or "_"))

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image of one file or of one file a polarisation.

        Raises
        ------
        UnknownSceneError
            Date, polarisation or units can't be determined; the hint names the option that tells them.
        SceneError
            The file can't be used.
        """
        item = item_beside(hrefs[0])
        if item is not None and describes(item, hrefs):
            return read_item(item, hints, only=hrefs)
        infos = read_alike(hrefs)
        if holds_reflectance(infos) and not hints.polarisations:
            return read_reflectance(infos, hints)
        return _describe(infos, item_facts(item) if item is not None else Facts(), hints)


def _describe(infos: Sequence[RasterInfo], beside: Facts, hints: Hints) -> Scene:
    first = infos[0]
    path = PurePosixPath(first.href)
    tagged = read_tags(first.tags)
    # The user's pattern is for dates that nothing else tells, but it is an order where it is given.
    needs_name = hints.date_pattern is not None or join_facts(beside, tagged).moment is None
    named = _name_facts(path, hints, needs_name)
    ordered = Facts(moment=named.moment) if hints.date_pattern is not None else Facts()
    facts = join_facts(hinted(hints), ordered, beside, tagged, named)
    if facts.moment is None:
        raise UnknownSceneError(
            f"{path.name}: neither tags nor name tell when the image was acquired",
            hint="Say where the date stands in the name with --date-pattern, e.g. --date-pattern 'IMG_%Y%m%d'.",
        )
    bands, notes = _bands(infos, facts, hints)
    return Scene(
        id=_scene_id(path),
        datetime=facts.moment.at,
        track=facts.track,
        bands=bands,
        geobox=first.geobox,
        footprint=footprint_of(first.geobox),
        quantity=facts.quantity or "unknown",
        platform=facts.platform or "",
        enl=facts.enl,
        incidence_angle_deg=facts.incidence_angle_deg,
        time_known=facts.moment.time_known,
        family=GeoTiff.name,
        credit=credit_line(facts.track.constellation, facts.moment.at),
        notes=tuple(dict.fromkeys((*facts.notes, *notes, *_gaps(facts)))),
    )


def _name_facts(path: PurePosixPath, hints: Hints, date_needed: bool) -> Facts:
    try:
        return read_name(path, hints.date_pattern)
    except UnknownSceneError:
        if date_needed:
            raise
        # An ambiguous name does no harm where the tags tell the date.
        return read_name(PurePosixPath(re.sub(r"\d{4,}", "", path.stem)))


def _scene_id(path: PurePosixPath) -> str:
    stem = without_polarisation(path.stem)
    folder = path.parent.name
    if not stem or (not moments_in(stem) and moments_in(folder)):
        return "_".join(part for part in (folder, stem) if part)
    return stem


def _gaps(facts: Facts) -> list[str]:
    gaps = []
    if facts.quantity is None:
        gaps.append("nothing says whether it is gamma0, sigma0 or beta0 (--quantity)")
    if facts.constellation is None:
        gaps.append("sensor and viewing geometry are unknown: all such images count as one track (--track)")
    return gaps


def _bands(infos: Sequence[RasterInfo], facts: Facts, hints: Hints) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    found: dict[str, Band] = {}
    notes: list[str] = []
    for info in infos:
        for polarisation, raw in _polarised(info, facts, hints, alone=len(infos) == 1):
            if polarisation in found:
                raise SceneError(f"{name_of(info.href)}: {polarisation} occurs twice in one scene")
            band, told = _band(info, polarisation, raw, facts, hints)
            found[polarisation] = band
            notes += told
    ordered = sorted(found.values(), key=lambda band: POLARISATIONS.index(band.polarisation))
    return tuple(ordered), tuple(dict.fromkeys(notes))


def _band(
    info: RasterInfo, polarisation: str, raw: RasterBand, facts: Facts, hints: Hints
) -> tuple[Band, tuple[str, ...]]:
    scale = raw.scale if hints.scale is None else hints.scale
    offset = raw.offset if hints.offset is None else hints.offset
    nodata = raw.nodata if hints.nodata is None else hints.nodata
    described = unit_told(raw.unit) or unit_told(re.sub(r"_", " ", raw.description))
    told = hints.units or described or facts.unit
    unit, notes = settle_unit(info.href, raw.index, raw.dtype, scale, offset, nodata, told)
    if nodata is None and raw.dtype.startswith("float") and unit != "dB":
        notes = (*notes, "no value is said to mean no data: 0 counts as a true 0 (--nodata)")
    return Band(polarisation, info.href, raw.index, scale, offset, unit, nodata), notes


def _polarised(info: RasterInfo, facts: Facts, hints: Hints, alone: bool) -> list[tuple[str, RasterBand]]:
    """Pair a file's bands with their polarisations: as the user, else the bands, else tags, else the name say."""
    if alone and hints.polarisations:
        if len(hints.polarisations) != len(info.bands):
            named, there = len(hints.polarisations), len(info.bands)
            raise SceneError(
                f"{name_of(info.href)}: it has {there} band(s), and --polarisation names {named}",
                hint="Name one polarisation a band, in order: --polarisation VV,VH.",
            )
        return list(zip(hints.polarisations, info.bands, strict=True))
    described = [(polarisations_told(f"{b.description} {b.tags.get('POLARISATION', '')}"), b) for b in info.bands]
    if any(len(told) == 1 for told, _ in described):
        # Bands without a polarisation beside some that have one are angles and masks.
        return [(told[0], band) for told, band in described if len(told) == 1]
    from_tags = read_tags(info.tags).polarisations
    from_name = polarisations_told(PurePosixPath(info.href).stem)
    for told in (from_tags, from_name, facts.polarisations):
        if told and len(told) == len(info.bands):
            return list(zip(told, info.bands, strict=True))
    what = "its band is" if len(info.bands) == 1 else f"its {len(info.bands)} bands are"
    raise UnknownSceneError(
        f"{name_of(info.href)}: nothing says which polarisation {what}",
        hint="Say it with --polarisation, one a band in order: --polarisation VV or VV,VH.",
    )
