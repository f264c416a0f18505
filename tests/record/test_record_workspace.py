"""A workspace is one site's folder; what is something else is left alone."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from odc.geo.geobox import GeoBox

from sitewatch.errors import RecordError, WorkspaceError
from sitewatch.record import (
    SceneRecord,
    Source,
    Workspace,
    add_scene_files,
    add_scenes,
    add_sources,
    known_files,
    scene_jobs,
    write_scenes,
)
from sitewatch.scenes import Band, LeftOut, Scene, Track
from sitewatch.site import Site

SITE = Site.read("bbox:124.70,39.65,124.72,39.67")
NOW = dt.datetime(2025, 7, 9, 12, tzinfo=dt.UTC)


def scene(file: Path) -> Scene:
    return Scene(
        id="scene-1",
        datetime=NOW,
        track=Track("sentinel-1", "IW", 137, "descending", "right"),
        bands=(Band("VV", str(file), 1), Band("VH", str(file), 2)),
        geobox=GeoBox.from_bbox((124.7, 39.65, 124.72, 39.67), "EPSG:4326", shape=(20, 20)),
        footprint=SITE.area,
        quantity="gamma0",
    )


def use(workspace: Workspace) -> None:
    """Have something in the workspace's record that is worth keeping."""
    with workspace.record() as record:
        add_sources(record, workspace.uid, [Source("/images")], by="test")


def described(workspace: Workspace, image: Path) -> SceneRecord:
    """The scene's files as they are now; what the record knows of them is not read again."""
    with workspace.record() as record:
        add_scenes(record, workspace.uid, [scene(image)])
        (one,) = (describe() for describe in scene_jobs([scene(image)], known_files(record, workspace.uid)))
        add_scene_files(record, workspace.uid, [one])
    return one


def test_a_new_workspace_opens_as_the_site_it_was_made_for(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "deep" / "harbour", SITE)
    opened = Workspace.open(tmp_path / "deep" / "harbour")
    assert opened.site == SITE
    assert opened.manifest().site == SITE.id
    assert opened.manifest().record is None


def test_a_folder_with_other_things_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(WorkspaceError, match=r"not a sitewatch workspace.*thesis\.tex"):
        Workspace.for_site(tmp_path, SITE)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(WorkspaceError, match="can't be written to"):
        Workspace.for_site(tmp_path / "out", SITE)


def test_the_workspace_of_the_same_site_is_taken_up_again(tmp_path: Path) -> None:
    first = Workspace.for_site(tmp_path, SITE)
    use(first)
    assert Workspace.for_site(tmp_path, SITE) == first


@pytest.mark.parametrize("other", ["bbox:124.70,39.65,124.73,39.67", "bbox:10,50,10.1,50.1"])
def test_the_workspace_of_another_site_is_refused(tmp_path: Path, other: str) -> None:
    use(Workspace.create(tmp_path, SITE))
    with pytest.raises(WorkspaceError, match="another site"):
        Workspace.for_site(tmp_path, Site.read(other))


def test_a_mistyped_site_under_which_nothing_was_found_gives_the_folder_up_to_the_right_one(tmp_path: Path) -> None:
    Workspace.for_site(tmp_path, Site.read("bbox:10,50,10.1,50.1"))
    assert Workspace.for_site(tmp_path, SITE).site == SITE
    assert Workspace.open(tmp_path).site == SITE


def test_a_footprint_dated_there_keeps_the_folder_for_its_site(tmp_path: Path) -> None:
    Workspace.for_site(tmp_path, SITE)
    (tmp_path / "dated").mkdir()
    with pytest.raises(WorkspaceError, match="another site"):
        Workspace.for_site(tmp_path, Site.read("bbox:10,50,10.1,50.1"))


def test_a_workspace_whose_making_was_cut_short_is_made_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Site, "write", cut_short)
        with pytest.raises(KeyboardInterrupt):
            Workspace.for_site(tmp_path, SITE)
    assert Workspace.for_site(tmp_path, SITE).site == SITE
    assert Workspace.open(tmp_path).site == SITE


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    Workspace.create(tmp_path, SITE)
    with pytest.raises(WorkspaceError, match="already"):
        Workspace.create(tmp_path, SITE)


def test_a_folder_that_is_no_workspace_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no workspace\.json"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sitewatch_workspace": "one"}', "\x00\x01"])
def test_a_broken_workspace_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.json").write_text(text)
    with pytest.raises(WorkspaceError, match=r"workspace\.json is not a sitewatch workspace file"):
        Workspace.open(tmp_path)


