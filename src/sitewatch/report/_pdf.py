"""The dossier as a PDF: paginated, tagged (PDF/UA), fonts embedded, pictures at 220 dpi."""

from __future__ import annotations

import io
import logging
import tempfile
from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure

from sitewatch.atomic import replacing
from sitewatch.errors import ExportError
from sitewatch.report._dossier import Dossier
from sitewatch.report._shots import Shot
from sitewatch.report._style import OWN_FONT
from sitewatch.report._templates import environment, rendered

# Figures are printed at about their own size (see print.css).
DPI = 220
JPEG_QUALITY = 88
VARIANT = "pdf/ua-1"
PANGO = "On Debian and Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0."


def write_pdf(path: str | Path, dossier: Dossier, *, templates: str | Path | None = None) -> Path:
    """Write a dossier as a PDF that screen readers can follow and that looks alike everywhere.

    Parameters
    ----------
    path
        File to write.
    dossier
        See `draw_dossier`.
    templates
        Folder whose files come before sitewatch's own of the same name.

    Raises
    ------
    ExportError
        Where WeasyPrint (the extra ``pdf``) or the system's Pango is missing.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except ImportError as error:
        raise ExportError(
            "a PDF needs the package weasyprint, which is not installed",
            hint="pip install 'sitewatch[pdf]', or print dossier.html from a browser.",
        ) from error
    except OSError as error:
        raise ExportError(f"a PDF needs the system's library Pango ({error})", hint=PANGO) from error
    target = Path(path)
    # Missing glyphs and unknown properties of a user's style sheet are no news on the terminal.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sitewatch-") as scratch, replacing(target) as temporary:
        made = environment(templates, source=lambda shot: _printed(shot, Path(scratch)))
        html = rendered(made, "dossier.html.j2", {**dossier.context, "printed": True, "fonts": _fonts()})
        fetcher = URLFetcher(allowed_protocols=("file", "data"))
        page = weasyprint.HTML(string=html, base_url=f"{scratch}/", url_fetcher=fetcher)
        page.write_pdf(temporary, pdf_variant=VARIANT)
    return target


def _printed(shot: Shot, folder: Path) -> str:
    """A picture as a JPEG in a folder, by name: letters and lines are drawn finely enough not to blur."""
    path = folder / f"{shot.name}.jpg"
    if isinstance(shot.drawn, Figure):
        shot.drawn.savefig(path, dpi=DPI, pil_kwargs={"quality": JPEG_QUALITY, "subsampling": 0})
    else:
        buffer = io.BytesIO()
        shot.drawn.save(buffer, format="JPEG", quality=JPEG_QUALITY)
        path.write_bytes(buffer.getvalue())
    return path.name


def _fonts() -> list[dict[str, str]]:
    """Faces of the font that comes with matplotlib, so that no machine's fonts decide how the pages break."""
    return [
        {
            "weight": weight,
            "style": style,
            "url": Path(
                font_manager.findfont(font_manager.FontProperties(family=OWN_FONT, weight=weight, style=style))
            ).as_uri(),
        }
        for weight in ("normal", "bold")
        for style in ("normal", "italic")
    ]
