"""The page docs/assess.md says what is true."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sitewatch.assess import Finding
from sitewatch.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "assess.md"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def coast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coast.geojson").write_text(block("json"))
    return tmp_path


def test_the_example_in_python_prints_what_the_page_says(coast: Path) -> None:
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(block("python"), PAGE.name, "exec"), names)
    assert said.getvalue() == block("text")
    assert all(isinstance(one, Finding) for one in names["findings"])  # type: ignore[attr-defined]


def test_the_example_on_the_command_line_runs(coast: Path) -> None:
    done = CliRunner().invoke(app, shlex.split(block("sh"))[1:])
    assert done.exit_code == 0, done.stderr
    assert "the largest mass that Pier road takes is not known" in " ".join(done.stdout.split())


def test_every_property_that_is_read_is_on_the_page() -> None:
    source = (PAGE.parents[1] / "src" / "sitewatch" / "assess" / "_read.py").read_text()
    read = set(re.findall(r'(?:get|_flag|_number|_text)\([^)]*?"(\w+)"', source)) | {"from", "to", "width_m", "mass_t"}
    assert len(read) > 8
    table = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    assert read <= table
