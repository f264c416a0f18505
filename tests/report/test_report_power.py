"""The page and the map that answer whether something could have been seen."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from sitewatch.report import (
    PowerMap,
    PowerReport,
    answer_words,
    contrast_words,
    power_figure,
    size_words,
    window_words,
    write_power_page,
    write_power_png,
)
from sitewatch.report._furniture import SCALE_BAR_ID
from sitewatch.report._power_map import NEVER_COLOUR, lengths_words, size_classes
from sitewatch.sought import Detectable, Sought

PIER = Sought("pier", "water", {"VV": 11.0, "HH": 11.0, "VH": 8.0})
ROAD = Sought("road", "land", {"VV": -3.5, "VH": -4.5}, 20.0)
FOUND = Detectable(PIER, "", 0.4, 900.0, 2500.0, 30.0, 50.0, dt.date(2021, 4, 7), dt.date(2021, 5, 1), 60)


@pytest.fixture
def report(case) -> PowerReport:  # type: ignore[no-untyped-def]
    (stack,) = case.stacks
    length = np.full((stack.sizes["y"], stack.sizes["x"]), np.nan)
    length[25:, :30], length[25:, 30:60], length[40:, 60:] = 30.0, 55.0, np.inf
    nothing = np.full(length.shape, np.nan)
    return PowerReport(
        site=case.site,
        stacks=case.stacks,
        maps=(PowerMap(PIER, length**2, length), PowerMap(ROAD, nothing, nothing)),
        detectable=(FOUND, dataclasses.replace(FOUND, sought=ROAD, share=0.0, nine_tenths_m=None)),
        images=6,
        probability=0.9,
        alpha=0.01,
        fewest_pixels=16,
        notes=("the number of looks was guessed",),
        left_out=case.left_out,
        version="0.1.0",
        made=dt.datetime(2021, 9, 1, tzinfo=dt.UTC),
        command="sitewatch power shore.geojson <scenes>",
    )


def test_the_page_answers_in_words_and_holds_all_it_shows(report: PowerReport, tmp_path: Path) -> None:
    page = write_power_page(tmp_path / "power.html", report).read_text()
    assert "A pier on water would have been found from 50 m by 50 m on." in page
    assert "There is no land in the site for a road." in page
    assert "no land in the site</td>" in page
    assert "7 April to 1 May 2021; confirmed some 60 days later" in page
    assert "VV +11.0\N{NO-BREAK SPACE}dB, VH +8.0\N{NO-BREAK SPACE}dB" in page
    assert "HH +" not in page
    assert "The number of looks was guessed" in page
    assert "broken.tif" in page
    assert "Made up for a test" in page
    assert "&lt;scenes&gt;" in page
    sources = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not list(tmp_path.glob(".*"))


def test_a_map_has_scale_north_classes_and_credit(report: PowerReport) -> None:
    figure = power_figure(report, report.maps[0])
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"30 to 50 m", "50 to 70 m", "none of the sizes tried", "no data", "N"} <= texts
    assert any("Smallest pier on water" in text for text in texts)
    assert any("Made up for a test" in text for text in texts)
    assert any(line.get_gid() == SCALE_BAR_ID for axes in figure.axes for line in axes.lines)


def test_where_nothing_tried_would_do_the_map_is_red_and_where_it_is_not_sought_it_is_grey(
    report: PowerReport, tmp_path: Path
) -> None:
    length = np.full(report.maps[0].length_m.shape, np.inf)
    length[:, :36] = np.nan
    image = imread(write_power_png(tmp_path / "map.png", report, PowerMap(PIER, length**2, length), dpi=60))
    height, width = image.shape[:2]
    band = image[height // 4 : height // 2]
    left, right = (band[:, columns, :3].reshape(-1, 3).mean(axis=0) for columns in (
        slice(width // 5, 2 * width // 5), slice(3 * width // 5, 4 * width // 5)))  # fmt: skip
    assert np.ptp(left) < 0.05
    assert right[0] > 1.5 * right[1]
    assert NEVER_COLOUR.startswith("#7a")


@given(st.lists(st.floats(10, 5000), min_size=1, max_size=30))
def test_classes_are_few_rise_and_hold_every_length(lengths: list[float]) -> None:
    values = np.array([*lengths, np.nan, np.inf])
    limits = size_classes(values)
    assert 2 <= len(limits) <= 6
    assert np.all(np.diff(limits) > 0)
    assert limits[0] <= min(lengths) * (1 + 1e-6)
    assert limits[-1] >= max(lengths) * (1 - 1e-6)


def test_no_length_has_no_classes() -> None:
    assert size_classes(np.array([np.nan, np.inf])) == []


@given(st.floats(1, 20_000))
def test_a_size_is_never_rounded_down_by_more_than_a_hundredth(length: float) -> None:
    words = size_words(dataclasses.replace(FOUND, nine_tenths_m=length))
    said = float(words.split(" m by ")[0].replace(",", ""))
    assert 0.99 * length <= said * (1 + 1e-9)
    assert said <= 1.1 * length + 1e-9


def test_words_say_what_is_not_found_and_what_is_not_there() -> None:
    never = dataclasses.replace(FOUND, sought=ROAD, nine_tenths_m=None, shown_from=None, shown_by=None)
    assert size_words(never) == "none tried would be found"
    assert answer_words(never).startswith("No road on land of the sizes tried, up to 20 m wide,")
    assert window_words(never) == "it would not be confirmed"
    assert answer_words(dataclasses.replace(never, share=0.0)) == "There is no land in the site for a road."
    assert size_words(dataclasses.replace(never, nine_tenths_m=181.0)) == "180 m long, 20 m wide"
    assert contrast_words(ROAD, ["VH"]) == "VH \N{MINUS SIGN}4.5\N{NO-BREAK SPACE}dB"
    assert lengths_words(29.9, 30.2) == "30 m"
    assert lengths_words(1.84, 30.2) == "1.8 to 30 m"
