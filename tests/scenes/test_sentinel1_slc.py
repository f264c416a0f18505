"""Sentinel-1 bursts: detected, cut at their boundaries, laid where they belong."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import safe_slc as sp

from sitewatch.scenes import Hints, Scene, open_scene, read_pixels

LON, LAT = 36.0, 34.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Two swaths of two bursts with a point in all their overlaps; outside the valid samples lies rubbish."""
    frame = sp.slc_over(LON, LAT)
    pixels = {}
    for swath in frame.swaths:
        lines = np.full((2 * sp.BURST_LINES, swath.samples), 120 + 160j)
        rubbish = np.ones(lines.shape, bool)
        for burst in (0, 1):
            line, sample = frame.place(swath, burst, LON, LAT, 0.0)
            part = slice(burst * sp.BURST_LINES, (burst + 1) * sp.BURST_LINES)
            rows, cols = np.mgrid[: sp.BURST_LINES, : swath.samples]
            lines[part] += 5000 * np.exp(-((rows - line) ** 2 / 2 + (cols - sample) ** 2 / 4.5))
            inside = slice(part.start + sp.EDGE_LINES, part.stop - sp.EDGE_LINES)
            rubbish[inside, swath.first_valid : swath.last_valid + 1] = False
        lines[rubbish] = 20000
        pixels[swath.name] = lines
    product = sp.write_slc(tmp_path_factory.mktemp("slc"), frame, pixels)
    return open_scene(product, Hints(dem="0", dem_datum="ellipsoid"))


def test_an_slc_is_described_as_what_it_is(scene: Scene) -> None:
    assert (scene.family, scene.product_type, scene.quantity) == ("Sentinel-1 SLC", "SLC", "gamma0")
    assert scene.enl is None
    assert "detected from complex bursts, 5 looks in range" in scene.notes
    assert abs(scene.geobox.resolution.x) == 10


def test_bursts_and_swaths_join_without_seam_and_invalid_samples_are_never_seen(scene: Scene) -> None:
    values = read_pixels(scene)["VV"].to_numpy()
    flat = (120**2 + 160**2) / 360.0**2
    valid = np.isfinite(values)
    # The four bursts cover 140 lines of 14 m and 880 samples of 2.3 m (3.2 m on the ground), less their edges.
    assert valid.sum() * 100 == pytest.approx((140 - 8) * 14.3 * (880 - 20) * 2.33 / np.sin(np.radians(39.5)), rel=0.05)
    target = values > 1.5 * flat
    assert target.sum() < 80
    np.testing.assert_allclose(values[valid & ~_grown(target)], flat, rtol=1e-4)
    rows, cols = np.nonzero(valid)
    assert not np.isnan(values[rows.min() + 60 : rows.max() - 60, cols.min() + 60 : cols.max() - 60]).any()


def _grown(mask: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(mask, iterations=6))


def test_a_point_in_the_overlap_of_bursts_and_swaths_shows_once_and_in_place(scene: Scene) -> None:
    x, y = pyproj.Transformer.from_crs("EPSG:4326", str(scene.geobox.crs), always_xy=True).transform(LON, LAT)
    col, row = ~scene.geobox.affine * (x, y)
    values = read_pixels(scene)["VV"].to_numpy()
    values = np.where(np.isfinite(values), values - np.nanmedian(values), 0)
    bright = np.argwhere(values > 0.2 * values.max())
    assert np.ptp(bright, axis=0).max() <= 5
    i, j = np.unravel_index(values.argmax(), values.shape)
    near = values[i - 6 : i + 7, j - 6 : j + 7]
    rows, cols = np.mgrid[i - 6 : i + 7, j - 6 : j + 7] + 0.5
    assert (near * rows).sum() / near.sum() == pytest.approx(row, abs=0.1)
    assert (near * cols).sum() / near.sum() == pytest.approx(col, abs=0.1)
