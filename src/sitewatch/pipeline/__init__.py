"""The stages in a row: from a site and a pile of images to a workspace with record, structures and dossier.

`run_site` does the main job in one call; `init_site`, `add_images` and `update_site` follow a site over time;
`export_site` and `import_site` carry one elsewhere; `survey_area` does an area of any size tile by tile;
`date_polygon` dates a footprint that was drawn; `map_power` says what could have been seen; `report_site` writes
the report of a workspace in any form; `verify_dossier` says whether a dossier comes out again; `find_upto` says
what an `Archive` showed by a day. The command line is a thin shell over these. Anything more particular is done
with the stages themselves, see ``docs/python.md``.
"""

from sitewatch.pipeline._archive import export_site, import_site
from sitewatch.pipeline._compare import Difference
from sitewatch.pipeline._date import date_polygon
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._power import PowerResult, map_power
from sitewatch.pipeline._replay import Archive, find_upto, open_archive
from sitewatch.pipeline._report import FORMS, report_site
from sitewatch.pipeline._run import run_site
from sitewatch.pipeline._steps import RunResult
from sitewatch.pipeline._survey import survey_area
from sitewatch.pipeline._update import Added, UpdateResult, add_images, init_site, update_site
from sitewatch.pipeline._verify import FileFault, Verification, verify_dossier

__all__ = [
    "FORMS",
    "Added",
    "Archive",
    "Difference",
    "FileFault",
    "PowerResult",
    "RunOptions",
    "RunResult",
    "UpdateResult",
    "Verification",
    "add_images",
    "date_polygon",
    "export_site",
    "find_upto",
    "import_site",
    "init_site",
    "map_power",
    "open_archive",
    "report_site",
    "run_site",
    "survey_area",
    "update_site",
    "verify_dossier",
]
