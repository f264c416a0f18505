"""Scenes with known truth, and what could be seen: simulation for tests, the demo and power analysis.

`simulate_coast` draws a coast where things are built among ships, tides and weather; `write_scenario` puts it on disk
as scenes, a site and the truth. `smallest_detectable` maps, for a real or simulated stack, how large a lasting change
must be to be seen; `inject`, `inject_steady` and `verify_power` put such changes into the stack and count what a
detector finds.
"""

from sitewatch.simulate._area import Built, write_area
from sitewatch.simulate._detectable import SOUGHT
from sitewatch.simulate._information import gamma_divergence
from sitewatch.simulate._inject import inject, inject_steady, verify_power
from sitewatch.simulate._lookalikes import LOOKALIKES, simulate_lookalike
from sitewatch.simulate._power import CONTRASTS_DB, smallest_detectable
from sitewatch.simulate._scenario import Acquisitions, Scenario, demo_scenario, revisit_dates, simulate_coast
from sitewatch.simulate._speckle import speckle
from sitewatch.simulate._survey import Survey, survey_scatter
from sitewatch.simulate._truth import NotConstruction, Work
from sitewatch.simulate._view import ASCENDING, DESCENDING, View, single_views
from sitewatch.simulate._write import write_scenario

__all__ = [
    "ASCENDING",
    "CONTRASTS_DB",
    "DESCENDING",
    "LOOKALIKES",
    "SOUGHT",
    "Acquisitions",
    "Built",
    "NotConstruction",
    "Scenario",
    "Survey",
    "View",
    "Work",
    "demo_scenario",
    "gamma_divergence",
    "inject",
    "inject_steady",
    "revisit_dates",
    "simulate_coast",
    "simulate_lookalike",
    "single_views",
    "smallest_detectable",
    "speckle",
    "survey_scatter",
    "verify_power",
    "write_area",
    "write_scenario",
]
