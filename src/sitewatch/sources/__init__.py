"""Sources: where scenes come from beyond the own disk.

`search_catalogue` lists what a catalogue (a STAC API or a static one, `find_profile`) has of an area; `plan_fetch` says
what it takes to bring the window of it that is needed, and `fetch_items` brings that into a folder that `open_scenes`
reads.
"""

from sitewatch.sources._area import read_area
from sitewatch.sources._fetch import fetch_items, plan_fetch
from sitewatch.sources._http import Http, Patience
from sitewatch.sources._plan import Fetched, FetchOptions, FetchPlan
from sitewatch.sources._profiles import Profile, find_profile, list_profiles
from sitewatch.sources._search import Found, Query, coverage, moment_of, search_catalogue

__all__ = [
    "FetchOptions",
    "FetchPlan",
    "Fetched",
    "Found",
    "Http",
    "Patience",
    "Profile",
    "Query",
    "coverage",
    "fetch_items",
    "find_profile",
    "list_profiles",
    "moment_of",
    "plan_fetch",
    "read_area",
    "search_catalogue",
]
