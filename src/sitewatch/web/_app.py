"""The application: routes, guard, and errors in words."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from sitewatch import __version__
from sitewatch.errors import BusyError, ReviewError, SitewatchError, StaleError, WebError
from sitewatch.record import Workspace
from sitewatch.web import _events, _features, _series, _sites, _structures, _tiles
from sitewatch.web._desk import Desk
from sitewatch.web._guard import LOOPBACK, Guard, policy_of
from sitewatch.web._page import BUILT, add_page

_ABOUT = """What sitewatch found at the sites served here, the images that show it, and what analysts say of it.

Reviews need the header `If-Match` with the revision that the reviewer saw (the structure's ETag); where somebody was
faster, the answer is 409 and nothing is entered. Errors are JSON: `error` says what happened, `hint` what to do.
"""


def make_app(
    workspaces: Sequence[Workspace],
    *,
    basemap: str | None = None,
    hosts: Sequence[str] = LOOPBACK,
    page: Path = BUILT,
) -> FastAPI:
    """The web app over some workspaces.

    Parameters
    ----------
    workspaces
        Each becomes a site; their sites' ids must differ.
    basemap
        Address of XYZ tiles (with ``{z}``, ``{x}``, ``{y}``) or of a PMTiles file that browsers may load; none where
        None, and then nothing is asked of any other machine.
    hosts
        Names under which the server answers.
    page
        Folder of the built page.

    Raises
    ------
    WebError
        If two workspaces have one name, or the base map is no address of one.
    """
    desks = {workspace.site.id: Desk(workspace) for workspace in workspaces}
    if len(desks) < len(workspaces):
        raise WebError("two of the workspaces are of sites with the same name", hint="Serve them apart.")

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.closing.set()
        app.state.updates.stop()

    app = FastAPI(
        title="sitewatch", version=__version__, description=_ABOUT, lifespan=life, docs_url=None, redoc_url=None
    )
    app.state.desks = desks
    app.state.basemap = basemap
    app.state.updates = _events.Updates()
    app.state.closing = threading.Event()
    for part in (_sites, _structures, _series, _tiles, _events, _features):
        app.include_router(part.router)
    add_page(app, page)
    app.add_exception_handler(SitewatchError, _in_words)
    app.add_exception_handler(HTTPException, _as_error)
    app.add_exception_handler(RequestValidationError, _as_advice)
    app.add_middleware(_Squeezed)
    app.add_middleware(Guard, hosts=hosts, policy=policy_of(basemap))
    return app


class _Squeezed:
    """Answers are compressed, but for tiles, which are already."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._squeezed = GZipMiddleware(app, minimum_size=1000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = scope["type"] != "http" or scope["path"].endswith(".png")
        await (self._plain if plain else self._squeezed)(scope, receive, send)


def _in_words(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SitewatchError)
    codes = ((StaleError, 409), (ReviewError, 422), (BusyError, 409))
    code = next((code for kind, code in codes if isinstance(error, kind)), 503)
    return JSONResponse({"error": error.message, "hint": error.hint}, status_code=code)


def _as_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": str(error.detail)}, status_code=error.status_code, headers=error.headers)


def _as_advice(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return JSONResponse({"error": f"the request can't be understood ({said})"}, status_code=422)
