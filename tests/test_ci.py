"""What CI must not let pass, and what the Makefile and the lock promise."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def test_an_absent_system_package_skips_a_test_at_home(
    needs_package: Callable[[str, bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SITEWATCH_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        needs_package("chromium", False)


def test_an_absent_system_package_fails_a_test_in_ci(
    needs_package: Callable[[str, bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITEWATCH_CI", "1")
    needs_package("chromium", True)
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        needs_package("chromium", False)


def test_the_lock_holds_a_version_within_bounds_for_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    locked = {canonicalize_name(name): Version(version) for name, version in locked.items()}
    named = [(canonicalize_name(wish.name), wish) for wish in wanted]
    assert not [str(wish) for name, wish in named if name not in locked or locked[name] not in wish.specifier]


def test_the_package_and_its_metadata_agree_on_the_version() -> None:
    import sitewatch

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == sitewatch.__version__


@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench"])
def test_a_make_target_exists(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
