"""Ask a catalogue what images it has of a site."""

from __future__ import annotations

import dataclasses
import datetime as dt
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pystac
import pystac_client
import shapely.geometry
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry.base import BaseGeometry

from sitewatch.errors import SourceError
from sitewatch.progress import Progress, silent
from sitewatch.scenes._raster import is_remote
from sitewatch.scenes._stac import acquired
from sitewatch.sources._area import box_of, boxes_of, overlap
from sitewatch.sources._http import Http, host_of
from sitewatch.sources._profiles import Profile
from sitewatch.sources._static import walk_catalogue

_PAGE = 100


@dataclasses.dataclass(frozen=True)
class Query:
    """What is sought.

    Attributes
    ----------
    area
        EPSG:4326.
    since, until
        First and last day, both included; None where open.
    collections
        In these alone; empty means those of the profile.
    limit
        No more items than these, the newest.
    """

    area: BaseGeometry
    since: dt.date | None = None
    until: dt.date | None = None
    collections: tuple[str, ...] = ()
    limit: int | None = None

    def meets(self, first: dt.date | None, last: dt.date | None) -> bool:
        """Whether a span of days, None where it is open, has a day that is sought."""
        ends_before = last is not None and self.since is not None and last < self.since
        begins_after = first is not None and self.until is not None and first > self.until
        return not (ends_before or begins_after)


@dataclasses.dataclass(frozen=True)
class Found:
    """Items of a catalogue, by time; what was assumed and what was wrong with others."""

    profile: Profile
    items: tuple[pystac.Item, ...]
    notes: tuple[str, ...] = ()


def search_catalogue(profile: Profile, query: Query, http: Http | None = None, progress: Progress = silent) -> Found:
    """List the items of a catalogue that touch an area and lie in a time.

    Parameters
    ----------
    profile
        The catalogue.
    query
        Area and days.
    http
        How patiently to ask.
    progress
        Told how many items were seen.

    Raises
    ------
    SourceError
        The days are the wrong way round or ahead, or the catalogue can't be searched.
    """
    http = http or Http()
    _check_days(query)
    kind = profile.kind or _kind_of(profile, http)
    collections = query.collections or profile.collections
    told: list[str] = []
    if kind == "static":
        seen: Iterable[pystac.Item] = walk_catalogue(profile.url, query, http, told, progress)
        if query.collections:
            seen = (item for item in seen if item.collection_id in query.collections)
    else:
        seen = _ask_api(profile, query, collections, http, told, progress)
    items, notes = _kept(seen, query)
    if query.limit is not None and len(items) > query.limit:
        notes.append(f"{len(items)} images were found; the newest {query.limit} are kept (--limit)")
        items = items[-query.limit :]
    return Found(dataclasses.replace(profile, kind=kind), tuple(items), tuple(dict.fromkeys([*told, *notes])))


def moment_of(item: pystac.Item) -> dt.datetime:
    """When an item was acquired (its start, where it tells a period), UTC."""
    at = acquired(item)
    if at is None:
        raise SourceError(f"{item.id}: the item has no time")
    return at


def coverage(item: pystac.Item, area: BaseGeometry) -> float:
    """Share of an area that an item's footprint covers, 0 to 1."""
    try:
        if item.geometry is not None:
            return overlap(shapely.force_2d(shapely.geometry.shape(item.geometry)), area)
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError):
        pass
    if item.bbox is None:
        return 0.0
    return overlap(box_of(item.bbox), area)


def _check_days(query: Query) -> None:
    today = dt.datetime.now(dt.UTC).date()
    if query.since and query.until and query.since > query.until:
        raise SourceError(f"{query.since} (--since) comes after {query.until} (--until)", hint="Swap them.")
    if query.since and query.since > today:
        raise SourceError(
            f"{query.since} (--since) is ahead: this machine's clock says {today}",
            hint="Correct the day, or the clock.",
        )


