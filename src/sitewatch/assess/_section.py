"""What a dossier and a terminal show of a site's transport network: one call, one value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from sitewatch.assess._changes import what_changed
from sitewatch.assess._limits import DIMENSIONS, Dimension
from sitewatch.assess._network import links_of, transport_network
from sitewatch.assess._nouns import Link, Place, PlaceChange
from sitewatch.assess._wording import link_findings
from sitewatch.errors import SiteError
from sitewatch.finding import Finding
from sitewatch.site import Site
from sitewatch.structure import Structure


@dataclasses.dataclass(frozen=True)
class WhatItChanges:
    """What the works at a site change.

    Attributes
    ----------
    places, links
        Of the network.
    changes
        What could reach each facility before, and what can now.
    findings
        The same in sentences.
    assumptions
        Of all findings, each once.
    notes
        What of the site file could not be used, and why.
    """

    places: tuple[Place, ...] = ()
    links: tuple[Link, ...] = ()
    changes: tuple[PlaceChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions of which something is known."""
        return tuple(
            name
            for name in DIMENSIONS
            if any(one.of(name).at_most not in (0.0, math.inf) for c in self.changes for one in (c.before, c.after))
        )


def what_it_changes(site: Site, structures: Sequence[Structure]) -> WhatItChanges:
    """Assess a site's transport network.

    Raises
    ------
    SiteError
        The site file has a value that can't be understood.
    """
    network = transport_network(site, structures)
    changes = what_changed(network)
    findings = link_findings(changes, network, structures) if network.number_of_edges() else ()
    sentences = [one for finding in findings for one in finding.assumptions]
    return WhatItChanges(
        places=tuple(place for _, place in network.nodes(data="place")),
        links=links_of(network),
        changes=changes,
        findings=findings,
        # Where they come last, so that those which hold for all stand at the end.
        assumptions=tuple(reversed(dict.fromkeys(reversed(sentences)))),
        notes=network.graph["notes"],
    )


def what_it_changes_or_why_not(site: Site, structures: Sequence[Structure]) -> WhatItChanges:
    """The same for a report, which a fault in the site file's links must not stop: the fault becomes a note."""
    try:
        return what_it_changes(site, structures)
    except SiteError as error:
        return WhatItChanges(notes=(f"{error}",))
