"""``sitewatch structures``, ``history``, ``review``: what the record says, and what analysts say to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Screen, with_shared_options
from sitewatch.cli._summary import STYLE, count_text, interval_text, measure_text

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.record import Record, Revision, Workspace

StructureArgument = Annotated[str, typer.Argument(help="Name of a structure, such as SW-0007.", metavar="STRUCTURE")]
_WHAT = "What you say (one of these)"


@contextmanager
def opened_record(folder: Path) -> Iterator[tuple[Workspace, Record]]:
    from sitewatch.record import Workspace

    workspace = Workspace.open(folder)
    with workspace.record() as record:
        yield workspace, record


@with_shared_options
def structures(
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is rejected, merged, or no longer found.")
    ] = False,
) -> None:
    """List what has been found: names, kinds, dates, sizes, and what analysts say.

    Example: [bold]sitewatch structures --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch.record import list_structures, revision_feature

        with opened_record(workspace) as (opened, record):
            revisions = list_structures(record, opened.uid)
        standing = [one for one in revisions if one.stands]
        shown = list(revisions) if everything else [one for one in standing if one.structure.status != "rejected"]
        if terminal.as_json:
            rows = [{**revision_feature(one)["properties"], **_state(one)} for one in shown]
            terminal.print_json({"structures": rows})
            return
        if shown:
            _print_structures(terminal, sorted(shown, key=_by_date))
        terminal.out.print(escape(count_text([one.structure for one in standing])))


def _by_date(revision: Revision) -> tuple[bool, bool, str, str]:
    s = revision.structure
    return not revision.stands, s.status != "confirmed", str(s.onset.latest if s.onset else "9999"), revision.id


def _state(revision: Revision) -> dict[str, Any]:
    return {
        "revision": revision.number,
        "found": revision.found,
        "reviewed": list(revision.reviewed),
        "merged_into": revision.merged_into,
        "split_from": revision.split_from,
    }


def _state_words(revision: Revision) -> str:
    words = [
        f"merged into {revision.merged_into}" if revision.merged_into else "",
        f"split from {revision.split_from}" if revision.split_from else "",
        "" if revision.found else "no longer found",
        f"reviewed: {', '.join(_reviewed_words(revision.reviewed))}" if revision.reviewed else "",
    ]
    return "; ".join(word for word in words if word)


def _reviewed_words(fields: Sequence[str]) -> list[str]:
    groups = {"status": "status", "kind": "kind", "footprint": "outline", "onset_latest": "dates"}
    return [words for field, words in groups.items() if field in fields]


def _print_structures(terminal: Terminal, revisions: Sequence[Revision]) -> None:
    table = Table("name", "kind", "status", "begun", "finished", "area", "record", box=None, pad_edge=False)
    for one in revisions:
        s = one.structure
        table.add_row(
            one.id,
            s.kind,
            f"[{STYLE[s.status]}]{s.status}[/]",
            interval_text(s.onset) or "can't be told",
            interval_text(s.completion) or "not yet",
            measure_text(s.area_m2, "m2"),
            _state_words(one),
        )
    terminal.print_table(table)


