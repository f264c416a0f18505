"""Sentinel-1 ground range pixels: calibration, noise and borders against exact numbers and an independent reader."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
import safe_products as sp
import xarray as xr

from sitewatch.scenes import Hints, open_scene, read_pixels
from sitewatch.scenes.sentinel1 import open_package
from sitewatch.scenes.sentinel1._family import _images
from sitewatch.scenes.sentinel1._image import Image

LINES, SAMPLES = 120, 140
WHOLE = (0, LINES, 0, SAMPLES)


@pytest.fixture(scope="module")
def frame() -> sp.Frame:
    return sp.frame_over(36.0, 34.0, lines=LINES, samples=SAMPLES)


def image_of(product: Path) -> Image:
    package = open_package(str(product))
    return _images(package, package.manifest())[0][0]


def test_backscatter_is_dn_squared_over_the_tables_amplitude_squared(frame: sp.Frame, tmp_path: Path) -> None:
    dn = np.random.default_rng(1).integers(20, 2000, (LINES, SAMPLES)).astype(np.uint16)
    tables = sp.Tables()
    image = image_of(sp.write_safe(tmp_path, frame, {"VV": dn}, tables=tables))
    line, pixel = np.mgrid[:LINES, :SAMPLES].astype(float)
    squared, amplitude = dn.astype(float) ** 2, tables.amplitude(line, pixel)
    np.testing.assert_allclose(image.power(WHOLE, "sigma0"), squared / amplitude**2, rtol=1e-6)
    np.testing.assert_allclose(image.power(WHOLE, "gamma0"), squared / (0.9 * amplitude) ** 2, rtol=1e-6)
    np.testing.assert_allclose(image.power(WHOLE, "beta0"), squared / 300.0**2, rtol=1e-6)
    # A window is the same part of the whole.
    np.testing.assert_array_equal(image.power((33, 71, 50, 90), "sigma0"), image.power(WHOLE, "sigma0")[33:71, 50:90])


def test_xarray_sentinel_calibrates_alike_and_gdal_reads_the_same_numbers(frame: sp.Frame, tmp_path: Path) -> None:
    xarray_sentinel = pytest.importorskip("xarray_sentinel")
    dn = np.random.default_rng(2).integers(20, 2000, (LINES, SAMPLES)).astype(np.uint16)
    product = sp.write_safe(tmp_path, frame, {"VV": dn})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measured = xr.open_dataset(product, engine="sentinel-1", group="IW/VV").measurement
        tables = xr.open_dataset(product, engine="sentinel-1", group="IW/VV/calibration")
        theirs = xarray_sentinel.calibrate_intensity(measured, tables.gamma).to_numpy()
        with rasterio.open(f"SENTINEL1_CALIB:UNCALIB:{product}/manifest.safe:IW_VV:AMPLITUDE") as source:
            np.testing.assert_array_equal(source.read(1), dn)
            assert len(source.gcps[0]) == 12
    np.testing.assert_allclose(image_of(product).power(WHOLE, "gamma0"), theirs, rtol=1e-5)


def test_noise_is_subtracted_with_range_vectors_and_azimuth_blocks(frame: sp.Frame, tmp_path: Path) -> None:
    dn = np.full((LINES, SAMPLES), 100, np.uint16)
    tables = sp.Tables(sigma=(400.0, 0.0, 0.0), noise=4000.0, azimuth_noise=1.5)
    power = image_of(sp.write_safe(tmp_path, frame, {"VV": dn}, tables=tables)).power(WHOLE, "sigma0")
    factor = np.where(np.arange(SAMPLES) < SAMPLES // 2, np.linspace(1, 1.5, LINES)[:, None], 1.0)
    np.testing.assert_allclose(power, (100.0**2 - 4000.0 * factor) / 400.0**2, rtol=1e-5)


@pytest.mark.parametrize(
    ("ipf", "stored"),
    [("002.34", 4000.0 / (75088.7 * 400.0**2)), ("002.31", 4000.0 / (75088.7 * 400.0)), ("002.60", 4000.0)],
)
def test_noise_of_old_processors_is_brought_to_the_same_unit(
    frame: sp.Frame, tmp_path: Path, ipf: str, stored: float
) -> None:
    dn = np.full((LINES, SAMPLES), 100, np.uint16)
    tables = sp.Tables(sigma=(400.0, 0.0, 0.0), noise=stored)
    image = image_of(sp.write_safe(tmp_path, frame, {"VV": dn}, tables=tables, ipf=ipf))
    np.testing.assert_allclose(image.power(WHOLE, "sigma0"), 6000.0 / 400.0**2, rtol=1e-5)
    assert image.noise_floor("sigma0") == pytest.approx(4000.0 / 400.0**2)


def test_noise_already_subtracted_is_not_subtracted_again_and_none_is_told(frame: sp.Frame, tmp_path: Path) -> None:
    dn = np.full((LINES, SAMPLES), 100, np.uint16)
    product = sp.write_safe(tmp_path, frame, {"VV": dn}, tables=sp.Tables(sigma=(400.0, 0.0, 0.0), noise=4000.0))
    (annotation,) = product.glob("annotation/*.xml")
    annotation.write_text(annotation.read_text().replace("Performed>false", "Performed>true"))
    np.testing.assert_allclose(image_of(product).power(WHOLE, "sigma0"), 100.0**2 / 400.0**2, rtol=1e-6)
    assert "thermal noise was subtracted by the processor" in open_scene(product).notes


def test_borders_of_noise_are_masked_in_old_products_only(frame: sp.Frame, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    signal = np.sqrt(rng.gamma(4.4, 40000 / 4.4, (LINES, SAMPLES)))
    # MPC-0243: the margin holds values far below the noise floor, not zeros.
    dn = signal.copy()
    dn[:, :17] = rng.uniform(1, 12, (LINES, 17))
    dn[-9:] = rng.uniform(1, 12, (9, SAMPLES))
    dn[60, 70] = 1.0  # a dark pixel within the image is no border
    tables = sp.Tables(noise=900.0)
    old = sp.write_safe(tmp_path / "old", frame, {"VV": dn.astype(np.uint16)}, tables=tables, ipf="002.72")
    new = sp.write_safe(tmp_path / "new", frame, {"VV": dn.astype(np.uint16)}, tables=tables, ipf="003.52")
    valid = np.isfinite(image_of(old).power(WHOLE, "gamma0"))
    assert not valid[:-12, :14].any()
    assert not valid[-6:, 22:].any()
    assert valid[:-14, 22:].all()
    assert np.isfinite(image_of(new).power(WHOLE, "gamma0")).all()
    # A window says the same of its pixels as the whole image does.
    np.testing.assert_array_equal(np.isfinite(image_of(old).power((90, 120, 5, 60), "gamma0")), valid[90:120, 5:60])
    assert any("borders of noise are masked (processor IPF 2.72)" in note for note in open_scene(old).notes)


def test_zeros_are_no_data_and_what_noise_subtraction_makes_negative_is_zero(frame: sp.Frame, tmp_path: Path) -> None:
    dn = np.full((LINES, SAMPLES), 40, np.uint16)
    dn[:, : SAMPLES // 2] = 0
    product = sp.write_safe(tmp_path, frame, {"VV": dn}, tables=sp.Tables(noise=4000.0))
    pixels = read_pixels(open_scene(product, Hints(dem="0", dem_datum="ellipsoid")))["VV"].to_numpy()
    assert set(np.unique(pixels[np.isfinite(pixels)])) == {0.0}
    assert 0.2 < np.isfinite(pixels).mean() < 0.6


def test_the_tables_of_the_real_product_are_read_as_xarray_sentinel_reads_them(shared_data: Path) -> None:
    pytest.importorskip("xarray_sentinel")
    folder = shared_data / "sentinel1-safe"
    if not folder.is_dir():
        pytest.skip(f"no Sentinel-1 product at {folder}")
    (product,) = folder.glob("*.SAFE")
    image = image_of(product)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = xr.open_dataset(product, engine="sentinel-1", group="IW/VV/calibration").gamma
        lines, pixels = np.array([0, 4321, 16704]), np.array([0, 1234, 26101])
        expected = theirs.interp(line=lines, pixel=pixels).to_numpy()
    np.testing.assert_allclose(image.calibration("gamma0").over(lines, pixels), expected, rtol=1e-5)
