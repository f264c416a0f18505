"""``sitewatch search`` and ``sitewatch fetch``: images from catalogues."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import SiteArgument
from sitewatch.cli._shared import Screen, read_day, with_shared_options
from sitewatch.cli._summary import left_out_json, tell_each_note, tell_left_out
from sitewatch.words import counted

if TYPE_CHECKING:
    from pystac import Item

    from sitewatch.cli._terminal import Terminal
    from sitewatch.progress import Progress
    from sitewatch.sources import FetchPlan, Found, Query

CatalogueOption = Annotated[
    str,
    typer.Option(
        "--from",
        help="planetary-computer, earth-search, cdse, asf, iceye, umbra or capella; or the address of a STAC API; or a "
        "static catalogue, by its address or on disk.",
        metavar="CATALOGUE",
    ),
]
SinceOption = Annotated[str | None, typer.Option(help="First day.", metavar="YYYY-MM-DD")]
UntilOption = Annotated[str | None, typer.Option(help="Last day.", metavar="YYYY-MM-DD")]
CollectionOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Search in this collection (repeat for several), not in the catalogue's usual ones.", metavar="ID"
    ),
]
LimitOption = Annotated[int | None, typer.Option(help="Keep only so many, the newest.", min=1, metavar="N")]


@with_shared_options
def search(
    site: SiteArgument,
    catalogue: CatalogueOption,
    screen: Screen,
    since: SinceOption = None,
    until: UntilOption = None,
    collection: CollectionOption = None,
    limit: LimitOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the items as GeoJSON as well.", metavar="FILE.geojson")
    ] = None,
) -> None:
    """List the images that a catalogue has of SITE. Nothing is fetched.

    Example: [bold]sitewatch search site.geojson --from planetary-computer --since 2023-01-01[/]
    """
    with session(screen) as terminal:
        from sitewatch.sources import read_area

        _, area = read_area(site)
        with terminal.progress() as progress:
            found = _search(catalogue, _query(area, since, until, collection, limit), progress)
        if out is not None:
            _write(out, found)
        if terminal.as_json:
            terminal.print_json(_found_json(found, area))
            return
        tell_each_note(terminal, list(found.notes))
        _print_items(terminal, found, area)
        collections = Counter(item.collection_id or "none" for item in found.items)
        told = ", ".join(f"{name}: {count}" for name, count in collections.items())
        terminal.out.print(f"Images: {len(found.items)}{f' ({told})' if told else ''}.", markup=False)


@with_shared_options
def fetch(
    site: SiteArgument,
    catalogue: CatalogueOption,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the images; what is there is not fetched again.", metavar="DIR"),
    ],
    screen: Screen,
    since: SinceOption = None,
    until: UntilOption = None,
    collection: CollectionOption = None,
    limit: LimitOption = None,
    max_gb: Annotated[
        float, typer.Option(help="Bring no more than this (10⁹ bytes); counted before anything is fetched.", min=0)
    ] = 10.0,
    margin: Annotated[float, typer.Option(help="Ground around the site to bring with it, metres.", min=0)] = 300.0,
    asset: Annotated[
        list[str] | None,
        typer.Option(help="Fetch this asset (repeat for several), not what sitewatch can read.", metavar="KEY"),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Files at a time.", min=1, max=32)] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched.")] = False,
) -> None:
    """Bring the images that a catalogue has of SITE: of images on a map grid only the window of the site.

    Cut short at any moment, the same command goes on with what is there.

    Example: [bold]sitewatch fetch site.geojson --from planetary-computer --since 2023-01-01 --out images[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.sources import FetchOptions, fetch_items, plan_fetch, read_area

        _, area = read_area(site)
        options = FetchOptions(max_gb, margin, tuple(asset or ()), jobs)
        with terminal.progress() as progress:
            found = _search(catalogue, _query(area, since, until, collection, limit), progress)
            plan = plan_fetch(found, area, out, options, progress=progress)
        _tell_plan(terminal, plan, options)
        if dry_run:
            if terminal.as_json:
                terminal.print_json(_plan_json(plan, out))
            return
        with terminal.progress() as progress:
            fetched = fetch_items(plan, out, options, progress=progress)
        left_out = (*plan.left_out, *fetched.left_out)
        tell_left_out(terminal, fetched.left_out)
        if terminal.as_json:
            told = _plan_json(plan, out)
            terminal.print_json(
                {
                    **told,
                    "fetched": list(fetched.items),
                    "fetched_bytes": fetched.bytes,
                    "left_out": [left_out_json(entry) for entry in left_out],
                }
            )
        else:
            there = f", {len(plan.there)} {_be(plan.there, 'was', 'were')} there" if plan.there else ""
            terminal.out.print(
                f"Fetched: {counted(len(fetched.items), 'image')}, {_size(fetched.bytes)}{there}. "
                f"Not fetched: {len(left_out)}.",
                markup=False,
            )
        if not fetched.items and not plan.there:
            raise typer.Exit(1)
        if not terminal.as_json and not terminal.quiet:
            line = shlex.join(["sitewatch", "run", site, str(out), "--out", "result"])
            terminal.out.print(f"Next: {line}", markup=False, soft_wrap=True)


def _search(catalogue: str, query: Query, progress: Progress) -> Found:
    from sitewatch.sources import find_profile, search_catalogue

    return search_catalogue(find_profile(catalogue), query, progress=progress)


def _query(area: Any, since: str | None, until: str | None, collection: list[str] | None, limit: int | None) -> Query:
    from sitewatch.sources import Query

    return Query(area, read_day(since, "--since"), read_day(until, "--until"), tuple(collection or ()), limit)


def _print_items(terminal: Terminal, found: Found, area: Any) -> None:
    if not found.items:
        return
    table = Table("time (UTC)", "id", "platform", "orbit", "polarisations", "of the site", box=None, pad_edge=False)
    for item in found.items:
        told = _item_json(item, area)
        orbit = " ".join(str(told[key]) for key in ("relative_orbit", "orbit_state") if told[key] is not None)
        words = (
            told["datetime"][:16].replace("T", " "),
            item.id,
            told["platform"] or "",
            orbit,
            ", ".join(told["polarisations"]),
            f"{told['coverage']:.0%}",
        )
        table.add_row(*(escape(word) for word in words))
    terminal.print_table(table)


def _item_json(item: Item, area: Any) -> dict[str, Any]:
    from sitewatch.sources import coverage, moment_of

    p = item.properties
    return {
        "id": item.id,
        "collection": item.collection_id,
        "datetime": moment_of(item).isoformat(),
        "platform": p.get("platform"),
        "relative_orbit": p.get("sat:relative_orbit"),
        "orbit_state": p.get("sat:orbit_state"),
        "polarisations": [str(name) for name in p.get("sar:polarizations", ())],
        "coverage": round(coverage(item, area), 4),
        "assets": list(item.assets),
    }


def _found_json(found: Found, area: Any) -> dict[str, Any]:
    return {
        "catalogue": {"name": found.profile.name, "url": found.profile.url, "licence": found.profile.licence or None},
        "items": [_item_json(item, area) for item in found.items],
        "notes": list(found.notes),
    }


def _write(out: Path, found: Found) -> None:
    """Items as GeoJSON, which `sitewatch fetch --from` reads as well; whole or not at all."""
    from sitewatch.atomic import write_json
    from sitewatch.errors import SourceError

    features = [item.to_dict(transform_hrefs=False) for item in found.items]
    try:
        write_json(out, {"type": "FeatureCollection", "features": features})
    except OSError as error:
        raise SourceError(f"{out} can't be written ({error.strerror})", hint="Give another file with --out.") from error


def _tell_plan(terminal: Terminal, plan: FetchPlan, options: Any) -> None:
    tell_each_note(terminal, list(plan.notes))
    tell_left_out(terminal, plan.left_out)
    there = f"; {counted(len(plan.there), 'image')} {_be(plan.there, 'is', 'are')} there already" if plan.there else ""
    terminal.say(
        f"To fetch: {counted(len(plan.to_fetch), 'image')}, {_size(plan.bytes)} of {_size(plan.of_bytes)} in all, "
        f"within a budget of {options.max_gb:g} GB (--max-gb) and with {options.margin_m:g} m around the site "
        f"(--margin){there}."
    )
    if plan.profile.licence:
        terminal.say(f"Licence: {plan.profile.licence}.")
    if len(plan.boxes) > 1:
        terminal.say("The site crosses the antimeridian: it is asked for as two boxes, and is run as two sites.")


def _plan_json(plan: FetchPlan, out: Path) -> dict[str, Any]:
    return {
        "catalogue": plan.profile.name,
        "folder": str(out),
        "licence": plan.profile.licence or None,
        "to_fetch": [
            {"id": planned.item.id, "bytes": planned.bytes, "files": [piece.wanted.name for piece in planned.pieces]}
            for planned in plan.to_fetch
        ],
        "bytes": plan.bytes,
        "of_bytes": plan.of_bytes,
        "there": list(plan.there),
        "left_out": [left_out_json(entry) for entry in plan.left_out],
        "notes": list(plan.notes),
    }


def _be(things: Sequence[object], one: str, several: str) -> str:
    return one if len(things) == 1 else several


def _size(count: float) -> str:
    return (
        f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.2f} MB" if count >= 1e4 else f"{count:.0f} bytes"
    )
