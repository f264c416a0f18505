"""What the archive showed by a day: the same stages on the images that there were by then."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from sitewatch.errors import ChangeError
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import alpha_for, apart, detect_changes
from sitewatch.progress import Progress, silent
from sitewatch.stack import Stacks
from sitewatch.structures import Structure, find_structures

if TYPE_CHECKING:
    from sitewatch.site import Site


def find_upto(
    site: Site, stacks: Stacks, until: dt.datetime, options: RunOptions, progress: Progress = silent
) -> tuple[Structure, ...]:
    """Structures that an update would have found with the images acquired up to a moment. Reads and writes nothing.

    Parameters
    ----------
    stacks
        Of the whole archive, dims ``time, y, x``; best in memory, for every call looks at all pixels anew.
    until
        The last moment that counts, UTC.

    Returns
    -------
    tuple
        None where the images by then are too few to compare.
    """
    known = cut_off(stacks, until)
    if not known.stacks:
        return ()
    full, singles = apart(known)
    known, singles = (full, singles) if full.stacks else (known, ())
    try:
        known, changes = detect_changes(known, progress)
    except ChangeError:
        # A live update ends with this error, and its watch waits for more images.
        return ()
    alpha = alpha_for(options, site, known.stacks)
    return find_structures(site, known.stacks, changes, alpha=alpha, singles=singles, progress=progress)


def cut_off(stacks: Stacks, until: dt.datetime) -> Stacks:
    """The stacks with the images acquired up to a moment; tracks that have none by then are not in it."""
    moment = np.datetime64(until.astimezone(dt.UTC).replace(tzinfo=None), "ns")
    cut = [stack.isel(time=slice(0, int((stack["time"].to_numpy() <= moment).sum()))) for stack in stacks.stacks]
    return dataclasses.replace(stacks, stacks=tuple(stack for stack in cut if stack.sizes["time"]))
