"""One overpass as one image: its scenes read, laid on the grid and put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from odc.geo.geobox import GeoBox

from sitewatch.errors import SceneError
from sitewatch.scenes._pixels import read_pixels
from sitewatch.scenes._scene import LeftOut, Scene
from sitewatch.stack._grid import pixel_offset
from sitewatch.stack._plan import Pass, leave_out
from sitewatch.stack._resample import NO_SHIFT, Shift, Window, moved, overlap, source_window, warp


@dataclasses.dataclass(frozen=True)
class Tally:
    """How many of a scene's pixels within a window are valid, and how many of those are not zero."""

    valid: int = 0
    nonzero: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.valid + other.valid, self.nonzero + other.nonzero)


@dataclasses.dataclass(frozen=True)
class PassPixels:
    """What reading one overpass gave.

    Attributes
    ----------
    tallies
        By scene id.
    failed
        Scenes that can't be read, with the reason.
    """

    tallies: dict[str, Tally]
    failed: tuple[LeftOut, ...]


def read_pass(
    overpass: Pass, grid: GeoBox, polarisations: tuple[str, ...], out: np.ndarray, shift: Shift = NO_SHIFT
) -> PassPixels:
    """Read one overpass onto `grid` into `out` (polarisation, y, x), linear power, NaN where nothing is.

    Where scenes overlap the first in the pass's order with a valid pixel gives it. A mean would be smoother than
    either (more looks in the overlap than beside it), and the order is by burst, so that on every date a pixel comes
    from the same burst.
    """
    out[...] = np.nan
    tallies: dict[str, Tally] = {}
    failed: list[LeftOut] = []
    for scene in overpass.scenes:
        try:
            tallies[scene.id] = _lay(scene, grid, polarisations, out, shift)
        except SceneError as error:
            failed.append(leave_out(scene, error.message, error.hint))
    return PassPixels(tallies, tuple(failed))


def _lay(scene: Scene, grid: GeoBox, polarisations: tuple[str, ...], out: np.ndarray, shift: Shift) -> Tally:
    """Fill the pixels of `out` that are still NaN from one scene."""
    place: Window = slice(0, grid.shape[0]), slice(0, grid.shape[1])
    pixels: Mapping[str, np.ndarray]
    if scene.reader is not None and scene.fits_any_grid:
        # It is laid on this very grid: its own is only a proposal.
        bands = [band for band in scene.bands if band.polarisation in polarisations]
        pixels = scene.reader.read(bands, moved(grid, shift))
    elif pixel_offset(grid, scene.geobox) is not None and shift == NO_SHIFT:
        met = overlap(grid, scene.geobox)
        if met is None:
            return Tally()
        place, window = met
        pixels = _read(scene, window, polarisations)
    else:
        # A shift is in pixels of the site's grid, whatever those of the image are.
        alike = pixel_offset(grid, scene.geobox) is not None
        target, rest = (grid, shift) if alike else (moved(grid, shift), NO_SHIFT)
        wanted = source_window(target, scene.geobox, rest)
        if wanted is None:
            return Tally()
        source = scene.geobox[wanted]
        pixels = {name: warp(v, source, target, rest) for name, v in _read(scene, wanted, polarisations).items()}
    tally = Tally()
    for band, name in enumerate(polarisations):
        if name in pixels:
            target, values = out[band][place], pixels[name]
            np.copyto(target, values, where=np.isnan(target))
            tally += Tally(int(np.count_nonzero(values == values)), int(np.count_nonzero(values > 0)))
    return tally


def _read(scene: Scene, window: Window, polarisations: tuple[str, ...]) -> dict[str, np.ndarray]:
    dataset = read_pixels(scene, window)
    return {name: dataset[name].to_numpy() for name in polarisations if name in dataset}
