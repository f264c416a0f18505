"""Alerts as an Atom feed (RFC 4287) with places in GeoRSS Simple (OGC 17-002r1), in a file."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import shapely
import shapely.geometry

from sitewatch.atomic import write_whole
from sitewatch.errors import DeliveryError
from sitewatch.record import Alert
from sitewatch.watch._into_file import IntoFile
from sitewatch.watch._message import Message, alert_id, named_id
from sitewatch.watch._rules import Feed

ATOM = "http://www.w3.org/2005/Atom"
GEORSS = "http://www.georss.org/georss"


class FeedChannel(IntoFile[Feed]):
    """One feed; see `Channel`."""

    def send(self, message: Message, target: str) -> str:
        path = Path(target)
        try:
            there = _entries(path)
            ids = {entry.findtext(_atom("id")) for entry in there}
            fresh = [entry_of(message, alert) for alert in message.alerts]
            fresh = [entry for entry in fresh if entry.findtext(_atom("id")) not in ids]
            if fresh:
                entries = sorted(
                    [*there, *fresh], key=lambda entry: entry.findtext(_atom("updated")) or "", reverse=True
                )
                write_whole(path, _feed(self.rules, entries[: self.rules.keep]))
        except OSError as error:
            raise DeliveryError(f"{path} can't be written ({error.strerror})") from error
        return "written" if fresh else "was there"


def entry_of(message: Message, alert: Alert) -> ET.Element:
    """An alert as an entry of a feed."""
    entry = ET.Element(_atom("entry"))
    _add(entry, "id", f"urn:uuid:{alert_id(message.site_uid, alert)}")
    _add(entry, "title", dataclasses.replace(message, alerts=(alert,)).subject)
    _add(entry, "updated", alert.raised.isoformat() if alert.raised else "")
    _add(entry, "category").set("term", alert.kind)
    _add(entry, "summary", alert.text).set("type", "text")
    structure = alert.content.get("structure")
    if structure and structure["geometry"]["coordinates"]:
        outline = shapely.geometry.shape(structure["geometry"])
        # GeoRSS Simple knows one ring a polygon; of several parts the hull holds all.
        ring = outline if isinstance(outline, shapely.Polygon) else shapely.convex_hull(outline)
        place = ET.SubElement(entry, f"{{{GEORSS}}}polygon")
        place.text = " ".join(f"{y:.6f} {x:.6f}" for x, y in shapely.get_coordinates(shapely.get_exterior_ring(ring)))
    return entry


def _feed(rules: Feed, entries: list[ET.Element]) -> bytes:
    ET.register_namespace("", ATOM)
    ET.register_namespace("georss", GEORSS)
    root = ET.Element(_atom("feed"))
    _add(root, "id", f"urn:uuid:{named_id(f'feed {rules.name}')}")
    _add(root, "title", rules.title)
    _add(root, "updated", entries[0].findtext(_atom("updated")) or "")
    _add(_add(root, "author"), "name", "sitewatch")
    _add(root, "generator", "sitewatch")
    root.extend(entries)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _entries(path: Path) -> list[ET.Element]:
    if not path.exists():
        return []
    try:
        root = ET.fromstring(path.read_bytes())
    except ET.ParseError as error:
        raise DeliveryError(f"{path} is not a feed ({error}); move it away, and a new one is begun") from error
    if root.tag != _atom("feed"):
        raise DeliveryError(f"{path} is not an Atom feed; move it away, and a new one is begun")
    return root.findall(_atom("entry"))


def _add(parent: ET.Element, tag: str, text: str = "") -> ET.Element:
    child = ET.SubElement(parent, _atom(tag))
    child.text = text or None
    return child


def _atom(tag: str) -> str:
    return f"{{{ATOM}}}{tag}"
