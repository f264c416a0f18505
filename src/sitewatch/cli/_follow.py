"""``sitewatch init``, ``add``, ``update``, ``status``: a site followed over time."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._run import ScenesArgument, SiteArgument
from sitewatch.cli._shared import Choice, ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import (
    as_json,
    count_text,
    left_out_json,
    print_structures,
    tell_left_out,
    tell_notes,
)

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.pipeline import UpdateResult

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder of the site's workspace.",
        metavar="DIR",
        envvar="SITEWATCH_WORKSPACE",
        show_envvar=False,
    ),
]
HERE = Path(".")
_PATIENCE_S = 24 * 3600.0


@with_shared_options
def init(
    site: SiteArgument,
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    record: Annotated[
        str | None,
        typer.Option(
            help="PostgreSQL database for the record, postgresql://user@host/database; by default a file in DIR.",
            metavar="URL",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Begin to follow SITE: make DIR its workspace, with an empty record.

    Example: [bold]sitewatch init site.geojson --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch.pipeline import init_site
        from sitewatch.site import Site

        made = init_site(workspace, Site.read(site), record=record)
        if terminal.as_json:
            terminal.print_json({"site": made.site.id, "workspace": str(made.folder), "record": made.record_address})
        else:
            terminal.out.print(f"Workspace of {made.site.name}: {made.folder}", markup=False, soft_wrap=True)
            terminal.say("Next: `sitewatch add SCENES`, then `sitewatch update`.")


@with_shared_options
def add(
    scenes: ScenesArgument,
    hints: ImageHints,
    screen: Screen,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Add images: say where they are. Updates look there again for what has come since.

    Example: [bold]sitewatch add images/ --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch.pipeline import add_images

        with terminal.progress() as progress:
            added = add_images(workspace, scenes, hints=hints.as_hints(), progress=progress)
        tell_left_out(terminal, added.left_out)
        if terminal.as_json:
            left_out = [left_out_json(entry) for entry in added.left_out]
            terminal.print_json({"new": list(added.new), "known": added.known, "left_out": left_out})
        else:
            terminal.out.print(f"New images: {len(added.new)}; known before: {added.known}.")


@with_shared_options
def update(
    choice: Choice,
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for another update of DIR to finish, up to a day.")
    ] = False,
) -> None:
    """Look for new images, read and compute what is new, bring record, dossier and files up to date.

    Where nothing is new, nothing is computed. Cut short at any moment, the same command goes on.

    Example: [bold]sitewatch update --workspace port[/]
    """
    with session(screen, resumable=True) as terminal:
        from sitewatch.cli._shared import ImageHints
        from sitewatch.pipeline import update_site

        with terminal.progress() as progress:
            done = update_site(
                workspace,
                options=choice.as_options(ImageHints()),
                patience_s=_PATIENCE_S if wait else 0.0,
                progress=progress,
                told=terminal.say,
                command=shlex.join(sys.argv),
            )
        for note in done.notes:
            terminal.say(f"Note: {note}")
        if done.lost:
            terminal.warn(
                f"{len(done.lost)} of the images used before can't be found any more ({done.lost[0].id}"
                f"{', ...' if len(done.lost) > 1 else ''}); the result is without them. Put them back, or add them "
                "where they are now."
            )
        if done.flagged:
            terminal.warn(
                f"{len(done.flagged)} of the findings that analysts wrote rest on changed evidence ("
                f"{', '.join(one.id for one in done.flagged[:6])}); `sitewatch findings --flagged` has them all."
            )
        if done.result is not None:
            tell_notes(terminal, done.result)
        _print_update(terminal, done)


def _print_update(terminal: Terminal, done: UpdateResult) -> None:
    standing = [one.structure for one in done.revisions if one.stands]
    if terminal.as_json:
        from sitewatch.record import revision_feature

        computed = as_json(done.result) if done.result else {}
        terminal.print_json(
            {
                **computed,
                "new": done.result is not None,
                "run": done.result.run if done.result else None,
                "new_scenes": list(done.result.new_scenes) if done.result else [],
                "lost_scenes": [scene.id for scene in done.lost],
                "flagged_findings": [one.id for one in done.flagged],
                "structures": [revision_feature(one)["properties"] for one in done.revisions if one.stands],
            }
        )
    elif done.result is None:
        terminal.out.print(f"Nothing new. {escape(count_text(standing))}")
    else:
        print_structures(terminal, standing, done.result.detectable)
        terminal.out.print(f"New images: {len(done.result.new_scenes)} (run {done.result.run}).")
        terminal.out.print(f"Dossier: {done.result.dossier}", markup=False, soft_wrap=True)


@with_shared_options
def status(screen: Screen, workspace: WorkspaceOption = HERE) -> None:
    """Say how far a workspace is: images, runs, structures, who is at work.

    Example: [bold]sitewatch status --workspace port[/]
    """
    with session(screen) as terminal:
        facts = _status(workspace)
        if terminal.as_json:
            terminal.print_json(facts)
            return
        table = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            table.add_row(name.replace("_", " "), escape(_in_words(value)))
        terminal.print_table(table)


def _status(folder: Path) -> dict[str, Any]:
    from sitewatch.record import Workspace, at_work, list_runs, list_scenes, list_sources, list_structures

    workspace = Workspace.open(folder)
    with workspace.record() as record:
        runs, scenes = list_runs(record, workspace.uid), list_scenes(record, workspace.uid)
        revisions, sources = list_structures(record, workspace.uid), list_sources(record, workspace.uid)
    standing = [one for one in revisions if one.stands]
    days = [scene.datetime.date().isoformat() for scene in scenes]
    holder = at_work(workspace.folder)
    return {
        "site": workspace.site.name,
        "workspace": str(workspace.folder),
        "record": workspace.record_address,
        "sources": [source.href for source in sources],
        "images": len(scenes),
        "images_not_used_yet": sum(not scene.used for scene in scenes),
        "first_image": min(days, default=None),
        "last_image": max(days, default=None),
        "runs": len(runs),
        "last_run": runs[-1].finished.isoformat(timespec="seconds") if runs else None,
        "structures": {name: sum(r.structure.status == name for r in standing) for name in _STATUSES} if runs else {},
        "reviewed": sum(bool(one.reviewed) for one in standing),
        "update_at_work": str(holder) if holder else None,
        "dossier": str(workspace.dossier_path) if workspace.dossier_path.exists() else None,
    }


_STATUSES = ("confirmed", "candidate", "rejected")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none yet"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