def test_a_workspace_of_a_newer_sitewatch_is_refused_in_those_words(tmp_path: Path) -> None:
    Workspace.create(tmp_path, SITE)
    manifest = json.loads((tmp_path / "workspace.json").read_text())
    manifest |= {"sitewatch_workspace": 99, "something_new": True}
    (tmp_path / "workspace.json").write_text(json.dumps(manifest))
    with pytest.raises(WorkspaceError, match=r"newer sitewatch.*Update sitewatch"):
        Workspace.open(tmp_path)


def test_a_workspace_without_its_site_says_so(tmp_path: Path) -> None:
    Workspace.create(tmp_path, SITE)
    (tmp_path / "site.geojson").unlink()
    with pytest.raises(WorkspaceError, match="lost its site"):
        Workspace.open(tmp_path)


def test_the_files_of_the_scenes_are_recorded_once_each_with_their_checksum(tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    image.write_bytes(b"pixels")
    (file,) = described(Workspace.create(tmp_path / "out", SITE), image).files
    assert (file.path, file.size) == (str(image.resolve()), 6)
    assert file.sha256 == "6ec9c2b0eb14010746c8bce8939303b382344b296206612eb8a907a37b2b2f37"


def test_a_changed_file_gets_a_new_checksum_and_an_unchanged_one_is_not_read(tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    image.write_bytes(b"pixels")
    workspace = Workspace.create(tmp_path / "out", SITE)
    first = described(workspace, image)
    times = image.stat()
    image.write_bytes(b"PIXELS")
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert described(workspace, image) == first
    image.write_bytes(b"other pixels")
    assert described(workspace, image).files[0].sha256 != first.files[0].sha256


def test_a_remote_file_is_recorded_by_its_address(tmp_path: Path) -> None:
    one = described(Workspace.create(tmp_path, SITE), Path("https:/example.org/a.tif"))
    assert one.files[0].sha256 is None


def test_a_workspace_of_the_first_layout_opens_and_its_history_is_kept_beside(tmp_path: Path) -> None:
    Workspace.create(tmp_path, SITE)
    old = {
        "sitewatch_workspace": 1, "software_version": "0.1.0", "site": SITE.id, "created": NOW.isoformat(),
        "scenes": [], "runs": [{"started": NOW.isoformat()}],
    }  # fmt: skip
    (tmp_path / "workspace.json").write_text(json.dumps(old))
    opened = Workspace.open(tmp_path)
    assert Workspace.open(tmp_path).uid == opened.uid
    assert json.loads((tmp_path / "workspace-1.json").read_text()) == old
    with pytest.raises(WorkspaceError, match="another site"):
        Workspace.for_site(tmp_path, Site.read("bbox:10,50,10.1,50.1"))


def test_the_address_of_a_record_is_kept_but_no_password(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "a", SITE, record="postgresql://ann@db/watch")
    assert Workspace.open(tmp_path / "a").record_address == "postgresql://ann@db/watch" == workspace.record_address
    with pytest.raises(RecordError, match="password"):
        Workspace.create(tmp_path / "b", SITE, record="postgresql://ann:secret@db/watch")
    assert not (tmp_path / "b").exists()


def test_scenes_used_are_stac_items_and_those_left_out_say_why(tmp_path: Path) -> None:
    import pystac

    left_out = LeftOut("broken.tif", "it is empty", "Download it again.")
    path = write_scenes(tmp_path / "scenes.geojson", [scene(tmp_path / "image.tif")], [left_out])
    used, unused = json.loads(path.read_text())["features"]
    assert pystac.Item.from_dict(used).id == "scene-1"
    assert used["properties"]["sitewatch:used"] is True
    assert unused["geometry"] is None
    assert unused["properties"] | {"reason": "it is empty", "sitewatch:used": False} == unused["properties"]


def test_what_killed_runs_left_is_swept_away_and_what_may_be_in_use_stays(tmp_path: Path) -> None:
    workspace = Workspace.for_site(tmp_path / "w", SITE)
    workspace.change_folder.mkdir()
    old_file, old_folder = workspace.folder / ".sitewatch-structures-x", workspace.change_folder / ".sitewatch-y"
    new_file, result = workspace.change_folder / ".sitewatch-z.tif", workspace.change_folder / "p_value.tif"
    old_folder.mkdir()
    (old_folder / "plain.tif").touch()
    for file in (old_file, new_file, result):
        file.touch()
    for entry in (old_file, old_folder, result):
        os.utime(entry, (0, 0))
    workspace.sweep()
    assert not old_file.exists()
    assert not old_folder.exists()
    assert new_file.exists()
    assert result.exists()
