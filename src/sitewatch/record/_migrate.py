"""Bring the tables of a record to the version that this sitewatch knows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from sitewatch.errors import RecordError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The newest migration in ``migrations/versions``."""
_LOCK = 7_483_920  # any number that no other program locks


def bring_up_to_date(
    engine: Engine, address: str, writing: Callable[[Engine], AbstractContextManager[Connection]]
) -> None:
    """Run the migrations that a database lacks, in one transaction; Alembic is loaded only where there are some.

    Raises
    ------
    RecordError
        If the database is of a newer sitewatch, or holds tables of something else.
    """
    with engine.connect() as connection:
        if _version(connection, address) == HEAD:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two who open a new database at once must not both make its tables.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if _version(connection, address) != HEAD:
            from alembic import command

            command.upgrade(config_for(connection), "head")


def config_for(connection: Connection) -> Config:
    """Alembic's settings for the migrations in this package and an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _version(connection: Connection, address: str) -> str | None:
    """The version of the tables; None where there are none yet."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables & {"site", "structure", "revision"}:
            raise RecordError(
                f"{address} holds tables that are not a record of sitewatch",
                hint="Give a database of its own, or an empty one.",
            )
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version > HEAD:
        raise RecordError(
            f"the record {address} was written by a newer sitewatch (tables {version}; this one knows {HEAD})",
            hint="Update sitewatch.",
        )
    return version
