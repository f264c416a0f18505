"""Find what may be a scene among files, folders and STAC catalogues, before anything is read of the images."""

from __future__ import annotations

import dataclasses
import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pystac

from sitewatch.errors import SceneError
from sitewatch.scenes._capella import Capella
from sitewatch.scenes._cslc import OperaCslcS1
from sitewatch.scenes._family import Family, NamedLayers
from sitewatch.scenes._geotiff import GeoTiff
from sitewatch.scenes._hyp3 import Hyp3Rtc
from sitewatch.scenes._iceye import Iceye
from sitewatch.scenes._opera import OperaRtcS1
from sitewatch.scenes._planetary import PlanetaryRtc
from sitewatch.scenes._raster import is_remote, name_of
from sitewatch.scenes._scene import LeftOut
from sitewatch.scenes._sicd import Sicd
from sitewatch.scenes._stac_files import load_item, stac_type
from sitewatch.scenes._stac_layers import OWN, asset_hrefs, image_hrefs, local_href
from sitewatch.scenes._umbra import UmbraGec
from sitewatch.scenes.optical import (
    Hls,
    LandsatC2L2,
    PlanetScope,
    ReflectanceTiff,
    Sentinel2Safe,
    is_sentinel2,
    sentinel2_package_of,
)
from sitewatch.scenes.sentinel1 import Sentinel1Safe
from sitewatch.scenes.sentinel1 import is_package as is_sentinel1
from sitewatch.scenes.sentinel1 import package_of as sentinel1_package_of
from sitewatch.words import counted

FAMILIES: tuple[Family, ...] = (
    OperaRtcS1(),
    OperaCslcS1(),
    Sentinel2Safe(),
    Sentinel1Safe(),
    Hyp3Rtc(),
    PlanetaryRtc(),
    Iceye(),
    Capella(),
    UmbraGec(),
    Sicd(),
    LandsatC2L2(),
    Hls(),
    PlanetScope(),
    ReflectanceTiff(),
    GeoTiff(),
)
"""The product families, the most particular first; the last takes everything."""
_SELF_DESCRIBED = (Iceye, Capella, UmbraGec, Sicd)

_IMAGES = (".tif", ".tiff")
# Containers that hold other things too: images only where a family knows the file.
_CONTAINERS = (".h5", ".hdf5", ".nitf", ".ntf")
_JSON = (".json", ".geojson")


@dataclasses.dataclass(frozen=True)
class Candidate:
    """What may be one scene: a STAC item and its images, or the images of one family that belong together."""

    source: str
    images: tuple[str, ...] = ()
    item: pystac.Item | None = None

    @classmethod
    def of_item(cls, item: pystac.Item, source: str | None = None) -> Candidate:
        """An item, named by its file."""
        return cls(source or item.get_self_href() or item.id, image_hrefs(item), item)


def is_package(href: str | os.PathLike[str]) -> bool:
    """Whether a path is a product of many files that is read as one: a SAFE folder or a zip of one."""
    return is_sentinel2(href) or is_sentinel1(href)


def package_of(href: str) -> str | None:
    """Path of the package that a path is or lies in; None where it is in none."""
    return sentinel2_package_of(href) or sentinel1_package_of(href)


def family_of(href: str) -> Family:
    """The product family that takes a file, by its name."""
    return next(family for family in FAMILIES if family.matches(href))


def is_image(href: str) -> bool:
    """Whether a file may be an image, by its name alone."""
    suffix = Path(href).suffix.lower()
    return suffix in _IMAGES or (suffix in _CONTAINERS and not isinstance(family_of(href), GeoTiff))


def product_images(item: pystac.Item, source: str = "") -> tuple[str, ...]:
    """The images of an item that its own family reads better than STAC's common fields tell; empty where none does.

    Calibration and geolocation of pointed satellites stand in the product, not in the fields that items share. Of a
    product that is there as GRD and as SLC, the GRD serves; of an item beside its image, that file. Items that
    sitewatch wrote tell how their product was read (`from_stac`).
    """
    if f"{OWN}source" in item.properties:
        return ()
    path = Path(source)
    local = sorted(path.parent.glob(f"{glob.escape(path.stem)}.*")) if source and path.is_file() else []
    named = [local_href(asset.get_absolute_href() or asset.href) for asset in item.assets.values()]
    for hrefs in ([str(beside) for beside in local], named):
        own = [h for h in hrefs if is_image(h) and isinstance(family_of(h), _SELF_DESCRIBED)]
        detected = [h for h in own if re.search(r"_(GRD|GEO|GEC)(?![A-Z])", name_of(h).upper())]
        if own:
            return tuple((detected or own)[:1])
    return ()


def is_mask(href: str) -> bool:
    """Whether a file is a product's layer of layover and shadow, which its family reads with the image."""
    family = family_of(href)
    return isinstance(family, NamedLayers) and family.is_mask(href)


def companions(href: str) -> list[str]:
    """A file and the other polarisations of its scene beside it."""
    path = Path(href)
    if is_remote(href) or not path.is_file():
        return [href]
    family = family_of(href)
    key = family.scene_key(href)
    return sorted(
        {href}
        | {
            str(p)
            for p in path.parent.iterdir()
            if is_image(str(p))
            and p.is_file()
            and family_of(str(p)) is family
            and not family.is_companion(str(p))
            and family.scene_key(str(p)) == key
        }
    )


