"""``sitewatch report``: the dossier of a workspace as HTML, PDF, Markdown, slides or a time-lapse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Screen, with_shared_options

_ENDINGS = {".html": "html", ".pdf": "pdf", ".md": "markdown", ".gif": "gif", ".mp4": "mp4"}
_FORMS = ("html", "pdf", "markdown", "slides", "gif", "mp4")


@with_shared_options
def report(
    screen: Screen,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="File to write, its form told by the ending (.html, .pdf, .md, .gif, .mp4); or a folder, with --as.",
            metavar="FILE|DIR",
        ),
    ],
    workspace: WorkspaceOption = HERE,
    forms: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            help="html, pdf, markdown, slides, gif or mp4 (repeat for several): all into the folder DIR.",
            metavar="FORM",
            show_default=False,
        ),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(help="Folder of your own templates; a file there takes the place of ours.", metavar="DIR"),
    ] = None,
) -> None:
    """Write the report of a workspace again: as HTML, PDF, Markdown with pictures, a folder of slides, or a time-lapse.

    Nothing is computed anew: the record and the images as they were stacked serve.

    Example: [bold]sitewatch report --workspace port --out port.pdf[/]
    """
    chosen = _chosen(out, forms)
    with session(screen) as terminal:
        from sitewatch.pipeline import report_site

        with terminal.progress() as progress:
            written = report_site(workspace, out, chosen, templates=templates, progress=progress)
        if terminal.as_json:
            terminal.print_json({"out": {form: str(path) for form, path in zip(chosen, written, strict=True)}})
        else:
            for path in written:
                terminal.out.print(f"Report: {path}", markup=False, soft_wrap=True)


def _chosen(out: Path, forms: list[str] | None) -> list[str]:
    if forms:
        unknown = [form for form in forms if form.lower() not in _FORMS]
        if unknown:
            raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(_FORMS)}", param_hint="--as")
        return list(dict.fromkeys(form.lower() for form in forms))
    found = _ENDINGS.get(out.suffix.lower())
    if found is None:
        raise typer.BadParameter(
            f"give a file that ends in {', '.join(_ENDINGS)}, or a folder and --as", param_hint="--out"
        )
    return [found]
