"""The file of a watch: what it may say, and what is said when it can't be used."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sitewatch.errors import WatchError
from sitewatch.watch import KINDS, read_rules
from sitewatch.watch import _rules as parts

ROOT = Path(__file__).resolve().parents[2]
MODELS: list[tuple[str, type[BaseModel]]] = [
    ("", parts.WatchRules),
    ("site", parts.WatchedSite),
    ("site.catalogue", parts.Catalogue),
    ("rule", parts.Rule),
    ("webhook", parts.Webhook),
    ("email", parts.Email),
    ("feed", parts.Feed),
    ("file", parts.LinesFile),
]


TABLES = {"webhook", "email", "feed", "file", "rule", "site", "catalogue"}


def write(folder: Path, text: str) -> Path:
    (folder / "watch.toml").write_text(text)
    return folder / "watch.toml"


def test_the_least_file_has_sensible_defaults(tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, '[[site]]\nworkspace = "port"\n'))
    (site,) = rules.site
    assert (site.name, site.workspace) == ("port", tmp_path / "port")
    assert rules.every_of(site) == dt.timedelta(hours=6)
    assert rules.stalled_after(site) == dt.timedelta(hours=24)
    (rule,) = rules.rules_of(site)
    assert (rule.kinds, rule.to, rule.smallest_m2) == (KINDS, None, 0.0)


def example() -> str:
    return resources.files("sitewatch.watch").joinpath("example.toml").read_text()


def uncommented() -> str:
    """The example with every setting in force."""
    return re.sub(r"^# (?=\[\[|[a-z0-9_]+ = |         \")", "", example(), flags=re.MULTILINE)


def test_the_example_is_valid_as_it_stands_and_with_every_setting_in_force(tmp_path: Path) -> None:
    assert read_rules(write(tmp_path, example())).site[0].images == (tmp_path / "images",)
    whole = read_rules(write(tmp_path, uncommented()))
    assert [channel.name for channel in whole.channels] == ["desk", "email", "feed", "file"]


def test_the_example_and_the_docs_name_every_setting() -> None:
    said = tomllib.loads(uncommented())
    docs = (ROOT / "docs" / "watch.md").read_text()
    for path, model in MODELS:
        table: Any = said
        for part in filter(None, path.split(".")):
            table = table[part][0]
        names = {field.alias or name for name, field in model.model_fields.items()} - TABLES
        assert names <= set(table), path
        for name in names:
            assert f"`{name}`" in docs, (path, name)


def test_the_docs_name_every_kind_of_news() -> None:
    docs = (ROOT / "docs" / "watch.md").read_text()
    assert all(f"| `{kind}` |" in docs for kind in KINDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[site]\n", "is not TOML"),
        ("every = '6h'\n", "site: Field required"),
        ("[[site]]\nworkspace = 'a'\nevry = '6h'\n", r"site.1.evry: Extra inputs"),
        ("every = 'often'\n[[site]]\nworkspace = 'a'\n", "every: 'often' is no length of time; write 90s"),
        ("[[site]]\nworkspace = 'a'\n[[rule]]\nkinds = ['launch']\n", "rule.1.kinds.1: Input should be 'watch begun'"),
        ("[[site]]\nworkspace = 'a'\n[[rule]]\nquiet_hours = '22'\n", "'22' is no span of the day; write 22:00-07:00"),
        ("[[site]]\nworkspace = 'a'\n[[rule]]\ndigest = 'hourly'\n", "'hourly' is no digest"),
        ("[[site]]\nworkspace = 'a'\n[[rule]]\ntimezone = 'Mars'\n", "'Mars' is no time zone"),
        ("[[site]]\nworkspace = 'a'\n[[rule]]\nto = ['desk']\n", "tells 'desk', but no receiver is called so"),
        ("[[site]]\nworkspace = 'a'\n[[site]]\nworkspace = 'a'\n", "is listed twice"),
        ("[[site]]\nworkspace = 'a'\n[[file]]\npath = 'x'\n[[file]]\npath = 'y'\n", "two receivers are called 'file'"),
        ("[[site]]\nworkspace = 'a'\n[[webhook]]\nurl = 'ftp://x'\nsecret_env = 'S'\n", "webhook.1.url"),
        ("[[site]]\nworkspace = 'a'\n[[webhook]]\nurl = 'http://x'\n", "webhook.1.secret_env: Field required"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WatchError, match=re.escape(said)):
        read_rules(write(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WatchError, match=r"nowhere\.toml can't be read"):
        read_rules(tmp_path / "nowhere.toml")
