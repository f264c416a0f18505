"""``sitewatch report``: a workspace's dossier again, without its images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Sitewatch = Callable[..., Any]


@pytest.fixture
def port(followed: Path, tmp_path: Path) -> Path:
    """A copy of a workspace, beside which the images are not."""
    return Path(shutil.copytree(followed / "port", tmp_path / "port"))


def test_several_forms_go_into_a_folder_without_the_images(sitewatch: Sitewatch, port: Path, tmp_path: Path) -> None:
    done = sitewatch("report", "-w", port, "--out", "all", "--as", "html", "--as", "markdown", "--as", "gif", "--json")
    assert done.code == 0, done.err
    assert done.json["out"] == {
        "html": "all/dossier.html",
        "markdown": "all/dossier.md",
        "gif": "all/timelapse.gif",
    }
    page = (tmp_path / "all" / "dossier.html").read_text(encoding="utf-8")
    assert "SW-0001" in page
    assert page.count("<tr><th") >= 12


def test_a_form_that_is_none_is_a_usage_error(sitewatch: Sitewatch, port: Path) -> None:
    assert sitewatch("report", "-w", port, "--out", "x", "--as", "docx").code == 2
    assert sitewatch("report", "-w", port, "--out", "x.docx").code == 2


def test_a_workspace_without_a_run_says_what_to_do(sitewatch: Sitewatch, site: Path, tmp_path: Path) -> None:
    assert sitewatch("init", site, "-w", "empty").code == 0
    done = sitewatch("report", "-w", "empty", "--out", "x.html")
    assert done.code == 1
    assert "sitewatch update" in done.err
    assert not (tmp_path / "x.html").exists()
