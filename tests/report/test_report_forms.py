"""The forms of the report: PDF, Markdown, slides, and templates of a user's own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sitewatch.errors import ExportError
from sitewatch.report import Dossier, draw_dossier, write_html, write_markdown, write_pdf, write_slides

NAME = "Hafen <b> | ميناء اللاذقية " + "sehr langer Name " * 6


@pytest.fixture(scope="module")
def dossier(case: Any) -> Dossier:
    inputs = {f.name: getattr(case, f.name) for f in dataclasses.fields(case)}
    inputs["site"] = dataclasses.replace(case.site, name=NAME.strip())
    inputs["structures"] = case.structures[:1]
    return draw_dossier(**inputs)


def test_the_pdf_is_tagged_paginated_and_carries_its_fonts_and_fine_pictures(
    dossier: Dossier, tmp_path: Path, needs_package: Callable[[str, bool], None]
) -> None:
    pypdf = pytest.importorskip("pypdf")
    try:
        import weasyprint  # noqa: F401
    except OSError:
        needs_package("libpangoft2-1.0-0", False)
    short = Dossier({**dossier.context, "film": dossier.context["film"][:2], "site_pair": []})
    reader = pypdf.PdfReader(write_pdf(tmp_path / "dossier.pdf", short))
    root = reader.trailer["/Root"]
    assert len(reader.pages) >= 3
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Page 1 of" in text
    assert "250 m (sd 12 m)" in " ".join(text.replace("\u00a0", " ").split())
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    # A picture fills at most the width of the page between its margins: 180 mm.
    sizes = [image.get_object() for page in reader.pages for image in page["/Resources"].get("/XObject", {}).values()]
    widest = max(int(image["/Width"]) for image in sizes)
    assert widest / (180 / 25.4) >= 200
    assert all(alt for alt in _alternatives(root["/StructTreeRoot"]))


def _alternatives(tree: Any) -> list[str]:
    """Alternative texts of all figures below a node of the structure tree."""
    found = []
    waiting = [tree.get_object()]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        if node.get("/S") == "/Figure":
            found.append(str(node.get("/Alt", "")))
        kids = node.get("/K", [])
        waiting += [kid.get_object() for kid in (kids if isinstance(kids, list) else [kids])]
    assert found
    return found


def test_markdown_names_pictures_that_are_there_and_escapes_names(dossier: Dossier, tmp_path: Path) -> None:
    text = write_markdown(tmp_path / "dossier.md", dossier).read_text(encoding="utf-8")
    named = re.findall(r"^!\[.+\]\((pictures/[a-z0-9-]+\.png)\)$", text, flags=re.MULTILINE)
    assert set(named) == {f"pictures/{path.name}" for path in (tmp_path / "pictures").iterdir()}
    assert {"pictures/overview.png", "pictures/annotated.png", "pictures/structure-1-growth.png"} <= set(named)
    assert text.startswith("# Hafen \\<b\\> \\| ميناء")
    rows = [line for line in text.splitlines() if line.startswith("| 1 | pier |")]
    assert len(rows) == 1
    assert rows[0].count("|") == 8


def test_slides_are_of_one_size_and_old_ones_go(dossier: Dossier, tmp_path: Path) -> None:
    (tmp_path / "99-structure-77-before.png").write_bytes(b"left by an earlier report")
    (tmp_path / "my own.png").write_bytes(b"of the user")
    short = Dossier({**dossier.context, "maps": dossier.context["maps"][:2], "site_pair": [], "panels": []})
    written = write_slides(tmp_path, short)
    assert written[0].name == "01-overview.png"
    assert {path.name for path in tmp_path.iterdir()} == {*(path.name for path in written), "my own.png"}
    for path in written:
        with Image.open(path) as image:
            assert image.size == (1920, 1080)
            # The picture is on it, and its margins are free.
            grey = image.convert("L")
            drawn = sum(grey.crop((60, 130, 1000, 900)).histogram()[40:220])
            assert drawn > (50_000 if path == written[0] else 1000)
            assert grey.crop((0, 140, 50, 1080)).getextrema() == (255, 255)


def test_a_template_of_the_users_takes_the_place_of_ours_and_may_include_it(dossier: Dossier, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "dossier.css").write_text('{% include "sitewatch/dossier.css" %}\nh1 { color: rebeccapurple; }')
    page = write_html(tmp_path / "page.html", dossier, templates=own).read_text(encoding="utf-8")
    assert "h1 { color: rebeccapurple; }" in page
    assert ".findings" in page


@pytest.mark.parametrize(("fault", "told"), [("{% if %}", "fault in line 1"), ("{{ no_such_thing }}", "no_such_thing")])
def test_a_fault_in_a_template_is_told(dossier: Dossier, tmp_path: Path, fault: str, told: str) -> None:
    (tmp_path / "dossier.html.j2").write_text(fault)
    with pytest.raises(ExportError, match=told):
        write_html(tmp_path / "page.html", dossier, templates=tmp_path)
    assert not (tmp_path / "page.html").exists()


def test_a_missing_folder_of_templates_is_told(dossier: Dossier, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no folder of templates"):
        write_html(tmp_path / "page.html", dossier, templates=tmp_path / "none")
