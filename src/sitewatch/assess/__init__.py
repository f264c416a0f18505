"""What the works at a site change: its transport network, what can reach which facility, since when and by which route.

`transport_network` builds the network from the site file and the structures; `can_reach`, `largest_load` and
`what_changed` ask it; `link_findings` puts the answers into sentences. Answers are yes, no or unknown, and what is not
known stays unknown.
"""

from sitewatch.assess._answers import can_reach, largest_load
from sitewatch.assess._changes import what_changed
from sitewatch.assess._limits import DIMENSIONS, UNLIMITED, Limits, Load, Opening
from sitewatch.assess._network import add_link, transport_network
from sitewatch.assess._nouns import Answer, Bottleneck, LargestLoad, Link, Place, PlaceChange, Since, Step
from sitewatch.assess._section import WhatItChanges, what_it_changes, what_it_changes_or_why_not
from sitewatch.assess._wording import bottleneck_words, link_findings, since_words
from sitewatch.assess._words import SIZE_NAMES, limits_words, route_words
from sitewatch.finding import Finding, likelihood_term

__all__ = [
    "DIMENSIONS",
    "SIZE_NAMES",
    "UNLIMITED",
    "Answer",
    "Bottleneck",
    "Finding",
    "LargestLoad",
    "Limits",
    "Link",
    "Load",
    "Opening",
    "Place",
    "PlaceChange",
    "Since",
    "Step",
    "WhatItChanges",
    "add_link",
    "bottleneck_words",
    "can_reach",
    "largest_load",
    "likelihood_term",
    "limits_words",
    "link_findings",
    "route_words",
    "since_words",
    "transport_network",
    "what_changed",
    "what_it_changes",
    "what_it_changes_or_why_not",
]
