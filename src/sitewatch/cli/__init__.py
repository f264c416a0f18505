"""The ``sitewatch`` command: words on a terminal around the same functions that Python users call.

Modules here import the raster stack only inside the commands, so that ``sitewatch --help`` answers at once.
"""

from sitewatch.cli._app import app, main, run_process

__all__ = ["app", "main", "run_process"]
