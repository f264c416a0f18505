"""A dossier against the same run done anew: structures, findings, and every line of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sitewatch.finding import Finding
from sitewatch.findings import site_findings
from sitewatch.pipeline._steps import RunResult, report
from sitewatch.record import (
    FindingRevision,
    Recomputed,
    Record,
    Revision,
    SceneFile,
    Workspace,
    finding_revisions_numbered,
    known_files,
    list_events,
    list_reviews,
    recomputed,
    revisions_numbered,
    scene_jobs,
    standing,
    to_feature,
)
from sitewatch.report import Provenance, ReadDossier, read_dossier
from sitewatch.stack import Stacks

_NUMBER = re.compile(r"\d[\d,.]*")
_NOT_OF_IMAGES = re.compile(r"^event/|/review \d")
"""Keys of findings that may have come since: what was reported, and what analysts said."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Something that does not come out as it was: where, and both in words; empty where one side lacks it."""

    where: str
    then: str
    now: str


def dossier_again(
    record: Record, workspace: Workspace, read: ReadDossier, result: RunResult, stacks: Stacks, path: Path
) -> tuple[tuple[Difference, ...], int]:
    """Write a dossier again from a run done anew, and compare it with the one that was read.

    Parameters
    ----------
    read
        The dossier as it is.
    result, stacks
        What the same images and parameters give now.
    path
        Where to write the dossier that it should be.

    Returns
    -------
    differences
        Of structures (what the record says against what comes out), of findings, and of the dossier's lines.
    numbers
        How many numbers were compared.
    """
    m, uid = read.manifest, workspace.uid
    revisions = revisions_numbered(record, uid, m["structures"])
    again = recomputed(revisions, result.structures)
    result = dataclasses.replace(result, structures=standing(again.revisions), run=int(m["run"]))
    stated = finding_revisions_numbered(record, uid, m["findings"])
    made = _moment(m["finished"])
    now = site_findings(
        workspace.site,
        again.revisions,
        result.scenes,
        detectable=result.detectable,
        events=list_events(record, uid),
        reviews=[one for one in list_reviews(record, uid) if made is None or one.at <= made],
    )
    findings, of_findings = _findings_again(stated, now)
    described = [describe() for describe in scene_jobs(result.scenes, known_files(record, uid))]
    provenance = _provenance(m, result, stacks, {one.id: one.files for one in described})
    of_structures, numbers = _structures(revisions, again)
    if not m.get("computed", True):
        # `sitewatch report` has of a run what the record kept of it, so that its notes are others.
        return (*of_structures, *of_findings), numbers
    report(path, result, stacks, provenance, findings)
    of_lines = _lines(read.lines, read_dossier(path).lines)
    return (*of_structures, *of_findings, *of_lines), numbers + sum(len(_NUMBER.findall(one)) for one in read.lines)


def _provenance(
    m: Mapping[str, Any], result: RunResult, stacks: Stacks, files: Mapping[str, tuple[SceneFile, ...]]
) -> Provenance:
    """As the dossier has it, but for what was computed and read again."""
    return Provenance(
        version=m["version"], command=m["command"], parameters=m["parameters"], started=_moment(m["started"]),
        finished=_moment(m["finished"]), notes=stacks.notes, detectable=result.detectable, run=m["run"],
        input_hash=m["input_hash"], workspace=m["workspace"], files=files, structures=m["structures"],
        findings=m["findings"],
    )  # fmt: skip


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _structures(revisions: Sequence[Revision], again: Recomputed) -> tuple[list[Difference], int]:
    """What the record says of each structure as computed, against what comes out now."""
    out = [Difference(name, "found", "not found") for name in again.lost]
    out += [Difference(f"a {one.kind} at {one.footprint.centroid.wkt}", "not found", "found") for one in again.extra]
    numbers = 0
    for then, now in zip(revisions, again.revisions, strict=True):
        a, b = (to_feature(one.computed) for one in (then, now))
        facts = {**a["properties"], "outline": a["geometry"]}
        values = {**b["properties"], "outline": b["geometry"]}
        numbers += sum(len(_NUMBER.findall(str(value))) for value in facts.values())
        out += [
            Difference(f"{then.id}, {name}", _short(facts.get(name)), _short(values.get(name)))
            for name in dict.fromkeys([*facts, *values])
            if facts.get(name) != values.get(name)
        ]
    return out, numbers


def _findings_again(
    stated: Sequence[FindingRevision], now: Sequence[Finding]
) -> tuple[tuple[FindingRevision, ...], list[Difference]]:
    """The findings that the dossier should show, and where what a run states comes out otherwise."""
    fresh = {one.key: one for one in now}
    out, shown = [], []
    for one in stated:
        new = fresh.get(one.finding.key)
        if one.computed is None:
            shown.append(one)
            continue
        if new is None or new.text != one.computed.text or new.confidence != one.computed.confidence:
            words = f"{new.text} {new.confidence}".strip() if new else ""
            out.append(Difference(one.id, f"{one.computed.text} {one.computed.confidence}".strip(), words))
        if one.edited or one.struck:
            shown.append(one)
        elif new is not None:
            shown.append(dataclasses.replace(one, finding=new, computed=new))
    known = {one.finding.key for one in stated}
    out += [
        Difference("a finding", "", one.text)
        for one in now
        if one.key not in known and not _NOT_OF_IMAGES.search(one.key)
    ]
    return tuple(shown), out


def _lines(then: Sequence[str], now: Sequence[str]) -> list[Difference]:
    """Lines of the dossier that come out otherwise."""
    matcher = difflib.SequenceMatcher(None, then, now, autojunk=False)
    out = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        for place in range(max(b - a, d - c)):
            old = then[a + place] if a + place < b else ""
            new = now[c + place] if c + place < d else ""
            out.append(Difference(f"line {min(a + place, len(then) - 1) + 1} of the dossier", old, new))
    return out


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."
