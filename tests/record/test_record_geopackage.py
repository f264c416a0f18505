"""The GeoPackage opens with a style of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pyogrio
import pytest
import shapely

import acquaintances as a
from sitewatch.record import ContextEvent, Revision, write_geopackage
from sitewatch.record._geopackage_styles import style_of


def revision(name: str, status: str) -> Revision:
    import datetime as dt

    one = a.structure(name, a.box(0.002, 0.002), status=status)
    return Revision(name, 1, dt.datetime(2023, 5, 1, tzinfo=dt.UTC), "run", "", one, one)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    event = ContextEvent("a launch", "a paper", geometry=shapely.Point(124.71, 39.66))
    revisions = [revision("SW-0001", "confirmed"), revision("SW-0002", "candidate")]
    return write_geopackage(tmp_path / "port.gpkg", a.SITE, revisions, events=[event])


def styles(package: Path) -> dict[str, tuple[str, str, int]]:
    with closing(sqlite3.connect(package)) as database:
        rows = database.execute("SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles")
        return {name: (column, qml, default) for name, column, qml, default in rows}


def test_each_layer_has_a_default_style_for_its_geometry_column(package: Path) -> None:
    found = styles(package)
    assert set(found) == {"site", "structures", "events"}
    with closing(sqlite3.connect(package)) as database:
        columns = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert {name: column for name, (column, _, _) in found.items()} == columns
    assert all(default for _, _, default in found.values())


def test_structures_are_coloured_by_status_and_labelled_by_name(package: Path) -> None:
    root = ET.fromstring(styles(package)["structures"][1].split("\n", 1)[1])
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "status")
    categories = {c.get("value"): c.get("symbol") for c in renderer.iter("category")}
    symbols = {s.get("name"): s for s in renderer.iter("symbol")}
    colours = {
        value: next(p.get("v") for p in symbols[symbol].iter("prop") if p.get("k") == "outline_color")
        for value, symbol in categories.items()
    }
    assert set(colours) == {"confirmed", "candidate", "rejected"}
    assert len(set(colours.values())) == 3
    assert root.find("labeling/settings/text-style").get("fieldName") == "id"  # type: ignore[union-attr]


def test_the_table_of_styles_is_a_part_of_the_package(package: Path) -> None:
    layers = dict(pyogrio.list_layers(package))
    assert layers["layer_styles"] is None
    assert layers["structures"] in ("Polygon", "MultiPolygon")
    with closing(sqlite3.connect(package)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("layer", "kind", "symbol"),
    [("facilities", "Point", "marker"), ("facilities", "LineString", "line"), ("events", "Polygon", "fill"),
     ("scenes", "Polygon", "fill")],
)  # fmt: skip
def test_a_symbol_fits_its_geometry(layer: str, kind: str, symbol: str) -> None:
    qml = style_of(layer, kind)
    assert qml is not None
    assert {s.get("type") for s in ET.fromstring(qml.split("\n", 1)[1]).iter("symbol")} == {symbol}


def test_mixed_geometries_are_left_to_qgis() -> None:
    assert style_of("facilities", "GEOMETRY") is None
