"""Carry the record of a site from one database to another, say from its file to PostgreSQL, with nothing lost."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from sitewatch.errors import RecordError
from sitewatch.record._database import Record, reading, writing
from sitewatch.record._sites import site_row
from sitewatch.record._tables import Base, SiteRow

_TOGETHER = 1000


def copy_record(source: Record, target: Record, uid: str) -> int:
    """Copy all that a record holds of a site into another record, which may hold other sites.

    Parameters
    ----------
    uid
        Of the site's workspace.

    Returns
    -------
    int
        How many rows were copied.

    Raises
    ------
    RecordError
        If the target has the site already; nothing is copied then.
    """
    with reading(source) as there, writing(target) as here:
        site_row(there, uid)
        if here.scalar(select(SiteRow.id).where(SiteRow.uid == uid)) is not None:
            raise RecordError(
                f"the record {target.address} has this site already", hint="Give an empty database, or another one."
            )
        # Numbers of rows are given out anew: the target may have used them for another site.
        numbers: dict[str, dict[int, int]] = defaultdict(dict)
        return sum(_copy_table(there, here, table, uid, numbers) for table in Base.metadata.sorted_tables)


def _copy_table(there: Session, here: Session, table: Table, uid: str, numbers: dict[str, dict[int, int]]) -> int:
    copied = of_site(there, table, uid, numbers)
    if "id" not in table.c:
        for start in range(0, len(copied), _TOGETHER):
            here.execute(insert(table), copied[start : start + _TOGETHER])
        return len(copied)
    for row in copied:
        old = row.pop("id")
        self_references = {c.name: numbers[table.name][row[c.name]] for c in _own_references(table) if row[c.name]}
        made = insert(table).values({**row, **self_references}).returning(table.c.id)
        numbers[table.name][old] = here.execute(made).scalar_one()
    return len(copied)


def of_site(there: Session, table: Table, uid: str, numbers: dict[str, dict[int, int]]) -> list[dict[str, Any]]:
    """Rows of a table that are of a site, in order, with their references to other tables by `numbers` [table][old]."""
    rows = there.execute(select(table).order_by(*table.primary_key.columns)).mappings()
    return [fresh for row in rows if (fresh := _translated(table, dict(row), uid, numbers)) is not None]


def _translated(
    table: Table, row: dict[str, Any], uid: str, numbers: dict[str, dict[int, int]]
) -> dict[str, Any] | None:
    """A row that refers to the rows of the target, or None where it is of another site."""
    if table.name == "site" and row["uid"] != uid:
        return None
    for column in table.columns:
        for key in column.foreign_keys:
            other = key.column.table.name
            if row[column.name] is not None and other != table.name:
                if row[column.name] not in numbers[other]:
                    return None
                row[column.name] = numbers[other][row[column.name]]
    return row


def _own_references(table: Table) -> list[Any]:
    return [c for c in table.columns for key in c.foreign_keys if key.column.table is table]
