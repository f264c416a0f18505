"""One look: what brings images, what is told of failures, and the schedule."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pystac
import pytest
from clocks import Jumping

from sitewatch.pipeline import init_site
from sitewatch.progress import silent
from sitewatch.record import list_alerts, list_sources
from sitewatch.site import Site
from sitewatch.watch import read_rules, watch_once, watch_sites
from sitewatch.watch._bring import bring_images, first_day, open_workspace
from sitewatch.watch._look import read_state

NOWHERE = '[[site]]\nworkspace = "nowhere"\n'


def rules_of(folder: Path, text: str) -> Any:
    (folder / "watch.toml").write_text(text)
    return read_rules(folder / "watch.toml")


@pytest.fixture
def catalogue(small_coast: Path, tmp_path: Path) -> Path:
    """A static catalogue of three images."""
    from sitewatch.scenes import open_scenes, to_stac

    images = tmp_path / "archive"
    images.mkdir()
    for image in sorted((small_coast / "scenes").glob("*.tif"))[:3]:
        shutil.copy(image, images)
    made = pystac.Catalog("catalogue", "three images")
    made.add_items(to_stac(scene) for scene in open_scenes([images]).scenes)
    made.normalize_and_save(str(tmp_path / "catalogue"), pystac.CatalogType.SELF_CONTAINED)
    return tmp_path / "catalogue"


def test_images_come_from_catalogues_and_folders_and_one_that_fails_keeps_no_other(
    small_coast: Path, catalogue: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    rules = rules_of(
        tmp_path,
        f'[[site]]\nworkspace = "port"\narea = "{small_coast}/site.geojson"\nimages = ["empty", "gone"]\n'
        '[[site.catalogue]]\nfrom = "no-such-catalogue"\n'
        '[[site.catalogue]]\nfrom = "catalogue"\nsince = 2023-01-01\n',
    )
    (site,) = rules.site
    workspace = open_workspace(site)
    brought = bring_images(site, workspace, silent)
    assert brought.images == 3
    told = " ".join(str(error) for error in brought.errors)
    assert "no-such-catalogue" in told
    assert "gone is not there" in told
    assert any("empty" in note for note in brought.notes)
    with workspace.record() as record:
        (source,) = list_sources(record, workspace.uid)
    assert "fetched" in source.href
    assert bring_images(site, open_workspace(site), silent).images == 0
    made = workspace.manifest().created.date()
    assert first_day(site.catalogue[0], workspace).year == made.year - 3


def test_a_site_that_fails_for_long_is_told_of_once(tmp_path: Path, clock: Jumping) -> None:
    init_site(tmp_path / "port", Site.read("bbox:10,50,10.01,50.01"))
    rules = rules_of(
        tmp_path,
        'every = "1h"\n[[site]]\nworkspace = "port"\nimages = ["gone"]\nstalled_after = "4.5h"\n'
        '[[file]]\npath = "alerts.jsonl"\n',
    )
    looks = [look for _ in range(9) for look in watch_once(rules, clock=clock) if clock.sleep(3600) is None]
    assert {look.outcome for look in looks} == {"failed"}
    assert [len(look.alerts) for look in looks] == [0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert "gone is not there" in looks[5].alerts[0].text
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1
    state = read_state(tmp_path / "port")
    assert state is not None
    assert state.last_good is None
    (tmp_path / "gone").mkdir()
    (look,) = watch_once(rules, clock=clock)
    assert look.outcome == "waiting for images"
    with open_workspace(rules.site[0]).record() as record:
        assert len(list_alerts(record, open_workspace(rules.site[0]).uid)) == 1


def test_each_site_has_its_own_turn_and_alerts_that_failed_are_told_between(tmp_path: Path, clock: Jumping) -> None:
    for name in ("often", "seldom"):
        init_site(tmp_path / name, Site.read("bbox:10,50,10.01,50.01"))
    (tmp_path / "file").mkdir()
    rules = rules_of(
        tmp_path,
        '[[site]]\nworkspace = "often"\nimages = ["gone"]\nevery = "2h"\nstalled_after = "3h"\n'
        '[[site]]\nworkspace = "seldom"\nevery = "5h"\n' + NOWHERE + 'every = "5h"\n[[file]]\npath = "file"\n',
    )
    begun = clock.now()
    seen = []
    for look in watch_sites(rules, clock=clock):
        seen.append((look.site, look.outcome, round((look.at - begun) / dt.timedelta(hours=1))))
        if look.outcome == "told" and len(look.attempts) and look.attempts[0].delivered:
            break
        if len(seen) == 7:
            # What could not be written to is mended.
            (tmp_path / "file").rmdir()
    assert seen[:3] == [("often", "failed", 0), ("seldom", "waiting for images", 0), ("nowhere", "failed", 0)]
    assert [entry for entry in seen if entry[1] != "told"][3:5] == [("often", "failed", 2), ("often", "failed", 4)]
    assert {entry[:2] for entry in seen[5:]} == {("often", "told")}
    assert len((tmp_path / "file").read_text().splitlines()) == 1
