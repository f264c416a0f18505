"""The web app: an HTTP API over workspaces and their record, map tiles, and the page that analysts work in.

`make_app` gives the application (FastAPI) and `serve` runs it. Numbers and words come from the record and the stages
before; nothing is computed here that a run computes. What is written goes through `sitewatch.record.review`.
"""

from sitewatch.web._app import make_app
from sitewatch.web._serve import Serving, serve

__all__ = ["Serving", "make_app", "serve"]
