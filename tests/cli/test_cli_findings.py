"""What is stated of a site, from the command line: findings, edit, verify."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

Sitewatch = Callable[..., Any]
WORDS = "SW-0001 reaches well beyond the old shore."


@pytest.fixture
def port(followed: Path, tmp_path: Path) -> Path:
    """A copy of the workspace that may be changed."""
    shutil.copytree(followed / "port", tmp_path / "port")
    return tmp_path / "port"


def findings_of(sitewatch: Sitewatch, port: Path, *words: str) -> dict[str, dict[str, Any]]:
    done = sitewatch("findings", "-w", port, "--json", *words)
    assert done.code == 0, done.err
    return {one["key"]: one for one in done.json["findings"]}


def test_an_update_states_findings_and_the_dossier_shows_them(sitewatch: Sitewatch, port: Path) -> None:
    stated = findings_of(sitewatch, port)
    assert {"SW-0001/seen", "SW-0001/dates", "SW-0001/size", "site/no sign", "limits/gaps"} <= set(stated)
    assert {one["kind"] for one in stated.values()} >= {"observed", "measured"}
    html = (port / "dossier.html").read_text(encoding="utf-8")
    assert stated["SW-0001/dates"]["text"] in html
    table = sitewatch("findings", "-w", port)
    assert stated["SW-0001/dates"]["text"] in table.out
    assert "changed evidence" not in table.err


def test_findings_are_edited_added_struck_and_their_history_told(sitewatch: Sitewatch, port: Path) -> None:
    size = findings_of(sitewatch, port)["SW-0001/size"]
    assert sitewatch("edit", size["id"], "--text", WORDS, "--by", "ann", "-w", port).code == 0
    edited = findings_of(sitewatch, port)["SW-0001/size"]
    assert (edited["text"], edited["computed"], edited["edited"]) == (WORDS, size["text"], True)
    history = sitewatch("findings", size["id"], "-w", port)
    assert "ann: reworded" in history.out
    assert size["text"] in history.out
    added = sitewatch(
        "edit", "new", "--kind", "reported", "--text", "A pier is being built.", "--source", "a gazette",
        "--about", "SW-0001", "-w", port, "--json",
    )  # fmt: skip
    (own,) = added.json["findings"]
    assert (own["source"], own["structures"]) == ("a gazette", ["SW-0001"])
    assert sitewatch("edit", own["id"], "--strike", "-w", port).code == 0
    assert own["key"] not in findings_of(sitewatch, port)
    assert own["key"] in findings_of(sitewatch, port, "--all")
    assert findings_of(sitewatch, port, "--flagged") == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["F-0001"], 2, "say one thing"),
        (["F-0001", "--strike", "--uphold"], 2, "say one thing"),
        (["F-0001", "--strike", "--kind", "observed"], 2, "for new findings"),
        (["new", "--text", "A pier."], 2, "needs --text and --kind"),
        (["new", "--text", "A pier.", "--kind", "reported"], 1, "has a source"),
        (["new", "--text", "A pier.", "--kind", "guessed"], 1, "observed, measured, assessed or reported"),
        (["F-0999", "--strike"], 1, "no finding F-0999"),
        (["F-0001", "--text", "It is there.", "--likelihood", "likely"], 1, "Only what is assessed"),
    ],
)
def test_an_edit_that_can_t_be_is_told(
    sitewatch: Sitewatch, followed: Path, words: list[str], code: int, said: str
) -> None:
    done = sitewatch("edit", *words, "-w", followed / "port")
    assert done.code == code
    assert said in " ".join(done.err.replace("│", " ").split())


def test_a_dossier_comes_out_again_but_for_what_was_tampered_with(sitewatch: Sitewatch, port: Path) -> None:
    kind = findings_of(sitewatch, port)["SW-0001/size"]
    assert sitewatch("edit", kind["id"], "--text", WORDS, "--by", "ann", "-w", port).code == 0
    assert sitewatch("update", "-w", port).code == 0
    page = port / "dossier.html"
    html = page.read_text(encoding="utf-8")
    assert WORDS in html
    assert "In the words of ann" in html
    dates = findings_of(sitewatch, port)["SW-0001/dates"]["text"]
    forged = f"{dates} So they say."
    assert html.count(f"{escape(dates)}</p>") == 1
    page.write_text(html.replace(f"{escape(dates)}</p>", f"{escape(forged)}</p>"), encoding="utf-8")
    done = sitewatch("verify", page, "--json")
    assert done.code == 1, done.err
    assert (done.json["same"], done.json["files"]) == (False, [])
    assert [(one["then"], one["now"]) for one in done.json["differences"]] == [
        (f"measured {forged}", f"measured {dates}")
    ]
    assert done.json["numbers"] > 500


def test_an_image_that_is_missing_or_other_than_it_was_is_named(
    sitewatch: Sitewatch, followed: Path, tmp_path: Path
) -> None:
    page, images = followed / "port" / "dossier.html", sorted((followed / "images").iterdir())
    times, content = images[3].stat(), images[3].read_bytes()
    images[2].rename(tmp_path / "away.tif")
    images[3].write_bytes(content + b"\0")
    try:
        done = sitewatch("verify", page, "--json")
        told = sitewatch("verify", page)
    finally:
        (tmp_path / "away.tif").rename(images[2])
        images[3].write_bytes(content)
        os.utime(images[3], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert done.code == told.code == 1
    assert [(Path(one["file"]).name, one["fault"]) for one in done.json["files"]] == [
        (images[2].name, "missing"), (images[3].name, "changed"),
    ]  # fmt: skip
    assert f"missing {images[2]}" in told.out
    assert "Nothing was computed" in told.out


def test_what_is_no_dossier_of_the_workspace_is_told(sitewatch: Sitewatch, followed: Path, tmp_path: Path) -> None:
    page = followed / "port" / "dossier.html"
    (tmp_path / "letter.html").write_text("<p>Dear reader</p>")
    assert "does not say what it rests on" in sitewatch("verify", tmp_path / "letter.html").err
    assert "can't be read" in sitewatch("verify", tmp_path / "none.html").err
    shutil.copy(page, tmp_path / "mailed.html")
    assert "--workspace" in sitewatch("verify", tmp_path / "mailed.html").err
    other = page.read_text(encoding="utf-8").replace('"workspace": "', '"workspace": "0')
    (tmp_path / "other.html").write_text(other, encoding="utf-8")
    done = sitewatch("verify", tmp_path / "other.html", "-w", followed / "port")
    assert (done.code, "was not made from the record" in done.err) == (1, True)
