"""The dossier as Markdown with its pictures beside it, for wikis, notes and editors."""

from __future__ import annotations

from pathlib import Path

from sitewatch.atomic import write_whole
from sitewatch.report._dossier import Dossier
from sitewatch.report._shots import Shot, png_bytes
from sitewatch.report._templates import environment, rendered

DPI = 160
PICTURES = "pictures"


def write_markdown(path: str | Path, dossier: Dossier, *, templates: str | Path | None = None) -> Path:
    """Write a dossier as a Markdown file (CommonMark with tables), and its pictures as PNG in ``pictures/`` beside it.

    Parameters
    ----------
    path
        The Markdown file.
    templates
        Folder whose files come before sitewatch's own of the same name.

    Raises
    ------
    ExportError
        If a template has a fault.
    """
    target = Path(path)

    def beside(shot: Shot) -> str:
        write_whole(target.parent / PICTURES / f"{shot.name}.png", png_bytes(shot, DPI))
        return f"{PICTURES}/{shot.name}.png"

    return write_whole(target, rendered(environment(templates, source=beside), "dossier.md.j2", dossier.context))
