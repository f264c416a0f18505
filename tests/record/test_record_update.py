"""A site whose record is in PostgreSQL is followed as one whose record is a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sitewatch.pipeline import add_images, init_site, run_site, update_site
from sitewatch.record import Workspace, list_observations, list_runs, list_structures
from sitewatch.site import Site


def test_an_update_says_the_same_whichever_database_keeps_it(postgres: Any, tmp_path: Path) -> None:
    from sitewatch.simulate import revisit_dates, simulate_coast, write_scenario

    dates = revisit_dates(count=8, every_days=16, missed=0.0)
    scenario = simulate_coast(1, dates=dates, shape=(64, 64), works=("pier",), name="small")
    coast = write_scenario(scenario, tmp_path / "coast")
    site = Site.read(coast / "site.geojson")
    run = run_site(site, [coast / "scenes"], tmp_path / "file")
    assert run.structures
    init_site(tmp_path / "server", site, record=postgres.new_database())
    add_images(tmp_path / "server", [coast / "scenes"])
    update = update_site(tmp_path / "server")
    assert update.result is not None
    assert not (tmp_path / "server" / "record.sqlite").exists()
    for name in ("structures.geojson", "scenes.geojson"):
        assert (tmp_path / "server" / name).read_bytes() == (tmp_path / "file" / name).read_bytes()
    told = []
    for folder in ("file", "server"):
        workspace = Workspace.open(tmp_path / folder)
        with workspace.record() as record:
            (entry,) = list_runs(record, workspace.uid)
            names = [one.id for one in list_structures(record, workspace.uid)]
            told.append((entry.input_hash, [list_observations(record, workspace.uid, name) for name in names]))
    assert told[0] == told[1]
    assert update_site(tmp_path / "server").result is None
    assert update_site(tmp_path / "file").result is None
