"""Change between two images: nothing where nothing changed, the block where one did, the pairs of the literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage as ndi
from scipy.special import polygamma

from sitewatch.change import change_pair
from sitewatch.change._pair_field import BRIGHTER, DARKER, UNCHANGED, fit_field
from sitewatch.change._pair_ratio import PIXEL_WIDTH, SPECKLE_LEFT, amplitude_floor, log_ratio, measure_speckle
from sitewatch.errors import ChangeError

SIDE = 120
BLOCK = (slice(40, 70), slice(50, 80))


def smooth_land(seed: int, shape: tuple[int, int] = (SIDE, SIDE)) -> NDArray[np.float64]:
    """A level that varies by some dB over tens of pixels, with water 17 dB darker on the left."""
    land = np.exp(ndi.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 8) * 12)
    land[:, : shape[1] // 4] = 0.02
    return land


def hanging_speckle(rng: np.random.Generator, looks: int, width: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Speckle of mean one, of complex fields through a Gaussian of sd `width` pixels."""
    fields = rng.normal(size=(2 * looks, *shape))
    if width:
        fields = ndi.gaussian_filter(fields, (0, width, width))
    power = (fields**2).sum(axis=0)
    return power / power.mean()


def pair(
    seed: int, looks: int = 4, width: float = 0.0, shape: tuple[int, int] = (SIDE, SIDE)
) -> list[NDArray[np.float64]]:
    """Two images of the same ground, power."""
    rng = np.random.default_rng(seed)
    return [smooth_land(9, shape) * hanging_speckle(rng, looks, width, shape) for _ in range(2)]


def with_block(image: NDArray[np.float64], step_db: float) -> NDArray[np.float64]:
    changed = image.copy()
    changed[BLOCK] *= 10 ** (step_db / 10)
    return changed


def kappa(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Cohen's kappa of two masks, from the four counts."""
    agree = (found == truth).mean()
    chance = found.mean() * truth.mean() + (~found).mean() * (~truth).mean()
    return float((agree - chance) / (1 - chance))


BLOCK_MASK = np.zeros((SIDE, SIDE), bool)
BLOCK_MASK[BLOCK] = True


@pytest.mark.parametrize("looks", [1, 4, 16])
@pytest.mark.parametrize("width", [0.0, 0.8])
def test_where_nothing_changed_next_to_nothing_is_found(looks: int, width: float) -> None:
    shares = [float(change_pair(*pair(seed, looks, width))["changed"].mean()) for seed in range(6)]
    # A core is looked for at one false alarm in a hundred images a scale; speckle's tails are longer than normal ones.
    assert sum(share > 0 for share in shares) <= 1
    assert max(shares) < 0.005


@pytest.mark.parametrize(("looks", "width", "step_db"), [(1, 0.0, 10), (4, 0.0, 6), (4, 0.8, 10), (16, 0.8, 4)])
def test_a_changed_block_is_found_whole_and_alone(looks: int, width: float, step_db: float) -> None:
    before, after = pair(3, looks, width)
    result = change_pair(before, with_block(after, step_db))
    assert kappa(result["changed"].values, BLOCK_MASK) > 0.9
    assert (result["direction"].values[result["changed"].values] == 1).all()
    level = float(result["level_db"].sel(kind="brighter"))
    # The outline's mixed pixels and the floor draw the level towards none.
    assert 0.65 * step_db < level < 1.1 * step_db
    assert 0.4 * level < float(result["threshold_db"].sel(kind="brighter")) < level
    assert np.isnan(result["level_db"].sel(kind="darker"))


def test_blocks_that_darkened_and_brightened_are_told_apart() -> None:
    before, after = pair(4)
    after = with_block(after, -10)
    after[85:110, 85:110] *= 10
    direction = change_pair(before, after)["direction"].values
    assert (direction[BLOCK] == -1).mean() > 0.9
    assert (direction[85:110, 85:110] == 1).mean() > 0.9
    assert (direction[:35] == 0).mean() > 0.99


def test_a_faint_change_is_found_by_averaging_more() -> None:
    before, after = pair(5, looks=4)
    faint, plain = change_pair(before, with_block(after, 4)), change_pair(before, with_block(after, 12))
    assert faint["averaging_pixels"].values[0] > plain["averaging_pixels"].values[0]
    assert kappa(faint["changed"].values, BLOCK_MASK) > 0.8


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), step_db=st.sampled_from([-10.0, 0.0, 8.0]))
def test_swapping_the_images_turns_the_direction_and_nothing_else(seed: int, step_db: float) -> None:
    before, after = pair(seed, shape=(60, 90))
    after[20:40, 50:80] *= 10 ** (step_db / 10)
    forth, back = change_pair(before, after), change_pair(after, before)
    np.testing.assert_array_equal(forth["changed"], back["changed"])
    np.testing.assert_array_equal(forth["direction"], -back["direction"])
    np.testing.assert_allclose(forth["probability"], back["probability"], atol=1e-6)
    np.testing.assert_allclose(forth["log_ratio_db"], -back["log_ratio_db"], atol=1e-4)
    np.testing.assert_allclose(forth["level_db"], -back["level_db"][::-1], atol=1e-6)


