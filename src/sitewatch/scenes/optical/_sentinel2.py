"""Sentinel-2 L2A and L1C as SAFE folders and zips.

reflectance = (DN + offset) / quantification, both told by the product's metadata: from processing baseline 04.00 on an
offset of -1000 DN keeps dark pixels above zero, and images before and after it compare only once it is taken off. 0 is
no data and 65535 saturated. Clouds are those of the scene classification (L2A) or of the cloud mask (L1C).
"""

from __future__ import annotations

import datetime as dt
import os
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sitewatch.scenes._credit import credit_line
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._raster import RasterInfo, footprint_of, name_of, read_info, scene_error
from sitewatch.scenes._scene import Band, Quantity, Scene, Track
from sitewatch.scenes.optical._bands import SENTINEL_2, in_order
from sitewatch.scenes.optical._layers import finest
from sitewatch.scenes.optical._masks import Mask
from sitewatch.scenes.optical._reader import OpticalReader

_AGAIN = "Fetch the product again."
_PRODUCT = re.compile(
    r"(?P<id>S2[A-D]_MSIL(?P<level>1C|2A)_(?P<start>\d{8}T\d{6})_N(?P<baseline>\d{4})_R(?P<orbit>\d{3})"
    r"_(?P<tile>T\d{2}[A-Z]{3})_\d{8}T\d{6})(?:\.SAFE)?(?:\.zip)?",
    re.IGNORECASE,
)
_METADATA = ("MTD_MSIL2A.xml", "MTD_MSIL1C.xml")
_BAND_FILE = re.compile(r".*_(?P<band>B\d{2}|B8A|SCL)(?:_(?P<metres>\d{2})m)?\.(?:jp2|tif|tiff)", re.IGNORECASE)
# Numbers under which the metadata list the bands' offsets.
_BAND_IDS = {"B02": 1, "B03": 2, "B04": 3, "B08": 7, "B11": 11, "B12": 12}


def is_sentinel2(href: str | os.PathLike[str]) -> bool:
    """Whether a path is a Sentinel-2 SAFE folder, or a zip of one, by names alone."""
    path = Path(href)
    if _PRODUCT.fullmatch(path.name) and (path.suffix.lower() in (".zip", ".safe") or path.is_dir()):
        return True
    return path.is_dir() and any((path / name).is_file() for name in _METADATA)


def sentinel2_package_of(href: str) -> str | None:
    """Path of the Sentinel-2 product that a path is or lies in; None where it is in none."""
    path = Path(href)
    return next((str(folder) for folder in (path, *path.parents) if is_sentinel2(folder)), None)


