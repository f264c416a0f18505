"""The dossier's section "What it changes"."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from sitewatch.report import write_dossier
from transport_case import FACILITIES, RAIL, model_site, model_structures, site_of


def text_of(case: Any, folder: Path, **changes: object) -> str:
    inputs = {f.name: getattr(case, f.name) for f in dataclasses.fields(case)} | {"stacks": ()} | changes
    html = write_dossier(folder / "dossier.html", **inputs).read_text(encoding="utf-8")  # type: ignore[arg-type]
    return html


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_section_has_findings_table_and_assumptions(case: Any, tmp_path: Path) -> None:
    html = text_of(case, tmp_path, site=model_site(), structures=model_structures())
    section = words_of(html[html.index('<section id="changes"') :].split("</section>")[0])
    assert section.startswith("What it changes")
    assert "items up to 40 m long, 8 m wide and 6 m high can very likely be brought to Assembly hall" in section
    assert "Confidence is moderate: SW-0001 is seen in 3 images of 2 tracks" in section
    assert "Assembly hall before 25 m (Rail spur) 3.4 m (Rail spur)" in section
    assert "Rail spur: at most 25 m long, 3.4 m wide" in section
    assert '<a href="#changes">' in html
    assert html.count('href="#structure-1"') >= 2


def test_a_site_without_links_has_no_such_section(case: Any, tmp_path: Path) -> None:
    assert "What it changes" not in text_of(case, tmp_path)


def test_a_fault_in_the_links_is_a_note_and_no_end_of_the_report(case: Any, tmp_path: Path) -> None:
    air = {**RAIL, "properties": {**RAIL["properties"], "mode": "air", "name": "<b>Balloon</b>"}}
    html = text_of(case, tmp_path, site=site_of(*FACILITIES, air))
    assert "has the mode &#39;air&#39;" in html
    assert "<b>Balloon" not in html