@settings(max_examples=8, deadline=None)
@given(scale=st.floats(1e-6, 1e6))
def test_a_common_scale_does_not_matter(scale: float) -> None:
    before, after = pair(6, shape=(60, 60))
    after[20:40, 30:50] *= 10
    plain, scaled = change_pair(before, after), change_pair(scale * before, scale * after)
    np.testing.assert_array_equal(plain["changed"], scaled["changed"])
    np.testing.assert_allclose(plain["probability"], scaled["probability"], atol=1e-4)
    assert float(scaled["floor"]) == pytest.approx(scale * float(plain["floor"]), rel=1e-6)


def test_amplitude_and_its_square_as_power_say_the_same() -> None:
    before, after = pair(7)
    after = with_block(after, 10)
    power, amplitude = change_pair(before, after), change_pair(before**0.5, after**0.5, quantity="amplitude")
    np.testing.assert_array_equal(power["changed"], amplitude["changed"])
    assert float(power["floor"]) == pytest.approx(float(amplitude["floor"]) ** 2)


def test_missing_pixels_stay_missing_and_disturb_no_others() -> None:
    before, after = pair(8)
    after = with_block(after, 10)
    whole = change_pair(before, after)
    before[:30, :40] = np.nan
    after[100:, 90:] = np.inf
    holed = change_pair(before, after)
    missing = ~np.isfinite(before) | ~np.isfinite(after)
    np.testing.assert_array_equal(np.isnan(holed["probability"].values), missing)
    np.testing.assert_array_equal(np.isnan(holed["log_ratio_db"].values), missing)
    assert not holed["changed"].values[missing].any()
    assert (holed["direction"].values[missing] == 0).all()
    assert (holed["changed"].values == whole["changed"].values)[~missing].mean() > 0.998


@pytest.mark.parametrize("value", [0.0, 1.0, 255.0])
def test_images_that_are_equal_everywhere_did_not_change(value: float) -> None:
    image = np.full((30, 40), value)
    result = change_pair(image, image)
    assert not result["changed"].any()
    np.testing.assert_allclose(result["probability"], 0.0, atol=1e-6)
    assert float(result["looks"]) == np.inf


def test_one_image_twice_did_not_change() -> None:
    image = pair(10)[0]
    assert not change_pair(image, image)["changed"].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_images_of_a_few_pixels_are_too_small_to_show_a_change_but_no_error(shape: tuple[int, int]) -> None:
    result = change_pair(np.ones(shape), np.full(shape, 2.0))
    assert not result["changed"].any()
    assert result["probability"].shape == shape
    # What holds for the whole image is calibration, not change.
    assert float(result["unchanged_db"]) == pytest.approx(
        20 * np.log10(np.sqrt(2) + 0.2414) - 20 * np.log10(1.2414), abs=0.01
    )


def test_the_images_given_are_left_as_they_are() -> None:
    before, after = pair(11)
    after[0, 0] = -0.5
    copies = before.copy(), after.copy()
    change_pair(before, after)
    np.testing.assert_array_equal(before, copies[0])
    np.testing.assert_array_equal(after, copies[1])


def test_labelled_images_keep_their_coordinates() -> None:
    before, after = (
        xr.DataArray(
            image,
            dims=("y", "x"),
            coords={"y": 100.0 - np.arange(SIDE), "x": np.arange(SIDE) * 10.0, "spatial_ref": 0, "time": hour},
        )
        for hour, image in enumerate(pair(12))
    )
    result = change_pair(before, after)
    np.testing.assert_array_equal(result["y"], before["y"])
    assert "spatial_ref" in result.coords
    # Which is not that of both.
    assert "time" not in result.coords
    assert result["changed"].dims == ("y", "x")
    assert all("units" in result[name].attrs for name in result.data_vars if name != "floor")
    with pytest.raises(ChangeError, match="different grids: their x differs"):
        change_pair(before, after.assign_coords(x=after["x"] + 5.0))


@pytest.mark.parametrize(
    ("before", "after", "quantity", "message"),
    [
        (np.ones((3, 3)), np.ones((3, 4)), "power", "one shape"),
        (np.ones((2, 3, 3)), np.ones((2, 3, 3)), "power", "one shape"),
        (np.full((3, 3), -8.0), np.full((3, 3), -9.0), "power", "below 0"),
        (np.full((3, 3), np.nan), np.ones((3, 3)), "power", "no pixel in common"),
        (np.ones((3, 3), complex), np.ones((3, 3)), "power", "complex"),
        (np.ones((3, 3)), np.ones((3, 3)), "decibels", "power or amplitude"),
    ],
)
def test_what_is_no_pair_of_linear_images_is_refused(
    before: NDArray[np.generic], after: NDArray[np.generic], quantity: str, message: str
) -> None:
    with pytest.raises(ChangeError, match=message):
        change_pair(before, after, quantity=quantity)  # type: ignore[arg-type]


