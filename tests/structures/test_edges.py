"""Stacks at the edge of what can be judged: they give few or no structures, never an error or an invention."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from hall import Hall
from numpy.typing import NDArray

from sitewatch.change import detect_change
from sitewatch.errors import ChangeError
from sitewatch.site import Site
from sitewatch.structures import Structure, find_structures, to_geodataframe

LandStack = Callable[..., xr.Dataset]
LOOKS = 4.4


def structures_of(stack: xr.Dataset) -> tuple[Structure, ...]:
    west, south, east, north = stack.odc.geobox.extent.to_crs("EPSG:4326").boundingbox
    return find_structures(Site.read(f"bbox:{west},{south},{east},{north}"), [stack], [detect_change(stack)])


def confirmed(structures: tuple[Structure, ...]) -> list[Structure]:
    return [s for s in structures if s.status == "confirmed"]


def sea(seed: int, images: int = 30, shape: tuple[int, int] = (60, 60)) -> dict[str, NDArray[np.float64]]:
    """Open water that follows the wind by several dB."""
    rng = np.random.default_rng(seed)
    wind_db = rng.normal(0, 3.5, images)[:, None, None]
    return {
        name: 10 ** ((level + wind_db) / 10) * rng.gamma(LOOKS, 1 / LOOKS, (images, *shape))
        for name, level in (("VV", -18.0), ("VH", -26.0))
    }


def never(shape: tuple[int, int] = (60, 60)) -> NDArray[np.int64]:
    return np.full(shape, 999)


@pytest.mark.parametrize("seed", range(2))
def test_open_water_under_changing_winds_confirms_nothing(as_stack: Callable[..., xr.Dataset], seed: int) -> None:
    assert confirmed(structures_of(as_stack(sea(seed)))) == []


@pytest.mark.parametrize("seed", range(2))
def test_land_that_nobody_touches_confirms_nothing(land_stack: LandStack, seed: int) -> None:
    assert confirmed(structures_of(land_stack(seed, never(), 0.0))) == []


def test_a_ship_in_a_few_images_of_open_water_is_not_confirmed(as_stack: Callable[..., xr.Dataset]) -> None:
    power = sea(4)
    for images in ([9], [15, 16], [22]):
        for values in power.values():
            values[images, 20:24, 30:42] *= 300
    assert confirmed(structures_of(as_stack(power))) == []


def test_a_strip_one_pixel_high_is_searched_like_any_other(land_stack: LandStack) -> None:
    turn = never((1, 300))
    assert confirmed(structures_of(land_stack(5, turn, 0.0))) == []
    turn[0, 100:130] = 18
    (found,) = confirmed(structures_of(land_stack(5, turn, 12.0)))
    assert found.area_m2.value == pytest.approx(30 * 100, rel=0.15)


def test_three_images_confirm_nothing_yet(land_stack: LandStack) -> None:
    turn = never()
    turn[20:32, 20:40] = 2
    assert confirmed(structures_of(land_stack(6, turn, 12.0, images=3))) == []


def test_two_images_are_refused_with_their_number(land_stack: LandStack) -> None:
    with pytest.raises(ChangeError, match="has 2 image"):
        detect_change(land_stack(6, never(), 0.0, images=2))


def test_one_polarisation_finds_the_same_hall(hall: Hall) -> None:
    for name in ("VV", "VH"):
        (found,) = confirmed(structures_of(hall.stack[[name]]))
        assert found.area_m2.value == pytest.approx(hall.mask.sum() * 100, rel=0.1)
        assert [level.polarisation for level in found.levels] == [name]


# See `test_images_without_data_cause_no_warning`.
def test_a_scene_missing_here_and_there_changes_nothing_much(hall: Hall) -> None:
    holed = hall.stack.copy(deep=True)
    for name in ("VV", "VH"):
        holed[name][[5, 20, 21], :35] = np.nan
        holed[name][30] = np.nan
    (found,) = confirmed(structures_of(holed))
    assert found.area_m2.value == pytest.approx(hall.mask.sum() * 100, rel=0.1)


def test_the_table_has_a_row_a_structure_with_typed_columns(hall: Hall) -> None:
    structures = structures_of(hall.stack)
    table = to_geodataframe(structures)
    assert table.crs.to_epsg() == 4326
    assert list(table.index) == [s.id for s in structures]
    for column in ("onset_earliest", "onset_latest", "completion_earliest", "completion_latest", "first_raised"):
        assert np.issubdtype(table[column].dtype, np.datetime64), column
    for column in ("area_m2", "area_m2_sd", "length_m", "length_m_sd", "width_m", "width_m_sd", "p_value"):
        assert table[column].dtype == float, column
        assert np.isfinite(table[column]).all()
    row, first = table.iloc[0], structures[0]
    assert first.onset is not None
    assert row["onset_latest"].date() == first.onset.latest
    assert (row["area_m2"], row["area_m2_sd"]) == (first.area_m2.value, first.area_m2.sd)
    assert row.geometry.equals(first.footprint)


def test_the_table_of_no_structures_has_the_same_columns(hall: Hall) -> None:
    empty, full = to_geodataframe([]), to_geodataframe(structures_of(hall.stack))
    assert list(empty.columns) == list(full.columns)
    assert len(empty) == 0
    assert empty.crs == full.crs
