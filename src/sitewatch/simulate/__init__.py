"""Scenes with known truth, and what could be seen: simulation for tests, the demo and power analysis.

`simulate_coast` draws a coast where things are built among ships, tides and weather; `write_scenario` puts it on disk
as scenes, a site and the truth.
"""

from sitewatch.simulate._scenario import (
    Acquisitions,
    NotConstruction,
    Scenario,
    Work,
    demo_scenario,
    revisit_dates,
    simulate_coast,
)
from sitewatch.simulate._speckle import speckle
from sitewatch.simulate._view import ASCENDING, DESCENDING, View
from sitewatch.simulate._write import write_scenario

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "Acquisitions",
    "NotConstruction",
    "Scenario",
    "View",
    "Work",
    "demo_scenario",
    "revisit_dates",
    "simulate_coast",
    "speckle",
    "write_scenario",
]
