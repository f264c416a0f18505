"""A whole area: from its images, or stacks made of them before, to what was built there."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.errors import SurveyError
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import alpha_for, apart, check_some, find_scenes
from sitewatch.progress import Progress, silent
from sitewatch.stack import build_stacks, open_stack
from sitewatch.survey import SurveyResult, local_workers, scheduled_workers, survey_stacks

if TYPE_CHECKING:
    from distributed import Client

    from sitewatch.site import Site

LARGE_PIXEL_DATES = 2e8
"""From so many pixels times images on, a survey starts workers of its own: about the time these take to start."""


def survey_area(
    site: Site,
    sources: Sequence[str | Path],
    out: str,
    *,
    options: RunOptions | None = None,
    tile: int = 1024,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> SurveyResult:
    """Find what was built in an area of any size, tile by tile; the same call goes on with what is finished.

    Parameters
    ----------
    sources
        Image files, folders, STAC items or catalogues; or stacks that were built before, whose names end in ``.zarr``
        (paths, or addresses that fsspec knows).
    out
        A folder, or an address in object storage; then the sources must be stacks.
    options
        Settings; the defaults where None.
    tile
        Edge of a tile, pixels; a multiple of 512.
    workers
        Processes on this machine, 0 for this one alone; by default one a core where the area is large.
    scheduler
        Address of a Dask scheduler that runs already, in place of `workers`.

    Raises
    ------
    SurveyError
        If stacks and images are mixed, or the area can't be surveyed (see `survey_stacks`).
    """
    options = options or RunOptions()
    addresses = _stacks(site, [str(source) for source in sources], out, options, progress)
    data = [open_stack(address, chunks=None) for address in addresses]
    alpha = alpha_for(options, site, data)
    size = sum(one.sizes["time"] * one.sizes["y"] * one.sizes["x"] * len(one.data_vars) for one in data)
    alone = scheduler is None and (workers == 0 or (workers is None and size < LARGE_PIXEL_DATES))
    with contextlib.ExitStack() as stack:
        client: Client | None = None
        if not alone:
            client = stack.enter_context(scheduled_workers(scheduler) if scheduler else local_workers(workers))
        return survey_stacks(site, addresses, out, alpha=alpha, tile=tile, client=client, progress=progress)


def _stacks(site: Site, sources: list[str], out: str, options: RunOptions, progress: Progress) -> list[str]:
    ready = [source.rstrip("/") for source in sources if source.rstrip("/").endswith(".zarr")]
    if len(ready) == len(sources):
        return [address if "://" in address else str(Path(address).resolve()) for address in ready]
    if ready:
        raise SurveyError("stacks and images are mixed", hint="Give one or the other.")
    if "://" in out:
        raise SurveyError(
            f"stacks can't be built in {out}",
            hint="Survey into a folder first; its stacks/*.zarr, copied there, can be given in place of images.",
        )
    found = find_scenes(sources, options, progress)
    check_some(found)
    folder = Path(out).resolve() / "stacks"
    built, _ = apart(build_stacks(site, found.scenes, folder, progress=progress))
    wanted = {str(stack.attrs["track"]) for stack in built.stacks}
    every = sorted(folder.glob("*.zarr"))
    return [str(path) for path in every if str(open_stack(path, chunks=None).attrs["track"]) in wanted]
