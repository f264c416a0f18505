"""Small scenes of one thing that is not construction."""

from __future__ import annotations

import numpy as np
import pytest

from sitewatch.simulate import LOOKALIKES, simulate_lookalike
from sitewatch.simulate._scenario import revisit_dates

DATES = revisit_dates(count=6, every_days=120)


@pytest.mark.parametrize("kind", [k for k in LOOKALIKES if k != "ambiguity"])
def test_a_scene_holds_one_thing_and_says_where(kind: str) -> None:
    scenario = simulate_lookalike(kind, 3, dates=DATES, shape=(48, 48))
    (thing,) = scenario.not_construction
    assert thing.kind == kind.replace("_", " ")
    assert (thing.outline is None) == (kind == "ship_passing")
    assert scenario.stack.sizes == {"time": 6, "y": 48, "x": 48}
    assert all(np.isfinite(scenario.stack[pol]).all() for pol in ("VV", "VH"))
    assert (len(scenario.works) > 0) == (kind == "layover")


def test_a_ghost_repeats_its_source_weaker() -> None:
    scenario = simulate_lookalike("ambiguity", 1, dates=DATES)
    (work,) = scenario.works
    (thing,) = scenario.not_construction
    assert thing.outline is not None
    apart = np.hypot(
        thing.outline.centroid.x - work.outline.centroid.x, thing.outline.centroid.y - work.outline.centroid.y
    )
    assert apart == pytest.approx(4700, abs=60)


def test_the_same_seed_gives_the_same_scene() -> None:
    one, two = (simulate_lookalike("crop", 2, dates=DATES, shape=(40, 40)).stack for _ in range(2))
    assert one.equals(two)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="tidal_flat"):
        simulate_lookalike("ufo", 1)
