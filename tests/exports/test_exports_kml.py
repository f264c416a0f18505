"""KML and KMZ: what Google Earth is told."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import places
import pyogrio
import shapely
from PIL import Image

from sitewatch.exports import KmlPicture, write_kml, write_kmz
from sitewatch.site import Site
from sitewatch.structures import Interval

K = "{http://www.opengis.net/kml/2.2}"


def marks(root: ET.Element) -> dict[str, ET.Element]:
    return {mark.findtext(f"{K}name") or "": mark for mark in root.iter(f"{K}Placemark")}


def picture(suffix: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, format=suffix)
    return buffer.getvalue()


def test_a_structure_appears_with_the_image_that_first_shows_it(tmp_path: Path) -> None:
    undated = places.structure("SW-0009", onset=None, completion=None)
    path = write_kml(tmp_path / "port.kml", places.SITE, [places.structure(), undated])
    found = marks(ET.parse(path).getroot())
    assert found["SW-0007"].findtext(f"{K}TimeSpan/{K}begin") == places.DAYS[3].isoformat()
    assert found["SW-0007"].find(f"{K}TimeSpan/{K}end") is None
    assert found["SW-0009"].find(f"{K}TimeSpan") is None


def test_dates_are_told_as_intervals_and_sizes_with_their_deviation(tmp_path: Path) -> None:
    path = write_kml(tmp_path / "port.kml", places.SITE, [places.structure()])
    said = marks(ET.parse(path).getroot())["SW-0007"].findtext(f"{K}description") or ""
    assert "between 25 January and 6 February 2023 (95 %)" in said
    assert "18,900 m² (sd 310 m²)" in said


def test_a_date_that_no_image_bounds_from_below_is_told_as_by(tmp_path: Path) -> None:
    day = places.DAYS[3]
    path = write_kml(tmp_path / "port.kml", places.SITE, [places.structure(onset=Interval(day, day))])
    said = marks(ET.parse(path).getroot())["SW-0007"].findtext(f"{K}description") or ""
    assert "by 6 February 2023 (95 %)" in said


def test_outlines_come_back_with_their_holes_and_parts(tmp_path: Path) -> None:
    ring = places.box(0.002, 0.002).difference(places.box(0.0025, 0.0022, 0.0005, 0.0005))
    parts = shapely.MultiPolygon([places.box(0.002, 0.008), places.box(0.006, 0.008)])
    path = write_kml(
        tmp_path / "port.kml", places.SITE, [places.structure(footprint=ring), places.structure("SW-0008", parts)]
    )
    table = pyogrio.read_dataframe(path, layer="Confirmed").set_index("Name")
    assert shapely.force_2d(table.loc["SW-0007", "geometry"]).equals_exact(
        shapely.orient_polygons(ring), 1e-7, normalize=True
    )
    both = shapely.force_2d(table.loc["SW-0008", "geometry"])
    assert both.symmetric_difference(parts).area < 1e-12


def test_what_is_rejected_starts_hidden_in_a_folder_of_its_own(tmp_path: Path) -> None:
    some = [places.structure(), places.structure("SW-0008", status="rejected", reason="a moored ship")]
    root = ET.parse(write_kml(tmp_path / "port.kml", places.SITE, some)).getroot()
    folders = {f.findtext(f"{K}name"): f for f in root.iter(f"{K}Folder")}
    assert set(folders) == {"Confirmed", "Rejected"}
    assert folders["Rejected"].findtext(f"{K}visibility") == "0"
    assert "a moored ship" in (marks(root)["SW-0008"].findtext(f"{K}description") or "")


def test_names_with_marks_and_of_any_script_are_text_and_not_markup(tmp_path: Path) -> None:
    site = Site("x", "ميناء <b>&", places.SITE.area)
    odd = places.structure("<script>", reason='"5 > 4" & more', status="candidate")
    root = ET.parse(write_kml(tmp_path / "x.kml", site, [odd])).getroot()
    assert root.findtext(f"{K}Document/{K}name") == "ميناء <b>&"
    assert "5 &gt; 4" in (marks(root)["<script>"].findtext(f"{K}description") or "")


def test_a_kmz_holds_the_pictures_that_its_balloons_show(tmp_path: Path) -> None:
    shots = {"SW-0007": [KmlPicture(picture("png"), "Before: 1 Jan"), KmlPicture(picture("jpeg"), "After: 6 Feb")]}
    path = write_kmz(tmp_path / "port.kmz", places.SITE, [places.structure()], shots)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert names == ["doc.kml", "files/SW-0007-1.png", "files/SW-0007-2.jpg"]
        said = marks(ET.fromstring(archive.read("doc.kml")))["SW-0007"].findtext(f"{K}description") or ""
        for name in names[1:]:
            assert f'src="{name}"' in said
            Image.open(io.BytesIO(archive.read(name))).verify()
    assert "Before: 1 Jan" in said


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_kmz(tmp_path / f"{i}.kmz", places.SITE, [places.structure()]) for i in range(2))
    assert first.read_bytes() == second.read_bytes()
