"""Templates: those that come with sitewatch, and a user's own in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from sitewatch.assess import bottleneck_words
from sitewatch.errors import ExportError
from sitewatch.phrases import answer_words
from sitewatch.report._manifest import scene_file_name
from sitewatch.report._shots import Shot, page_source
from sitewatch.report._wording import area_words, length_words, sentence_about
from sitewatch.scenes._scene import Scene
from sitewatch.structure import Structure
from sitewatch.words import date_words, interval_words, upper_first

# A user's template may extend or include the one that it stands in for by this prefix.
BUILT_IN = "sitewatch"


def environment(
    templates: str | Path | None = None, *, source: Callable[[Shot], str] = page_source
) -> jinja2.Environment:
    """Templates, and the filters that put numbers and dates into words.

    Parameters
    ----------
    templates
        Folder whose files come before those of the same name here; ``sitewatch/dossier.html.j2`` still names ours.
    source
        What ``src`` makes of a picture: an address inside the page, or the name of a file beside it.

    Raises
    ------
    ExportError
        If the folder does not exist.
    """
    ours = jinja2.PackageLoader("sitewatch.report")
    loaders: list[jinja2.BaseLoader] = [ours, jinja2.PrefixLoader({BUILT_IN: ours})]
    if templates is not None:
        if not Path(templates).is_dir():
            raise ExportError(f"there is no folder of templates {templates}", hint="docs/report.md says what goes in.")
        loaders.insert(0, jinja2.FileSystemLoader(templates))
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), autoescape=lambda name: name is None or ".md" not in name,
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    made.filters.update(
        area=area_words, length_m=length_words, begun_cell=begun_cell, finished_cell=finished_cell, day=date_words,
        answer=answer_words, sentence=sentence_about, scene_time=scene_time, upper_first=upper_first,
        bottleneck=bottleneck_words, src=source, plain=plain_markdown, cell=markdown_cell,
        file_name=scene_file_name,
    )  # fmt: skip
    return made


def rendered(made: jinja2.Environment, name: str, context: Mapping[str, Any]) -> str:
    """A template filled in.

    Raises
    ------
    ExportError
        If the template, a user's own perhaps, has a fault; the text names it.
    """
    try:
        return made.get_template(name).render(context)
    except jinja2.TemplateSyntaxError as error:
        raise ExportError(
            f"the template {error.filename or name} has a fault in line {error.lineno} ({error.message})"
        ) from error
    except jinja2.TemplateError as error:
        raise ExportError(
            f"the template {name} can't be filled in ({error})", hint="docs/report.md lists what templates may name."
        ) from error


def begun_cell(structure: Structure) -> str:
    """When it was begun, for a table."""
    return upper_first(interval_words(structure.onset)) if structure.onset else "Not dated"


def finished_cell(structure: Structure) -> str:
    """When it was finished, for a table."""
    return upper_first(interval_words(structure.completion)) if structure.completion else "Not known to be complete"


def scene_time(scene: Scene) -> str:
    """Acquisition time, UTC; the date alone where the time of day isn't known."""
    day = scene.datetime.strftime("%Y-%m-%d")
    return f"{day} {scene.datetime:%H:%M:%S}" if scene.time_known else f"{day} (time of day unknown)"


def plain_markdown(text: object) -> str:
    """Text in which nothing is taken for Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in " ".join(str(text).split()))


def markdown_cell(text: object) -> str:
    """The same without the non-breaking spaces that tables of plain text have no use for."""
    return plain_markdown(str(text).replace("\u00a0", " "))
