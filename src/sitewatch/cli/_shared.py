"""Options that several commands share, written once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from sitewatch.pipeline import RunOptions
    from sitewatch.scenes import Hints

_IMAGES = "What the images don't say themselves"
_CHOICE = "Which images, how sure"
_SCREEN = "On the screen"


def read_day(text: str | None, option: str) -> dt.date | None:
    """The day that an option names; a usage error where it is none."""
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a day; write YYYY-MM-DD", param_hint=option) from error


@dataclasses.dataclass(frozen=True)
class ImageHints:
    """What the images don't say themselves."""

    date_pattern: Annotated[
        str | None,
        typer.Option(
            help="Where the date stands in the file names, e.g. '%Y%m%d' or 'S1_%Y-%m-%dT%H%M%S'.",
            rich_help_panel=_IMAGES,
            metavar="PATTERN",
        ),
    ] = None
    polarisation: Annotated[
        str | None,
        typer.Option(
            help="Polarisation of the bands, e.g. VV, or VV,VH for two bands.", rich_help_panel=_IMAGES, metavar="NAMES"
        ),
    ] = None
    units: Annotated[
        str | None,
        typer.Option(
            help="What pixels hold once scaled: linear (power), dB or amplitude.",
            rich_help_panel=_IMAGES,
            metavar="UNITS",
        ),
    ] = None
    scale: Annotated[
        float | None, typer.Option(help="value = pixel * scale + offset, read in UNITS.", rich_help_panel=_IMAGES)
    ] = None
    offset: Annotated[
        float | None, typer.Option(help="value = pixel * scale + offset, read in UNITS.", rich_help_panel=_IMAGES)
    ] = None
    nodata: Annotated[
        float | None, typer.Option(help="Pixel value that stands for no data.", rich_help_panel=_IMAGES)
    ] = None
    quantity: Annotated[
        str | None,
        typer.Option(
            help="What was measured: gamma0, sigma0 or beta0; of optical images 'surface reflectance' or "
            "'TOA reflectance'.",
            rich_help_panel=_IMAGES,
            metavar="NAME",
        ),
    ] = None
    track: Annotated[
        str | None,
        typer.Option(
            help="Viewing geometry of all images, e.g. sentinel-1-iw-137-descending.",
            rich_help_panel=_IMAGES,
            metavar="TRACK",
        ),
    ] = None
    dem: Annotated[
        str | None,
        typer.Option(
            help="Ground that images in radar geometry are laid on: a raster of heights, or one height in metres.",
            rich_help_panel=_IMAGES,
            metavar="FILE|HEIGHT",
        ),
    ] = None
    dem_datum: Annotated[
        str | None,
        typer.Option(
            help="What its heights are above: ellipsoid, egm2008, egm96, or the geoid's height in metres at the site.",
            rich_help_panel=_IMAGES,
            metavar="DATUM",
        ),
    ] = None

    def as_hints(self) -> Hints:
        """The same for `sitewatch.scenes`."""
        from sitewatch.errors import SceneError
        from sitewatch.scenes import Hints

        try:
            return Hints(**dataclasses.asdict(self))
        except SceneError as error:
            raise typer.BadParameter(f"{error.message}. {error.hint}".strip()) from error


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which of the images are used, and how sure a finding must be."""

    alpha: Annotated[
        float,
        typer.Option(
            help="Chance of a false confirmed structure at a site where nothing is built.",
            min=1e-12,
            max=0.499,
            metavar="P",
            rich_help_panel=_CHOICE,
        ),
    ] = 0.01
    false_rate: Annotated[
        float | None,
        typer.Option(
            help="Confirmed false structures allowed per km² and year, in place of --alpha.",
            min=1e-12,
            metavar="RATE",
            rich_help_panel=_CHOICE,
        ),
    ] = None
    only_track: Annotated[
        list[str] | None,
        typer.Option(
            help="Use this track only (repeat for several); `sitewatch inspect` names them.",
            rich_help_panel=_CHOICE,
            metavar="TRACK",
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(help="Leave out images before this day.", rich_help_panel=_CHOICE, metavar="YYYY-MM-DD"),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(help="Leave out images after this day.", rich_help_panel=_CHOICE, metavar="YYYY-MM-DD"),
    ] = None

    def as_options(self, hints: ImageHints) -> RunOptions:
        """The settings of a run."""
        from pydantic import ValidationError

        from sitewatch.pipeline import RunOptions

        try:
            return RunOptions(
                alpha=self.alpha,
                false_rate=self.false_rate,
                tracks=tuple(self.only_track or ()),
                since=self.since,  # type: ignore[arg-type]  # pydantic reads the date
                until=self.until,  # type: ignore[arg-type]
                hints=hints.as_hints(),
            )
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise typer.BadParameter(f"{first['input']!r}: {first['msg']}", param_hint=f"--{name}") from error


@dataclasses.dataclass(frozen=True)
class Screen:
    """How much is said, and to whom."""

    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the result as JSON on standard output.", rich_help_panel=_SCREEN),
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say only the result and errors.", rich_help_panel=_SCREEN)
    ] = False
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Say every note and every image left out.", rich_help_panel=_SCREEN),
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_SCREEN)] = (
        False
    )


_GROUPS = (ImageHints, Choice, Screen)


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Spread a command's parameters of type `ImageHints`, `Choice` and `Screen` into the options they hold.

    Typer has no groups of options; this spares every command the same twelve parameters.
    """
    spread: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if hints[name] in _GROUPS:
            groups[name] = hints[name]
            annotations = get_type_hints(hints[name], include_extras=True)
            spread += [
                inspect.Parameter(
                    field.name, parameter.KEYWORD_ONLY, default=field.default, annotation=annotations[field.name]
                )
                for field in dataclasses.fields(hints[name])
            ]
        else:
            spread.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[name]))

    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in dataclasses.fields(group)})
        command(**given)

    run.__name__, run.__doc__ = command.__name__, _unwrapped(inspect.getdoc(command) or "")
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in spread}
    run.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]
    return run


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each: the terminal breaks them where it is wide, not where the source is."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
