"""The docs say what is true: every option is documented, every example runs."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pystac
import pytest
import typer
from typer.testing import CliRunner

import sitewatch
from optical_cube import BUILT, area, cube, days, write_images
from sitewatch.cli import app
from sitewatch.site import Site

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(page: Path, language: str) -> list[str]:
    """Fenced code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def copied(desk: Path, folder: Path) -> Path:
    """A copy of the desk that an example may write to."""
    shutil.copytree(desk, folder / "here", ignore=shutil.ignore_patterns("harbour", "demo", "port", "fetched"))
    return folder / "here"


def after_the_examples_of(page: Path) -> tuple[dict[str, Any], str]:
    """What the Python examples of a page leave behind, run one after the other, and what they print."""
    names: dict[str, Any] = {"__name__": "example"}
    code, said = blocks(page, "python"), io.StringIO()
    assert code
    with contextlib.redirect_stdout(said):
        for block in code:
            exec(compile(block, page.name, "exec"), names)
    return names, said.getvalue()


def cli_sections() -> dict[str, str]:
    """Headings of docs/cli.md and what stands below them."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / "cli.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def desk(small_coast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name: site.geojson, pier.geojson, images/ and catalogue/ of them."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(small_coast / "site.geojson", folder)
    shutil.copytree(small_coast / "scenes", folder / "images")
    import json

    truth = json.loads((small_coast / "truth.geojson").read_text())["features"][0]
    (folder / "pier.geojson").write_text(json.dumps(truth["geometry"]))
    (folder / "watch.toml").write_text(
        '[[site]]\nworkspace = "port"\nimages = ["images"]\n[[file]]\npath = "alerts.jsonl"\n'
    )
    from sitewatch.scenes import open_scenes, to_stac

    catalogue = pystac.Catalog("catalogue", "the images as a static catalogue")
    catalogue.add_items(to_stac(scene) for scene in open_scenes([folder / "images"]).scenes)
    catalogue.normalize_and_save(str(folder / "catalogue"), pystac.CatalogType.SELF_CONTAINED)
    return folder


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_documented(name: str) -> None:
    sections = cli_sections()
    text = sections[f"sitewatch {name}"] + sections["Options that several commands share"]
    documented = set(re.findall(r"`(--?[a-z-]+)`", text))
    options = {word for parameter in COMMANDS[name].params for word in parameter.opts if word.startswith("-")}
    assert options <= documented


def test_every_documented_option_exists() -> None:
    documented = set(re.findall(r"`(--?[a-z][a-z-]*)`", (ROOT / "docs" / "cli.md").read_text()))
    options = {word for command in COMMANDS.values() for parameter in command.params for word in parameter.opts}
    assert documented <= options | {"--help", "-h", "--version"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme_and_its_help_has_an_example_that_parses(name: str) -> None:
    assert f"`sitewatch {name}" in (ROOT / "README.md").read_text()
    example = re.search(r"Example: \[bold\](sitewatch .+?)\[/\]", COMMANDS[name].help or "")
    assert example is not None
    _, command, *words = shlex.split(example[1])
    assert command == name
    COMMANDS[name].make_context(name, words)


def test_the_docs_of_the_command_line_run_as_printed(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    lines = [line for block in blocks(ROOT / "docs" / "cli.md", "sh") for line in block.splitlines()]
    assert len(lines) >= len(COMMANDS)
    for line in lines:
        _, *words = shlex.split(line)
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{line}\n{done.stderr}"


def test_commands_of_the_readme_parse(desk: Path) -> None:
    lines = re.findall(r"^    \.venv/bin/sitewatch (.+)$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert lines
    for line in lines:
        name, *words = shlex.split(line)
        COMMANDS[name].make_context(name, words)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "python.md"], ids=lambda page: page.name)
def test_the_python_examples_run(page: Path, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copied(desk, tmp_path))
    names, _ = after_the_examples_of(page)
    assert {structure.status for structure in names["structures"]} >= {"confirmed"}


def test_the_examples_of_the_monitor_run(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copied(desk, tmp_path))
    names, said = after_the_examples_of(ROOT / "docs" / "monitor.md")
    assert int(names["dates"]["confirmed_on"].notnull().sum()) > 0
    assert [line.split()[0] for line in said.splitlines()[-2:]] == ["raised", "confirmed"]


def test_the_example_of_pairs_runs_and_finds_change(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied(desk, tmp_path))
    names, _ = after_the_examples_of(ROOT / "docs" / "change-pairs.md")
    assert int(names["change"]["changed"].sum()) > 0


def test_the_example_of_optical_pairs_runs_and_finds_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = [((slice(4, 16), slice(6, 18)), dt.date(2019, 6, 10), BUILT)]
    write_images(cube(days(2, every=368, start="2018-06-20"), block, cloud=0.0), tmp_path / "optical")
    Site(id="place", name="Place", area=area()).write(tmp_path / "site.geojson")
    monkeypatch.chdir(tmp_path)
    names, _ = after_the_examples_of(ROOT / "docs" / "optical.md")
    assert names["change"]["changed"].to_numpy()[6:14, 8:16].mean() > 0.9


def test_the_five_lines_of_the_package_are_those_of_the_readme() -> None:
    def calls(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if re.match(r"\s*\w+ = \S.*\(.*", line)]

    five = calls(sitewatch.__doc__ or "")
    assert len(five) == 5
    assert (
        five
        == calls(blocks(ROOT / "README.md", "python")[0])
        == calls(blocks(ROOT / "docs" / "python.md", "python")[0])
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_make_targets_that_the_docs_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"^    make ([a-z-]+)|`make ([a-z-]+)`", page.read_text())}
    assert {name for pair in named for name in pair if name} <= targets


def test_every_exit_code_is_documented() -> None:
    from sitewatch.cli import _exits

    text = (ROOT / "docs" / "cli.md").read_text()
    for code in (_exits.OK, _exits.UNUSABLE, _exits.USAGE, _exits.UNEXPECTED, _exits.INTERRUPTED):
        assert f"| {code} |" in text


def test_the_changelog_has_the_version_or_is_before_its_release() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## [{version}]" in changelog or "## [Unreleased]" in changelog
