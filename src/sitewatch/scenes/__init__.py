"""Scenes: acquired images, described by metadata and by where their pixels lie.

`open_scenes` takes files, folders and STAC catalogues and gives `Scenes`; `open_scene` takes one. Neither reads pixels
(a small sample apart, where units have to be guessed): `read_pixels` does, on the native grid, as linear power.
`to_stac` and `from_stac` turn a scene into a STAC item and back. `Hints` carries what the user knows and the files
don't say. A product family is one module behind the protocol in ``_family.py``.
"""

from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._open import open_scene, open_scenes
from sitewatch.scenes._pixels import read_pixels
from sitewatch.scenes._scene import Band, LeftOut, Quantity, Scale, Scene, Scenes, Track
from sitewatch.scenes._stac import from_stac
from sitewatch.scenes._to_stac import to_stac

__all__ = [
    "Band",
    "Hints",
    "LeftOut",
    "Quantity",
    "Scale",
    "Scene",
    "Scenes",
    "Track",
    "from_stac",
    "open_scene",
    "open_scenes",
    "parse_track",
    "read_pixels",
    "to_stac",
]
