"""The one interface behind which product families differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sitewatch.scenes._hints import Hints
from sitewatch.scenes._scene import Scene


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
