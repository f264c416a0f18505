"""What families of one file a band share: which files belong together, and the scene they make."""

from __future__ import annotations

import abc
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from odc.geo.geobox import GeoBox

from sitewatch.scenes._raster import RasterInfo, is_remote, read_info, scene_error
from sitewatch.scenes.optical._bands import in_order


class BandFiles(abc.ABC):
    """Families with a file a band and masks beside them, all told apart by their names.

    Attributes
    ----------
    pattern
        Names without their ending; its group ``product`` is the same for all files of a scene, ``layer`` differs.
    """

    name: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]

    @classmethod
    @abc.abstractmethod
    def bands_of(cls, found: re.Match[str]) -> Mapping[str, str]:
        """Common name of each layer of a product that is a band we read."""

    def matches(self, href: str) -> bool:
        """Whether the name follows the product guide."""
        return self.pattern.fullmatch(PurePosixPath(href).stem) is not None

    def is_companion(self, href: str) -> bool:
        """Every layer that is no band we read: masks, angles, other bands."""
        found = self.pattern.fullmatch(PurePosixPath(href).stem)
        return found is None or found["layer"] not in self.bands_of(found)

    def scene_key(self, href: str) -> str:
        """Folder and product name without the layer."""
        path = PurePosixPath(href)
        found = self.pattern.fullmatch(path.stem)
        return str(path.with_name(found["product"] if found else path.stem))

    def infos_of(self, hrefs: Sequence[str]) -> tuple[dict[str, RasterInfo], re.Match[str]]:
        """Descriptions of a scene's files by the band's common name, blue first, and the product's name taken apart."""
        infos: dict[str, RasterInfo] = {}
        found = None
        for href in hrefs:
            found = self.pattern.fullmatch(PurePosixPath(href).stem)
            if found is None or found["layer"] not in self.bands_of(found):
                raise scene_error(href, f"the name is not that of a band of {self.name}")
            infos[self.bands_of(found)[found["layer"]]] = read_info(href)
        assert found is not None
        return {name: infos[name] for name in in_order(infos)}, found


def finest(infos: Mapping[str, RasterInfo]) -> GeoBox:
    """The grid of the band with the smallest pixels."""
    return min((info.geobox for info in infos.values()), key=lambda box: abs(box.affine.determinant))


def beside(href: str, names: Sequence[str]) -> str | None:
    """The first of these names that is a file in the same folder; of a remote image, the first name itself."""
    if is_remote(href):
        return f"{href.rsplit('/', 1)[0]}/{names[0]}"
    folder = Path(href).parent
    return next((str(folder / name) for name in names if (folder / name).is_file()), None)
