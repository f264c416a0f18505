"""``sitewatch serve``: the page on which analysts look, compare and decide."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._shared import Screen, with_shared_options


@with_shared_options
def serve(
    screen: Screen,
    workspaces: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Workspaces; SITEWATCH_WORKSPACE or the folder you are in where none is given.",
            metavar="[WORKSPACE]...",
            envvar="SITEWATCH_WORKSPACE",
            show_envvar=False,
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; 0 for any that is free. By default 8710.", min=0, max=65535, show_default=False),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only say the address.")] = False,
    basemap: Annotated[
        str | None,
        typer.Option(
            help="Base map that browsers load: XYZ tiles (https://host/{z}/{x}/{y}.png) or a PMTiles file of pictures.",
            metavar="URL",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show workspaces in the browser: images through time, structures, reviews. For this machine alone.

    Example: [bold]sitewatch serve port --no-browser[/]
    """
    with session(screen) as terminal:
        from sitewatch.errors import WebError

        try:
            from sitewatch.web import Serving, serve
        except ModuleNotFoundError as error:
            raise WebError(
                f"the page needs a package that is not installed ({error.name})", hint="pip install 'sitewatch[web]'"
            ) from error

        def told(address: str) -> None:
            if terminal.as_json:
                terminal.print_json({"address": address})
            else:
                terminal.out.print(f"Serving {address}", markup=False, soft_wrap=True)
                terminal.say("Ctrl-C ends it.")

        with contextlib.suppress(KeyboardInterrupt):  # the way to end it, not a mishap
            serve(workspaces or [Path(".")], Serving(port=port, basemap=basemap), told=told, browse=not no_browser)
