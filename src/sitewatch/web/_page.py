"""The page itself, as `make web` built it; a plain word where it was not built."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

BUILT = Path(__file__).parent / "static"

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>sitewatch: the page is not built</title>
<h1>The page is not built yet</h1>
<p>This is sitewatch from a checkout, which holds the page as source. Build it once, with Node 20 and npm:</p>
<pre>make web</pre>
<p>then load this address again. A sitewatch installed from a wheel has the page built in.</p>
<p>The programming interface is here already: <a href="/api/sites">/api/sites</a>, <a href="/ogc">/ogc</a>,
<a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""


class _Assets(StaticFiles):
    """Files whose names carry a hash of what is in them: browsers may keep them for good."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """A file, to be kept."""
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def is_built(folder: Path = BUILT) -> bool:
    """Whether `make web` was run here."""
    return (folder / "index.html").is_file()


def add_page(app: FastAPI, folder: Path = BUILT) -> None:
    """Serve the page at ``/``; where it is not built, say how it is."""

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        if not is_built(folder):
            return HTMLResponse(_NOT_BUILT, status_code=503)
        return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    if (folder / "assets").is_dir():
        app.mount("/assets", _Assets(directory=folder / "assets"), name="assets")
