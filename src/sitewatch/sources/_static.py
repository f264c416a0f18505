"""Walk a static catalogue: a tree of files, of which only the branches that may hold what is sought are read."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pystac

from sitewatch.errors import SourceError
from sitewatch.progress import Progress
from sitewatch.scenes._names import moments_in
from sitewatch.scenes._raster import is_remote
from sitewatch.sources._area import box_of, overlap
from sitewatch.sources._http import Http, name_in

if TYPE_CHECKING:
    from sitewatch.sources._search import Query

_THREADS = 8
_ROOM_DEG = 0.01
# Folders such as 2024, 2024-08 and capella-open-data-2024-08-20.
_PERIOD = re.compile(r"(?:^|[^0-9])(20\d\d)(?:-(\d\d))?(?:-(\d\d))?$")


def walk_catalogue(root: str, query: Query, http: Http, told: list[str], progress: Progress) -> Iterator[pystac.Item]:
    """Items of a static catalogue that may be what is sought; what can't be read is told and passed over.

    Raises
    ------
    SourceError
        The catalogue's own file can't be read or is no STAC.
    """
    seen: set[str] = set()
    content = http.json(root)
    if content.get("type") == "FeatureCollection":
        yield from _items(content.get("features", []), root, told)
        return
    if content.get("type") == "Feature":
        yield from _items([content], root, told)
        return
    if content.get("type") not in ("Catalog", "Collection") and "links" not in content:
        raise SourceError(f"{root} is no STAC catalogue", hint="Give the address of its catalog.json.")
    level: list[tuple[str, dict[str, Any]]] = [(root, content)]
    done = 0
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
        while level:
            hrefs: dict[str, str] = {}
            for href, catalogue in level:
                if may_hold(catalogue, query):
                    hrefs |= _links(catalogue, href, query, seen)
            level = []
            tasks = {threads.submit(http.json, href): href for href in hrefs}
            # One more than is known of, for there may be another level.
            known = done + len(tasks) + 1
            for task in concurrent.futures.as_completed(tasks):
                href = tasks[task]
                done += 1
                progress("reading the catalogue", done, known)
                try:
                    content = task.result()
                except SourceError as error:
                    told.append(f"a part of the catalogue can't be read: {error.message}")
                    continue
                if content.get("type") == "Feature":
                    yield from _items([content], href, told)
                else:
                    level.append((href, content))
            level.sort(key=lambda entry: entry[0])
    progress("reading the catalogue", done, done)


def may_hold(catalogue: dict[str, Any], query: Query) -> bool:
    """Whether a catalogue's extents leave room for what is sought; one that tells none does."""
    extent = catalogue.get("extent")
    if not isinstance(extent, dict):
        return True
    try:
        # The first is the extent of all, where several are told.
        boxes = [box_of(box) for box in extent.get("spatial", {}).get("bbox", [])[:1]]
        periods = [_period(*interval) for interval in extent.get("temporal", {}).get("interval", [])[:1]]
    except (AttributeError, TypeError, ValueError):
        return True
    # Extents are often rounded or of points; a little room keeps what lies on their edge.
    near = all(overlap(box.buffer(_ROOM_DEG), query.area) > 0 for box in boxes)
    return near and all(query.meets(*period) for period in periods)


def period_named(href: str) -> tuple[dt.date, dt.date] | None:
    """The days that a catalogue's folder is named after; None where it is not named after a time."""
    parts = href.split("?")[0].rstrip("/").split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    name = parts[-2] if stem in ("catalog", "collection") and len(parts) > 1 else stem
    if (found := _PERIOD.search(name)) is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    try:
        first = dt.date(year, month, day)
    except ValueError:
        return None
    if found[3]:
        return first, first
    after = dt.date(year + 1, 1, 1) if not found[2] or month == 12 else dt.date(year, month + 1, 1)
    return first, after - dt.timedelta(days=1)


def _links(catalogue: dict[str, Any], href: str, query: Query, seen: set[str]) -> dict[str, str]:
    """Addresses of the children and items that may be what is sought, each once."""
    found: dict[str, str] = {}
    for link in catalogue.get("links", []):
        if not isinstance(link, dict) or link.get("rel") not in ("child", "item") or not link.get("href"):
            continue
        target = _absolute(str(link["href"]), href)
        if target in seen:
            continue
        seen.add(target)
        if link["rel"] == "child":
            period = period_named(target)
            # A pass that ends after midnight may stand in the folder of the day before.
            wanted = period is None or query.meets(period[0], period[1] + dt.timedelta(days=1))
        else:
            days = [moment.at.date() for moment in moments_in(name_in(target))]
            # Names hold a processing date too, which is never before the acquisition.
            wanted = not days or query.meets(min(days), min(days) + dt.timedelta(days=1))
        if wanted:
            found[target] = str(link["rel"])
    return found


def _absolute(href: str, base: str) -> str:
    if is_remote(href) or (href.startswith("/") and not is_remote(base)):
        return href
    if is_remote(base):
        return urljoin(base, href)
    return str((Path(base).parent / href).resolve())


def _items(features: Any, href: str, told: list[str]) -> Iterator[pystac.Item]:
    for feature in features:
        try:
            item = pystac.Item.from_dict(feature, href=href, preserve_dict=True)
            item.set_self_href(href)
            yield item
        # pystac lets whatever a malformed item provokes through.
        except Exception as error:
            told.append(f"{name_in(href)} of the catalogue can't be read ({type(error).__name__}: {error})")


def _period(start: str | None, end: str | None) -> tuple[dt.date | None, dt.date | None]:
    first, last = (None if text is None else dt.datetime.fromisoformat(text).date() for text in (start, end))
    return first, last
