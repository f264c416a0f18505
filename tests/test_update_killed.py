"""An update that is killed, or runs out of disk, leaves nothing broken: the next ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sitewatch.pipeline import add_images, init_site, update_site
from sitewatch.record import Workspace, history_of, list_observations, list_runs, list_scenes, list_structures
from sitewatch.record._facts import to_facts, to_plain
from sitewatch.site import Site

BEGINNINGS = ("", "reading scene", "read ", "registration", "change", "structures", "dossier")
"""Lines of progress after which the killer strikes: each stage gets its share, however short it is."""
LONGEST_WAIT_S = 0.7


@dataclasses.dataclass(frozen=True)
class Course:
    """A site, and its images in two helpings."""

    site: Path
    helpings: tuple[list[Path], list[Path]]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    from sitewatch.simulate import revisit_dates, simulate_coast, write_scenario

    dates = revisit_dates(count=10, every_days=16, missed=0.0)
    scenario = simulate_coast(1, dates=dates, shape=(64, 64), works=("pier",), name="small")
    folder = write_scenario(scenario, tmp_path_factory.mktemp("course"))
    images = sorted((folder / "scenes").glob("*.tif"))
    return Course(folder / "site.geojson", (images[:7], images[7:]))


@pytest.fixture(scope="module")
def undisturbed(course: Course, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What is known after each helping when nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed") / "w"
    init_site(folder, Site.read(course.site))
    known = []
    for images in course.helpings:
        add_images(folder, images)
        update_site(folder)
        known.append(everything(folder))
    assert known[0]["structures.geojson"] != known[1]["structures.geojson"]
    assert b"SW-0001" in known[1]["structures.geojson"]
    return known


def everything(folder: Path) -> dict[str, Any]:
    """All that a workspace says, but for the times of its runs."""
    workspace = Workspace.open(folder)
    uid = workspace.uid
    with workspace.record() as record:
        names = [one.id for one in list_structures(record, uid)]
        return {
            "structures.geojson": workspace.structures_path.read_bytes(),
            "scenes.geojson": workspace.scenes_path.read_bytes(),
            "history": {
                name: [
                    (r.number, r.why, r.found, to_plain(to_facts(r.structure))) for r in history_of(record, uid, name)
                ]
                for name in names
            },
            "observations": {name: list_observations(record, uid, name) for name in names},
            "runs": [(r.number, r.input_hash, r.scenes, dict(r.counts)) for r in list_runs(record, uid)],
            "scenes": [(s.id, s.used) for s in list_scenes(record, uid)],
        }


def update_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "sitewatch", "update", "--workspace", str(folder)]


def killed(folder: Path, chance: random.Random) -> bool:
    """Start an update and kill it at a random moment of a random stage; whether it was still at work."""
    beginning, wait = chance.choice(BEGINNINGS), chance.uniform(0, LONGEST_WAIT_S)
    with subprocess.Popen(
        update_command(folder), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        if beginning:
            next((line for line in process.stderr if line.startswith(beginning)), None)
        else:
            wait *= 5  # while it is still being loaded
        time.sleep(wait)
        process.kill()
        process.communicate()
    return process.returncode == -signal.SIGKILL


def disturbed(
    course: Course, folder: Path, undisturbed: list[dict[str, Any]], kills: int, chance: random.Random
) -> int:
    """Follow the course with so many kills; each helping must end as the undisturbed one. Gives the kills done."""
    init_site(folder, Site.read(course.site))
    done = 0
    for number, images in enumerate(course.helpings):
        add_images(folder, images)
        share = kills // 2 if number == 0 else kills - done
        for _ in range(share):
            done += killed(folder, chance)
        last = subprocess.run(update_command(folder), capture_output=True, text=True, check=False)
        assert last.returncode == 0, last.stderr
        now = everything(folder)
        assert now["structures.geojson"] == undisturbed[number]["structures.geojson"]
        assert now == undisturbed[number]
        left = [path.name for path in folder.rglob("*") if path.name.endswith(".partial")]
        assert left == []
    return done


def test_an_update_killed_again_and_again_ends_as_if_nothing_had_happened(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert disturbed(course, tmp_path / "w", undisturbed, 6, random.Random(5)) > 0


@pytest.mark.study
def test_fifty_kills_at_random_points_leave_no_trace(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    chance, done, rounds = random.Random(20261125), 0, 0
    while done < 50:
        done += disturbed(course, tmp_path / f"w{rounds}", undisturbed, 10, chance)
        rounds += 1
        print(f"{done} updates killed in {rounds} courses; every course ended with the same bytes", flush=True)


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of that size, or skip where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("kilobytes", [900, 1400, 2400])
def test_an_update_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path, kilobytes: int
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, kilobytes):
        init_site(disk / "w", Site.read(course.site))
        add_images(disk / "w", course.helpings[0])
        full = subprocess.run(update_command(disk / "w"), capture_output=True, text=True, check=False)
        assert full.returncode == 1, full.stderr
        assert "full" in full.stderr
        assert "Traceback" not in full.stderr
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        again = subprocess.run(update_command(disk / "w"), capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert everything(disk / "w") == undisturbed[0]


def test_files_that_may_not_grow_are_told_like_a_full_disk(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    init_site(tmp_path / "w", Site.read(course.site))
    add_images(tmp_path / "w", course.helpings[0])

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    full = subprocess.run(
        update_command(tmp_path / "w"), capture_output=True, text=True, check=False, preexec_fn=limited
    )
    assert full.returncode == 1, full.stderr
    assert "Traceback" not in full.stderr
    again = subprocess.run(update_command(tmp_path / "w"), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert everything(tmp_path / "w") == undisturbed[0]


def test_of_two_updates_at_once_one_says_who_is_at_work_and_one_waits(course: Course, tmp_path: Path) -> None:
    init_site(tmp_path / "w", Site.read(course.site))
    add_images(tmp_path / "w", course.helpings[0])
    first = subprocess.Popen(
        update_command(tmp_path / "w"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    with first:
        assert first.stderr is not None
        next(line for line in first.stderr if line.startswith("reading scene"))
        os.kill(first.pid, signal.SIGSTOP)
        second = subprocess.run(update_command(tmp_path / "w"), capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"process {first.pid} on " in second.stderr.replace("\n", " ")
        waiting = subprocess.Popen(
            [*update_command(tmp_path / "w"), "--wait"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with waiting:
            assert waiting.stderr is not None
            assert "waiting for another update" in waiting.stderr.readline()
            os.kill(first.pid, signal.SIGCONT)
            first.communicate()
            said, _ = waiting.communicate()
    assert (first.returncode, waiting.returncode) == (0, 0)
    assert said.startswith("Nothing new.")
