"""detectable.json comes back as it was written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sitewatch.errors import WorkspaceError
from sitewatch.record import read_detectable, write_detectable
from sitewatch.sought import Detectable, Sought

PIER = Detectable(
    Sought("pier", "water", {"VV": 11.0, "VH": 8.0}), "", 0.4, 900.0, 1200.0, 30.0, 34.6, dt.date(2021, 3, 1),
    dt.date(2022, 1, 1), 48,
)  # fmt: skip
ROAD = Detectable(Sought("road", "land", {"VV": -6.0}, 20.0), "s1-98", 0.6, None, None, None, None, None, None, None)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = write_detectable(tmp_path / "detectable.json", (PIER, ROAD))
    assert read_detectable(path) == (PIER, ROAD)


def test_nothing_is_nothing_and_a_broken_file_is_told(tmp_path: Path) -> None:
    assert read_detectable(tmp_path / "none.json") == ()
    (tmp_path / "detectable.json").write_text('{"detectable": [{}]}')
    with pytest.raises(WorkspaceError, match=r"detectable\.json"):
        read_detectable(tmp_path / "detectable.json")
