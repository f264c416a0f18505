"""Bring what a search found into a folder: planned, within a budget, several at a time, and never twice."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pystac
from shapely.geometry.base import BaseGeometry

from sitewatch.atomic import replacing
from sitewatch.errors import SourceError
from sitewatch.progress import Progress, silent
from sitewatch.scenes import LeftOut
from sitewatch.sources._area import Box, boxes_of
from sitewatch.sources._assets import Wanted, choose_assets
from sitewatch.sources._http import Http, Signer
from sitewatch.sources._plan import GB, Fetched, FetchOptions, FetchPlan, Piece, PlannedItem
from sitewatch.sources._profiles import Profile
from sitewatch.sources._search import Found, moment_of
from sitewatch.sources._sign import signer_for
from sitewatch.sources._store import (
    Entry,
    folder_of,
    item_path,
    note_in_journal,
    open_store,
    read_journal,
    sha256_of,
    still_whole,
    write_item,
)
from sitewatch.sources._whole import fetch_whole, size_of
from sitewatch.sources._window import RadarGeometry, cut_window, plan_window

T = TypeVar("T")
R = TypeVar("R")


def plan_fetch(
    found: Found,
    area: BaseGeometry,
    folder: str | os.PathLike[str],
    options: FetchOptions | None = None,
    http: Http | None = None,
    progress: Progress = silent,
) -> FetchPlan:
    """Say what fetching would take; of images only their heads are read.

    Raises
    ------
    SourceError
        Credentials are missing, or nothing was found.
    """
    options, http, store = options or FetchOptions(), http or Http(), Path(folder)
    if not found.items:
        raise SourceError(
            f"{found.profile.name} has no image of the site in these days",
            hint="Widen --since and --until, or look with `sitewatch search` what there is.",
        )
    boxes = boxes_of(area, options.margin_m)
    signers = _signers(found.profile, found.items, http)
    journal = read_journal(store)

    def plan(item: pystac.Item) -> PlannedItem | LeftOut:
        try:
            return _planned(item, boxes, store, journal, options, found.profile, http, signers)
        except SourceError as error:
            return _set_aside(item, error)

    looked = _as_they_come(plan, found.items, options.jobs, progress, "looking at the images")
    results = [result for _, result in sorted(looked, key=operator.itemgetter(0))]
    planned = [result for result in results if isinstance(result, PlannedItem)]
    left_out = [result for result in results if isinstance(result, LeftOut)]
    there = tuple(p.item.id for p in planned if _is_there(p, store))
    within, beyond = _within_budget([p for p in planned if p.item.id not in there], options.max_gb)
    notes = [piece.note for p in within for piece in p.pieces if piece.note]
    return FetchPlan(
        found.profile, tuple(within), there, (*left_out, *beyond), boxes, tuple(dict.fromkeys((*found.notes, *notes)))
    )


def fetch_items(
    plan: FetchPlan,
    folder: str | os.PathLike[str],
    options: FetchOptions | None = None,
    http: Http | None = None,
    progress: Progress = silent,
) -> Fetched:
    """Bring what was planned. Cut short at any moment, the next fetch goes on; an item that fails is set aside.

    Raises
    ------
    SourceError
        The folder can't be used, or another fetch is at work in it.
    """
    options, http = options or FetchOptions(), http or Http()
    signers = _signers(plan.profile, [p.item for p in plan.to_fetch], http)
    fetched: list[Entry] = []
    failed: dict[str, LeftOut] = {}
    got: dict[str, dict[str, Entry]] = {p.item.id: dict(p.there) for p in plan.to_fetch}
    with open_store(Path(folder)) as store:

        def bring(job: tuple[PlannedItem, Piece]) -> Entry | SourceError:
            planned, piece = job
            try:
                return _bring(planned.item, piece.wanted, plan.boxes, store, http, signers)
            except SourceError as error:
                return error

        for planned in plan.to_fetch:
            if not planned.pieces:
                _complete(planned, got, plan, store)
        jobs = [(planned, piece) for planned in plan.to_fetch for piece in planned.pieces]
        for number, entry in _as_they_come(bring, jobs, options.jobs, progress, "fetching"):
            planned, piece = jobs[number]
            item = planned.item
            if isinstance(entry, SourceError):
                failed.setdefault(item.id, _set_aside(item, entry))
                continue
            note_in_journal(store, entry)
            fetched.append(entry)
            got[item.id][piece.wanted.key] = entry
            _complete(planned, got, plan, store)
    items = tuple(p.item.id for p in plan.to_fetch if p.item.id not in failed)
    return Fetched(
        items,
        sum(entry.fetched for entry in fetched),
        tuple(failed[p.item.id] for p in plan.to_fetch if p.item.id in failed),
    )


def _set_aside(item: pystac.Item, error: SourceError) -> LeftOut:
    return LeftOut(item.id, error.message.removeprefix(f"{item.id}: "), error.hint)


def _complete(planned: PlannedItem, got: dict[str, dict[str, Entry]], plan: FetchPlan, store: Path) -> None:
    """Write an item's description once all of its files are there."""
    files = got[planned.item.id]
    if all(piece.wanted.key in files for piece in planned.pieces):
        names = [entry.file for entry in files.values()]
        write_item(item_path(store, planned.item, names), planned.item, plan.profile, files)


