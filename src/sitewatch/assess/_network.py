"""The transport network of a site as a graph."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import networkx as nx

from sitewatch.assess._limits import Opening
from sitewatch.assess._nouns import Link, Place
from sitewatch.assess._opening import find_dependency, last_seen, opening_by, opening_in_file
from sitewatch.assess._read import read_interval, read_links, read_places
from sitewatch.errors import SiteError
from sitewatch.site import Site
from sitewatch.structure import Structure
from sitewatch.words import interval_words


def transport_network(site: Site, structures: Sequence[Structure]) -> nx.MultiDiGraph:
    """Build the transport network of a site.

    Parameters
    ----------
    site
        Its facilities are the places, its links the ways between them; docs/assess.md has their properties.
    structures
        What was found, of any status: what depends on a structure can be used from its completion on.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are ids of places (attribute `place`); edges have a `Link` as attribute `link` and its id as key, and
        one for each direction in which it leads. Graph attributes: `notes` (tuple of str: links left out, and why),
        `assumptions` (tuple of str: how structures were told), `as_of` (date of the last image of any structure, or
        None).

    Raises
    ------
    SiteError
        The site file has a value that can't be understood, or links and no facility with ``"outside": true``.
    """
    places = {place.id: place for place in read_places(site)}
    links, notes = read_links(site, places)
    if links and not any(place.outside for place in places.values()):
        raise SiteError(
            "no facility of the site file is outside, so there is nowhere that loads come from",
            hint='Give the open sea or the railway beyond the site "outside": true.',
        )
    days = [day for day in map(last_seen, structures) if day]
    network = nx.MultiDiGraph(notes=tuple(notes), as_of=max(days, default=None))
    network.add_nodes_from((one.id, {"place": one}) for one in places.values())
    assumptions: list[str] = []
    for link, feature in links:
        since, until = (read_interval(feature, name) for name in ("available_from", "available_until"))
        opening = opening_in_file(since, until)
        why = "; ".join(
            [
                *([f"open from {interval_words(since)}, says the site file"] if since else []),
                *([f"closed from {interval_words(until)}, says the site file"] if until else []),
            ]
        )
        whole = dataclasses.replace(link, opening=opening, why=why)
        if link.depends_on:
            whole, told = _with_dependency(whole, site, structures)
            assumptions += [told] if told else []
        add_link(network, whole)
    network.graph["assumptions"] = tuple(dict.fromkeys(assumptions))
    return network


def add_link(network: nx.MultiDiGraph, link: Link) -> None:
    """Add a link between two places of a network, in each direction in which it leads."""
    network.add_edge(link.start, link.end, key=link.id, link=link)
    if not link.one_way:
        network.add_edge(link.end, link.start, key=link.id, link=link)


def place_in(network: nx.MultiDiGraph, facility: str) -> Place:
    """The place of that id or name.

    Raises
    ------
    SiteError
        There is none, or several have that name.
    """
    if facility in network:
        one: Place = network.nodes[facility]["place"]
        return one
    named: list[Place] = [place for _, place in network.nodes(data="place") if place.name == facility]
    if len(named) != 1:
        what = f"{len(named)} facilities are" if named else "no facility is"
        raise SiteError(f"{what} called {facility!r}", hint=f"They are: {', '.join(network.nodes) or 'none'}.")
    return named[0]


def links_of(network: nx.MultiDiGraph) -> tuple[Link, ...]:
    """Every link once, in the order in which they were added."""
    return tuple({link.id: link for _, _, link in network.edges(data="link")}.values())


def turns_of(network: nx.MultiDiGraph) -> tuple[dt.date, ...]:
    """First days on which something in the network may be different from the day before, in order."""
    return tuple(sorted({day for link in links_of(network) for day in link.opening.turns}))


def _with_dependency(link: Link, site: Site, structures: Sequence[Structure]) -> tuple[Link, str]:
    structure, told = find_dependency(link.depends_on or "", site, structures)
    if structure is None:
        missing = f"no structure {link.depends_on} is in the record"
        opening, why = Opening(sure_from=None), missing
    else:
        opening, why = opening_by(structure)
    clauses = "; ".join(clause for clause in (why, link.why) if clause)
    name = structure.id if structure else link.depends_on
    return dataclasses.replace(link, depends_on=name, opening=link.opening.and_also(opening), why=clauses), told
