"""How the layers of a GeoPackage look when QGIS opens it: the table ``layer_styles`` with a QML style a layer.

QGIS takes the style of a layer from there where `useAsDefault` is set and table, schema and geometry column are the
layer's own (it writes the same table itself under "Save style, in the database").
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""
_STATUS = {"confirmed": "214,56,43", "candidate": "240,165,42", "rejected": "138,138,138"}
_EVENTS, _FACILITIES, _SCENES, _SITE = "120,70,160", "31,119,180", "90,110,130", "20,20,20"


def add_styles(path: Path, layers: Iterable[str]) -> None:
    """Give those layers of a GeoPackage a default style that have one here; others keep QGIS's own choice."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(_TABLE)
        # Without an entry of its own the table is no part of the GeoPackage, and readers complain.
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles for QGIS')"
        )
        columns = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        kinds = dict(database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns"))
        rows = [
            ("", "", name, columns[name], name, qml, "", True, "How sitewatch shows it", "", "")
            for name in layers
            if name in columns and (qml := style_of(name, kinds[name]))
        ]
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, ui) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )


def style_of(layer: str, geometry_type: str) -> str | None:
    """QML of a layer; None for one whose geometries are of several kinds, which one symbol can't draw."""
    polygons = geometry_type.upper() in ("POLYGON", "MULTIPOLYGON")
    if layer == "structures" and polygons:
        categories = [(status, _fill(colour, 70, 0.5)) for status, colour in _STATUS.items()]
        return _qml(
            _categorised("status", categories), label="id", tip='<b>[% "id" %]</b> [% "kind" %], [% "status" %]'
        )
    if layer == "site" and polygons:
        return _qml(_single(_fill(_SITE, 0, 0.6, dash=True)), label="name")
    if layer == "scenes" and polygons:
        return _qml(_single(_fill(_SCENES, 0, 0.2)))
    colour = {"facilities": _FACILITIES, "events": _EVENTS}.get(layer)
    if colour and polygons:
        return _qml(_single(_fill(colour, 40, 0.4)), label="name")
    if colour and geometry_type.upper() in ("POINT", "MULTIPOINT"):
        return _qml(_single(_marker(colour)), label="name")
    if colour and geometry_type.upper() in ("LINESTRING", "MULTILINESTRING"):
        return _qml(_single(_line(colour)), label="name")
    return None


Symbol = tuple[str, str, dict[str, str]]
"""Its type, the class of its one layer, and that layer's properties."""


def _fill(colour: str, alpha: int, width_mm: float, *, dash: bool = False) -> Symbol:
    style = "solid" if alpha else "no"
    return "fill", "SimpleFill", {
        "color": f"{colour},{alpha}",
        "outline_color": f"{colour},255",
        "outline_style": "dash" if dash else "solid",
        "outline_width": str(width_mm),
        "outline_width_unit": "MM",
        "joinstyle": "miter",
        "style": style,
    }  # fmt: skip


def _line(colour: str) -> Symbol:
    return "line", "SimpleLine", {"line_color": f"{colour},255", "line_width": "0.6", "line_width_unit": "MM"}


def _marker(colour: str) -> Symbol:
    return "marker", "SimpleMarker", {
        "name": "circle", "color": f"{colour},255", "outline_color": "255,255,255,255", "size": "2.6", "size_unit": "MM"
    }  # fmt: skip


def _single(symbol: Symbol) -> ET.Element:
    renderer = ET.Element("renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0", forceraster="0")
    _symbols(renderer, [symbol])
    return renderer


def _categorised(field: str, categories: Sequence[tuple[str, Symbol]]) -> ET.Element:
    renderer = ET.Element(
        "renderer-v2", type="categorizedSymbol", attr=field, symbollevels="0", enableorderby="0", forceraster="0"
    )
    listed = ET.SubElement(renderer, "categories")
    for i, (value, _) in enumerate(categories):
        ET.SubElement(listed, "category", symbol=str(i), value=value, label=value, render="true", type="string")
    _symbols(renderer, [symbol for _, symbol in categories])
    return renderer


def _symbols(renderer: ET.Element, symbols: Sequence[Symbol]) -> None:
    holder = ET.SubElement(renderer, "symbols")
    for i, (kind, layer_class, properties) in enumerate(symbols):
        symbol = ET.SubElement(holder, "symbol", type=kind, name=str(i), alpha="1", clip_to_extent="1")
        layer = ET.SubElement(symbol, "layer", {"class": layer_class, "enabled": "1", "locked": "0", "pass": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for key, value in properties.items():
            ET.SubElement(options, "Option", type="QString", name=key, value=value)
        # QGIS before 3.20 reads these.
        for key, value in properties.items():
            ET.SubElement(layer, "prop", k=key, v=value)


def _qml(renderer: ET.Element, *, label: str = "", tip: str = "") -> str:
    categories = ["Symbology", *(["Labeling"] if label else []), *(["MapTips"] if tip else [])]
    root = ET.Element(
        "qgis", version="3.22.0", styleCategories="|".join(categories), labelsEnabled="1" if label else "0"
    )
    root.append(renderer)
    if label:
        settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings", calloutType="simple")
        text = ET.SubElement(
            settings, "text-style", fieldName=label, isExpression="0", fontSize="9", fontSizeUnit="Point",
            textColor="20,20,20,255", textOpacity="1", namedStyle="Regular",
        )  # fmt: skip
        ET.SubElement(
            text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor="255,255,255,255",
            bufferOpacity="1",
        )  # fmt: skip
        ET.SubElement(settings, "placement", placement="1", dist="0", priority="5")
    if tip:
        ET.SubElement(root, "mapTip").text = tip
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
