"""An area's stacks surveyed: learn, scan, gather, find."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitewatch import __version__
from sitewatch.progress import Progress, silent
from sitewatch.record import order_of, to_feature
from sitewatch.site import Site
from sitewatch.stack import open_stack
from sitewatch.structures import Structure
from sitewatch.survey._folder import Folder
from sitewatch.survey._found import PlaceJob, SurveyedTrack, find_in_place
from sitewatch.survey._places import Place, places_of
from sitewatch.survey._tiles import TileJob, change_tile, make_change_store, mark_tile, tile_spans
from sitewatch.survey._tracks import check_grids, content_of, learn
from sitewatch.survey._workers import Failed, do_all, share

if TYPE_CHECKING:
    from distributed import Client

TILE = 1024


@dataclasses.dataclass(frozen=True)
class Lost:
    """A part of the area that could not be done.

    Attributes
    ----------
    stage
        ``change``, ``marks`` or ``structures``.
    track
        Key of the track; empty where it is of all.
    rows, columns
        Of the area's grid, first and after last.
    reason
        What went wrong, again and again.
    """

    stage: str
    track: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    reason: str


@dataclasses.dataclass(frozen=True)
class SurveyResult:
    """What a survey found.

    Attributes
    ----------
    structures
        Of every status, confirmed ones first, then by onset.
    lost
        Parts that could not be done; the same call tries them again, and only them.
    tiles, places
        How many there are.
    pixel_dates
        Pixels times images, over all tracks and polarisations.
    seconds
        Wall clock by stage.
    """

    structures: tuple[Structure, ...]
    lost: tuple[Lost, ...]
    tiles: int
    places: int
    pixel_dates: int
    seconds: Mapping[str, float]


def survey_stacks(
    site: Site,
    stacks: Sequence[str],
    out: str,
    *,
    alpha: float = 0.01,
    tile: int = TILE,
    client: Client | None = None,
    progress: Progress = silent,
) -> SurveyResult:
    """Find what was built in an area, tile by tile.

    The result depends neither on the size of tiles nor on who computes them.

    Parameters
    ----------
    site
        The area; structures outside of it are left out.
    stacks
        Addresses of Zarr stacks, one a track, all on one grid: paths, or what fsspec knows, such as ``s3://``.
    out
        Folder or address where results go: ``structures.geojson``, ``change/<track>.zarr``, ``survey.json``, and what
        an interrupted survey goes on from.
    alpha
        Chance of a false confirmed structure, over the whole area and period.
    tile
        Edge of a tile, pixels; a multiple of 512.
    client
        Dask's, from `local_workers` or `scheduled_workers`; None works in this process alone.
    progress
        Told after each tile and place.

    Raises
    ------
    SurveyError
        If the grids of the stacks differ, the tiles' size can't be, or the scheduler is lost.
    ChangeError
        If a track has fewer than three images.
    """
    folder, watch = Folder(_absolute(out)), _Watch()
    plan = _plan([_absolute(address) for address in stacks], folder, tile)
    learnt = {one.stack: share(client, learn, one.stack, one.key) for one in plan.tracks}
    watch.lap("learn")
    tiles, failed = do_all(client, change_tile, plan.jobs, lambda job: [learnt[job.stack]], "change", progress)
    lost = [plan.lost("change", one) for one in failed]
    watch.lap("change")
    marked, failed = do_all(client, mark_tile, [job for job, _ in tiles], lambda _: [], "marks", progress)
    lost += [plan.lost("marks", one) for one in failed]
    by_track = [[marks for job, marks in marked if job.stack == one.stack] for one in plan.tracks]
    places = places_of([some for some in by_track if some], plan.shape) if marked else ()
    watch.lap("marks")
    tracks = tuple(
        dataclasses.replace(
            one,
            searched=sum(done.searched for job, done in tiles if job.stack == one.stack),
            last_image=max((done.last_image for job, done in tiles if job.stack == one.stack), default=-1),
        )
        for one in plan.tracks
    )
    # An outline of a country's coast is large: it goes to each worker once, not with every place.
    known = [share(client, _itself, site), *learnt.values()]
    of_places = [_place_job(place, site, tracks, alpha, folder) for place in places]
    found, failed = do_all(client, find_in_place, of_places, lambda _: known, "structures", progress)
    lost += [plan.lost("structures", one) for one in failed]
    watch.lap("structures")
    result = SurveyResult(
        structures=tuple(_named_apart(sorted((one for _, some in found for one in some), key=order_of))),
        lost=tuple(lost),
        tiles=len(plan.jobs),
        places=len(places),
        pixel_dates=plan.pixel_dates,
        seconds=watch.seconds,
    )
    _write(folder, result, stacks, alpha, tile)
    return result


class _Watch:
    """Wall clock by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begin = time.perf_counter()

    def lap(self, stage: str) -> None:
        """A stage has ended, and the next begins."""
        now = time.perf_counter()
        self.seconds[stage], self._begin = round(now - self._begin, 3), now


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What there is to do, before anything is known of it."""

    tracks: tuple[SurveyedTrack, ...]
    names: Mapping[str, str]
    """Keys of the tracks by the addresses of their stacks."""
    shape: tuple[int, int]
    pixel_dates: int
    jobs: tuple[TileJob, ...]

    def lost(self, stage: str, failed: Failed) -> Lost:
        """A job that failed, in terms of the area."""
        job = failed.job
        where, track = (job.place, "") if isinstance(job, PlaceJob) else (job, self.names[job.stack])
        return Lost(stage, track, where.rows, where.columns, failed.reason)


def _plan(stacks: Sequence[str], folder: Folder, tile: int) -> _Plan:
    data = [open_stack(address, chunks=None) for address in stacks]
    check_grids(data)
    shape = data[0].sizes["y"], data[0].sizes["x"]
    spans = tile_spans(shape, tile)
    tracks, jobs, names = list[SurveyedTrack](), list[TileJob](), dict[str, str]()
    for address, stack in zip(stacks, data, strict=True):
        track = str(stack.attrs["track"])
        # Two tracks may differ by their look direction alone.
        name = track if track not in names.values() else f"{track}-{len(names)}"
        names[address] = track
        key, change = _hash([__version__, content_of(stack)]), folder.at(f"change/{name}.zarr")
        made = make_change_store(change, stack, key)
        tracks.append(SurveyedTrack(address, change, key))
        jobs += [
            TileJob(address, change, folder, f"tiles/{name}/{y[0]}-{x[0]}-{tile}.json", key, made, y, x)
            for y, x in spans
        ]
    values = sum(stack.sizes["time"] * len(stack.data_vars) for stack in data)
    return _Plan(tuple(tracks), names, shape, values * shape[0] * shape[1], tuple(jobs))


def _itself(site: Site) -> Site:
    return site


def _absolute(address: str) -> str:
    return address if "://" in address else str(Path(address).resolve())


def _place_job(place: Place, site: Site, tracks: tuple[SurveyedTrack, ...], alpha: float, folder: Folder) -> PlaceJob:
    figures = [[track.key, track.searched, track.last_image] for track in tracks]
    key = _hash([figures, alpha, place.blocks, site.area.wkb_hex])
    return PlaceJob(place, tracks, alpha, folder, f"places/{place.name}.json", key)


def _named_apart(structures: Sequence[Structure]) -> list[Structure]:
    """The same with a number behind the names of those that share one by chance."""
    seen: dict[str, int] = {}
    out = []
    for one in structures:
        seen[one.id] = seen.get(one.id, 0) + 1
        out.append(one if seen[one.id] == 1 else dataclasses.replace(one, id=f"{one.id}-{seen[one.id]}"))
    return out


def _write(folder: Folder, result: SurveyResult, stacks: Sequence[str], alpha: float, tile: int) -> None:
    features = [to_feature(one) for one in result.structures]
    folder.write("structures.geojson", {"type": "FeatureCollection", "features": features})
    folder.write(
        "survey.json",
        {
            "sitewatch_version": __version__,
            "stacks": list(stacks),
            "alpha": alpha,
            "tile": tile,
            "tiles": result.tiles,
            "places": result.places,
            "pixel_dates": result.pixel_dates,
            "seconds": dict(result.seconds),
            "lost": [dataclasses.asdict(one) for one in result.lost],
        },
    )


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
