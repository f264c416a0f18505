"""What each image says of each structure, as a table for spreadsheets and statistics."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from sitewatch.atomic import write_whole
from sitewatch.record import Record, list_observations, list_scenes
from sitewatch.structure import PHASES, Structure

COLUMNS = (
    *("date", "structure", "kind", "status", "track", "scene"),
    *("fraction", "fraction_sd", "phase", "phase_probability"),
)
ByPass = Mapping[tuple[dt.date, str], str]
"""Scenes by day and track; of several they are joined by ``;``."""


def scenes_by_pass(record: Record, uid: str, names: Iterable[str]) -> dict[str, dict[tuple[dt.date, str], str]]:
    """Of each structure by its name, the scenes that showed it, by day and track."""
    tracks = {scene.id: scene.track for scene in list_scenes(record, uid)}
    out: dict[str, dict[tuple[dt.date, str], str]] = {}
    for name in names:
        seen: dict[tuple[dt.date, str], list[str]] = {}
        for one in list_observations(record, uid, name):
            seen.setdefault((one.datetime.date(), tracks.get(one.scene, "")), []).append(one.scene)
        out[name] = {key: ";".join(sorted(scenes)) for key, scenes in seen.items()}
    return out


def scenes_by_day(by_pass: ByPass) -> dict[dt.date, str]:
    """The same by day alone."""
    days: dict[dt.date, list[str]] = {}
    for (day, _), scenes in by_pass.items():
        days.setdefault(day, []).append(scenes)
    return {day: ";".join(sorted(scenes)) for day, scenes in days.items()}


def observations_csv(structures: Iterable[Structure], scenes: Mapping[str, ByPass] | None = None) -> str:
    """A line an image and structure: the fraction that stands, its standard deviation, the phase and its chance.

    Columns are `COLUMNS`; dates are ISO 8601, lines in order of structure and date. A phase is told at the images of
    the strongest track; elsewhere, and where a number is not known, the field is empty.

    Parameters
    ----------
    structures
        Of any status.
    scenes
        By name of the structure, its scenes (`scenes_by_pass`); else `scene` is empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(structures, key=lambda s: s.id):
        phases = {point.date: point for point in one.phases}
        of_one = (scenes or {}).get(one.id, {})
        for point in sorted(one.growth, key=lambda p: (p.date, p.track)):
            said = phases.get(point.date)
            chance = said.probabilities[PHASES.index(said.phase)] if said else math.nan
            writer.writerow(
                (
                    *(point.date.isoformat(), one.id, one.kind, one.status, point.track),
                    of_one.get((point.date, point.track), ""),
                    *(_number(point.fraction), _number(point.sd)),
                    *(said.phase if said else "", _number(chance)),
                )
            )
    return out.getvalue()


def write_observations(
    path: str | Path, structures: Iterable[Structure], scenes: Mapping[str, ByPass] | None = None
) -> Path:
    """Write `observations_csv` as UTF-8; the file appears whole or not at all."""
    return write_whole(Path(path), observations_csv(structures, scenes))


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else ""
