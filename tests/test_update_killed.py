"""An update that is killed, or runs out of disk, leaves nothing broken: the next ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
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
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        known.append({**everything(folder), "kilobytes": size // 1024})
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


def told(known: dict[str, Any]) -> dict[str, Any]:
    """What is known without the size on disk."""
    return {name: value for name, value in known.items() if name != "kilobytes"}


def update_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "sitewatch", "update", "--workspace", str(folder)]


class Forked:
    """`sitewatch update` in a process of its own that found all modules loaded: seconds quicker than from a shell."""

    def __init__(self, folder: Path, said: Path, *options: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["sitewatch.cli", "sitewatch.pipeline", "sitewatch.report", "matplotlib.pyplot"])
        self._said = said
        self._process = context.Process(target=_be_update, args=([*update_command(folder)[3:], *options], said))
        said.touch()
        self._process.start()
        self.pid = self._process.pid

    def wait_for(self, beginning: str) -> None:
        """Wait for a line of progress, or the end."""
        while self._process.is_alive() and f"\n{beginning}" not in f"\n{self._said.read_text()}":
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it as nothing can be caught."""
        self._process.kill()

    def end(self) -> tuple[int | None, str]:
        """Wait for its end: exit code, and all it said."""
        self._process.join()
        return self._process.exitcode, self._said.read_text()


class Commanded(Forked):
    """`sitewatch update` as a shell starts it."""

    def __init__(self, folder: Path, said: Path, *options: str) -> None:
        self._said = said
        with said.open("w") as stream:
            self._popen = subprocess.Popen([*update_command(folder), *options], stdout=stream, stderr=stream)
        self.pid = self._popen.pid

    def wait_for(self, beginning: str) -> None:
        """Wait for a line of progress, or the end."""
        while self._popen.poll() is None and f"\n{beginning}" not in f"\n{self._said.read_text()}":
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it as nothing can be caught."""
        self._popen.kill()

    def end(self) -> tuple[int | None, str]:
        """Wait for its end: exit code, and all it said."""
        return self._popen.wait(), self._said.read_text()


def _be_update(words: list[str], said: Path) -> None:
    from sitewatch.cli import main

    with said.open("w", buffering=1) as stream:
        sys.stdout = sys.stderr = stream
        code = main(words)
        stream.flush()
        os._exit(code)


def killed(start: type[Forked], folder: Path, chance: random.Random) -> bool:
    """Start an update and kill it at a random moment of a random stage; whether it was still at work."""
    beginning, wait = chance.choice(BEGINNINGS), chance.uniform(0, LONGEST_WAIT_S)
    update = start(folder, folder.parent / "said")
    if beginning:
        update.wait_for(beginning)
    time.sleep(wait)
    update.kill()
    return update.end()[0] == -signal.SIGKILL


def disturbed(
    start: type[Forked],
    course: Course,
    folder: Path,
    undisturbed: list[dict[str, Any]],
    kills: int,
    chance: random.Random,
) -> int:
    """Follow the course with so many kills; each helping must end as the undisturbed one. Gives the kills done."""
    init_site(folder, Site.read(course.site))
    done = 0
    for number, images in enumerate(course.helpings):
        add_images(folder, images)
        share = kills // 2 if number == 0 else kills - done
        for _ in range(share):
            done += killed(start, folder, chance)
        code, said = start(folder, folder.parent / "said").end()
        assert code == 0, said
        now = everything(folder)
        assert now["structures.geojson"] == undisturbed[number]["structures.geojson"]
        assert now == told(undisturbed[number])
        left = [path.name for path in folder.rglob("*") if path.name.endswith(".partial")]
        assert left == []
    return done


def test_an_update_killed_again_and_again_ends_as_if_nothing_had_happened(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert disturbed(Forked, course, tmp_path / "w", undisturbed, 6, random.Random(5)) > 0


@pytest.mark.study
def test_fifty_kills_at_random_points_leave_no_trace(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    chance, done, rounds = random.Random(20261125), 0, 0
    while done < 50:
        done += disturbed(Commanded, course, tmp_path / f"w{rounds}", undisturbed, 10, chance)
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


def fills_the_disk(
    course: Course, undisturbed: list[dict[str, Any]], folder: Path, share: float, start: type[Forked]
) -> None:
    kilobytes = int(share * undisturbed[0]["kilobytes"])
    with small_disk(folder / "disk", kilobytes):
        workspace = folder / "disk" / "w"
        init_site(workspace, Site.read(course.site))
        add_images(workspace, course.helpings[0])
        code, said = start(workspace, folder / "said").end()
        assert code == 1, said
        assert "full" in said
        assert "Traceback" not in said
        subprocess.run(["mount", "-o", "remount,size=60m", str(folder / "disk")], check=True)
        code, said = start(workspace, folder / "said").end()
        assert code == 0, said
        assert everything(workspace) == told(undisturbed[0])


def test_an_update_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path
) -> None:
    fills_the_disk(course, undisturbed, tmp_path, 0.9, Forked)


@pytest.mark.study
@pytest.mark.parametrize("share", [0.5, 0.6, 0.7, 0.8, 0.85, 0.95, 0.98])
def test_a_disk_may_be_full_at_any_stage(
    course: Course, undisturbed: list[dict[str, Any]], tmp_path: Path, share: float
) -> None:
    fills_the_disk(course, undisturbed, tmp_path, share, Commanded)


@pytest.mark.study
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
    assert "may not grow" in full.stderr
    assert Commanded(tmp_path / "w", tmp_path / "said").end()[0] == 0
    assert everything(tmp_path / "w") == told(undisturbed[0])


def test_of_two_updates_at_once_one_says_who_is_at_work_and_one_waits(course: Course, tmp_path: Path) -> None:
    init_site(tmp_path / "w", Site.read(course.site))
    add_images(tmp_path / "w", course.helpings[0])
    first = Forked(tmp_path / "w", tmp_path / "first")
    first.wait_for("reading scene")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    code, said = Forked(tmp_path / "w", tmp_path / "second").end()
    assert code == 1
    assert f"process {first.pid} on " in said.replace("\n", " ")
    waiting = Forked(tmp_path / "w", tmp_path / "third", "--wait")
    waiting.wait_for("waiting for another update")
    os.kill(first.pid, signal.SIGCONT)
    assert first.end()[0] == 0
    code, said = waiting.end()
    assert code == 0, said
    assert "Nothing new." in said
