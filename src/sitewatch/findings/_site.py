"""All that is stated of a site, in the order in which it is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from sitewatch.assess import what_it_changes_or_why_not
from sitewatch.finding import Finding
from sitewatch.findings._limits import limit_findings
from sitewatch.findings._place import negative_findings
from sitewatch.findings._reported import event_findings, review_findings
from sitewatch.findings._structure import structure_findings
from sitewatch.record import ContextEvent, ReviewEntry, Revision, standing
from sitewatch.scenes import Scene
from sitewatch.site import Site
from sitewatch.sought import Detectable


def site_findings(
    site: Site,
    revisions: Sequence[Revision],
    scenes: Sequence[Scene],
    *,
    detectable: Sequence[Detectable] = (),
    events: Sequence[ContextEvent] = (),
    reviews: Sequence[ReviewEntry] = (),
) -> tuple[Finding, ...]:
    """State what the record says of a site.

    Parameters
    ----------
    site
        The place, with the facilities and links that its file names.
    revisions
        The latest of every structure that the record knows; those that stand are spoken of.
    scenes
        All images used.
    detectable
        The smallest structure of each kind that they would have shown.
    events
        What was reported of the site.
    reviews
        What analysts said of its structures.

    Returns
    -------
    tuple of Finding
        Structure by structure, confirmed ones first; then what was not found, what the works change, what others
        report, and what could not be seen. No two have one `Finding.key`.
    """
    structures = standing(revisions)
    by_id = {one.id: one for one in revisions}

    def of_structures() -> Iterator[Finding]:
        for structure in structures:
            yield from structure_findings(structure, scenes)
            yield from review_findings(by_id[structure.id], reviews)

    links = what_it_changes_or_why_not(site, structures).findings if site.links else ()
    return _apart(
        [
            *of_structures(),
            *negative_findings(site, structures, scenes, detectable),
            *links,
            *event_findings(events, structures),
            *limit_findings(site, scenes, detectable),
        ]
    )


def _apart(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same with a number behind each key that an earlier one has."""
    met: dict[str, int] = {}
    out = []
    for one in findings:
        met[one.key] = met.get(one.key, 0) + 1
        out.append(one if met[one.key] == 1 else dataclasses.replace(one, key=f"{one.key} ({met[one.key]})"))
    return tuple(out)
