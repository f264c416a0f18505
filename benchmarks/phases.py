"""Measure the phases of construction on scenarios with known truth, by the official definitions of IARPA SMART.

    python benchmarks/phases.py --seeds 1001 1010                    # what `make study-phases` runs
    python benchmarks/phases.py --seeds 401 404 --rows 4 5 --out phases-dev
    python benchmarks/phases.py --annotations FOLDER                 # how long phases last in SMART site models

Of every matched structure but demolitions (the official phases are of construction), the truth's phase at each image
follows from its dates: Site Preparation from its first sight, Active Construction from the onset, Post Construction
from the completion. Errors are signed days from the true onset of a phase to the stated one, in the best and in the
worst case within the gap before the true onset. The scenarios' writer and scorer are looked for as
`benchmarks/accuracy/study.py` does; finished scenarios are lines of phases.jsonl in the output folder, and a run that
was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from sitewatch.structure import PHASES
from sitewatch.structures._phase_errors import Observation, onset_of, sum_up

sys.path.insert(0, str(Path(__file__).resolve().parent / "accuracy"))

from rows import ROWS
from study import ROOT, run_scenario

LEVELS = tuple(number for number, row in enumerate(ROWS, start=1) if not row.empty)
# No chance is counted as smaller, so that one image does not decide the mean.
LEAST_CHANCE = 1e-3


def true_phases(truth: dict[str, Any]) -> list[Observation]:
    """Phase at each image of a scenario's structure."""
    seen = [truth.get("preparation_first_seen"), truth["onset_latest"], truth.get("completion_latest")]
    starts = [dt.date.fromisoformat(text[:10]) if text else dt.date.max for text in seen]
    days = [dt.date.fromisoformat(point[0][:10]) for point in truth["growth"]]
    return [(day, PHASES[max((i for i, start in enumerate(starts, 1) if day >= start), default=0)]) for day in days]


def stated_phases(found: dict[str, Any]) -> tuple[list[Observation], dict[dt.date, list[float]]]:
    """Phase at each image of a structure of structures.geojson, and the chances of all phases."""
    changes = [(dt.date.fromisoformat(day), phase) for day, phase, _ in found["phases"]]
    chances = {dt.date.fromisoformat(day): values for day, *values in found["phase_probabilities"]}
    return [(day, [phase for start, phase in changes if start <= day][-1]) for day in chances], chances


def _job(number: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (result,) = run_scenario(ROWS[number - 1], seed, Path(folder), with_references=False)
    hits = [(true, found) for _, true, found in result["hits"] if true["kind"] != "demolition"]
    return {"row": number, "seed": seed, "hits": hits}


def table(results: list[dict[str, Any]]) -> str:
    """The measurements as Markdown."""
    out = [
        "| scenarios | structures | phase right | chance of the true phase | stated phase's chance |",
        "|---|---|---|---|---|",
    ]
    onsets = [
        "| scenarios | onset of | both state it | not stated | stated without truth | early / on the day / late "
        "| mean error, days | sd | mean abs | best case | worst case |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for number in LEVELS:
        hits = [hit for result in results if result["row"] == number for hit in result["hits"]]
        if not hits:
            continue
        pairs, right, given, stated = [], [], [], []
        for truth, found in hits:
            true, (said, chances) = true_phases(truth), stated_phases(found)
            pairs.append((true, said))
            by_day = dict(said)
            for day, phase in true:
                if day in chances:
                    right.append(by_day[day] == phase)
                    given.append(max(chances[day][PHASES.index(phase)], LEAST_CHANCE))
                    stated.append(chances[day][PHASES.index(by_day[day])])
        name = ROWS[number - 1].name
        # The geometric mean: what the logarithmic score rewards.
        true_chance = float(np.exp(np.mean(np.log(given))))
        out.append(f"| {name} | {len(hits)} | {np.mean(right):.3f} | {true_chance:.2f} | {np.mean(stated):.3f} |")
        for phase in PHASES[1:]:
            s = sum_up(pairs, phase)
            extra = sum(onset_of(t, phase) is None and onset_of(f, phase) is not None for t, f in pairs)
            onsets.append(
                f"| {name} | {phase} | {s.count} | {s.missing_proposals} | {extra} "
                f"| {s.early} / {s.perfect} / {s.late} "
                f"| {s.mean_days:+.0f} | {s.sd_days:.0f} | {s.mean_absolute_days:.0f} "
                f"| {s.best_mean_days:+.0f} (abs {s.best_mean_absolute_days:.0f}) "
                f"| {s.worst_mean_days:+.0f} (abs {s.worst_mean_absolute_days:.0f}) |"
            )
    return "\n".join([*out, "", *onsets])


def durations(folder: Path) -> str:
    """How long Site Preparation and Active Construction last in the annotated site models of a folder."""
    prepared, active, phased, seen = [], [], 0, 0
    for path in sorted(folder.glob("*.geojson")):
        site, *features = json.loads(path.read_text())["features"]
        if not str(site["properties"]["status"]).startswith("positive"):
            continue
        labelled: list[tuple[dt.date, list[str]]] = sorted(
            (dt.date.fromisoformat(p["observation_date"][:10]), p["current_phase"].split(", "))
            for p in (feature["properties"] for feature in features)
            if p["observation_date"] and p["current_phase"]
        )
        # Of several labels, Post Construction counts where all say so, any other where one does.
        first = {phase: next((day for day, labels in labelled if phase in labels), None) for phase in PHASES[1:3]}
        post = next((day for day, labels in labelled if set(labels) == {PHASES[3]}), None)
        preparation, construction = first[PHASES[1]], first[PHASES[2]]
        if construction is None:
            continue
        phased += 1
        seen += preparation is not None
        if preparation is not None:
            prepared.append((construction - preparation).days)
        if post is not None:
            active.append((post - construction).days)
    if not phased:
        raise SystemExit(f"{folder} holds no site model with phases")
    return (
        f"{phased} sites with phases, preparation seen on {seen} ({seen / phased:.2f}); mean days of Site Preparation "
        f"{np.mean(prepared):.0f} (median {np.median(prepared):.0f}), of Active Construction {np.mean(active):.0f} "
        f"(median {np.median(active):.0f})"
    )


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1001, 1010), help="first and last seed of every row")
    parser.add_argument("--rows", type=int, nargs="*", default=list(LEVELS), help="rows of benchmarks/accuracy/rows.py")
    parser.add_argument("--out", type=Path, default=ROOT / "accuracy", help="folder of phases.jsonl and phases.md")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--annotations", type=Path, help="folder of SMART site models: print how long phases last")
    args = parser.parse_args()
    if args.annotations:
        print(durations(args.annotations))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "phases.jsonl"
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(result["row"], result["seed"]) for result in results}
    seeds = range(args.seeds[0], args.seeds[1] + 1)
    todo = [(number, seed) for seed in seeds for number in args.rows if (number, seed) not in done]
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(args.jobs) as pool, path.open("a") as sink:
        for job in as_completed([pool.submit(_job, number, seed) for number, seed in todo]):
            result = job.result()
            results.append(result)
            sink.write(json.dumps(result) + "\n")
            sink.flush()
            print(
                f"{ROWS[result['row'] - 1].name}, seed {result['seed']}: {len(result['hits'])} structures", flush=True
            )
    text = table([r for r in results if r["row"] in args.rows and r["seed"] in seeds])
    (args.out / "phases.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
