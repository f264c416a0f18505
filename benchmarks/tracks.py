"""Measure what several tracks, and single images of many geometries, say together, on simulated coasts of known truth.

    python benchmarks/tracks.py --seeds 1001 1024                   # what `make study-tracks` runs
    python benchmarks/tracks.py --seeds 1 6 --out tracks-dev

A pier and a building on each coast, seen by

- two full tracks of other incidence angle, flight direction and dates (A and B: every 20 days, B eight days after A),
  each alone and both together, by `find_structures`;
- one sparse track (eight images, every 90 days), alone and with ten single images of ten geometries and two sensors,
  and these ten alone, by `date_footprint` of the true outline.

A stated onset is right where it holds the last image of all that the coast has without the structure and the first with
it. The confirm delay is counted from that first image to `confirmed_on`. Finished coasts are lines of tracks.jsonl in
the output folder, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr

ROOT = Path(__file__).resolve().parents[1]
SHAPE = (90, 90)
WORKS = ("pier", "building")
# A structure is found where this share of it, and of the footprint, is the other.
OVERLAP = 0.3
CASES = ("A", "B", "A and B", "sparse", "sparse and ten single images", "ten single images")


def job(seed: int, faint_db: float) -> dict[str, Any]:
    """Both sets of images of one coast and what is found in them."""
    from sitewatch.change import detect_change
    from sitewatch.simulate import (
        ASCENDING,
        Acquisitions,
        revisit_dates,
        simulate_coast,
        single_views,
    )

    dates = revisit_dates(count=24, every_days=20, missed=0.0)
    later = revisit_dates(ASCENDING, start=dt.date(2023, 1, 17), count=24, every_days=20, missed=0.0)
    two = simulate_coast(
        seed, dates=dates, shape=SHAPE, works=WORKS, others=[Acquisitions(ASCENDING, later)], faintness_db=faint_db
    )
    found = _found(two.stacks)
    rows = []
    for case, chosen in (("A", [0]), ("B", [1]), ("A and B", [0, 1])):
        rows += _rows(case, two, [found[i] for i in chosen])
    sparse_dates = revisit_dates(count=8, every_days=90, missed=0.0)
    rng = np.random.default_rng([seed, 77])
    days = np.sort(rng.uniform(0.0, (sparse_dates[-1] - sparse_dates[0]).days, 10))
    singles = [
        Acquisitions(view, (sparse_dates[0] + dt.timedelta(days=float(day)),))
        for view, day in zip(single_views(10), days, strict=True)
    ]
    few = simulate_coast(seed, dates=sparse_dates, shape=SHAPE, works=WORKS, singles=singles, faintness_db=faint_db)
    changes = [detect_change(stack) for stack in few.stacks]
    rows += _drawn("sparse", few, few.stacks, changes, ())
    rows += _drawn("sparse and ten single images", few, few.stacks, changes, few.singles)
    rows += _drawn("ten single images", few, (), (), few.singles)
    return {"seed": seed, "faint_db": faint_db, "rows": rows}


def _found(stacks: Sequence[xr.Dataset]) -> list[tuple[Any, Any, Any]]:
    from sitewatch.change import detect_change
    from sitewatch.structures import find_in_track

    changes = [detect_change(stack) for stack in stacks]
    return [(s, c, find_in_track(s, c)) for s, c in zip(stacks, changes, strict=True)]


def _rows(
    case: str, scenario: Any, tracks: Sequence[tuple[Any, Any, Any]], singles: Sequence[xr.Dataset] = ()
) -> list[dict[str, Any]]:
    """One row a true work: whether found, and what is said of it."""
    from sitewatch.site import Site
    from sitewatch.structures._find import join_found
    from sitewatch.structures._map import on_grid

    west, south, east, north = scenario.geobox.extent.to_crs("EPSG:4326").boundingbox
    site = Site.read(f"bbox:{west},{south},{east},{north}")
    structures = join_found(site, [(s, c) for s, c, _ in tracks], [f for _, _, f in tracks], singles)
    outlines = [(s, on_grid(s.footprint, scenario.geobox)) for s in structures if s.status != "rejected"]
    rows, taken = [], set()
    for work in scenario.works:
        hits = [
            (shapely.intersection(outline, work.outline).area, s)
            for s, outline in outlines
            if shapely.intersection(outline, work.outline).area >= OVERLAP * max(outline.area, work.outline.area)
        ]
        row: dict[str, Any] = {"case": case, "kind": work.kind, "status": None}
        if hits:
            s = max(hits, key=lambda one: one[0])[1]
            taken.add(s.id)
            row["status"] = s.status
            row["onset"] = _verdict(s.onset, work.onset)
            row["completion"] = _verdict(s.completion, work.completion)
            if s.confirmed_on:
                row["delay"] = (s.confirmed_on - work.onset[1]).days
        rows.append(row)
    false = sum(s.status == "confirmed" and s.id not in taken for s in structures)
    return [*rows, {"case": case, "false": false}]


def _drawn(
    case: str, scenario: Any, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset], singles: Sequence[xr.Dataset]
) -> list[dict[str, Any]]:
    """One row a true work: what is said of its outline."""
    from sitewatch.structures import date_footprint
    from sitewatch.structures._map import to_degrees

    rows = []
    for work in scenario.works:
        s = date_footprint(to_degrees(work.outline, scenario.geobox), stacks, changes, singles=singles)[0]
        rows.append(
            {
                "case": case,
                "kind": work.kind,
                "status": s.status,
                "onset": _verdict(s.onset, work.onset),
                "completion": _verdict(s.completion, work.completion),
                "singles": [[str(one.date), one.log_ratio] for one in s.single_images],
                "begun": str(work.onset[1]),
            }
        )
    return rows


def _verdict(stated: Any, true: Any) -> dict[str, Any] | None:
    """Whether an interval holds the truth, and its width in days."""
    if stated is None or true is None:
        return None
    return {
        "right": bool(stated.earliest <= true[0] and stated.latest >= true[1]),
        "days": (stated.latest - stated.earliest).days,
    }


def table(results: list[dict[str, Any]]) -> str:
    """The measurements as Markdown."""
    out = [
        "| images | kind | works | confirmed | candidates | false | onset right | median width, days | 90 %, days "
        "| completion right | median width, days | confirm delay, days |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case, kind in itertools.product(CASES, WORKS):
        rows = [row for result in results for row in result["rows"] if row["case"] == case]
        works = [row for row in rows if row.get("kind") == kind]
        false = sum(row.get("false", 0) for row in rows) if kind == WORKS[0] else ""
        confirmed, candidates = (sum(row["status"] == s for row in works) for s in ("confirmed", "candidate"))
        onset = [row["onset"] for row in works if row.get("onset")]
        end = [row["completion"] for row in works if row.get("completion")]
        delay = [row["delay"] for row in works if "delay" in row]
        out.append(
            f"| {case} | {kind} | {len(works)} | {confirmed} | {candidates} | {false} | {_right(onset)} "
            f"| {_middle([o['days'] for o in onset])} | {_middle([o['days'] for o in onset], 90)} "
            f"| {_right(end)} | {_middle([o['days'] for o in end])} | {_middle(delay)} |"
        )
    return "\n".join(out)


def _right(verdicts: Sequence[dict[str, Any]]) -> str:
    return f"{sum(v['right'] for v in verdicts)} of {len(verdicts)}"


def _middle(values: Sequence[float], percent: float = 50) -> str:
    return f"{np.percentile(values, percent):.0f}" if values else "none"


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1001, 1024), help="first and last seed")
    parser.add_argument("--faint", type=float, nargs="*", default=[0.0], help="by how much works are fainter, dB")
    parser.add_argument("--out", type=Path, default=ROOT / "accuracy", help="folder of tracks.jsonl and tracks.md")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "tracks.jsonl"
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(result["seed"], result["faint_db"]) for result in results}
    seeds = range(args.seeds[0], args.seeds[1] + 1)
    todo = [(seed, faint) for faint in args.faint for seed in seeds if (seed, faint) not in done]
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(args.jobs) as pool, path.open("a") as sink:
        for finished in as_completed([pool.submit(job, *one) for one in todo]):
            result = finished.result()
            results.append(result)
            sink.write(json.dumps(result) + "\n")
            sink.flush()
            print(f"seed {result['seed']}, {result['faint_db']:g} dB fainter: done", flush=True)
    parts = []
    for faint in args.faint:
        chosen = [r for r in results if r["faint_db"] == faint and r["seed"] in seeds]
        parts.append(
            f"{f'Works {faint:g} dB fainter' if faint else 'Plain works'}, {len(chosen)} coasts:\n\n{table(chosen)}"
        )
    text = "\n\n".join(parts)
    (args.out / "tracks.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
