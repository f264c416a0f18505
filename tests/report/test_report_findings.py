"""The dossier's findings and what it says of its own making."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from sitewatch.errors import VerifyError
from sitewatch.finding import Finding
from sitewatch.record import FindingRevision, SceneFile
from sitewatch.report import Provenance, read_dossier, write_dossier

SIZE = Finding(
    "measured", "pier-1 is about 250 m (sd 12 m) long.", structures=("pier-1",),
    scenes=tuple(f"scene-{i}" for i in (2, 5, 6, 7, 9, 10)), key="pier-1/size",
)  # fmt: skip
KIND = Finding(
    "assessed", "It is likely that pier-1 is a pier.", "likely", "Confidence is low: one image.", ("pier-1",),
    key="pier-1/kind", assumptions=("Nothing else stands there.",),
)  # fmt: skip
NONE = Finding("observed", "No sign of construction at <b>the pad</b> in 12 images.", key="facility/pad/no sign")
GAP = Finding("observed", "The longest time without an image is 12 days.", key="limits/gaps")
EVENT = Finding("reported", "Someone saw a crane.", source="a gazette", key="event/crane")
REJECTED = Finding("observed", "What changed at moored is not counted.", structures=("moored",), key="moored/rejected")
LINK = Finding("assessed", "Whether the road can be used is not known.", key="links/road/not open")


def revision(number: int, finding: Finding, **changes: Any) -> FindingRevision:
    made = dt.datetime(2025, 7, 9, 8, 0, tzinfo=dt.UTC)
    one = FindingRevision(f"F-{number:04d}", 1, made, "ann", "why", finding, finding, run=2)
    return dataclasses.replace(one, **changes)


def page(case: Any, folder: Path, *findings: FindingRevision, **changes: object) -> str:
    inputs = {f.name: getattr(case, f.name) for f in dataclasses.fields(case)} | {"stacks": ()} | changes
    path = write_dossier(folder / "dossier.html", **inputs, findings=findings)  # type: ignore[arg-type]
    return path.read_text(encoding="utf-8")


def section(html: str, name: str) -> str:
    return html[html.index(f'<section id="{name}"') :].split("</section>")[0]


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_each_finding_stands_in_its_group_with_its_kind_and_what_it_rests_on(case: Any, tmp_path: Path) -> None:
    given = [SIZE, KIND, NONE, EVENT, GAP, REJECTED]
    html = page(case, tmp_path, *(revision(i, one) for i, one in enumerate(given, start=1)))
    part = section(html, "findings")
    words = words_of(part)
    heads = [words_of(one) for one in re.findall(r"<h3>.*?</h3>|<summary>.*?</summary>", part)]
    assert heads == [
        "1. A pier (pier-1)", "What was not found", "What others report", "What could not be seen",
        "Rejected detections: 1",
    ]  # fmt: skip
    assert "measured pier-1 is about 250 m (sd 12 m) long." in words
    assert "assessed It is likely that pier-1 is a pier. Confidence is low: one image. Nothing else stands" in words
    assert "F-0001 · No. 1 · images 3 , 6 to 8 , 10 and 11" in words
    assert "F-0004 · source: a gazette" in words
    assert "&lt;b&gt;the pad&lt;/b&gt;" in part
    targets = re.findall(r'href="#([\w-]+)"', part)
    assert {"structure-1", "scene-3", "scene-6", "scene-10"} <= set(targets)
    assert all(html.count(f'id="{target}"') == 1 for target in targets)
    assert '<a href="#findings">' in html


def test_what_does_not_stand_is_not_shown_and_without_findings_there_is_no_section(case: Any, tmp_path: Path) -> None:
    assert 'id="findings"' not in page(case, tmp_path)
    html = page(case, tmp_path, revision(1, SIZE, struck=True), revision(2, KIND, computed=None), revision(3, GAP))
    assert "250 m (sd 12 m) long." not in section(html, "findings")
    assert KIND.text not in html


def test_what_rests_on_changed_evidence_is_flagged_and_rewordings_are_told(case: Any, tmp_path: Path) -> None:
    wrote: dict[str, Any] = {"edited": True, "author": "ann", "written": dt.datetime(2025, 7, 9, tzinfo=dt.UTC)}
    flagged = revision(1, SIZE, **wrote, by="sitewatch 0.1.0", changed=("length: was 250 m, is 260 m",))
    mine = revision(2, KIND, **wrote, computed=dataclasses.replace(KIND, text="It is likely that it is a quay."))
    reworded = revision(3, GAP, before="The longest time without an image is 6 days.")
    provenance = dataclasses.replace(case.provenance, run=2)
    words = words_of(section(page(case, tmp_path, flagged, mine, reworded, provenance=provenance), "findings"))
    assert "Rests on changed evidence. length: was 250 m, is 260 m. The words are those of ann, 9 July 2025." in words
    assert "In the words of ann, 9 July 2025. The run says: It is likely that it is a quay." in words
    assert "Reworded by the latest run. Before: The longest time without an image is 6 days." in words
    assert "Reworded" not in page(case, tmp_path, reworded)


def test_what_the_works_change_is_told_in_its_own_section(case: Any, tmp_path: Path) -> None:
    from transport_case import model_site, model_structures

    html = page(case, tmp_path, revision(1, LINK), site=model_site(), structures=model_structures())
    assert LINK.text in section(html, "changes")
    assert 'id="findings"' not in html


def test_a_dossier_says_what_it_rests_on_to_people_and_to_programs(case: Any, tmp_path: Path) -> None:
    digest = "ab" * 32
    provenance = Provenance(
        "0.1.0", "sitewatch run </script><script>alert(1)", {"alpha": 0.01, "since": None},
        finished=dt.datetime(2025, 7, 9, tzinfo=dt.UTC), run=2, input_hash="cd" * 32, workspace="e" * 32,
        files={"scene-0": (SceneFile(path="/home/ann/images/a.tif", size=1234, modified_ns=1, sha256=digest),),
               "scene-1": (SceneFile(path="https://example.org/b.tif?token=secret"),)},
        structures={"pier-1": 3}, findings={"F-0001": 1},
    )  # fmt: skip
    html = page(case, tmp_path, provenance=provenance)
    words = words_of(section(html, "provenance"))
    assert f"a.tif 1,234 {digest}" in words
    assert "b.tif remote not known (remote file)" in words
    assert ("cd" * 32) in words
    assert "/home/ann" not in html
    assert "secret" not in html
    assert "<script>alert" not in html
    read = read_dossier(tmp_path / "dossier.html")
    m = read.manifest
    assert (m["version"], m["run"], m["parameters"], m["command"]) == (
        "0.1.0", 2, {"alpha": 0.01}, "sitewatch run </script><script>alert(1)",
    )  # fmt: skip
    assert m["scenes"][0]["files"] == [{"name": "a.tif", "size": 1234, "sha256": digest}]
    assert len(m["scenes"]) == 12
    assert (m["structures"], m["findings"]) == ({"pier-1": 3}, {"F-0001": 1})
    assert "The shore" in read.lines
    assert not any("font" in line for line in read.lines)


def test_lines_of_a_dossier_are_its_paragraphs_cells_and_captions(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        '<script id="sitewatch-provenance">{"a": 1}</script><p>One <b>and</b>\n two</p><td>3</td><td>4</td>'
        '<img alt="five"><style>p {}</style>six'
    )
    assert read_dossier(path).lines == ("One and two", "3", "4", "five", "six")
    path.write_text("<p>Nothing</p>")
    with pytest.raises(VerifyError, match="does not say what it rests on"):
        read_dossier(path)