@with_shared_options
def history(structure: StructureArgument, screen: Screen, workspace: WorkspaceOption = HERE) -> None:
    """Tell everything that the record ever said of STRUCTURE: each revision with who, when and why, and each review.

    Example: [bold]sitewatch history SW-0001 --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch.record import differences, history_of, list_observations, list_reviews

        with opened_record(workspace) as (opened, record):
            revisions = history_of(record, opened.uid, structure)
            reviews = list_reviews(record, opened.uid, structure)
            observations = list_observations(record, opened.uid, structure)
        if terminal.as_json:
            terminal.print_json(
                {
                    "structure": revisions[-1].id,
                    "revisions": [_revision_json(one) for one in revisions],
                    "reviews": [
                        {"action": r.action, "at": r.at.isoformat(), "by": r.by, "comment": r.comment} for r in reviews
                    ],
                    "observations": [
                        {"scene": o.scene, "datetime": o.datetime.isoformat(), "fraction": o.fraction, "sd": o.sd,
                         "phase": o.phase, "run": o.run}
                        for o in observations
                    ],
                }
            )  # fmt: skip
            return
        _print_history(terminal, revisions)
        for remark in (r for r in reviews if r.action == "comment"):
            terminal.out.print(f"{remark.at:%Y-%m-%d %H:%M} {remark.by}: {remark.comment}", markup=False)
        told = differences(revisions[-1])
        if told:
            words = [
                f"{name.replace('_', ' ')} {value or 'none'}" for name, value in told.items() if name != "geometry"
            ]
            outline = ["another outline"] if "geometry" in told else []
            terminal.out.print(f"The latest run says otherwise: {', '.join([*outline, *words])}.", markup=False)
        terminal.out.print(f"Observed in {len(observations)} images.")


def _print_history(terminal: Terminal, revisions: Sequence[Revision]) -> None:
    table = Table("rev", "when (UTC)", "who", "kind", "status", "begun", "finished", "area", "why", box=None)
    table.pad_edge = False
    for one in revisions:
        s = one.structure
        table.add_row(
            str(one.number),
            f"{one.made:%Y-%m-%d %H:%M}",
            escape(one.by),
            s.kind,
            f"[{STYLE[s.status]}]{s.status}[/]",
            interval_text(s.onset) or "can't be told",
            interval_text(s.completion) or "not yet",
            measure_text(s.area_m2, "m2"),
            escape(one.why),
        )
    terminal.print_table(table)


def _revision_json(one: Revision) -> dict[str, Any]:
    from sitewatch.record import revision_feature

    return {
        **_state(one),
        "made": one.made.isoformat(),
        "by": one.by,
        "why": one.why,
        "run": one.run,
        "said": revision_feature(one)["properties"],
    }


@with_shared_options
def review(
    structure: StructureArgument,
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    confirm: Annotated[bool, typer.Option("--confirm", help="It was built.", rich_help_panel=_WHAT)] = False,
    reject: Annotated[
        str | None, typer.Option(help="It is none, and why.", metavar="REASON", rich_help_panel=_WHAT)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="What it is.", metavar="KIND", rich_help_panel=_WHAT)] = None,
    footprint: Annotated[
        str | None,
        typer.Option(help="Its outline: GeoJSON file or bbox:W,S,E,N.", metavar="POLYGON", rich_help_panel=_WHAT),
    ] = None,
    merge_into: Annotated[
        str | None, typer.Option(help="It is a part of another.", metavar="STRUCTURE", rich_help_panel=_WHAT)
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="It is several: GeoJSON, a feature each.", metavar="FILE", rich_help_panel=_WHAT),
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back what reviews said of it.", rich_help_panel=_WHAT)
    ] = False,
    comment: Annotated[str, typer.Option(help="Why, or a remark by itself.", metavar="TEXT", show_default=False)] = "",
    by: Annotated[
        str | None, typer.Option(help="Who says it; by default you.", metavar="NAME", show_default=False)
    ] = None,
) -> None:
    """Say what you know of STRUCTURE. It is kept with your name, and holds over what later runs compute.

    Example: [bold]sitewatch review SW-0001 --confirm --comment "seen on the photo of 9 July" --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch import record as r
        from sitewatch.site import read_footprint, read_footprints

        given: list[Any] = [
            *([r.Confirm()] if confirm else []),
            *([r.Reject(reject)] if reject is not None else []),
            *([r.SetKind(kind)] if kind is not None else []),
            *([r.SetFootprint(read_footprint(footprint)[1])] if footprint is not None else []),
            *([r.MergeInto(merge_into)] if merge_into is not None else []),
            *([r.Split(read_footprints(split))] if split is not None else []),
            *([r.Withdraw()] if withdraw else []),
        ]
        if len(given) > 1:
            raise typer.BadParameter("say one thing at a time")
        if not given and not comment:
            raise typer.BadParameter("say what you know: --confirm, --reject, --kind, --footprint, --comment, ...")
        action = given[0] if given else r.Comment()
        with opened_record(workspace) as (opened, record):
            revised = r.review(record, opened.uid, structure, action, by=by or r.user(), comment=comment)
            r.write_published(opened, r.list_structures(record, opened.uid))
        if terminal.as_json:
            terminal.print_json({"structures": [_revision_json(one) for one in revised]})
        else:
            _print_structures(terminal, revised)
            terminal.say("structures.geojson shows it now, the dossier after the next `sitewatch update`.")
