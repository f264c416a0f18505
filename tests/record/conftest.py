"""Databases for the record: a file, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import dataclasses
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sitewatch.record import Record, open_record


@dataclasses.dataclass(frozen=True)
class Server:
    """A PostgreSQL server of our own, reached by a socket in its folder."""

    binaries: Path
    folder: Path
    user: str

    def run(self, *words: object) -> None:
        """Run one of PostgreSQL's programs as the server's user, who must not be root."""
        own = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid} if os.getuid() == 0 else {}
        command = [str(self.binaries / str(words[0])), *(str(word) for word in words[1:])]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **own)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr

    def new_database(self) -> str:
        """Address of a place without tables: a schema of its own, which is made and removed faster than a database."""
        name = f"t{secrets.token_hex(6)}"
        self.run("psql", "-q", "-h", self.folder, "-U", "watch", "-d", "postgres", "-c", f"CREATE SCHEMA {name}")
        return f"postgresql://watch@/postgres?host={self.folder}&options=-csearch_path%3D{name}"


@pytest.fixture(scope="session")
def postgres(needs_package: Callable[[str, bool], None]) -> Iterator[Server]:
    """A server for the session; a skip that says why where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    needs_package("postgresql", bool(found or on_path))
    binaries = found[-1].parent if found else Path(str(on_path)).parent
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    # A socket's path may have 107 letters, fewer than the folders of pytest.
    folder = Path(tempfile.mkdtemp(prefix="sw-pg-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, user)
    server = Server(binaries, folder, user)
    settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c shared_buffers=16MB"
    try:
        server.run("initdb", "-D", folder / "data", "-U", "watch", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        server.run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", settings, "start")
        try:
            yield server
        finally:
            server.run("pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new, empty record may be, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "record.sqlite")
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def record(address: str) -> Iterator[Record]:
    """An empty record, on each kind of database."""
    with open_record(address) as opened:
        yield opened
