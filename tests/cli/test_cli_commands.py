"""Each command does its work and says it in the right place."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rasterio

import sitewatch as package

Sitewatch = Callable[..., Any]


def pier_of(small_coast: Path, folder: Path) -> Path:
    """The true outline of the pier as the analyst would draw it."""
    truth = json.loads((small_coast / "truth.geojson").read_text())["features"][0]
    (folder / "pier.geojson").write_text(json.dumps(truth["geometry"]))
    return folder / "pier.geojson"


def test_run_prints_a_table_on_standard_output_and_all_else_on_standard_error(
    sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path
) -> None:
    done = sitewatch("run", site, images, "--out", "out")
    assert done.code == 0, done.err
    assert str(tmp_path / "out" / "dossier.html") in done.out
    assert re.search(r"\d+ (confirmed|candidate|rejected)|No sign of construction", done.out)
    assert "reading scene descriptions: 12 of 12" in done.err
    assert "reading" not in done.out


def test_quiet_says_only_the_result(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("run", site, images, "--out", "out", "--quiet")
    assert done.code == 0
    assert done.err == ""
    assert "Dossier" in done.out


def test_running_again_in_the_same_folder_goes_on_and_another_site_is_refused(
    sitewatch: Sitewatch, site: Path, images: Path
) -> None:
    assert sitewatch("run", site, images, "--out", "out", "-q").code == 0
    assert sitewatch("run", site, images, "--out", "out", "-q").code == 0
    shown = sitewatch("inspect", "out", "--json")
    assert (shown.json["what"], shown.json["runs"], shown.json["scenes"]) == ("sitewatch workspace", 2, 12)
    other = sitewatch("run", "bbox:-26.999,45.146,-26.99,45.152", images, "--out", "out")
    assert other.code == 1
    assert "another site" in other.err


def test_date_answers_with_intervals_and_growth(
    sitewatch: Sitewatch, site: Path, images: Path, small_coast: Path, tmp_path: Path
) -> None:
    done = sitewatch("date", site, pier_of(small_coast, tmp_path), images)
    assert done.code == 0, done.err
    assert re.search(r"begun +2023-\d\d-\d\d \.\. 2023-\d\d-\d\d", done.out)
    assert len(re.findall(r"^2023-\d\d-\d\d +\d+% ± \d+%", done.out, flags=re.MULTILINE)) == 12
    assert not (tmp_path / "dated").exists()


def test_date_keeps_its_answer_where_it_is_told_to(
    sitewatch: Sitewatch, site: Path, images: Path, small_coast: Path, tmp_path: Path
) -> None:
    done = sitewatch("date", site, pier_of(small_coast, tmp_path), images, "--out", "out", "--json")
    assert done.code == 0, done.err
    kept = json.loads((tmp_path / "out" / "dated" / "pier.geojson").read_text())["features"][0]["properties"]
    assert kept == done.json["structures"][0]
    assert Path(done.json["dossier"]).name == "pier.html"


def test_power_says_what_would_do_and_writes_map_picture_and_page(
    sitewatch: Sitewatch, site: Path, images: Path, tmp_path: Path
) -> None:
    done = sitewatch("power", site, images, "--what", "pier", "--out", "power.tif", "--quiet")
    assert done.code == 0, done.err
    assert "A pier on water would have been found from" in done.out
    assert re.search(r"pier on water +VV \+11\.0.dB, VH \+8\.0.dB .*2023-\d\d-\d\d \.\. 2023-\d\d-\d\d", done.out)
    with rasterio.open(tmp_path / "power.tif") as raster:
        assert raster.units == ("m2",)
    assert (tmp_path / "power.png").stat().st_size > 0
    assert "sitewatch" in (tmp_path / "power.html").read_text()


def test_power_as_json_has_sizes_contrasts_and_dates(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("power", site, images, "--out", "power.tif", "--images", 4, "--probability", 0.8, "--json")
    assert done.code == 0, done.err
    assert (done.json["what"], done.json["images"], done.json["probability"]) == ("building", 4, 0.8)
    assert {done.json[name] for name in ("map", "picture", "page")} == {"power.tif", "power.png", "power.html"}
    pier = done.json["detectable"][0]
    assert (pier["kind"], pier["surface"]) == ("pier", "water")
    assert pier["contrast_db"] == {"VV": 11.0, "VH": 8.0}
    assert 0 < pier["area_on_half_m2"] <= pier["area_on_nine_tenths_m2"]
    assert pier["first_shown_from"] <= pier["first_shown_by"]


def test_power_takes_no_other_kind_of_file(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("power", site, images, "--out", "power.jpg")
    assert done.code == 2
    assert "--out" in done.err


def test_inspect_knows_a_site_an_image_and_a_folder(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    assert "small-coast" in sitewatch("inspect", site).out
    image = sitewatch("inspect", min(images.iterdir()))
    assert "simulated-iw-110-descending" in image.out
    folder = sitewatch("inspect", images)
    assert folder.code == 0
    assert re.search(r"simulated-iw-110-descending +12 +2023-01-09 +2023-07-04", folder.out)


def test_tracks_and_days_can_be_chosen(sitewatch: Sitewatch, site: Path, images: Path) -> None:
    done = sitewatch("run", site, images, "--out", "out", "--since", "2023-01-20", "--until", "2023-06-20", "--json")
    assert done.code == 0, done.err
    assert len(done.json["scenes_used"]) == 10
    assert sorted({entry["reason"] for entry in done.json["left_out"]}) == [
        "acquired after 2023-06-20",
        "acquired before 2023-01-20",
    ]
    none = sitewatch("run", site, images, "--out", "other", "--only-track", "sentinel-1-iw-1-ascending")
    assert none.code == 1
    assert "leave out every image" in none.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "SITE"),
        (["run", "a", "b"], "--out"),
        (["run", "a", "b", "--out", "c", "--colour"], "--colour"),
        (["run", "a", "b", "--out", "c", "--units", "apples"], "apples"),
        (["run", "a", "b", "--out", "c", "--since", "yesterday"], "--since"),
        (["run", "a", "b", "--out", "c", "--alpha", "2"], "--alpha"),
        (["build"], "build"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2_and_names_the_word(
    sitewatch: Sitewatch, words: list[str], said: str
) -> None:
    done = sitewatch(*words)
    assert done.code == 2
    assert said in done.err


def test_the_version_is_told(sitewatch: Sitewatch) -> None:
    assert sitewatch("--version").out == f"sitewatch {package.__version__}\n"


def run_python(code: str, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a few lines in a process of their own; the words are its arguments."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-c", code, *(str(word) for word in words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_fault_of_our_own_ends_with_3_and_the_traceback_lies_in_a_log(tmp_path: Path) -> None:
    broken = (
        "import sys, sitewatch.site\n"
        "sitewatch.site.Site.read = lambda source: 1 / 0\n"
        "from sitewatch.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = run_python(broken, tmp_path, "inspect", "bbox:1,2,3,4")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    (log,) = (tmp_path / "state" / "sitewatch").iterdir()
    assert str(log) in done.stderr.replace("\n", "")
    assert "ZeroDivisionError" in log.read_text()
    assert "Traceback" in run_python(broken, tmp_path, "inspect", "bbox:1,2,3,4", "--debug").stderr


def test_ctrl_c_ends_with_130_and_says_that_the_same_command_goes_on(site: Path, images: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sitewatch", "run", str(site), str(images), "--out", str(tmp_path / "out")]

    def listen() -> None:
        # Shells start jobs in the background deaf to Ctrl-C, and who they start inherits it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=listen
    ) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "out" / "stacks").exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "the same command goes on" in said
    again = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


def test_help_comes_quickly_enough_to_be_asked_for_often() -> None:
    """Well under a second: a bound that a loaded machine keeps and an imported raster stack (over 1 s) breaks."""
    before = os.times().children_user
    done = subprocess.run([sys.executable, "-m", "sitewatch", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert os.times().children_user - before < 1.0
