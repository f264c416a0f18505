"""``sitewatch findings``, ``edit``: what is stated of a site, and what analysts make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Screen, with_shared_options
from sitewatch.cli._structures import opened_record

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.record import FindingRevision

_WHAT = "What you make of it (one of these)"
_WORDS = "Of an assessed or a new one"
_NEW = "new"
FindingArgument = Annotated[str | None, typer.Argument(help="Name of a finding, such as F-0007.", metavar="[FINDING]")]


@with_shared_options
def findings(
    screen: Screen,
    finding: FindingArgument = None,
    workspace: WorkspaceOption = HERE,
    everything: Annotated[bool, typer.Option("--all", help="Also what is struck or no longer stated.")] = False,
    flagged: Annotated[bool, typer.Option("--flagged", help="Only what rests on changed evidence.")] = False,
) -> None:
    """List what is stated of the site, each sentence observed, measured, assessed or reported; or tell all that FINDING
    ever said.

    Example: [bold]sitewatch findings --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch.record import history_of_finding, list_findings

        with opened_record(workspace) as (opened, record):
            if finding is not None:
                shown = history_of_finding(record, opened.uid, finding)
            else:
                all_of = list_findings(record, opened.uid)
                shown = tuple(one for one in all_of if (everything or one.stands) and (one.changed or not flagged))
        if terminal.as_json:
            terminal.print_json({"findings": [finding_json(one) for one in shown]})
        elif finding is not None:
            for one in shown:
                terminal.out.print(
                    f"[bold]{one.number}[/]  {one.made:%Y-%m-%d %H:%M}  {escape(one.by)}: {escape(one.why)}"
                )
                _print_words(terminal, one)
        else:
            _print_findings(terminal, shown)


@with_shared_options
def edit(
    screen: Screen,
    finding: Annotated[
        str, typer.Argument(help="Name of a finding, such as F-0007; new adds one of your own.", metavar="FINDING")
    ],
    workspace: WorkspaceOption = HERE,
    text: Annotated[
        str | None, typer.Option(help="Say it in these words.", metavar="TEXT", rich_help_panel=_WHAT)
    ] = None,
    uphold: Annotated[
        bool, typer.Option("--uphold", help="It holds on the evidence as it is now.", rich_help_panel=_WHAT)
    ] = False,
    strike: Annotated[bool, typer.Option("--strike", help="Leave it out.", rich_help_panel=_WHAT)] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take back what you made of it.", rich_help_panel=_WHAT)
    ] = False,
    likelihood: Annotated[
        str | None,
        typer.Option(help="Term of ICD 203; TEXT must name it.", metavar="TERM", rich_help_panel=_WORDS),
    ] = None,
    confidence: Annotated[
        str,
        typer.Option(
            help="How far its basis can be trusted, and why, as a sentence.",
            metavar="TEXT", show_default=False, rich_help_panel=_WORDS,
        ),
    ] = "",
    kind: Annotated[
        str | None,
        typer.Option(
            help="Of a new one: observed, measured, assessed or reported.", metavar="KIND", rich_help_panel=_WORDS
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            help="Of a new one that is reported: who says so.",
            metavar="TEXT", show_default=False, rich_help_panel=_WORDS,
        ),
    ] = "",
    about: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a new one: a structure that it rests on (repeat for several).",
            metavar="STRUCTURE", rich_help_panel=_WORDS,
        ),
    ] = None,
    comment: Annotated[str, typer.Option(help="Why.", metavar="TEXT", show_default=False)] = "",
    by: Annotated[
        str | None, typer.Option(help="Who says it; by default you.", metavar="NAME", show_default=False)
    ] = None,
) -> None:  # fmt: skip
    """Edit a finding, or add one. Your words are kept with your name, and hold over what later runs state.

    When the evidence below them changes, the finding is flagged until you reword or uphold it.

    Example: [bold]sitewatch edit F-0003 --text "The pier is about 260 m long." --workspace port[/]
    """
    with session(screen) as terminal:
        from sitewatch import record as r

        acts: list[Any] = [
            *([r.Uphold()] if uphold else []),
            *([r.Strike()] if strike else []),
            *([r.Withdraw()] if withdraw else []),
            *([r.Reword(text, likelihood, confidence)] if text is not None else []),  # type: ignore[arg-type]
        ]
        if len(acts) != 1:
            raise typer.BadParameter("say one thing: --text, --uphold, --strike or --withdraw")
        adds = finding.strip().lower() == _NEW
        if adds and (text is None or kind is None):
            raise typer.BadParameter("a new finding needs --text and --kind")
        if not adds and (kind or source or about):
            raise typer.BadParameter("--kind, --source and --about are for new findings")
        who = by or r.user()
        with opened_record(workspace) as (opened, record):
            if adds:
                from sitewatch.finding import Finding

                own = Finding(
                    kind, text or "", likelihood, confidence, tuple(about or ()), source=source  # type: ignore[arg-type]
                )  # fmt: skip
                made = r.add_finding(record, opened.uid, own, by=who, comment=comment)
            else:
                made = r.edit_finding(record, opened.uid, finding, acts[0], by=who, comment=comment)
        if terminal.as_json:
            terminal.print_json({"findings": [finding_json(made)]})
        else:
            _print_findings(terminal, [made])
            terminal.say("The dossier shows it after the next `sitewatch update`.")


def finding_json(one: FindingRevision) -> dict[str, Any]:
    """A finding for scripts."""
    f = one.finding
    return {
        "id": one.id,
        "key": f.key,
        "revision": one.number,
        "stands": one.stands,
        "kind": f.kind,
        "text": f.text,
        "likelihood": f.likelihood,
        "confidence": f.confidence,
        "source": f.source,
        "structures": list(f.structures),
        "scenes": list(f.scenes),
        "assumptions": list(f.assumptions),
        "edited": one.edited,
        "struck": one.struck,
        "author": one.author or None,
        "written": one.written.isoformat() if one.written else None,
        "computed": one.computed.text if one.computed else None,
        "rests_on_changed_evidence": list(one.changed),
        "made": one.made.isoformat(),
        "by": one.by,
        "why": one.why,
        "run": one.run,
    }


def _print_findings(terminal: Terminal, shown: Any) -> None:
    table = Table("name", "kind", "finding", box=None, pad_edge=False)
    for one in shown:
        table.add_row(one.id, one.finding.kind, escape("\n".join(_lines(one))))
    terminal.print_table(table)
    flags = sum(bool(one.changed) for one in shown)
    if flags:
        terminal.warn(
            f"{flags} of these rest on changed evidence: `sitewatch edit FINDING --text TEXT` or `--uphold` once you "
            "have looked."
        )


def _print_words(terminal: Terminal, one: FindingRevision) -> None:
    for line in _lines(one):
        terminal.out.print(f"   {line}", markup=False, soft_wrap=True)


def _lines(one: FindingRevision) -> list[str]:
    lines = [one.finding.text, one.finding.confidence]
    if one.changed:
        lines.append(f"! rests on changed evidence: {'; '.join(one.changed)}")
    if one.edited:
        lines.append(f"in the words of {one.author}, {one.written:%Y-%m-%d}")
        if one.computed and one.computed.text != one.finding.text:
            lines.append(f"the run says: {one.computed.text}")
    if one.struck:
        lines.append("struck")
    elif not one.stands:
        lines.append("no longer stated")
    return [line for line in lines if line]
