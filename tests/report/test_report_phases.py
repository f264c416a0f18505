"""What the dossier says and draws of the phases of a construction."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from sitewatch.report._curves import _growth, structure_curves
from sitewatch.report._panels import facts
from sitewatch.report._style import PHASE_COLOURS
from sitewatch.structure import PHASES
from sitewatch.structures import GrowthPoint, LengthPoint, PhasePoint, Structure

CHANCES = (
    *[(1.0, 0.0, 0.0, 0.0)] * 3, (0.6, 0.4, 0.0, 0.0), (0.02, 0.98, 0.0, 0.0), (0.0, 0.99, 0.01, 0.0),
    *[(0.0, 0.0, 1.0, 0.0)] * 5, (0.0, 0.0, 0.87, 0.13),
)  # fmt: skip


@pytest.fixture
def building(make_structure: Callable[..., Structure]) -> Structure:
    plain = make_structure()
    phases = tuple(
        PhasePoint(point.date, PHASES[chances.index(max(chances))], chances)
        for point, chances in zip(plain.growth, CHANCES, strict=True)
    )
    return dataclasses.replace(plain, kind="building", phases=phases, preparation_first_seen=phases[4].date)


def test_a_line_has_a_panel_of_its_length_by_date(building: Structure) -> None:
    points = tuple(LengthPoint(p.date, 240 * p.fraction, 12 * p.fraction) for p in building.growth)
    road = dataclasses.replace(building, kind="road", length_growth=points)
    panels = {axes.get_ylabel(): axes for axes in structure_curves(road, [], {}).axes}
    assert list(panels) == ["built, %", "length built, m", "phase"]
    drawn = panels["length built, m"].lines[0].get_ydata()
    assert list(drawn) == [p.length_m for p in points]
    assert "length built, m" not in {axes.get_ylabel() for axes in structure_curves(building, [], {}).axes}


def labels(structure: Structure) -> list[str]:
    return [text.get_text() for text in structure_curves(structure, [], {}).legends[0].get_texts()]


def test_the_facts_say_when_the_site_was_prepared_and_in_which_phase_it_was_last_seen(building: Structure) -> None:
    rows = dict(facts(building, {}))
    first, last = building.phases[2].date, building.phases[4].date
    assert (last - first) == dt.timedelta(days=24)
    assert rows["Site preparation"] == "First seen on 19 April 2021 (begun between 26 March and 19 April 2021)"
    assert rows["Phase at the last image"].replace("\u00a0", " ") == "Active Construction (87 %)"


def test_without_phases_and_of_what_was_no_construction_no_phase_is_told(building: Structure) -> None:
    for other in (
        dataclasses.replace(building, phases=()),
        dataclasses.replace(building, kind="demolition"),
        dataclasses.replace(building, status="rejected", reason="a vessel laid up"),
    ):
        assert "Phase at the last image" not in dict(facts(other, {}))
    seen = dict(facts(dataclasses.replace(building, phases=()), {}))["Site preparation"]
    assert seen == "First seen on 19 April 2021"


def test_the_strip_stacks_the_chances_and_names_the_phases_that_occur(building: Structure) -> None:
    figure = structure_curves(building, [], {})
    assert len(figure.axes) == 2
    areas = [c for c in figure.axes[1].collections if isinstance(c, PolyCollection)]
    assert len(areas) == len(PHASE_COLOURS)
    top = areas[1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(1.0)
    assert {"no activity", "site preparation", "active construction", "post construction"} <= set(labels(building))
    never_done = tuple(p for p in building.phases if p.probabilities[3] == 0)
    assert "post construction" not in labels(dataclasses.replace(building, phases=never_done))


@pytest.mark.parametrize("kept", [0, 1])
def test_no_strip_is_drawn_of_fewer_than_two_images(kept: int, building: Structure) -> None:
    figure = structure_curves(dataclasses.replace(building, phases=building.phases[:kept]), [], {})
    assert len(figure.axes) == 1


def test_each_track_has_a_growth_line_of_its_own_and_the_leading_one_is_thick(
    make_structure: Callable[..., Structure],
) -> None:
    seen = {"a": (0.0, 0.2, 0.5, 1.0), "b": (0.0, 1.0, 1.0, 1.0)}
    growth = tuple(
        GrowthPoint(dt.date(2023, 1, 1 + 6 * i + (track == "b")), fraction, 0.0, track)
        for track, fractions in seen.items()
        for i, fraction in enumerate(fractions)
    )
    axes = Figure().add_subplot()
    _growth(axes, make_structure(growth=growth, tracks=("a", "b")))
    lead, other = axes.get_lines()
    assert np.asarray(lead.get_ydata()).tolist() == [0, 20, 50, 100]
    assert np.asarray(other.get_ydata()).tolist() == [0, 100, 100, 100]
    assert lead.get_linewidth() > other.get_linewidth()
