"""Findings as the dossier shows them: in groups, each with what it rests on as links."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from sitewatch.phrases import kind_words
from sitewatch.record import FindingRevision
from sitewatch.scenes._scene import Scene
from sitewatch.structure import Structure
from sitewatch.words import date_words, upper_first


@dataclasses.dataclass(frozen=True)
class Statement:
    """One finding.

    Attributes
    ----------
    revision
        As the record has it.
    images
        Runs of the images below it: words such as ``6 to 16`` and the number of the first, by which it is linked.
    author
        Who wrote the words in force, and when; empty where a run did.
    flag
        How the evidence has changed since an analyst wrote it; empty where it has not.
    reworded
        What it said before the latest run; empty where it says the same.
    """

    revision: FindingRevision
    images: tuple[tuple[str, int], ...]
    author: str
    flag: str
    reworded: str


@dataclasses.dataclass(frozen=True)
class Group:
    """Findings on one matter, under a heading."""

    title: str
    statements: tuple[Statement, ...]
    folded: bool = False


def finding_groups(
    findings: Sequence[FindingRevision],
    structures: Sequence[Structure],
    labels: Mapping[str, str],
    scenes: Sequence[Scene],
    run: int | None,
) -> list[Group]:
    """Group what is stated; what the works change stands in a section of its own (`link_statements`).

    Parameters
    ----------
    findings
        In the order in which they are read; those that don't stand are left out.
    structures, labels
        In the order of the dossier, and the number of each.
    scenes
        In the order of the table of scenes, whose numbers the statements name.
    run
        Number of the latest run, whose rewordings are told.
    """
    shown = [one for one in findings if one.stands]
    make = _maker(scenes, run)

    def those(wanted: Callable[[FindingRevision], bool]) -> tuple[Statement, ...]:
        return tuple(make(one) for one in shown if wanted(one))

    groups = []
    rejected: tuple[Statement, ...] = ()
    for structure in structures:
        of_it = those(lambda one, about=structure.id: _about(one, about))  # type: ignore[misc]
        if structure.status == "rejected":
            rejected += of_it
            continue
        what = kind_words(structure) if structure.status == "confirmed" else "a candidate"
        groups.append(Group(f"{labels[structure.id]}. {upper_first(what)} ({structure.id})", of_it))
    known = {structure.id for structure in structures}
    groups += [
        Group("What was not found", those(lambda one: _begins(one, "site/", "facility/"))),
        Group("What others report", those(lambda one: _begins(one, "event/"))),
        Group("Added by analysts", those(lambda one: _begins(one, "analyst/") and _owner(one) not in known)),
        Group("What could not be seen", those(lambda one: _begins(one, "limits/"))),
        Group("Rejected detections", rejected, folded=True),
    ]
    return [group for group in groups if group.statements]


def link_statements(findings: Sequence[FindingRevision], scenes: Sequence[Scene], run: int | None) -> list[Statement]:
    """What is stated of the site's transport network."""
    make = _maker(scenes, run)
    return [make(one) for one in findings if one.stands and _begins(one, "links/")]


def _maker(scenes: Sequence[Scene], run: int | None) -> Callable[[FindingRevision], Statement]:
    numbers = {scene.id: number for number, scene in enumerate(scenes, start=1)}

    def make(one: FindingRevision) -> Statement:
        of_it = sorted({numbers[scene] for scene in one.finding.scenes if scene in numbers})
        return Statement(
            revision=one,
            images=tuple(_runs_of(of_it)),
            author=f"{one.author}, {date_words(one.written.date())}" if one.edited and one.written else "",
            flag="; ".join(one.changed) if one.edited else "",
            reworded=one.before if run is not None and one.run == run else "",
        )

    return make


def _about(one: FindingRevision, structure: str) -> bool:
    return one.finding.key.startswith(f"{structure}/") or (_begins(one, "analyst/") and _owner(one) == structure)


def _owner(one: FindingRevision) -> str | None:
    """The structure under which an analyst's own statement stands: the first that it names."""
    return one.finding.structures[0] if one.finding.structures else None


def _begins(one: FindingRevision, *starts: str) -> bool:
    return one.finding.key.startswith(starts)


def _runs_of(numbers: Sequence[int]) -> list[tuple[str, int]]:
    """Numbers in a row as one: 1, 2, 3, 5 are ``1 to 3`` and ``5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [(str(a) if a == b else f"{a}{' and ' if b == a + 1 else ' to '}{b}", a) for a, b in runs]
