"""Which pixels see the ground, by the masks that come with optical products.

Snow is not ground: it hides what is built, and its brightness would pass for it. Where a mask knows cloud shadow,
pixels in it are left out too.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MaskKind = Literal["SCL", "QA_PIXEL", "Fmask", "UDM2", "CLASSI", "GML", "clouds"]

# Sentinel-2 scene classification: vegetation, not vegetated, water, unclassified. Left out: no data, defective, dark
# area, cloud shadow, cloud (medium, high), thin cirrus, snow.
SCL_CLEAR = (4, 5, 6, 7)
# Landsat Collection 2: fill, dilated cloud, cirrus, cloud, cloud shadow, snow.
QA_PIXEL_BAD = 0b111111
# HLS 2.0: cirrus (reserved), cloud, adjacent to cloud or shadow, cloud shadow, snow or ice; 255 is fill.
FMASK_BAD = 0b11111
FMASK_FILL = 255


@dataclasses.dataclass(frozen=True)
class Mask:
    """A mask's file, its bands, and what its numbers mean.

    Attributes
    ----------
    kind
        ``SCL`` (Sentinel-2 L2A), ``QA_PIXEL`` (Landsat Collection 2), ``Fmask`` (HLS), ``UDM2`` (PlanetScope: band 1 is
        1 where it is clear), ``CLASSI`` (Sentinel-2 L1C from baseline 04.00: opaque clouds, cirrus, snow), ``GML``
        (L1C before: polygons of clouds) or ``clouds`` (anything but 0 is cloud).
    """

    kind: MaskKind
    href: str
    indexes: tuple[int, ...] = (1,)


def _scl(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.isin(values[0], SCL_CLEAR)


def _qa_pixel(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    return (values[0].astype(np.int64) & QA_PIXEL_BAD) == 0


def _fmask(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    whole = values[0].astype(np.int64)
    return (whole != FMASK_FILL) & ((whole & FMASK_BAD) == 0)


def _udm2(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.asarray(values[0] == 1)


def _flags(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.asarray((values == 0).all(axis=0))


_CLEAR: dict[MaskKind, Callable[[NDArray[np.generic]], NDArray[np.bool_]]] = {
    "SCL": _scl,
    "QA_PIXEL": _qa_pixel,
    "Fmask": _fmask,
    "UDM2": _udm2,
    "CLASSI": _flags,
    "clouds": _flags,
}
# What a pixel that the mask's file does not cover is filled with: none of them counts as clear.
FILL: dict[MaskKind, int] = {"SCL": 0, "QA_PIXEL": 1, "Fmask": FMASK_FILL, "UDM2": 0, "CLASSI": 1, "clouds": 1}


def clear_of(kind: MaskKind, values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """[y, x], whether each pixel sees the ground, from a mask's bands [band, y, x]."""
    return _CLEAR[kind](values)


def gml_polygons(root: ET.Element) -> list[tuple[str, list[tuple[float, float]]]]:
    """Cloud polygons of an L1C mask in GML: CRS (as the file names it) and outline, in the tile's map coordinates."""
    polygons = []
    for feature in root.iter():
        if not feature.tag.endswith("}Polygon"):
            continue
        crs = next((e.get("srsName", "") for e in (feature, *root.iter()) if e.get("srsName")), "")
        places = next((e for e in feature.iter() if e.tag.endswith("}posList")), None)
        if places is None or not places.text:
            continue
        numbers = [float(word) for word in places.text.split()]
        step = int(places.get("srsDimension", "2"))
        polygons.append((crs, [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers) - 1, step)]))
    return polygons
