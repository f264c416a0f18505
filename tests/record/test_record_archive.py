"""A whole site goes through one file, between databases and machines, with nothing lost."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from test_record_copy import fill, told

from acquaintances import SITE
from sitewatch.errors import ArchiveError, BusyError, RecordError, WorkspaceError
from sitewatch.record import (
    Alert,
    Source,
    Workspace,
    add_sources,
    open_record,
    pack_workspace,
    raise_alert,
    record_digest,
    register_site,
    unpack_archive,
    update_lock,
)
from sitewatch.record import _unpack as unpack_module


def workspace_at(folder: Path, uid: str, record: str | None = None) -> Workspace:
    """A workspace with a record that knows of everything, some files, stacks, and images among them."""
    made = Workspace.create(folder, SITE, record=record)
    manifest = json.loads(made.manifest_path.read_text())
    made.manifest_path.write_text(json.dumps(manifest | {"uid": uid}))
    made = Workspace.open(folder)
    with made.record() as opened:
        fill(opened)
        add_sources(opened, uid, [Source(str(folder / "images"), {})], by="ann")
        register_site(opened, "b" * 32, SITE, by="test")
        raise_alert(opened, "b" * 32, Alert("k", "new candidate", "of the other site"))
    for name in ("structures.geojson", "dossier.html", "change/a_statistic.tif", "evidence/SW-0001-1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(name.encode() * 50)
    for name in ("images/scene.tif", "stacks/a.zarr/c0", "stacks/a.zarr.partial/c0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"large")
    return made


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """A workspace and its archive, neither to be changed."""
    folder = tmp_path_factory.mktemp("packed")
    workspace = workspace_at(folder / "from", "a" * 32)
    pack_workspace(workspace, folder / "site.sitewatch")
    return workspace, folder / "site.sitewatch"


@pytest.fixture
def whole(packed: tuple[Workspace, Path], tmp_path: Path) -> tuple[Workspace, Path]:
    """A workspace that is not to be changed, and a copy of its archive."""
    return packed[0], Path(shutil.copy(packed[1], tmp_path))


def leftovers(folder: Path) -> list[str]:
    known = ("from", "site.sitewatch")
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in known)


@pytest.mark.parametrize("way", ["sqlite to postgresql", "postgresql to sqlite", "postgresql to postgresql"])
def test_a_site_goes_there_and_back_with_nothing_lost(way: str, postgres: Any, tmp_path: Path) -> None:
    first, second = (postgres.new_database() if kind == "postgresql" else None for kind in way.split(" to "))
    there = workspace_at(tmp_path / "from", "a" * 32, first)
    packed = pack_workspace(there, tmp_path / "there.sitewatch")
    here = unpack_archive(tmp_path / "there.sitewatch", tmp_path / "to", record=second)
    back = pack_workspace(here, tmp_path / "back.sitewatch")
    assert back.digest == packed.digest
    with there.record() as a, here.record() as b:
        assert told(a) == told(b)
        assert record_digest(a, there.uid) == record_digest(b, there.uid) == packed.digest
    files = packed.entries.keys() - {"record.sqlite", "workspace/workspace.json"}
    assert {name: packed.entries[name] for name in files} == {name: back.entries[name] for name in files}
    assert {"workspace/dossier.html", "workspace/change/a_statistic.tif", "workspace/evidence/SW-0001-1.png"} <= files


def test_images_and_stacks_stay_behind(whole: tuple[Workspace, Path], tmp_path: Path) -> None:
    unpack_archive(whole[1], tmp_path / "to")
    assert {path.name for path in (tmp_path / "to").iterdir()} >= {"dossier.html", "change", "evidence"}
    assert not [*(tmp_path / "to").rglob("scene.tif"), *(tmp_path / "to").rglob("c0")]


def test_pictures_made_anew_take_the_place_of_those_the_workspace_had(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path / "from", "a" * 32)
    about = pack_workspace(workspace, tmp_path / "s.sitewatch", pictures={"SW-0002-1.png": b"new"})
    assert [name for name in about.entries if "evidence" in name] == ["workspace/evidence/SW-0002-1.png"]


def test_a_record_that_was_left_behind_by_a_cut_import_is_gone_on_with(
    whole: tuple[Workspace, Path], postgres: Any, tmp_path: Path
) -> None:
    address = postgres.new_database()
    shutil.rmtree(unpack_archive(whole[1], tmp_path / "to", record=address).folder)
    again = unpack_archive(whole[1], tmp_path / "to", record=address)
    with again.record() as record:
        raise_alert(record, again.uid, Alert("later", "completed", "something new"))
    with pytest.raises(RecordError, match="something else"):
        unpack_archive(whole[1], tmp_path / "other", record=address)
    assert leftovers(tmp_path) == ["to"]


def test_an_archive_cut_off_anywhere_is_refused_whole(whole: tuple[Workspace, Path], tmp_path: Path) -> None:
    content = whole[1].read_bytes()
    for length in [0, 1, *random.Random(1).sample(range(len(content)), 12), len(content) - 1]:
        whole[1].write_bytes(content[:length])
        with pytest.raises(ArchiveError, match=r"broken|archive"):
            unpack_archive(whole[1], tmp_path / "to")
        assert leftovers(tmp_path) == []


def test_an_archive_with_a_changed_byte_is_refused_or_holds_the_same(
    whole: tuple[Workspace, Path], tmp_path: Path
) -> None:
    content, generator = whole[1].read_bytes(), random.Random(2)
    with whole[0].record() as record:
        before = record_digest(record, whole[0].uid)
    refused = 0
    for _ in range(20):
        changed = bytearray(content)
        changed[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        whole[1].write_bytes(changed)
        try:
            here = unpack_archive(whole[1], tmp_path / "to")
        except ArchiveError:
            refused += 1
            assert leftovers(tmp_path) == []
            continue
        # Some bytes of a zip mean nothing, such as an entry's time of day.
        with here.record() as record:
            assert record_digest(record, here.uid) == before
        shutil.rmtree(here.folder)
    assert refused > 12


def rewritten(path: Path, change: Any) -> None:
    """The archive with its description changed, everything else as it was."""
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    about = json.loads(entries.pop("archive.json"))
    change(about, entries)
    with zipfile.ZipFile(path, "w") as new:
        for name, content in entries.items():
            new.writestr(name, content)
        new.writestr("archive.json", json.dumps(about))


@pytest.mark.parametrize("field", ["sitewatch_archive", "tables"])
def test_an_archive_of_a_newer_sitewatch_is_refused(field: str, whole: tuple[Workspace, Path], tmp_path: Path) -> None:
    rewritten(whole[1], lambda about, _: about.update({field: 99 if field == "sitewatch_archive" else "9999"}))
    with pytest.raises(ArchiveError, match="newer sitewatch"):
        unpack_archive(whole[1], tmp_path / "to")
    assert leftovers(tmp_path) == []


def test_a_record_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: tuple[Workspace, Path]
) -> None:
    from alembic import command

    from sitewatch.record._migrate import config_for

    def older(about: dict[str, Any], entries: dict[str, bytes]) -> None:
        import hashlib

        file = tmp_path / "site.sitewatch.sqlite"
        file.write_bytes(entries["record.sqlite"])
        with open_record(file) as record, record._engine.connect() as connection, connection.begin():
            command.downgrade(config_for(connection), "0001")
        entries["record.sqlite"] = file.read_bytes()
        entry = {"size": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        about["tables"], about["entries"]["record.sqlite"] = "0001", entry

    rewritten(whole[1], older)
    here = unpack_archive(whole[1], tmp_path / "to")
    with here.record() as record, whole[0].record() as before:
        assert told(record)["structures"] == told(before)["structures"]


@pytest.mark.parametrize("name", ["workspace/../../evil", "/evil", "workspace/.update.lock", "evil", "workspace/a\\b"])
def test_an_archive_writes_nothing_outside_of_its_workspace(
    name: str, whole: tuple[Workspace, Path], tmp_path: Path
) -> None:
    def forge(about: dict[str, Any], entries: dict[str, bytes]) -> None:
        entries[name] = b""
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        about["entries"][name] = {"size": 0, "sha256": empty}

    rewritten(whole[1], forge)
    with pytest.raises(ArchiveError, match="no place"):
        unpack_archive(whole[1], tmp_path / "to")
    assert leftovers(tmp_path) == []


def test_a_folder_that_holds_something_is_left_alone(whole: tuple[Workspace, Path], tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not empty"):
        unpack_archive(whole[1], whole[0].folder)
    (tmp_path / "to").mkdir()
    assert unpack_archive(whole[1], tmp_path / "to").uid == whole[0].uid


def test_a_site_is_not_packed_amid_an_update(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path / "from", "a" * 32)
    with update_lock(workspace.folder), pytest.raises(BusyError):
        pack_workspace(workspace, tmp_path / "s.sitewatch")
    assert leftovers(tmp_path) == []


def test_what_does_not_arrive_whole_in_a_database_is_taken_back(
    whole: tuple[Workspace, Path], postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.new_database()

    def copy_less(source: Any, target: Any, uid: str) -> int:
        register_site(target, uid, SITE, by="test")
        return 1

    monkeypatch.setattr(unpack_module, "copy_record", copy_less)
    with pytest.raises(RecordError, match="did not take"):
        unpack_archive(whole[1], tmp_path / "to", record=address)
    with open_record(address) as record, pytest.raises(RecordError, match="does not know"):
        told(record)
    assert leftovers(tmp_path) == []
