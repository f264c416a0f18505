"""From Sentinel-1 products as they are downloaded to a stack and a result, by the command line alone."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pyproj
import pytest
import safe_products as sp
from typer.testing import CliRunner

from sitewatch.cli import app
from sitewatch.record import Workspace, known_files
from sitewatch.scenes import Hints, open_scene
from sitewatch.stack import open_stack
from sitewatch.stack._mosaic import read_pass
from sitewatch.stack._plan import Pass

LON, LAT, SIZE, PASSES, BUILT = 36.0, 34.0, 110, 12, 5


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with products of twelve passes over a coast, zipped, plain and COG; a pier stands from the sixth on."""
    folder = tmp_path_factory.mktemp("harbour")
    frame = sp.frame_over(LON, LAT, lines=SIZE, samples=SIZE)
    rng = np.random.default_rng(11)
    line, pixel = (round(v) for v in frame.place(LON, LAT, 0.0))
    level = np.full((SIZE, SIZE), 0.01)
    level[:, : pixel - 12] = 0.12
    pier = np.zeros((SIZE, SIZE), bool)
    pier[line - 3 : line + 4, pixel - 14 : pixel + 14] = True
    for number in range(PASSES):
        now = np.where(pier & (number >= BUILT), 0.6, level)
        images = {}
        for pol, share in (("VV", 1.0), ("VH", 0.2)):
            power = now * share * rng.gamma(4.4, 1 / 4.4, now.shape)
            images[pol] = np.maximum(np.sqrt(power) * 360.0, 1).round().astype(np.uint16)
        start = dt.datetime(2022, 6, 1, 15, 40) + dt.timedelta(days=12 * number)
        product = sp.write_safe(
            folder / "products",
            frame,
            images,
            start=start,
            absolute_orbit=43500 + 175 * number,
            tables=sp.Tables(sigma=(400.0, 0.0, 0.0)),
            cog=number % 3 == 1,
        )
        if number % 3 == 2:
            sp.zip_safe(product)
            shutil.rmtree(product)
    to_map = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32636", always_xy=True)
    x, y = to_map.transform(LON, LAT)
    ring = [
        to_map.transform(x + dx, y + dy, direction="INVERSE")
        for dx, dy in ((-300, -300), (300, -300), (300, 300), (-300, 300), (-300, -300))
    ]
    (folder / "site.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return folder


def test_a_run_over_products_as_downloaded_stacks_them_and_finds_the_pier(harbour: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, told = run(
        "run", harbour / "site.geojson", harbour / "products", "--out", out, "--dem", "0", "--dem-datum", "ellipsoid"
    )
    assert code == 0, told
    stack = open_stack(out / "stacks" / "sentinel-1-iw-28-ascending.zarr")
    assert stack.sizes["time"] == PASSES
    assert set(stack.data_vars) == {"VV", "VH"}
    assert (stack.attrs["quantity"], stack.attrs["enl"]) == ("gamma0", 4.4)
    assert float(stack.attrs["pixel_x_m"]) == pytest.approx(10, rel=0.01)
    assert np.isfinite(stack["VV"].to_numpy()).mean() > 0.99
    # The sea's level came through calibration, geocoding and interpolation.
    assert float(stack["VV"].isel(x=slice(-12, None)).mean()) == pytest.approx(0.01, rel=0.05)
    assert not any("resampled" in note for note in stack.attrs["notes"])
    found = json.loads((out / "structures.geojson").read_text())["features"]
    confirmed = [f["properties"] for f in found if f["properties"]["status"] == "confirmed"]
    assert len(confirmed) == 1
    assert confirmed[0]["onset_earliest"] <= "2022-07-31" <= confirmed[0]["completion_latest"]
    workspace = Workspace.open(out)
    with workspace.record() as record:
        files = known_files(record, workspace.uid)
    assert len(files) >= PASSES
    assert all(file.sha256 for file in files.values())


def test_inspect_says_what_a_product_is_what_can_be_done_and_what_is_missing(harbour: Path) -> None:
    (zipped, *_) = sorted((harbour / "products").glob("*.zip"))
    code, said, _ = run("inspect", zipped, "--json")
    (scene,) = json.loads(said)["scenes"]
    assert code == 0
    assert (scene["product"], scene["product_type"], scene["verified_on"]) == (
        "Sentinel-1 GRDH",
        "GRD",
        "specification",
    )
    assert "lay it on any map grid" in scene["can"]
    assert scene["missing"] == ["the ground's height (--dem, --dem-datum)"]
    assert run("inspect", zipped)[1].count("missing") == 1


def test_inspect_verifies_checksums(harbour: Path, tmp_path: Path) -> None:
    plain = next(p for p in sorted((harbour / "products").glob("*.SAFE")) if "COG" not in p.name)
    product = Path(shutil.copytree(plain, tmp_path / plain.name))
    assert run("inspect", product, "--verify")[0] == 0
    table = next(product.glob("annotation/calibration/calibration-*"))
    table.write_text(table.read_text().replace("gamma", "gamma ", 1))
    code, _, told = run("inspect", product, "--verify")
    assert code == 1
    assert "MD5 checksum" in told
    code, _, told = run("inspect", tmp_path, "--verify", "--polarisation", "HH")
    assert code == 1
    assert "it has no polarisation HH" in told


def test_formats_lists_each_family_and_what_was_verified() -> None:
    from sitewatch.scenes._find import FAMILIES
    from sitewatch.scenes._formats import FORMATS

    code, said, _ = run("formats")
    assert code == 0
    listed = json.loads(run("formats", "--json")[1])["families"]
    assert [entry["name"] for entry in listed] == [family.name for family in FORMATS]
    assert {entry["verified"] for entry in listed} == {"real data", "specification"}
    for family in FORMATS:
        assert family.name in said
    # Every family of readers is in the table: a SAFE package is any of several products.
    names = {name for family in FORMATS for name in (family.name, "Sentinel-1 SAFE", "Sentinel-2 SAFE")}
    assert {family.name for family in FAMILIES} <= names


def test_a_registration_shift_moves_what_is_laid_by_whole_and_broken_pixels(harbour: Path) -> None:
    scene = open_scene(min((harbour / "products").glob("*.zip")), Hints(dem="0", dem_datum="ellipsoid"))
    rows, cols = scene.geobox.shape
    grid = scene.geobox[rows // 2 - 20 : rows // 2 + 20, cols // 2 - 20 : cols // 2 + 20]
    overpass = Pass(scene.datetime, scene.platform, (scene,))
    laid = {}
    for shift in ((0.0, 0.0), (1.0, -2.0), (0.5, 0.0)):
        out = np.empty((1, *grid.shape), np.float32)
        assert not read_pass(overpass, grid, ("VV",), out, shift).failed
        laid[shift] = out[0]
    np.testing.assert_allclose(laid[1.0, -2.0][:-1, 2:], laid[0.0, 0.0][1:, :-2], rtol=1e-3)
    assert laid[0.5, 0.0].mean() == pytest.approx(laid[0.0, 0.0].mean(), rel=0.05)
