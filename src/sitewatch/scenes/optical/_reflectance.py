"""Plain GeoTIFFs of reflectance, one file a band or several bands in one, by names and band descriptions.

Bands are told by colour (``red``) or by Sentinel-2's numbers (``B04``); a band or file beside them named ``SCL``,
``QA_PIXEL``, ``Fmask``, ``udm2`` or ``clouds`` is the mask. Numbers that are whole, or plainly above 1, count as
reflectance times 10,000 unless scale and offset are told.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from sitewatch.errors import UnknownSceneError
from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._facts import Moment, polarisations_told
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._names import read_name
from sitewatch.scenes._raster import (
    RasterBand,
    RasterInfo,
    footprint_of,
    is_remote,
    name_of,
    read_info,
    read_sample,
    scene_error,
)
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes._tags import read_tags
from sitewatch.scenes.optical._bands import band_told, in_order
from sitewatch.scenes.optical._layers import finest
from sitewatch.scenes.optical._masks import Mask, MaskKind
from sitewatch.scenes.optical._reader import OpticalReader

_REFLECTANCE_WORDS = {"reflectance", "boa", "toa", "l1c", "l2a", "msil1c", "msil2a"}
_MASKS: dict[str, MaskKind] = {
    "scl": "SCL",
    "pixel": "QA_PIXEL",
    "fmask": "Fmask",
    "udm2": "UDM2",
    "clouds": "clouds",
    "cloudmask": "clouds",
}
# Names of Sentinel-2's own band files, as they are cut out and sent about: T50QKK_20180323T024539_B03, and those of
# 2016 and before, which tell when they were processed. Of L2A the pixel size follows the band.
_TILE = re.compile(r"(?P<tile>T\d{2}[A-Z]{3})_(?P<start>\d{8}T\d{6})_(?P<band>B\d{2}|B8A)(?P<metres>_\d{2}m)?")
_OLD_TILE = re.compile(
    r"(?P<platform>S2[A-D])_OPER_MSI_L(?P<level>1C|2A)_TL_\w{4}_*(?P<start>\d{8}T\d{6})_A\d{6}_(?P<tile>T\d{2}[A-Z]{3})"
    r"_(?P<band>B\d{2}|B8A)"
)
_BASELINE_4 = dt.datetime(2022, 1, 25, tzinfo=dt.UTC)
_LARGEST_REFLECTANCE = 2.0
_TEN_THOUSANDTH = 0.0001


class ReflectanceTiff:
    """The family of plain reflectance files that are named as such, or as a band."""

    name = "Reflectance GeoTIFF"

    def matches(self, href: str) -> bool:
        """Whether the name speaks of reflectance or ends as a band's, and of no polarisation."""
        stem = PurePosixPath(href).stem
        if polarisations_told(stem):
            return False
        words = _words(stem)
        return bool(words) and (_layer(words) is not None or bool(_REFLECTANCE_WORDS & set(words)))

    def is_companion(self, href: str) -> bool:
        """A mask beside the bands."""
        layer = _layer(_words(PurePosixPath(href).stem))
        return layer in _MASKS

    def scene_key(self, href: str) -> str:
        """Folder and name without the band."""
        path = PurePosixPath(href)
        return str(path.with_name(_without_layer(path.stem)))

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe one image; see `read_reflectance`."""
        return read_reflectance([read_info(href) for href in hrefs], hints)


def holds_reflectance(infos: Sequence[RasterInfo]) -> bool:
    """Whether the bands of a file describe themselves as colours, two at least."""
    told = {band_told(band.description) for info in infos for band in info.bands}
    return len(told - {None}) > 1


def read_reflectance(infos: Sequence[RasterInfo], hints: Hints) -> Scene:
    """Describe one image of one file or of one file a band.

    Raises
    ------
    UnknownSceneError
        The date, or which band is which, can't be told.
    SceneError
        A file can't be used.
    """
    first = infos[0]
    bands, mask = _bands(infos)
    if not bands:
        raise UnknownSceneError(
            f"{name_of(first.href)}: nothing says which colour its bands are",
            hint="Describe them (red, nir, or B04, B08 of Sentinel-2), or end one file's name each so.",
        )
    mask = mask or _mask_beside(first.href)
    named = _Named.of(first, hints)
    settled = {name: _scaling(info, band, hints) for name, (info, band) in bands.items()}
    # No band is scaled otherwise than its neighbours.
    notes = list(dict.fromkeys(note for _, _, told in settled.values() for note in told))
    if named.sentinel_2 and named.moment.at >= _BASELINE_4 and hints.offset is None:
        notes.append("the processing baseline is not told: no offset is taken off (--offset -0.1 from 04.00 on)")
    if mask is None:
        notes.append("no cloud mask: clouds count as ground unless they stand out from the dates around")
    geobox = finest({name: info for name, (info, _) in bands.items()})
    return Scene(
        id=_without_layer(PurePosixPath(first.href).stem),
        datetime=named.moment.at,
        track=parse_track(hints.track) if hints.track else named.track,
        bands=tuple(
            Band(
                name,
                bands[name][0].href,
                bands[name][1].index,
                settled[name][0],
                settled[name][1],
                "reflectance",
                _nodata(bands[name][1], hints),
            )
            for name in in_order(bands)
        ),
        geobox=geobox,
        footprint=footprint_of(geobox),
        quantity=named.quantity,
        platform=named.platform,
        time_known=named.moment.time_known,
        family=ReflectanceTiff.name,
        subunit=named.tile,
        credit=credit_line(named.track.constellation, named.moment.at),
        notes=(*named.notes, *notes),
        reader=OpticalReader(first.href, mask, _given(hints)),
        mask_files=(mask.href,) if mask else (),
    )


class _Named:
    """What name, tags and hints tell of a plain image."""

    def __init__(self, info: RasterInfo, hints: Hints) -> None:
        path = PurePosixPath(info.href)
        words = set(_words(path.stem)) | set(_words(path.parent.name))
        old, tile = _OLD_TILE.fullmatch(path.stem), _TILE.fullmatch(path.stem)
        found = old or tile
        self.notes: tuple[str, ...] = ()
        if found and hints.date_pattern is None:
            at = dt.datetime.strptime(found["start"], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
            self.moment = Moment.of_date(at.date()) if old else Moment(at)
            if old:
                self.notes = ("the name tells when it was processed: its day is taken, not its time",)
        else:
            moment = read_tags(info.tags).moment if hints.date_pattern is None else None
            moment = moment or read_name(path, hints.date_pattern).moment
            if moment is None:
                raise UnknownSceneError(
                    f"{path.name}: neither tags nor name tell when the image was acquired",
                    hint="Say where the date stands in the name with --date-pattern, e.g. 'IMG_%Y%m%d'.",
                )
            self.moment = moment
        self.tile = found["tile"] if found else ""
        self.sentinel_2 = found is not None or any(re.fullmatch(r"s2[a-d]?|sentinel2[a-d]?", w) for w in words)
        self.platform = f"sentinel-2{old['platform'][-1].lower()}" if old else ""
        self.quantity = _quantity(words, old, tile, hints)
        levels = {"surface reflectance": ("L2A", "SR"), "TOA reflectance": ("L1C", "TOA")}
        of_sentinel_2, plain = levels.get(self.quantity, ("", "REFLECTANCE"))
        self.track = Track("sentinel-2", of_sentinel_2) if self.sentinel_2 else Track("unknown", plain)

    @classmethod
    def of(cls, info: RasterInfo, hints: Hints) -> _Named:
        """Read a name."""
        return cls(info, hints)


def _quantity(words: set[str], old: re.Match[str] | None, tile: re.Match[str] | None, hints: Hints) -> Quantity:
    if hints.quantity in ("surface reflectance", "TOA reflectance", "reflectance"):
        return hints.quantity
    if words & {"toa", "l1c", "msil1c"} or (old and old["level"] == "1C"):
        return "TOA reflectance"
    if words & {"boa", "sr", "surface", "l2a", "msil2a"} or (tile and tile["metres"]):
        return "surface reflectance"
    return "TOA reflectance" if tile else "reflectance"


def _words(stem: str) -> list[str]:
    return [word for word in re.split(r"[^A-Za-z0-9]+", stem.lower()) if word]


def _layer(words: Sequence[str]) -> str | None:
    """The band or mask that a name ends with, a pixel size aside."""
    rest = [word for word in words if not re.fullmatch(r"\d{2}m", word)]
    if not rest:
        return None
    if rest[-1] in _MASKS and (rest[-1] != "pixel" or rest[-2:-1] == ["qa"]):
        return rest[-1]
    return band_told(rest[-1])


def _without_layer(stem: str) -> str:
    if _layer(_words(stem)) is None:
        return stem
    stem = re.sub(r"[-_. ]\d{2}m$", "", stem, flags=re.IGNORECASE)
    return re.sub(r"(?:[-_. ]QA)?[-_. ][A-Za-z0-9]+$", "", stem, flags=re.IGNORECASE) or stem


def _bands(infos: Sequence[RasterInfo]) -> tuple[dict[str, tuple[RasterInfo, RasterBand]], Mask | None]:
    bands: dict[str, tuple[RasterInfo, RasterBand]] = {}
    mask: Mask | None = None
    for info in infos:
        for band in info.bands:
            words = _words(band.description)
            kind = next((_MASKS[w] for w in words if w in _MASKS), None)
            if kind is not None:
                mask = Mask(kind, info.href, (band.index,))
                continue
            name = band_told(band.description)
            if name is None and len(info.bands) == 1:
                name = _layer(_words(PurePosixPath(info.href).stem))
            if name is None or name in _MASKS:
                continue
            if name in bands:
                raise scene_error(info.href, f"the band {name} occurs twice in one scene")
            bands[name] = (info, band)
    return bands, mask


def _mask_beside(href: str) -> Mask | None:
    """A mask in a file of its own, named as the image is."""
    if is_remote(href):
        return None
    path = Path(href)
    key = _without_layer(path.stem).lower()
    for other in sorted(path.parent.glob("*.tif*")):
        layer = _layer(_words(other.stem))
        if layer in _MASKS and _without_layer(other.stem).lower() == key:
            return Mask(_MASKS[layer], str(other))
    return None


def _scaling(info: RasterInfo, band: RasterBand, hints: Hints) -> tuple[float, float, tuple[str, ...]]:
    """Scale, offset, and how they were found."""
    if hints.scale is not None or hints.offset is not None:
        return hints.scale if hints.scale is not None else _TEN_THOUSANDTH, hints.offset or 0.0, ()
    if (band.scale, band.offset) != (1.0, 0.0):
        return band.scale, band.offset, ()
    whole = np.issubdtype(np.dtype(band.dtype), np.integer)
    sample = read_sample(info.href, band.index, 0.0 if band.nodata is None else band.nodata)
    if whole or (sample.size and float(np.median(sample)) > _LARGEST_REFLECTANCE):
        return _TEN_THOUSANDTH, 0.0, ("its numbers are taken as reflectance times 10,000 (--scale)",)
    return 1.0, 0.0, ()


def _nodata(band: RasterBand, hints: Hints) -> float | None:
    if hints.nodata is not None:
        return hints.nodata
    if band.nodata is not None:
        return band.nodata
    # Whole numbers of reflectance are stored with 0 for none.
    return 0.0 if np.issubdtype(np.dtype(band.dtype), np.integer) else None


def _given(hints: Hints) -> tuple[tuple[str, str], ...]:
    told: Mapping[str, object] = {
        "date_pattern": hints.date_pattern,
        "scale": hints.scale,
        "offset": hints.offset,
        "track": hints.track,
        "quantity": hints.quantity,
        "nodata": hints.nodata,
    }
    return tuple((name, value) for name, value in told.items() if value is not None)  # type: ignore[misc]
