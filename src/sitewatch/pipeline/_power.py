"""What could have been seen at a site."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import check_some, file_names, find_scenes, scratch
from sitewatch.progress import Progress, silent
from sitewatch.record import write_raster
from sitewatch.scenes import LeftOut
from sitewatch.simulate import smallest_detectable
from sitewatch.stack import build_stacks

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site


@dataclasses.dataclass(frozen=True)
class PowerResult:
    """What could have been seen.

    Attributes
    ----------
    path
        The map: the smallest area that would be found, in square metres, by the track that sees best.
    by_track
        What `sitewatch.simulate.smallest_detectable` gave for each track.
    left_out
        Images not used, each with its reason.
    """

    path: Path
    by_track: Mapping[str, xr.Dataset]
    left_out: tuple[LeftOut, ...]


def map_power(
    site: Site,
    sources: Sequence[str | Path],
    path: str | Path,
    *,
    contrast: str = "building on land",
    images: int = 6,
    probability: float = 0.9,
    options: RunOptions | None = None,
    progress: Progress = silent,
) -> PowerResult:
    """Map the smallest structure that the images could have shown.

    Parameters
    ----------
    site, sources
        As for `run_site`.
    path
        GeoTIFF to write.
    contrast
        A name of `sitewatch.simulate.CONTRASTS_DB`.
    images
        Images since the structure was built.
    probability
        With which it must be found.
    options, progress
        As for `run_site`.

    Raises
    ------
    ChangeError
        With too few images.
    SceneError, StackError
        If none of the images can be used.
    """
    options = options or RunOptions()
    with contextlib.ExitStack() as cleanup:
        found = find_scenes(sources, options, progress)
        check_some(found)
        stacks = build_stacks(site, found.scenes, scratch(cleanup), progress=progress)

        by_track = {
            name: smallest_detectable(
                stack, contrast_db=contrast, duration_images=images, probability=probability, progress=progress
            )
            for name, stack in zip(file_names(stacks.stacks), stacks.stacks, strict=True)
        }
        areas = [power["smallest_area_m2"] for power in by_track.values()]
        best = functools.reduce(lambda one, other: one.copy(data=np.fmin(one, other)), areas)
        write_raster(path, best)
    return PowerResult(Path(path), by_track, (*found.left_out, *stacks.left_out))
