"""The dossier holds everything, asks for nothing from outside, and survives thin input."""

from __future__ import annotations

import dataclasses
import itertools
import re
import urllib.parse
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import shapely.affinity
from PIL import Image

import sitewatch.report
from sitewatch.report import write_dossier, write_overview_png
from sitewatch.report._panels import facts
from sitewatch.structure import Structure


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def written(case: Any, folder: Path, **changes: object) -> Page:
    inputs = {f.name: getattr(case, f.name) for f in dataclasses.fields(case)} | changes
    path = write_dossier(folder / "dossier.html", **inputs)  # type: ignore[arg-type]
    assert [p.name for p in folder.iterdir()] == ["dossier.html"]
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(case: Any, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return written(case, tmp_path_factory.mktemp("page"))


def test_the_page_asks_for_nothing_from_outside(page: Page) -> None:
    for tag, attrs in page.tags:
        assert tag not in ("link", "iframe", "object", "embed")
        assert tag != "script" or not attrs.get("src")
        if attrs.get("src"):
            assert str(attrs["src"]).startswith("data:image/")
        if attrs.get("href"):
            assert str(attrs["href"]).startswith("#")
    assert "@import" not in page.text
    for image in page.having("img"):
        inside = urllib.parse.unquote(str(image["src"])) if "svg" in str(image["src"])[:20] else ""
        assert not re.search(r'(?:href|src)="(?!data:image/|#)', inside)
        assert not re.search(r"url\((?!#)", inside)


def test_every_structure_scene_and_reason_is_on_the_page(case: Any, page: Page) -> None:
    text = page.text
    for structure in case.structures:
        assert structure.id in text
    for scene in case.scenes_used:
        assert scene.id in text
    for words in ("broken.tif", "the file ends early", "Download it again", "it left after 40 days", "0.1.0"):
        assert words in text
    for words in ("one more image is needed", "the number of looks was guessed", "Made up for a test", "False-alarm"):
        assert words in text
    assert "begun between 1 and 13 May 2021 and completed between 13 and 25 May 2021" in text
    assert "250 m (sd 12 m)" in text


def test_pictures_have_words_tables_have_heads_and_links_have_targets(page: Page) -> None:
    assert all(str(image.get("alt")).strip() for image in page.having("img"))
    assert page.having("html")[0]["lang"] == "en"
    assert len(page.having("h1")) == 1
    assert all(cell.get("scope") in ("row", "col") for cell in page.having("th"))
    ids = [str(attrs["id"]) for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in page.having("a")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_each_pictured_structure_has_a_pair_a_strip_and_curves(page: Page) -> None:
    kinds = ["before the change", "after the change", "Curves of structure"]
    for number in ("1", "2"):
        alts = [str(i["alt"]) for i in page.having("img") if f"structure {number} " in str(i["alt"]).lower()]
        for kind in kinds:
            assert sum(kind in alt for alt in alts) == 1
        assert sum(f"Structure {number} on" in alt for alt in alts) == 8


def test_nothing_found_is_said_plainly(case: Any, tmp_path: Path) -> None:
    text = written(case, tmp_path, structures=()).text
    assert "No sign of construction in 12 images" in text


def test_markup_in_names_stays_text_and_foreign_letters_stay(case: Any, tmp_path: Path) -> None:
    name = "<b>ميناء</b> & " + "長い名前" * 30
    site = dataclasses.replace(case.site, name=name)
    odd = dataclasses.replace(case.structures[0], id="رصيف-$1$", kind="unknown")
    page = written(case, tmp_path, site=site, structures=(odd,))
    assert name in page.text
    assert odd.id in page.text
    assert not page.having("b")


@pytest.mark.parametrize("dates", [1, 2])
def test_few_dates_still_make_a_page(case: Any, tmp_path: Path, dates: int) -> None:
    stack = case.stacks[0].isel(time=slice(0, dates))[["VV"]]
    few = {"stacks": (stack,), "scenes_used": case.scenes_used[:dates], "structures": case.structures[:1]}
    page = written(case, tmp_path, **few)
    assert len(page.having("img")) > 3


def test_no_images_and_missing_pixels_still_make_a_page(case: Any, tmp_path: Path) -> None:
    page = written(case, tmp_path, stacks=(), scenes_used=())
    assert "No scene could be used" in page.text
    assert "no picture of it" in page.text
    stack = case.stacks[0]
    holes = stack.where(stack.x > float(stack.x[40]))
    for thin in (holes, stack.where(False), stack.isel(time=slice(0, 0))):
        written(case, tmp_path, stacks=(thin,), structures=case.structures[:1])


def test_a_structure_of_several_parts_or_outside_the_images_still_makes_a_page(
    case: Any, tmp_path: Path, make_structure: Callable[..., Structure]
) -> None:
    one = case.structures[0].footprint
    parts = shapely.MultiPolygon([one, shapely.affinity.translate(one, 0.001, 0)])
    far = shapely.box(10, 10, 10.001, 10.001)
    edge = shapely.affinity.translate(one, 0.0036, 0)
    many = tuple(make_structure(f"s{i}", footprint=f) for i, f in enumerate((parts, far, edge)))
    bare = make_structure(
        "bare", growth=(), levels=(), onset=None, completion=None, p_value=float("nan"), orientation_deg=None
    )
    text = written(case, tmp_path, structures=(*many, bare)).text
    assert "can't be dated" in text


def test_sixty_structures_are_all_listed_and_the_likeliest_pictured(
    case: Any, tmp_path: Path, make_structure: Callable[..., Structure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitewatch.report._dossier.MOST_PANELS", 2)
    rng = np.random.default_rng(0)
    base = case.structures[0].footprint
    many = [
        make_structure(
            f"found-{i:02d}",
            ("confirmed", "candidate", "rejected")[i % 3],
            footprint=shapely.affinity.translate(base, *rng.uniform(-0.002, 0.002, 2)),
        )
        for i in range(60)
    ]
    page = written(case, tmp_path, structures=many)
    assert all(s.id in page.text for s in many)
    assert sum("Curves of structure" in str(i["alt"]) for i in page.having("img")) == 2
    assert "38 more are listed" in page.text


def test_the_overview_alone_is_a_png(case: Any, tmp_path: Path) -> None:
    path = write_overview_png(
        tmp_path / "overview.png", site=case.site, stacks=case.stacks, structures=case.structures, dpi=80
    )
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width > 300
    with pytest.raises(ValueError, match="no image"):
        write_overview_png(tmp_path / "none.png", site=case.site, stacks=(), structures=())
    assert [p.name for p in tmp_path.iterdir()] == ["overview.png"]


def test_the_public_names_are_these() -> None:
    assert sitewatch.report.__all__ == [
        "Dossier",
        "Event",
        "Frame",
        "Frames",
        "Picture",
        "PowerMap",
        "PowerReport",
        "Provenance",
        "ReadDossier",
        "Series",
        "Window",
        "annotated_map",
        "answer_words",
        "before_after_pngs",
        "composite_map",
        "construction_map",
        "contrast_words",
        "draw_dossier",
        "events_of",
        "footprint_series",
        "frames_of",
        "overview_map",
        "power_figure",
        "read_dossier",
        "read_picture",
        "scene_file_name",
        "scene_map",
        "site_timeline",
        "size_words",
        "structure_curves",
        "whole_window",
        "window_around",
        "window_words",
        "write_dossier",
        "write_gif",
        "write_html",
        "write_markdown",
        "write_mp4",
        "write_overview_png",
        "write_pdf",
        "write_power_page",
        "write_power_png",
        "write_slides",
    ]


def test_a_structure_says_how_long_ago_it_was_detected(make_structure: Callable[..., Structure]) -> None:
    rows = dict(facts(make_structure(), {}))
    assert rows["First detected"].endswith(", 60 days before the last image")
    assert rows["First detected"].startswith("With the image of ")
    assert rows["Confirmed"].endswith(", 36 days before the last image")
    rows = dict(facts(make_structure(first_raised=None, confirmed_on=None), {}))
    assert not {"First detected", "Confirmed"} & set(rows)