def _kind_of(profile: Profile, http: Http) -> str:
    if not is_remote(profile.url):
        return "static"
    content = http.json(profile.url)
    searches = any(link.get("rel") == "search" for link in content.get("links", []) if isinstance(link, Mapping))
    if searches or "conformsTo" in content:
        return "api"
    if "stac_version" not in content and content.get("type") != "FeatureCollection":
        raise SourceError(
            f"{profile.url} is no STAC: it answers with JSON of another kind",
            hint="Give the landing page of a STAC API, or the address of a catalog.json.",
        )
    return "static"


class ApiIO(StacApiIO):
    """pystac-client's requests, made by ours: the same patience, and the same words."""

    def __init__(self, http: Http) -> None:
        super().__init__(max_retries=None)
        self._http = http

    def read_json(self, source: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """A JSON object."""
        if isinstance(source, pystac.Link):
            # A link to the next page carries all that it needs.
            return self._http.json(str(source.get_absolute_href() or source.target))
        return self._http.json(str(source), params=kwargs.get("parameters"))


def _ask_api(
    profile: Profile, query: Query, collections: Sequence[str], http: Http, told: list[str], progress: Progress
) -> Iterator[pystac.Item]:
    io = ApiIO(http)
    since = None if query.since is None else dt.datetime.combine(query.since, dt.time(), dt.UTC)
    until = None if query.until is None else dt.datetime.combine(query.until, dt.time(23, 59, 59), dt.UTC)
    count = 0
    try:
        with warnings.catch_warnings():
            # What a catalogue says of its own conformance is often wrong; what it answers is looked at below.
            warnings.simplefilter("ignore")
            client = pystac_client.Client.open(profile.url, stac_io=io)
            client.add_conforms_to("ITEM_SEARCH")
            for box in boxes_of(query.area):
                # GET: a redirected POST loses the question and is answered with everything.
                search = client.search(
                    method="GET",
                    bbox=box,
                    datetime=None if since is None and until is None else [since, until],
                    collections=list(collections) or None,
                    limit=_PAGE,
                )
                seen: set[str] = set()
                for page in search.pages_as_dicts():
                    features = [f for f in page.get("features", []) if isinstance(f, dict)]
                    fresh = [f for f in features if f"{f.get('collection')}/{f.get('id')}" not in seen]
                    if features and not fresh:
                        told.append(f"{host_of(profile.url)} repeats its pages; the search was ended there")
                        break
                    seen |= {f"{f.get('collection')}/{f.get('id')}" for f in fresh}
                    count += len(fresh)
                    progress("searching", count, max(count + 1, int(page.get("numberMatched") or 0)))
                    yield from _parsed(fresh, profile, told)
    except (APIError, pystac.STACError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{host_of(profile.url)} does not answer as a STAC API does ({type(error).__name__}: {error})",
            hint=f"The address is {profile.url}.",
        ) from error
    progress("searching", count, count)


def _parsed(features: Iterable[dict[str, Any]], profile: Profile, told: list[str]) -> Iterator[pystac.Item]:
    for feature in features:
        try:
            yield pystac.Item.from_dict(feature, preserve_dict=False)
        # pystac lets whatever a malformed item provokes through.
        except Exception as error:
            told.append(f"{feature.get('id')}: {profile.name} describes it in a way that can't be read ({error})")


def _kept(seen: Iterable[pystac.Item], query: Query) -> tuple[list[pystac.Item], list[str]]:
    """Items that are what was asked for, whatever the catalogue made of the question, by time; each once."""
    kept: dict[str, pystac.Item] = {}
    notes: list[str] = []
    now = dt.datetime.now(dt.UTC)
    for item in seen:
        try:
            at = moment_of(item)
        except SourceError as error:
            notes.append(error.message)
            continue
        if at > now + dt.timedelta(days=1):
            notes.append(f"{item.id}: its time, {at:%Y-%m-%d}, is ahead of this machine's clock; left out")
        elif query.meets(at.date(), at.date()) and coverage(item, query.area) > 0:
            kept.setdefault(f"{item.collection_id}/{item.id}", item)
    return sorted(kept.values(), key=lambda item: (moment_of(item), item.id)), notes
