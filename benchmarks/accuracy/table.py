"""From scored scenarios to the table that is published."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rows import ROWS

OURS = "sitewatch"
Result = dict[str, Any]
Summary = Callable[[list[Result]], dict[str, Any]]

HEAD = (
    "scenarios", "n", "works", "recall", "precision", "onset right", "width (gaps) median / 90 %", "completion right",
    "stated too soon", "area error", "area in 2 sd", "length error", "length in 2 sd", "growth error", "kind right",
    "preparation dated", "false / km² a",
)  # fmt: skip


def write_table(results: Path, target: Path, summary: Summary) -> None:
    """Write the Markdown table of all rows that have results."""
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    out = ["## sitewatch", "", _row(HEAD), _row(["---"] * len(HEAD))]
    for row in ROWS:
        mine = [r for r in lines if r["row"] == row.name and r["method"] == OURS]
        if mine:
            out.append(_row([row.name, *_cells(mine, summary(mine))]))
    out += [
        "",
        "## References, each at the row's best threshold (highest F1; empty rows: the same one)",
        "",
    ]
    names = list(dict.fromkeys(r["method"] for r in lines if r["method"] != OURS))
    head = ("scenarios", "method", "threshold", "recall", "precision", "onset right", "area error", "false / km² a")
    out += [_row(head), _row(["---"] * len(head))]
    best: dict[tuple[bool, int, str], float] = {}
    for row in ROWS:
        for name in names:
            theirs = [r for r in lines if r["row"] == row.name and r["method"] == name]
            by = {
                t: summary([r for r in theirs if r["threshold"] == t]) for t in sorted({r["threshold"] for r in theirs})
            }
            if not by:
                continue
            key = (row.real, row.level, name)
            if not row.empty:
                best[key] = max(by, key=lambda t: by[t]["f1"] or 0.0)
            chosen = best.get(key)
            if chosen is None or chosen not in by:
                continue
            s = by[chosen]
            out.append(_row([
                row.name, name, f"{chosen:g}", *(_number(s[k]) for k in ("recall", "precision", "onset_right")),
                _percent(s["area_m2_median_abs_relative_error"]), _number(s["false_per_km2_year"], 3),
            ]))  # fmt: skip
    target.write_text("\n".join(out) + "\n")


def _cells(results: list[Result], s: dict[str, Any]) -> list[str]:
    widths = _gaps(results)
    return [
        str(s["scenarios"]), str(s["true"]), _number(s["recall"]), _number(s["precision"]), _number(s["onset_right"]),
        "-" if not widths.size else f"{np.median(widths):.0f} / {np.percentile(widths, 90):.0f}",
        _number(s["completion_right"]), str(s["completion_stated_too_soon"]),
        _percent(s["area_m2_median_abs_relative_error"]), _number(s["area_m2_within_2sd"]),
        _percent(s["length_m_median_abs_relative_error"]), _number(s["length_m_within_2sd"]),
        _number(s["growth_mean_abs_error"]), _number(s["kind_right"]), _number(s["preparation_stated"]),
        _number(s["false_per_km2_year"], 4),
    ]  # fmt: skip


def _gaps(results: list[Result]) -> np.ndarray:
    """Widths of the stated onset intervals, in gaps between images."""
    out = []
    for result in results:
        for _, true, found in result["hits"]:
            if not (found.get("onset_earliest") and found.get("onset_latest")):
                continue
            days = [dt.date.fromisoformat(point[0][:10]) for point in true["growth"]]
            first, last = (dt.date.fromisoformat(found[f"onset_{end}"]) for end in ("earliest", "latest"))
            out.append(sum(first < day <= last for day in days))
    return np.array(out)


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