class Sentinel2Safe:
    """The family of Sentinel-2 L2A and L1C products in SAFE format."""

    name = "Sentinel-2 SAFE"

    def matches(self, href: str) -> bool:
        """Whether a path is a SAFE folder or a zip of one."""
        return is_sentinel2(href)

    def is_companion(self, href: str) -> bool:
        """Never: a product is whole."""
        return False

    def scene_key(self, href: str) -> str:
        """The product's own path."""
        return href

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe a product.

        Raises
        ------
        SceneError
            Metadata or every band we read is missing, cut off or damaged.
        """
        product = _open(hrefs[0])
        level = product.level
        infos, masks = product.images()
        if not infos:
            raise scene_error(product.source, "it holds no band that is read", _AGAIN)
        about = _Metadata.of(product)
        tile = next((f[0] for info in infos.values() if (f := re.search(r"T\d{2}[A-Z]{3}", name_of(info.href)))), "")
        quantity: Quantity = "surface reflectance" if level == "2A" else "TOA reflectance"
        mask = _mask_of(product, masks)
        geobox = finest(infos)
        return Scene(
            id=product.id,
            datetime=about.start,
            track=parse_track(hints.track) if hints.track else Track("sentinel-2", f"L{level}"),
            bands=tuple(
                Band(
                    SENTINEL_2[number],
                    infos[SENTINEL_2[number]].href,
                    scale=1.0 / about.quantification,
                    offset=about.offset_of(number) / about.quantification,
                    unit="reflectance",
                    nodata=0.0,
                )
                for name in in_order(infos)
                for number in SENTINEL_2
                if SENTINEL_2[number] == name
            ),
            geobox=geobox,
            footprint=footprint_of(geobox),
            quantity=quantity,
            platform=about.platform,
            family=f"Sentinel-2 L{level}",
            subunit=tile,
            processed=about.processed,
            credit=credit_line("sentinel-2", about.start),
            notes=tuple(about.notes(mask)),
            product_type=f"L{level}",
            reader=OpticalReader(product.source, mask),
            mask_files=(mask.href,) if mask else (),
        )


class _Product:
    """A SAFE folder or zip, and the files in it by their path from its root."""

    def __init__(self, source: str, inner: str, files: Sequence[str]) -> None:
        self.source, self.inner, self.files = source, inner, tuple(files)
        metadata = next((name for name in _METADATA if name in self.files), None)
        if metadata is None:
            raise scene_error(source, "MTD_MSIL2A.xml or MTD_MSIL1C.xml is missing from it", _AGAIN)
        self.metadata, self.level = metadata, metadata[8:10]
        named = _PRODUCT.fullmatch(PurePosixPath(inner.rstrip("/") or source).name) or _PRODUCT.fullmatch(
            name_of(source)
        )
        self.id = named["id"] if named else PurePosixPath(source).stem

    def href(self, path: str) -> str:
        """Address of a file under which GDAL opens it."""
        if self.source.lower().endswith(".zip"):
            return f"/vsizip/{self.source}/{self.inner}{path}"
        return str(Path(self.source, path))

    def xml(self, path: str) -> ET.Element:
        """A parsed XML file."""
        try:
            if self.source.lower().endswith(".zip"):
                with zipfile.ZipFile(self.source) as archive:
                    return ET.fromstring(archive.read(self.inner + path))
            return ET.fromstring(Path(self.source, path).read_bytes())
        except (OSError, KeyError, zipfile.BadZipFile, ET.ParseError) as error:
            raise scene_error(self.source, f"{path} in it can't be read ({error})", _AGAIN) from error

    def images(self) -> tuple[dict[str, RasterInfo], dict[str, str]]:
        """Each band we read at its finest, by common name; and the files that tell clouds."""
        chosen: dict[str, tuple[int, str]] = {}
        masks: dict[str, str] = {}
        for path in self.files:
            if "IMG_DATA" not in path:
                if PurePosixPath(path).name in ("MSK_CLASSI_B00.jp2", "MSK_CLOUDS_B00.gml"):
                    masks[PurePosixPath(path).name] = path
                continue
            found = _BAND_FILE.fullmatch(PurePosixPath(path).name)
            if found is None:
                continue
            band, metres = found["band"].upper(), int(found["metres"] or 0)
            if band not in chosen or metres < chosen[band][0]:
                chosen[band] = (metres, path)
        if "SCL" in chosen:
            masks["SCL"] = chosen.pop("SCL")[1]
        infos = {SENTINEL_2[b]: read_info(self.href(p)) for b, (_, p) in chosen.items() if b in SENTINEL_2}
        return infos, masks


def _open(href: str) -> _Product:
    path = Path(href)
    source = os.path.abspath(path)
    if not path.exists():
        raise scene_error(href, "the product does not exist", "Check its path.")
    if path.suffix.lower() != ".zip":
        files = [str(PurePosixPath(p.relative_to(path))) for p in path.rglob("*") if p.is_file()]
        return _Product(source, "", sorted(files))
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise scene_error(source, f"the zip is cut off or damaged ({error})", _AGAIN) from error
    root = next((n for n in names if PurePosixPath(n).name in _METADATA and n.count("/") <= 1), None)
    if root is None:
        raise scene_error(href, "there is no MTD_MSIL2A.xml or MTD_MSIL1C.xml in the zip", _AGAIN)
    inner = root[: len(root) - len(PurePosixPath(root).name)]
    return _Product(source, inner, sorted(n.removeprefix(inner) for n in names if not n.endswith("/")))


class _Metadata:
    """What a product's XML tells."""

    def __init__(self, product: _Product) -> None:
        root = product.xml(product.metadata)
        texts = {element.tag.rsplit("}", 1)[-1]: (element.text or "").strip() for element in root.iter()}
        self.source = product.source
        self.start = self._time(texts.get("PRODUCT_START_TIME", ""))
        self.processed = self._time(texts["GENERATION_TIME"]) if texts.get("GENERATION_TIME") else None
        self.baseline = texts.get("PROCESSING_BASELINE", "")
        self.platform = texts.get("SPACECRAFT_NAME", "").lower()
        told = texts.get("BOA_QUANTIFICATION_VALUE") or texts.get("QUANTIFICATION_VALUE")
        if not told:
            raise scene_error(self.source, "its metadata tell no quantification value", _AGAIN)
        self.quantification = float(told)
        tag = "BOA_ADD_OFFSET" if product.level == "2A" else "RADIO_ADD_OFFSET"
        self.offsets: Mapping[int, float] = {
            int(e.get("band_id", "-1")): float(e.text or 0) for e in root.iter() if e.tag.rsplit("}", 1)[-1] == tag
        }
        if not self.offsets and self.baseline[:2].isdigit() and int(self.baseline[:2]) >= 4:
            raise scene_error(self.source, f"its metadata tell no offsets, which baseline {self.baseline} has", _AGAIN)

    @classmethod
    def of(cls, product: _Product) -> _Metadata:
        """Read a product's metadata."""
        return cls(product)

    def offset_of(self, band: str) -> float:
        """What is added to a band's stored numbers."""
        return self.offsets.get(_BAND_IDS[band], 0.0)

    def notes(self, mask: Mask | None) -> list[str]:
        """What was applied, and what is not there."""
        notes = []
        if self.offsets:
            notes.append(f"offset of {self.offset_of('B04'):g} (baseline {self.baseline}) applied")
        if mask is None:
            notes.append("no cloud mask: that of the product is not there")
        return notes

    def _time(self, text: str) -> dt.datetime:
        try:
            return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(dt.UTC)
        except ValueError as error:
            raise scene_error(self.source, f"its metadata tell no time ({text!r})", _AGAIN) from error


def _mask_of(product: _Product, masks: Mapping[str, str]) -> Mask | None:
    if "SCL" in masks:
        return Mask("SCL", product.href(masks["SCL"]))
    if "MSK_CLASSI_B00.jp2" in masks and product.level == "1C":
        return Mask("CLASSI", product.href(masks["MSK_CLASSI_B00.jp2"]), (1, 2, 3))
    if "MSK_CLOUDS_B00.gml" in masks:
        return Mask("GML", product.href(masks["MSK_CLOUDS_B00.gml"]))
    return None
