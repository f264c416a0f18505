"""`sitewatch watch` and `sitewatch replay`: images that arrive one by one, sites that fail, and looking back."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sitewatch.record import Workspace, list_alerts, list_deliveries

Sitewatch = Callable[..., Any]

RULES = """
[[site]]
workspace = "port"
area = "site.geojson"
images = ["images"]
scene_gap_after = "500w"

[[site]]
workspace = "broken"
area = "nowhere.geojson"

[[site]]
workspace = "last"
area = "bbox:10,50,10.01,50.01"

[[file]]
path = "alerts.jsonl"

[[feed]]
path = "alerts.xml"
"""


@pytest.fixture(scope="module")
def watched(small_coast: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A folder that was watched while images came, and what each of four looks said; the last had nothing new."""
    from typer.testing import CliRunner

    from sitewatch.cli import app

    folder = tmp_path_factory.mktemp("watched")
    (folder / "watch.toml").write_text(RULES)
    (folder / "images").mkdir()
    shutil.copy(small_coast / "site.geojson", folder)
    images = sorted((small_coast / "scenes").glob("*.tif"))
    said = []
    for count in (0, 2, BEFORE, AFTER, AFTER):
        for image in images[:count]:
            shutil.copy2(image, folder / "images")
        done = CliRunner().invoke(app, ["watch", str(folder / "watch.toml"), "--once", "--json"])
        said.append({"code": done.exit_code, **json.loads(done.stdout)})
    return folder, said


BEFORE, AFTER = 8, 12


def alerts_of(folder: Path) -> list[Any]:
    workspace = Workspace.open(folder / "port")
    with workspace.record() as record:
        return list(list_alerts(record, workspace.uid))


def test_images_that_arrive_one_by_one_are_watched_from_the_first_that_suffice(watched: Any) -> None:
    _, said = watched
    looks = [one["looks"][0] for one in said]
    assert [look["outcome"] for look in looks] == [
        "waiting for images", "waiting for images", "updated", "updated", "nothing new",
    ]  # fmt: skip
    assert [look["run"] for look in looks] == [None, None, 1, 2, None]
    assert looks[3]["new_images"] == AFTER - BEFORE
    assert [alert["kind"] for alert in looks[2]["alerts"]] == ["watch begun"]
    assert looks[3]["alerts"]
    assert looks[4]["alerts"] == looks[4]["deliveries"] == []


def test_a_site_that_fails_is_told_and_the_others_are_looked_at(watched: Any) -> None:
    _, said = watched
    for one in said:
        assert one["code"] == 1
        assert [look["site"] for look in one["looks"]] == ["port", "broken", "last"]
        assert one["looks"][1]["outcome"] == "failed"
        assert "nowhere.geojson" in one["looks"][1]["error"]
        assert one["looks"][2]["outcome"] == "waiting for images"


def test_every_alert_is_in_the_file_and_the_feed_once(watched: Any) -> None:
    folder, said = watched
    keys = [alert["key"] for one in said for alert in one["looks"][0]["alerts"]]
    lines = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines] == [alert.text for alert in alerts_of(folder)]
    assert len(lines) == len(set(keys)) == len(keys)
    feed = (folder / "alerts.xml").read_text()
    assert all(feed.count(line["id"]) == 1 for line in lines)
    workspace = Workspace.open(folder / "port")
    with workspace.record() as record:
        deliveries = list_deliveries(record, workspace.uid)
    assert len(deliveries) == 2 * len(keys)
    assert all(one.delivered for one in deliveries)


def days_of(images: Path) -> list[str]:
    """Days of the images, from their names."""
    stamps = [re.search(r"_(\d{4})(\d\d)(\d\d)T", path.name) for path in sorted(images.glob("*.tif"))]
    return ["-".join(stamp.groups()) for stamp in stamps if stamp]


def test_a_replay_raises_what_the_live_watch_raised(watched: Any, sitewatch: Sitewatch, tmp_path: Path) -> None:
    folder, _ = watched
    live = [alert for alert in alerts_of(folder) if alert.kind != "watch begun"]
    first = days_of(folder / "images")[BEFORE]
    shutil.copytree(folder / "port", tmp_path / "port")
    done = sitewatch("replay", "-w", tmp_path / "port", "--from", first, "--step", "500", "--json")
    assert done.code == 0, done.err
    replayed = [alert for alert in done.json["alerts"] if alert["kind"] != "watch begun"]
    assert [(a["structure"], a["kind"], a["text"]) for a in replayed] == [(a.structure, a.kind, a.text) for a in live]
    assert done.json["computed"] == len(done.json["days"]) == 2
    told = [one for one in done.json["structures"] if one["raised"]]
    assert told
    assert {one["raised"] for one in told} == {done.json["days"][1]}
    names = {alert.structure for alert in live}
    assert {one["id"] for one in told} <= names
    again = sitewatch("replay", "-w", tmp_path / "port", "--from", first, "--step", "500")
    assert again.code == 0, again.err
    assert "Computed: 0 days" in again.err
    assert told[0]["id"] in again.out


def test_days_without_images_can_not_be_played(watched: Any, sitewatch: Sitewatch, tmp_path: Path) -> None:
    folder, _ = watched
    done = sitewatch("replay", "-w", folder / "port", "--from", "2031-01-01")
    assert done.code == 1
    assert "no image in the days to play" in done.err


def test_what_a_watch_can_not_use_is_told_before_anything_is_done(
    sitewatch: Sitewatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "watch.toml can't be read" in sitewatch("watch").err
    (tmp_path / "watch.toml").write_text(
        '[[site]]\nworkspace = "w"\narea = "bbox:10,50,10.01,50.01"\n'
        '[[webhook]]\nurl = "http://127.0.0.1:9"\nsecret_env = "NO_SUCH_SECRET"\n'
    )
    done = sitewatch("watch", "--once")
    assert done.code == 1
    assert "NO_SUCH_SECRET is not set" in done.err
    assert not (tmp_path / "w").exists()


def test_the_example_is_printed(sitewatch: Sitewatch, tmp_path: Path) -> None:
    done = sitewatch("watch", "--example")
    assert done.code == 0
    (tmp_path / "mine.toml").write_text(done.out)
    shown = sitewatch("watch", "mine.toml", "--once")
    assert shown.code == 1
    assert "site.geojson" in shown.err


def _hears_interrupts() -> None:
    # Tests that run in the background of a shell were told to ignore them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_watch_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text('every = "1s"\n[[site]]\nworkspace = "w"\narea = "bbox:10,50,10.01,50.01"\n')
    command = [sys.executable, "-m", "sitewatch", "watch", "watch.toml", "--json", "--quiet"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, preexec_fn=_hears_interrupts
    ) as process:
        assert process.stdout is not None
        try:
            looks = [json.loads(process.stdout.readline()) for _ in range(3)]
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
    assert {look["outcome"] for look in looks} == {"waiting for images"}
    assert [look["at"] for look in looks] == sorted(look["at"] for look in looks)
