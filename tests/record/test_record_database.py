"""How a record is opened, on SQLite and PostgreSQL alike: migrations, transactions, what is refused."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from pathlib import Path

import pytest
import shapely
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from acquaintances import SITE, UID, box, keep, structure
from sitewatch.errors import RecordError
from sitewatch.record import Alert, Record, list_alerts, list_runs, list_scenes, open_record, raise_alert, register_site
from sitewatch.record import transaction as together
from sitewatch.record._database import reading, writing
from sitewatch.record._migrate import HEAD, config_for
from sitewatch.record._tables import Base, RunRow, SiteRow


def test_a_new_record_has_every_table_as_the_code_describes_it(record: Record) -> None:
    with record._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_opening_looks_for(record: Record) -> None:
    with record._engine.connect() as connection:
        assert ScriptDirectory.from_config(config_for(connection)).get_current_head() == HEAD


def test_migrations_go_down_to_nothing_and_up_again(record: Record, address: str) -> None:
    with writing(record) as session:
        command.downgrade(config_for(session.connection()), "base")
    with record._engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    with open_record(address) as again:
        assert keep(again, structure("a", box(0, 0)))


def test_an_older_record_is_brought_up_to_date_with_what_it_holds(record: Record, address: str) -> None:
    keep(record, structure("a", box(0, 0)))
    raise_alert(record, UID, Alert("k", "new candidate", "something"))
    with writing(record) as session:
        command.downgrade(config_for(session.connection()), "0001")
    with open_record(address) as again:
        assert len(list_runs(again, UID)) == 1
        assert len(list_scenes(again, UID)) == 4
        assert list_alerts(again, UID) == ()


def test_a_record_of_a_newer_sitewatch_is_refused(record: Record, address: str) -> None:
    with writing(record) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordError, match=r"newer sitewatch.*Update sitewatch"):
        open_record(address)


def test_a_database_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE site (letters TEXT)")
    with pytest.raises(RecordError, match="not a record of sitewatch"):
        open_record(tmp_path / "other.sqlite")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        assert [row[0] for row in other.execute("SELECT name FROM sqlite_master")] == ["site"]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").write_text("dear diary, " * 100)
    with pytest.raises(RecordError, match=r"record\.sqlite can't be used.*something else"):
        open_record(tmp_path / "record.sqlite")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("mysql://somewhere/db", "mysql"),
        ("postgresql://nobody@127.0.0.1:1/none", "Check that the database runs"),
        ("/no/such/folder/record.sqlite", "exists"),
    ],
)
def test_what_can_t_be_opened_is_told_with_advice(where: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        open_record(where)


def test_a_password_is_never_repeated() -> None:
    with pytest.raises(RecordError) as caught:
        open_record("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_what_is_written_together_appears_together_or_not_at_all(record: Record, address: str) -> None:
    def cut_short() -> None:
        with together(record):
            keep(record, structure("a", box(0, 0)))
            raise RuntimeError("cut short")

    with pytest.raises(RuntimeError):
        cut_short()
    with reading(record) as session:
        assert session.scalars(select(SiteRow)).all() == []
    with together(record):
        keep(record, structure("a", box(0, 0)))
        with open_record(address) as other, reading(other) as session:
            assert session.scalars(select(SiteRow)).all() == []
    with open_record(address) as other:
        assert len(list_runs(other, UID)) == 1


def test_who_only_looks_does_not_wait_for_one_who_writes(record: Record, address: str) -> None:
    keep(record, structure("a", box(0, 0)))
    with together(record):
        keep(record, structure("a", box(0, 0), 6), images=6)
        with open_record(address) as other:
            register_site(other, UID, SITE, by="test")
            assert len(list_runs(other, UID)) == 1
    assert len(list_runs(record, UID)) == 2


def test_two_who_write_at_once_wait_for_each_other_and_lose_nothing(record: Record, address: str) -> None:
    register_site(record, UID, SITE, by="test")
    failures = []

    def raise_ten(who: int) -> None:
        try:
            with open_record(address) as mine:
                for number in range(10):
                    raise_alert(mine, UID, Alert(f"{number}", "new candidate", f"of {who}"))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=raise_ten, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(alert.key for alert in list_alerts(record, UID)) == [str(number) for number in range(10)]


def test_a_moment_without_a_time_zone_is_refused_and_others_come_back_in_utc(record: Record) -> None:
    row = {"key": "k", "name": "n", "area": SITE.area, "created_by": "test"}
    with pytest.raises(StatementError, match="no time zone"), writing(record) as session:
        session.add(SiteRow(uid="naive", created=dt.datetime(2025, 7, 9), **row))
    tokyo = dt.timezone(dt.timedelta(hours=9))
    with writing(record) as session:
        session.add(SiteRow(uid="aware", created=dt.datetime(2025, 7, 9, 8, 30, tzinfo=tokyo), **row))
    with reading(record) as session:
        kept = session.scalars(select(SiteRow)).one()
    assert kept.created == dt.datetime(2025, 7, 8, 23, 30, tzinfo=dt.UTC)
    assert kept.created.utcoffset() == dt.timedelta(0)
    assert shapely.equals_exact(kept.area, SITE.area)


def test_a_row_that_refers_to_nothing_is_refused(record: Record) -> None:
    now = dt.datetime.now(dt.UTC)
    row = RunRow(
        site_id=999, number=1, started=now, finished=now, by="test", software_version="1", command="", parameters={},
        input_hash="", counts={}, seconds={}, notes=[], left_out=[],
    )  # fmt: skip
    with pytest.raises((RecordError, IntegrityError), match=r"(?i)foreign key"), writing(record) as session:
        session.add(row)


def test_sqlite_is_opened_for_many_readers_and_sure_writes(tmp_path: Path) -> None:
    with open_record(tmp_path / "record.sqlite") as record, record._engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert asked == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 60000}