def _planned(
    item: pystac.Item,
    boxes: Sequence[Box],
    store: Path,
    journal: dict[tuple[str, str], Entry],
    options: FetchOptions,
    profile: Profile,
    http: Http,
    signers: dict[str, Signer],
) -> PlannedItem:
    pieces: list[Piece] = []
    there: list[tuple[str, Entry]] = []
    signer = signers[item.collection_id or ""]
    for wanted in choose_assets(item, options.assets or profile.assets):
        entry = journal.get((folder_of(item), wanted.key))
        if entry is not None and still_whole(store, entry, wanted, boxes):
            there.append((wanted.key, entry))
            continue
        pieces.append(_piece(item, wanted, boxes, http, signer))
    return PlannedItem(item, tuple(pieces), tuple(there))


def _piece(item: pystac.Item, wanted: Wanted, boxes: Sequence[Box], http: Http, signer: Signer) -> Piece:
    note = ""
    if wanted.window:
        try:
            window = plan_window(wanted.href, boxes, http, signer)
            if window is None:
                raise SourceError(f"{item.id}: {wanted.name} does not reach the site, whatever its outline says")
            return Piece(wanted, window.bytes, window.of_bytes)
        except RadarGeometry:
            wanted = dataclasses.replace(wanted, window=False)
            note = "images in radar geometry are brought whole: where the site lies in them shows only on the ground"
    size = wanted.size if wanted.size is not None else size_of(wanted.href, http, signer)
    if size is None:
        note = note or "of some files the size is not told: they count as nothing in the budget"
    return Piece(wanted, size or 0, size or 0, note)


def _bring(
    item: pystac.Item, wanted: Wanted, boxes: tuple[Box, ...], store: Path, http: Http, signers: dict[str, Signer]
) -> Entry:
    signer = signers[item.collection_id or ""]
    target = store / folder_of(item) / wanted.name
    if wanted.window:
        with replacing(target) as temporary:
            fetched = cut_window(wanted.href, boxes, temporary, http, signer)
    else:
        fetched = fetch_whole(wanted.href, target, http, signer, wanted.checksum)
    return Entry(
        item=folder_of(item),
        key=wanted.key,
        href=wanted.href,
        file=wanted.name,
        sha256=sha256_of(target),
        size=target.stat().st_size,
        boxes=boxes if wanted.window else (),
        fetched=fetched,
    )


def _is_there(planned: PlannedItem, store: Path) -> bool:
    names = [entry.file for _, entry in planned.there]
    return not planned.pieces and item_path(store, planned.item, names).is_file()


def _within_budget(planned: Iterable[PlannedItem], max_gb: float) -> tuple[list[PlannedItem], list[LeftOut]]:
    """Items from the oldest on, as long as the budget lasts; counted before anything is fetched."""
    within: list[PlannedItem] = []
    beyond: list[LeftOut] = []
    total = 0
    for entry in planned:
        if beyond or total + entry.bytes > max_gb * GB:
            reason = f"beyond the budget: {entry.bytes / GB:.3f} GB on top of {total / GB:.3f} GB of {max_gb:g} GB"
            at = moment_of(entry.item)
            beyond.append(
                LeftOut(entry.item.id, reason, "Raise --max-gb, or fetch again: what is there counts no more.", at)
            )
        else:
            within.append(entry)
            total += entry.bytes
    return within, beyond


def _signers(profile: Profile, items: Sequence[pystac.Item], http: Http) -> dict[str, Signer]:
    """What signs the assets of each collection."""
    collections = sorted({item.collection_id or "" for item in items})
    return {collection: signer_for(profile, http, collection) for collection in collections}


def _as_they_come(
    work: Callable[[T], R], jobs: Sequence[T], threads: int, progress: Progress, stage: str
) -> Iterator[tuple[int, R]]:
    """Results of some jobs, each with its job's place, several at a time: what is done first is told first."""
    progress(stage, 0, len(jobs))
    pool = concurrent.futures.ThreadPoolExecutor(max(threads, 1))
    try:
        tasks = {pool.submit(work, job): number for number, job in enumerate(jobs)}
        for done, task in enumerate(concurrent.futures.as_completed(tasks), start=1):
            yield tasks[task], task.result()
            progress(stage, done, len(jobs))
    finally:
        # An interrupt must not wait for what has not begun.
        pool.shutdown(wait=True, cancel_futures=True)