def find_candidates(sources: Iterable[str | os.PathLike[str] | pystac.Item]) -> tuple[list[Candidate], list[LeftOut]]:
    """Find what may be scenes; what was named and can't be one is left out with its reason."""
    items: dict[str, Candidate] = {}
    files: dict[str, None] = {}
    left_out: list[LeftOut] = []
    for source in sources:
        if isinstance(source, pystac.Item):
            candidate = Candidate.of_item(source)
            items[candidate.source] = candidate
            continue
        found_items, found_files, bad = _look_into(os.fspath(source))
        items |= {candidate.source: candidate for candidate in found_items}
        files |= dict.fromkeys(found_files)
        left_out += bad
    for source, candidate in list(items.items()):
        if candidate.item is not None and (own := product_images(candidate.item, source)):
            files |= dict.fromkeys(own)
            del items[source]
    claimed = {href for candidate in items.values() if candidate.item for href in asset_hrefs(candidate.item)}
    groups: dict[tuple[str, str], list[str]] = {}
    for href in files:
        if (href if is_remote(href) else os.path.abspath(href)) not in claimed:
            family = family_of(href)
            groups.setdefault((family.name, family.scene_key(href)), []).append(href)
    grouped = [Candidate(hrefs[0], tuple(hrefs)) for hrefs in groups.values()]
    return [*items.values(), *grouped], left_out


def _look_into(source: str) -> tuple[list[Candidate], list[str], list[LeftOut]]:
    """Items, image files and refusals of one named source."""
    path = Path(source)
    suffix = path.suffix.lower()
    if is_remote(source):
        return _catalogue(source) if suffix in _JSON else ([], [source], [])
    if path.exists() and (package := package_of(os.path.abspath(source))) is not None:
        # A part of a package (an image, its manifest) stands for all of it.
        return [], [source if is_package(path) else package], []
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        return [], [], [LeftOut(source, "the file does not exist", "Check its path.")]
    if suffix in _JSON:
        kind = stac_type(path)
        if kind is None:
            return [], [], [LeftOut(source, "it is neither an image nor STAC JSON")]
        return _catalogue(str(path.absolute()))
    if family_of(source).is_companion(source):
        reason = "it is a layer beside the image (mask, angle or browse picture), not the image"
        return [], [], [LeftOut(source, reason)]
    return [], [source], []


def _folder(folder: Path) -> tuple[list[Candidate], list[str], list[LeftOut]]:
    items: list[Candidate] = []
    files: list[str] = []
    bad: list[LeftOut] = []
    others = 0
    for path in _files_below(folder):
        suffix = path.suffix.lower()
        if is_package(path):
            files.append(str(path))
        elif is_image(str(path)):
            # Companions in a folder are no loss worth a line each: nobody took them for images.
            if not family_of(str(path)).is_companion(str(path)):
                files.append(str(path))
        elif suffix in _JSON and stac_type(path) == "Feature":
            try:
                items.append(Candidate.of_item(load_item(path), str(path)))
            except SceneError as error:
                bad.append(LeftOut(str(path), error.message.removeprefix(f"{path.name}: "), error.hint))
        else:
            others += 1
    if not (items or files or bad):
        what = counted(others, "other file") if others else "nothing"
        hint = (
            "Images are .tif or .tiff files, Sentinel-1 or Sentinel-2 SAFE folders or zips, OPERA .h5 files, "
            "or STAC items."
        )
        bad.append(LeftOut(str(folder), f"the folder holds no images ({what} in it)", hint))
    return items, files, bad


def _files_below(folder: Path) -> Iterator[Path]:
    """Files of a folder all the way down, through linked folders too; each folder once, so that no link goes round.

    A package (a SAFE folder) counts as one file.
    """
    seen: set[str] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(where))
        packages = [name for name in folders if is_package(Path(where, name))]
        folders[:] = [name for name in folders if name not in packages]
        yield from (Path(where, name) for name in sorted(packages))
        folders[:] = sorted(
            f for f in folders if not f.startswith((".", "__")) and os.path.realpath(os.path.join(where, f)) not in seen
        )
        yield from (Path(where, name) for name in sorted(names) if not name.startswith("."))


def _catalogue(href: str) -> tuple[list[Candidate], list[str], list[LeftOut]]:
    """Items of a static catalogue, collection, item collection or single item, read through pystac."""
    try:
        if not is_remote(href) and stac_type(Path(href)) == "FeatureCollection":
            found = pystac.ItemCollection.from_file(href)
            return [Candidate.of_item(item) for item in found], [], []
        root = pystac.read_file(href)
    # pystac lets whatever a malformed file or a lost connection provokes through.
    except Exception as error:
        return [], [], [LeftOut(href, f"it is not usable STAC ({type(error).__name__}: {error})")]
    if isinstance(root, pystac.Item):
        return [Candidate.of_item(root, href)], [], []
    if not isinstance(root, pystac.Catalog):
        return [], [], [LeftOut(href, f"it is STAC of a kind that holds no items ({type(root).__name__})")]
    items: list[Candidate] = []
    bad: list[LeftOut] = []
    _walk(root, items, bad, seen=set())
    if not items and not bad:
        bad.append(LeftOut(href, "the catalogue holds no items"))
    return items, [], bad


def _walk(catalogue: pystac.Catalog, items: list[Candidate], bad: list[LeftOut], seen: set[str]) -> None:
    """Follow a catalogue's links one by one, so that a broken one costs only what hangs on it."""
    for link in [*catalogue.get_item_links(), *catalogue.get_child_links()]:
        href = link.get_absolute_href() or str(link.target)
        if href in seen:
            continue
        seen.add(href)
        try:
            target = link.resolve_stac_object(root=catalogue.get_root()).target
        except Exception as error:
            cause = error.__cause__ or error
            bad.append(LeftOut(href, f"{name_of(href)} of the catalogue can't be read ({cause})"))
            continue
        if isinstance(target, pystac.Item):
            items.append(Candidate.of_item(target, href))
        elif isinstance(target, pystac.Catalog):
            _walk(target, items, bad, seen)
