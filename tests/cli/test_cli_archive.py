"""``sitewatch export --all`` and ``import``: a site moves to another folder, or stays where it was."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

Sitewatch = Callable[..., Any]


def test_a_site_moves_with_its_structures_and_pictures(sitewatch: Sitewatch, followed: Path, tmp_path: Path) -> None:
    port = followed / "port"
    done = sitewatch("export", "-w", port, "--all", "--out", "port.sitewatch", "--json")
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "port.sitewatch") as archive:
        names = archive.namelist()
        with Image.open(io.BytesIO(archive.read("workspace/evidence/SW-0001-1.png"))) as picture:
            assert picture.width > 300
    assert {"record.sqlite", "workspace/dossier.html", "workspace/evidence/captions.json"} <= set(names)
    assert not [name for name in names if "stacks" in name or "images" in name]
    moved = sitewatch("import", "port.sitewatch", "-w", "moved", "--json")
    assert moved.code == 0, moved.err
    there, here = (sitewatch("structures", "-w", folder, "--all", "--json").json for folder in (port, "moved"))
    assert here == there
    assert moved.json["structures"] == len(there["structures"]) > 0
    # Without stacks, the pictures that came along go along.
    assert sitewatch("export", "-w", "moved", "--all", "--out", "again.sitewatch").code == 0
    with zipfile.ZipFile(tmp_path / "again.sitewatch") as archive:
        assert "workspace/evidence/SW-0001-1.png" in archive.namelist()


def test_a_truncated_archive_leaves_nothing(sitewatch: Sitewatch, followed: Path, tmp_path: Path) -> None:
    assert sitewatch("export", "-w", followed / "port", "--as", "archive", "--out", "port.zip").code == 0
    (tmp_path / "cut.sitewatch").write_bytes((tmp_path / "port.zip").read_bytes()[:-1000])
    done = sitewatch("import", "cut.sitewatch", "-w", "moved", "--json")
    assert done.code == 1
    assert done.json["error"]["kind"] == "ArchiveError"
    assert not (tmp_path / "moved").exists()