@pytest.mark.parametrize("looks", [1, 5, 20])
@pytest.mark.parametrize("width", [0.0, 0.6, 1.2])
def test_speckle_is_measured_as_it_was_made(looks: int, width: float) -> None:
    rng = np.random.default_rng(20)
    before, after = (np.sqrt(hanging_speckle(rng, looks, width, (300, 300))) for _ in range(2))
    found = measure_speckle(before, after, 1e-3)
    # Of one look, long tails, which medians don't see, and logarithms that hang together less than power does.
    sd_error, width_error = (0.1, 0.2) if looks == 1 else (0.06, 0.12)
    # Var ln amplitude of a ratio is 2 psi1(n) / 4.
    assert found.sd == pytest.approx(np.sqrt(polygamma(1, looks) / 2), rel=sd_error)
    # The field's autocorrelation exp(-d^2 / (4 w^2)) squared is that of power: as if of a kernel of w / sqrt 2.
    expected = max(width / np.sqrt(2), PIXEL_WIDTH)
    assert found.width == pytest.approx((expected, expected), rel=width_error)


@pytest.mark.parametrize("width", [0.0, 1.0])
def test_averaging_leaves_as_much_speckle_as_asked_for(width: float) -> None:
    rng = np.random.default_rng(21)
    before, after = (np.sqrt(hanging_speckle(rng, 3, width, (300, 300))) for _ in range(2))
    floor = 1e-3
    sigma = measure_speckle(before, after, floor).averaging()
    assert float(np.std(log_ratio(before, after, floor, sigma))) == pytest.approx(SPECKLE_LEFT, rel=0.15)


def test_the_floor_keeps_the_noise_of_dark_water_from_being_change() -> None:
    rng = np.random.default_rng(22)
    before, after = (np.where(np.arange(SIDE) < 60, 0.02, 1.0) * rng.uniform(0.1, 1.9, (SIDE, SIDE)) for _ in range(2))
    ratio = log_ratio(before, after, amplitude_floor(before, after), (0.0, 0.0))
    assert np.abs(ratio[:, :60]).max() < 0.5 < np.abs(ratio[:, 60:]).max()


def test_the_field_finds_the_levels_it_was_given() -> None:
    rng = np.random.default_rng(23)
    kinds = np.full((90, 90), UNCHANGED)
    kinds[10:40, 10:40], kinds[50:80, 50:80] = DARKER, BRIGHTER
    levels, scatter = np.array([-1.4, 0.1, 1.1]), np.array([0.3, 0.1, 0.2])
    ratio = levels[kinds] + scatter[kinds] * rng.normal(size=kinds.shape)
    field = fit_field(ratio, np.ones(kinds.shape, bool), 1.0)
    np.testing.assert_allclose(field.level, levels, atol=0.03)
    np.testing.assert_allclose(field.sd, scatter, atol=0.03)
    np.testing.assert_allclose(field.share, np.bincount(kinds.ravel()) / kinds.size, atol=0.01)
    assert (np.argmax(field.chance, axis=0) == kinds).mean() > 0.995
    # The unchanged ground is steady, so that half of the way decides.
    assert field.threshold(BRIGHTER) == pytest.approx(0.6, abs=0.03)


def test_wide_scatter_of_the_unchanged_ground_moves_the_threshold_past_half_of_the_way() -> None:
    rng = np.random.default_rng(24)
    ratio = 0.4 * rng.normal(size=(200, 200))
    ratio[20:50, 20:50] = 2.4 + 0.4 * rng.normal(size=(30, 30))
    field = fit_field(ratio, np.ones(ratio.shape, bool), 1.0)
    # Equal scatter s and shares p: half + s^2 / step ln(p0 / p1).
    expected = 1.2 + 0.16 / 2.4 * np.log((1 - 900 / 40_000) / (900 / 40_000))
    assert field.threshold(BRIGHTER) == pytest.approx(expected, abs=0.08)


def read(path: Path) -> NDArray[np.float64]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), float)


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "stem", "changed", "direction"),
    [("ottawa", "ottawa", 16_049, 1), ("sanfrancisco", "san", 4685, -1)],
)
def test_the_pairs_of_the_literature_agree_with_their_masks(
    folder: str, stem: str, changed: int, direction: int, shared_data: Path
) -> None:
    place = shared_data / "sar-change-pairs" / folder
    if not place.exists():
        pytest.skip(f"the pair is not at {place}")
    before, after, truth = (read(place / f"{stem}_{part}.bmp") for part in ("1", "2", "gt"))
    assert (truth > 127).sum() == changed
    result = change_pair(before, after, quantity="amplitude")
    assert kappa(result["changed"].values, truth > 127) > 0.93
    # The one flooded ground fell dry, the other was drowned.
    assert set(np.unique(result["direction"].values)) == {0, direction}
