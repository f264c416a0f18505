"""A checksum of all that a record says of a site, the same on every database."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict

import shapely
from shapely.geometry.base import BaseGeometry

from sitewatch.record._copy import of_site
from sitewatch.record._database import Record, reading
from sitewatch.record._tables import Base


def record_digest(record: Record, uid: str) -> str:
    """SHA-256 of every row of a site, in order, whatever numbers the database gave the rows.

    Two records that agree in it say the same of the site: all revisions, reviews, runs, scenes, observations, events,
    findings, alerts and deliveries.
    """
    numbers: dict[str, dict[int, int]] = defaultdict(dict)
    digest = hashlib.sha256()
    with reading(record) as session:
        for table in Base.metadata.sorted_tables:
            digest.update(table.name.encode())
            known = numbers[table.name]
            own = [c.name for c in table.columns for key in c.foreign_keys if key.column.table is table]
            for row in of_site(session, table, uid, numbers):
                if "id" in row:
                    row["id"] = known[row["id"]] = len(known) + 1
                row |= {name: known[row[name]] for name in own if row[name] is not None}
                digest.update(json.dumps(row, sort_keys=True, default=_plain).encode())
    return digest.hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, BaseGeometry):
        return str(shapely.to_wkb(value, hex=True))
    raise TypeError(f"a {type(value).__name__} in the record has no text")
