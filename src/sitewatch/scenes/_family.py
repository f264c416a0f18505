"""The one interface behind which product families differ, and what those that are built alike share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, Protocol

from sitewatch.scenes._hints import POLARISATIONS, Hints
from sitewatch.scenes._raster import is_remote, scene_error
from sitewatch.scenes._scene import Mask, Scene

MASKED = "layover and shadow masked, as the product tells them"


class Family(Protocol):
    """A product family: how to know its files, which of them make one scene, and how to read them.

    A new family is one module with one such object, added to `FAMILIES` in `_find.py`.
    """

    @property
    def name(self) -> str:
        """Name for readers, which its scenes carry."""

    def matches(self, href: str) -> bool:
        """Whether a file is of this family, by its name alone."""

    def is_companion(self, href: str) -> bool:
        """Whether a file of this family is a layer beside the image (mask, angle, browse picture), not an image."""

    def scene_key(self, href: str) -> str:
        """Files with the same key make one scene."""

    def read(self, hrefs: Sequence[str], hints: Hints) -> Scene:
        """Describe the scene that some files make, without reading its pixels; raises SceneError."""


class OneFile:
    """Families of which one file is one scene."""

    def is_companion(self, href: str) -> bool:
        """Nothing: what is no image of ours is refused with its reason."""
        return False

    def scene_key(self, href: str) -> str:
        """The file."""
        return href


class NamedLayers:
    """Families with a file for each polarisation and other layers beside them, all told apart by their names.

    Attributes
    ----------
    pattern
        Names without their ending; its group ``product`` is the same for all files of a scene, ``layer`` differs.
    mask_layer, mask_bits
        Layer that tells layover and radar shadow, and the bits that stand for them there.
    """

    name: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]
    mask_layer: ClassVar[str]
    mask_bits: ClassVar[int]

    def is_mask(self, href: str) -> bool:
        """Whether a file is the layer of layover and shadow."""
        found = self.pattern.fullmatch(PurePosixPath(href).stem)
        return found is not None and found["layer"] == self.mask_layer

    def mask_beside(self, href: str) -> Mask | None:
        """The layer of layover and shadow beside an image on disk."""
        if is_remote(href):
            return None
        product = PurePosixPath(self.scene_key(href)).name
        path = Path(href).with_name(f"{product}_{self.mask_layer}{Path(href).suffix}")
        return Mask(str(path), self.mask_bits) if path.is_file() else None

    def is_companion(self, href: str) -> bool:
        """Every layer that is not a polarisation: masks, angles, areas, browse pictures, static layers."""
        found = self.pattern.fullmatch(PurePosixPath(href).stem)
        return found is None or found["layer"] not in POLARISATIONS

    def scene_key(self, href: str) -> str:
        """Folder and product name without the layer."""
        path = PurePosixPath(href)
        found = self.pattern.fullmatch(path.stem)
        return str(path.with_name(found["product"] if found else path.stem))

    def names_of(self, hrefs: Sequence[str]) -> dict[str, re.Match[str]]:
        """The polarisations of a scene in the order VV, VH, HH, HV, with their names taken apart; else a SceneError."""
        parsed = {}
        for href in hrefs:
            found = self.pattern.fullmatch(PurePosixPath(href).stem)
            if found is None or found["layer"] not in POLARISATIONS:
                raise scene_error(href, f"the name is not that of a polarisation of {self.name}")
            parsed[href] = found
        return dict(sorted(parsed.items(), key=lambda named: POLARISATIONS.index(named[1]["layer"])))
