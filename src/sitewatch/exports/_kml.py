"""KML and KMZ for Google Earth: outlines that appear on its time slider with the image that first shows them."""

from __future__ import annotations

import dataclasses
import html
import io
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import shapely

from sitewatch.atomic import write_whole
from sitewatch.site import Site
from sitewatch.structures import Interval, Measure, Structure
from sitewatch.words import interval_words

NAMESPACE = "http://www.opengis.net/kml/2.2"
# KML writes colours as alpha, blue, green, red.
_COLOURS = {"confirmed": "2b38d6", "candidate": "2aa5f0", "rejected": "8a8a8a"}
_TITLES = {"confirmed": "Confirmed", "candidate": "Candidates", "rejected": "Rejected"}
_SITE_COLOUR = "ffffff"
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)  # the same result gives the same bytes


@dataclasses.dataclass(frozen=True)
class KmlPicture:
    """A picture that goes with a structure in a KMZ.

    Attributes
    ----------
    content
        The bytes of a PNG or JPEG file.
    caption
        What it shows.
    """

    content: bytes
    caption: str

    @property
    def suffix(self) -> str:
        """Of the file."""
        return ".png" if self.content.startswith(b"\x89PNG") else ".jpg"


def write_kml(path: str | Path, site: Site, structures: Iterable[Structure]) -> Path:
    """Write the site and its structures as KML 2.2; the file appears whole or not at all.

    A structure's time span begins with the first image by which it is credibly there (the end of its onset's interval)
    and has no end; of a demolition it begins with the removal. One without an onset has no span.
    """
    return write_whole(Path(path), _document(site, list(structures), {}))


def write_kmz(
    path: str | Path,
    site: Site,
    structures: Iterable[Structure],
    pictures: Mapping[str, Sequence[KmlPicture]] | None = None,
) -> Path:
    """Write the same as a KMZ, one file that holds its pictures.

    Parameters
    ----------
    pictures
        By name of the structure; shown in its balloon, in this order.
    """
    names = {
        name: [(f"files/{_safe(name)}-{i}{one.suffix}", one) for i, one in enumerate(some, 1)]
        for name, some in (pictures or {}).items()
    }
    captions = {name: [(file, one.caption) for file, one in some] for name, some in names.items()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        # Google Earth opens the first KML of the archive.
        out.writestr(zipfile.ZipInfo("doc.kml", _ZIP_DAY), _document(site, list(structures), captions))
        for file, one in (entry for some in names.values() for entry in some):
            out.writestr(zipfile.ZipInfo(file, _ZIP_DAY), one.content)
    return write_whole(Path(path), archive.getvalue())


def _document(site: Site, structures: Sequence[Structure], pictures: Mapping[str, Sequence[tuple[str, str]]]) -> bytes:
    ET.register_namespace("", NAMESPACE)
    kml = ET.Element(_tag("kml"))
    document = ET.SubElement(kml, _tag("Document"))
    _text(document, "name", site.name)
    _style(document, "site", _SITE_COLOUR, fill="00", width=2.0)
    for status, colour in _COLOURS.items():
        _style(document, status, colour, fill="40", width=2.5)
    area = ET.SubElement(document, _tag("Placemark"))
    _text(area, "name", f"{site.name}: the area under watch")
    _text(area, "styleUrl", "#site")
    _geometry(area, site.area)
    for status, title in _TITLES.items():
        of_status = [one for one in structures if one.status == status]
        if not of_status:
            continue
        folder = ET.SubElement(document, _tag("Folder"))
        _text(folder, "name", title)
        if status == "rejected":
            _text(folder, "visibility", "0")
        for one in of_status:
            _placemark(folder, one, pictures.get(one.id, ()), visible=status != "rejected")
    ET.indent(kml, " ")
    return bytes(ET.tostring(kml, encoding="utf-8", xml_declaration=True))


def _placemark(folder: ET.Element, s: Structure, pictures: Sequence[tuple[str, str]], *, visible: bool) -> None:
    # The order of children is that of the schema.
    mark = ET.SubElement(folder, _tag("Placemark"), id=f"structure-{_safe(s.id)}")
    _text(mark, "name", s.id)
    if not visible:
        _text(mark, "visibility", "0")
    _text(mark, "Snippet", f"{s.kind}, {s.status}", maxLines="1")
    facts = _facts(s)
    _text(mark, "description", _balloon(facts, pictures))
    if s.onset:
        span = ET.SubElement(mark, _tag("TimeSpan"))
        _text(span, "begin", s.onset.latest.isoformat())
    _text(mark, "styleUrl", f"#{s.status}")
    data = ET.SubElement(mark, _tag("ExtendedData"))
    for name, value in facts:
        _text(ET.SubElement(data, _tag("Data"), name=name), "value", value)
    _geometry(mark, s.footprint)


def _facts(s: Structure) -> list[tuple[str, str]]:
    verb = "removed" if s.kind == "demolition" else "begun"
    rows = [
        ("kind", s.kind),
        ("status", s.status),
        ("why" if s.status == "rejected" else "lacks", s.reason),
        (verb, _between(s.onset)),
        ("finished", _between(s.completion)),
        ("phase at the last image", s.phases[-1].phase if s.phases else ""),
        ("area", _size(s.area_m2, "m²")),
        ("length", _size(s.length_m, "m")),
        ("width", _size(s.width_m, "m")),
        ("images that show it", str(len(s.scenes)) if s.scenes else ""),
    ]
    return [(name, value) for name, value in rows if value]


def _between(interval: Interval | None) -> str:
    """As an interval: an image date is never passed off as a building date."""
    return "" if interval is None else f"{interval_words(interval)} (95 %)"


def _size(measure: Measure, unit: str) -> str:
    if not math.isfinite(measure.value):
        return ""
    sd = f" (sd {measure.sd:,.0f} {unit})" if math.isfinite(measure.sd) else ""
    return f"{measure.value:,.0f} {unit}{sd}"


def _balloon(facts: Sequence[tuple[str, str]], pictures: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in facts)
    shots = "".join(
        f'<p><img src="{html.escape(file)}" width="420"/><br/>{html.escape(caption)}</p>' for file, caption in pictures
    )
    return f"<table>{rows}</table>{shots}"


def _style(document: ET.Element, name: str, colour: str, *, fill: str, width: float) -> None:
    style = ET.SubElement(document, _tag("Style"), id=name)
    line = ET.SubElement(style, _tag("LineStyle"))
    _text(line, "color", f"ff{colour}")
    _text(line, "width", str(width))
    poly = ET.SubElement(style, _tag("PolyStyle"))
    _text(poly, "color", f"{fill}{colour}")


def _geometry(mark: ET.Element, geometry: shapely.Geometry) -> None:
    parts = [part for part in shapely.get_parts(shapely.force_2d(geometry)) if isinstance(part, shapely.Polygon)]
    holder = mark if len(parts) == 1 else ET.SubElement(mark, _tag("MultiGeometry"))
    for part in parts:
        polygon = ET.SubElement(holder, _tag("Polygon"))
        _text(polygon, "tessellate", "1")
        # Counter-clockwise outside, else Google Earth shades the back.
        turned = shapely.orient_polygons(part)
        for name, ring in [("outerBoundaryIs", turned.exterior), *(("innerBoundaryIs", r) for r in turned.interiors)]:
            line = ET.SubElement(ET.SubElement(polygon, _tag(name)), _tag("LinearRing"))
            _text(line, "coordinates", " ".join(f"{x:.8f},{y:.8f}" for x, y in np.asarray(ring.coords)))


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, _tag(name), attributes).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
