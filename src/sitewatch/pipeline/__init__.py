"""The stages in a row: from a site and a pile of images to a workspace with structures and dossier.

`run_site` reads as the pipeline, a line a stage; `date_polygon` dates a footprint that was drawn; `map_power` says what
could have been seen. The command line is a thin shell over these. Anything more particular is done with the stages
themselves, see ``docs/python.md``.
"""

from sitewatch.pipeline._date import date_polygon
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._power import PowerResult, map_power
from sitewatch.pipeline._run import run_site
from sitewatch.pipeline._steps import RunResult

__all__ = ["PowerResult", "RunOptions", "RunResult", "date_polygon", "map_power", "run_site"]
