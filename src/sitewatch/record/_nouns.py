"""What comes out of the record: plain values, none of them tied to a database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from shapely.geometry.base import BaseGeometry

from sitewatch.errors import ReviewError
from sitewatch.finding import Finding
from sitewatch.structure import Structure


@dataclasses.dataclass(frozen=True)
class Revision:
    """What the record said of a structure from a moment on; the latest is what it says now.

    Attributes
    ----------
    id
        The structure's public name, such as ``SW-0007``: it never changes and is never used again.
    number
        1 for the first revision of a structure.
    made, by, why
        When, by whom and for which reason it came about.
    structure
        The structure with reviewed fields in force; its id is the public one.
    computed
        The structure as the latest run had it; the same object where no review says otherwise.
    reviewed
        Names of the fields in which what an analyst said is in force.
    found
        Whether the latest run by then found it.
    run
        Number of the run that this revision came from, else None.
    merged_into, split_from
        Public names of the structure that it has become a part of, and of the one it was a part of.
    """

    id: str
    number: int
    made: dt.datetime
    by: str
    why: str
    structure: Structure
    computed: Structure
    reviewed: tuple[str, ...] = ()
    found: bool = True
    run: int | None = None
    merged_into: str | None = None
    split_from: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it belongs to what is reported: found by the latest run or vouched for by an analyst, not merged."""
        return self.merged_into is None and (self.found or bool(self.reviewed))


@dataclasses.dataclass(frozen=True)
class ReviewEntry:
    """What an analyst said of a structure."""

    structure: str
    action: str
    at: dt.datetime
    by: str
    comment: str
    content: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class RunEntry:
    """One finished run: when, by whom, with what, and what came of it.

    Attributes
    ----------
    number
        Within the site, from 1 on.
    input_hash
        Of all that it rests on (`sitewatch.record.input_hash`): equal inputs have equal hashes.
    scenes
        How many were used.
    counts
        Structures by status.
    seconds
        Wall clock by stage.
    """

    number: int
    started: dt.datetime
    finished: dt.datetime
    by: str
    software_version: str
    command: str
    parameters: Mapping[str, Any]
    input_hash: str
    scenes: int
    counts: Mapping[str, int]
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    left_out: tuple[Mapping[str, Any], ...]


@dataclasses.dataclass(frozen=True)
class SceneEntry:
    """A scene that the record knows, whether a run has used it, and the STAC item that describes it."""

    id: str
    datetime: dt.datetime
    track: str
    footprint: BaseGeometry
    used: bool
    provenance: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Source:
    """Where scenes come from: a file, folder or catalogue, with what the user said of the images in it."""

    href: str
    hints: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Observation:
    """What one scene says of one structure: the fraction that stands, its standard deviation, the phase."""

    scene: str
    datetime: dt.datetime
    fraction: float
    sd: float
    phase: str | None
    run: int


@dataclasses.dataclass(frozen=True)
class ContextEvent:
    """Something reported about a site, with its source: a directive, a launch, a press report.

    `begins` and `ends` are the days it is reported for, None where the report has none.
    """

    name: str
    source: str
    begins: dt.date | None = None
    ends: dt.date | None = None
    geometry: BaseGeometry | None = None
    key: str = ""
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FindingRevision:
    """What the record said in one statement from a moment on; the latest is what it says now.

    Attributes
    ----------
    id
        The statement's public name, such as ``F-0007``: it never changes and is never used again.
    number
        1 for the first revision of a statement.
    made, by, why
        When, by whom and for which reason it came about.
    finding
        The statement in force.
    computed
        As the latest run has it; None where it no longer says so, and of an analyst's own.
    edited
        Whether an analyst's words are in force.
    struck
        Whether an analyst left it out.
    author, written
        Of what an analyst wrote, upheld or struck: who did, and when; empty where none did.
    changed
        How the evidence has changed since an analyst wrote, struck or upheld it, as clauses; empty where it has not.
    before
        What it said until this revision, where a run has reworded it; else empty.
    run
        Number of the run that this revision came from, else None.
    """

    id: str
    number: int
    made: dt.datetime
    by: str
    why: str
    finding: Finding
    computed: Finding | None
    edited: bool = False
    struck: bool = False
    author: str = ""
    written: dt.datetime | None = None
    changed: tuple[str, ...] = ()
    before: str = ""
    run: int | None = None

    @property
    def stands(self) -> bool:
        """Whether it belongs to what is reported: said by the latest run or by an analyst, and not struck."""
        return not self.struck and (self.computed is not None or self.edited)


@dataclasses.dataclass(frozen=True)
class Alert:
    """Something that somebody should hear of once; `key` tells it from all others of the site."""

    key: str
    kind: str
    text: str
    structure: str | None = None
    raised: dt.datetime | None = None
    content: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One attempt to tell somebody of an alert."""

    alert: str
    channel: str
    target: str
    attempt: int
    at: dt.datetime
    delivered: bool
    detail: str = ""


def public_id(number: int) -> str:
    """Name of a structure for people: ``SW-0007``."""
    return f"SW-{number:04d}"


def number_of(name: str) -> int:
    """Number of a structure from what a user writes: ``SW-0007``, ``sw-7`` or ``7``.

    Raises
    ------
    ReviewError
        If it is no such name.
    """
    match = re.fullmatch(r"(?:sw-?)?(\d{1,9})", name.strip(), re.IGNORECASE)
    if match is None:
        raise ReviewError(
            f"{name!r} is not the name of a structure", hint="Names look like SW-0007; `sitewatch structures` has them."
        )
    return int(match[1])


def finding_id(number: int) -> str:
    """Name of a statement for people: ``F-0007``."""
    return f"F-{number:04d}"


def finding_number(name: str) -> int:
    """Number of a statement from what a user writes: ``F-0007``, ``f7`` or ``7``.

    Raises
    ------
    ReviewError
        If it is no such name.
    """
    match = re.fullmatch(r"(?:f-?)?(\d{1,9})", name.strip(), re.IGNORECASE)
    if match is None:
        raise ReviewError(
            f"{name!r} is not the name of a finding", hint="Names look like F-0007; `sitewatch findings` has them."
        )
    return int(match[1])
