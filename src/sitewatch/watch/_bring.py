"""Bring a watched site's images: ask its catalogues, fetch what is new, and see that its folders are known."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sitewatch.errors import SceneError, SitewatchError, WatchError
from sitewatch.pipeline import add_images, init_site
from sitewatch.progress import Progress
from sitewatch.record import Workspace, list_sources
from sitewatch.site import Site
from sitewatch.watch._rules import Catalogue, WatchedSite

if TYPE_CHECKING:
    from sitewatch.scenes import Hints

_YEARS_BACK = 3


@dataclasses.dataclass(frozen=True)
class Brought:
    """How many images came, what is worth knowing, and what went wrong with one source while others went on."""

    images: int = 0
    notes: tuple[str, ...] = ()
    errors: tuple[SitewatchError, ...] = ()


def open_workspace(site: WatchedSite) -> Workspace:
    """The workspace of a watched site, made where it is not there.

    Raises
    ------
    WorkspaceError, SiteError
        If it can't be used or made.
    """
    if (site.workspace / "workspace.json").exists() or site.area is None:
        return Workspace.open(site.workspace)
    return init_site(site.workspace, Site.read(site.area))


def bring_images(site: WatchedSite, workspace: Workspace, progress: Progress) -> Brought:
    """Fetch what catalogues have, and make folders known; a source that fails does not keep the others from it."""
    images, notes, errors = 0, list[str](), list[SitewatchError]()
    folders = list(site.images)
    for catalogue in site.catalogue:
        folder = workspace.folder / "fetched" / _slug(catalogue.source)
        try:
            count, said = _fetch(catalogue, workspace, folder, progress)
            images, notes = images + count, [*notes, *said]
        except SitewatchError as error:
            errors.append(error)
        if folder.is_dir():
            folders.append(folder)
    for folder in folders:
        try:
            notes += _make_known(folder, _hints(site) if folder in site.images else None, workspace, progress)
        except SitewatchError as error:
            errors.append(error)
    return Brought(images, tuple(notes), tuple(errors))


def first_day(catalogue: Catalogue, workspace: Workspace) -> dt.date:
    """The day from which a catalogue's images are brought."""
    made = workspace.manifest().created.date()
    # A 29 February has no namesake three years before.
    return catalogue.since or made.replace(year=made.year - _YEARS_BACK, day=min(made.day, 28))


def _fetch(catalogue: Catalogue, workspace: Workspace, folder: Path, progress: Progress) -> tuple[int, tuple[str, ...]]:
    from sitewatch.sources import FetchOptions, Query, fetch_items, find_profile, plan_fetch, search_catalogue

    area = workspace.site.area
    query = Query(area, first_day(catalogue, workspace), None, catalogue.collections)
    found = search_catalogue(find_profile(catalogue.source), query, progress=progress)
    if not found.items:
        return 0, (f"{catalogue.source} has no image of the site since {query.since}",)
    options = FetchOptions(catalogue.max_gb, catalogue.margin_m)
    plan = plan_fetch(found, area, folder, options, progress=progress)
    fetched = fetch_items(plan, folder, options, progress=progress)
    left_out = (*plan.left_out, *fetched.left_out)
    notes = [f"not fetched: {one.source}: {one.reason}" for one in left_out]
    return len(fetched.items), tuple(notes)


def _make_known(folder: Path, hints: Hints | None, workspace: Workspace, progress: Progress) -> tuple[str, ...]:
    """Add a folder to the workspace, unless it is there; one without an image yet is added when it has some."""
    if not folder.is_dir():
        raise WatchError(f"the folder of images {folder} is not there", hint="Make it, or mend the file of the watch.")
    with workspace.record() as record:
        if str(folder.absolute()) in {source.href for source in list_sources(record, workspace.uid)}:
            return ()
    try:
        add_images(workspace.folder, [folder], hints=hints, progress=progress)
    except SceneError as error:
        return (f"no image that can be used in {folder} yet ({error.message})",)
    return ()


def _hints(site: WatchedSite) -> Hints:
    from sitewatch.scenes import Hints

    try:
        return Hints(**site.hints)
    except (TypeError, SceneError) as error:
        raise WatchError(f"the hints of {site.name} can't be used ({error})") from error


def _slug(source: str) -> str:
    """A catalogue's name or address as a folder's name."""
    return re.sub(r"[^\w.-]+", "-", source.partition("://")[2] or source).strip("-.")[-80:]
