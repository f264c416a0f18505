"""Open the record: one SQLite file in a workspace, or a PostgreSQL database where several people share one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from sitewatch.errors import RecordError
from sitewatch.record._migrate import bring_up_to_date

_BUSY_SECONDS = 60.0
"""How long one who writes waits for another to finish."""
_WRITING = "sitewatch_writing"


@dataclasses.dataclass
class Record:
    """An open record, for one thread.

    The functions of `sitewatch.record` that take it do their work in a transaction each; within `transaction` they do
    it together or not at all.

    Attributes
    ----------
    address
        Where it is, for people: a file, or the address of a database without its password.
    """

    address: str
    _engine: Engine
    _session: Session | None = None

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def open_record(where: str | os.PathLike[str]) -> Record:
    """Open a record, made anew where there is none and brought to this version's tables where it is older.

    Parameters
    ----------
    where
        Path of an SQLite file, or the address of a PostgreSQL database: ``postgresql://user@host/database``.

    Returns
    -------
    Record
        To be closed by its `close`, or used in a ``with`` statement.

    Raises
    ------
    RecordError
        If it can't be opened, is something else, or was written by a newer sitewatch.
    """
    url = _url(os.fspath(where))
    address = str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string()
    try:
        engine = _engine(url)
        with _explained(address):
            bring_up_to_date(engine, address, _immediately)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise RecordError(
            f"the record {address} needs a driver that is not installed ({error})",
            hint="pip install 'sitewatch[postgres]'",
        ) from error
    return Record(address, engine)


@contextlib.contextmanager
def transaction(record: Record) -> Iterator[None]:
    """Make all that is written to a record within the block appear at once, when it ends well, or not at all.

    Others go on reading meanwhile; one who wants to write waits.

    Raises
    ------
    RecordError
        If the database refuses: its disk is full, it is read-only, another has been writing for a minute.
    """
    with writing(record):
        yield


@contextlib.contextmanager
def writing(record: Record) -> Iterator[Session]:
    """The session of the transaction that is open, or of one of its own."""
    if record._session is not None:
        yield record._session
        return
    with _explained(record.address), _immediately(record._engine) as connection, Session(connection) as session:
        record._session = session
        try:
            yield session
            session.flush()
        finally:
            record._session = None


@contextlib.contextmanager
def reading(record: Record) -> Iterator[Session]:
    """A session that only reads: the one that is open, or one of its own."""
    if record._session is not None:
        yield record._session
        return
    with _explained(record.address), record._engine.connect() as connection, Session(connection) as session:
        yield session


@contextlib.contextmanager
def _immediately(engine: Engine) -> Iterator[Connection]:
    """A transaction that has the right to write from its first moment, so that none fails half-way for want of it."""
    with engine.connect() as connection:
        connection = connection.execution_options(**{_WRITING: True})
        with connection.begin():
            yield connection


def _url(where: str) -> URL:
    if "://" not in where:
        return URL.create("sqlite", database=str(Path(where).resolve()))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:
        raise RecordError(f"{where} is not the address of a database", hint=_ADDRESS_HINT) from error
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("postgresql+psycopg", "sqlite"):
        raise RecordError(f"the record can't be kept in {url.drivername}", hint=_ADDRESS_HINT)
    return url


_ADDRESS_HINT = "Give the path of an SQLite file, or postgresql://user@host/database."


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # Left to itself, Python's driver begins transactions late and none for DDL; `_begin_sqlite` begins them instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # One transaction an update: what it costs to wait for the disk is nothing beside what it is worth.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    immediately = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediately else "BEGIN")


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn what a database complains of into words and advice."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig).strip()
        raise RecordError(f"the record {address} can't be used ({_first_line(said)})", hint=_advice(error)) from error


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "no reason given"


def _advice(error: DBAPIError) -> str:
    said = str(error.orig).lower()
    if "full" in said or "no space" in said:
        return "The disk is full: make room, then give the same command again."
    if "locked" in said or "busy" in said:
        return "Another command is writing to it: try again when that is done."
    if "not a database" in said or "malformed" in said:
        return "The file is something else, or damaged: put a copy of it back, or move it away to begin anew."
    if "readonly" in said or "read-only" in said or "unable to open" in said or "disk i/o" in said:
        return "Check that its folder exists, can be written to and has room."
    if isinstance(error, OperationalError):
        return "Check that the database runs, and its address, user and password (~/.pgpass or PGPASSWORD)."
    return ""
