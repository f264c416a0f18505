"""detectable.json: the smallest of each kind that a run would have found, for reports that are written later."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

from sitewatch.atomic import write_json
from sitewatch.errors import WorkspaceError
from sitewatch.sought import Detectable, Sought


def write_detectable(path: str | Path, detectable: Sequence[Detectable]) -> Path:
    """Write what a run would have found; days as YYYY-MM-DD."""
    path = Path(path)
    rows = [
        {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in dataclasses.asdict(one).items()}
        for one in detectable
    ]
    write_json(path, {"detectable": rows})
    return path


def read_detectable(path: str | Path) -> tuple[Detectable, ...]:
    """What `write_detectable` wrote; empty where an older version left no such file.

    Raises
    ------
    WorkspaceError
        If the file is broken.
    """
    path = Path(path)
    if not path.exists():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["detectable"]
        return tuple(
            Detectable(
                **{
                    **row,
                    "sought": Sought(**row["sought"]),
                    **{k: dt.date.fromisoformat(row[k]) if row[k] else None for k in ("shown_from", "shown_by")},
                }
            )
            for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"{path} can't be read ({error})", hint="Delete it; the next update that has something new writes it again."
        ) from error
