"""Measure the length of piers and roads, and the length built by each date, on scenarios with known truth.

    python benchmarks/lines.py --seeds 601 606                 # what `make study-lines` runs
    python benchmarks/lines.py --seeds 501 502 --rows 1 --out lines-dev

The truth's growth is the share of the pixels that stand, which for works of one width is the share of the length. It is
compared on the dates at which it is neither 0 nor 1; before and after, the errors are all but nothing. The scenarios'
writer and scorer are looked for as `benchmarks/accuracy/study.py` does; finished scenarios are lines of lines.jsonl in
the output folder, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent / "accuracy"))

from rows import ROWS
from study import ROOT, run_scenario

KINDS = ("pier", "road")
Hit = tuple[dict[str, Any], dict[str, Any]]


def _job(number: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (result,) = run_scenario(ROWS[number - 1], seed, Path(folder), with_references=False)
    return {"row": number, "seed": seed, "hits": [(t, f) for _, t, f in result["hits"] if t["kind"] in KINDS]}


def under_way(truth: dict[str, Any], found: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    """(true share, true length, stated length, its sd) at each image at which some and not all of it stands."""
    stated = {day[:10]: (length, sd) for day, length, sd in found.get("length_growth") or []}
    return [
        (share, share * truth["length_m"], *stated[day[:10]])
        for day, share in truth["growth"]
        if 0 < share < 1 and day[:10] in stated
    ]


def table(hits: dict[int, list[Hit]]) -> str:
    """The measurements as Markdown."""
    out = [
        "| scenarios | kind | works | kind right | length error, median | within 2 sd | share of the length by date, "
        "mean error | of the area | length by date within 2 sd |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number, found_there in hits.items():
        for kind in KINDS:
            pairs = [(t, f) for t, f in found_there if t["kind"] == kind]
            lines = [(t, f) for t, f in pairs if f.get("length_growth")]
            if not lines:
                continue
            error = np.array([f["length_m"] / t["length_m"] - 1 for t, f in lines])
            sure = [abs(f["length_m"] - t["length_m"]) <= 2 * f["length_m_sd"] for t, f in lines]
            dated = [(f["length_m"], *point) for t, f in lines for point in under_way(t, f)]
            whole, share, true, length, sd = np.array(dated).T
            by_area = [{day[:10]: fraction for day, fraction in f["growth"]} for _, f in lines]
            area = [
                abs(stands[day[:10]] - v)
                for (t, _), stands in zip(lines, by_area, strict=True)
                for day, v in t["growth"]
                if 0 < v < 1
            ]
            right = np.mean([f["kind"] == kind for _, f in pairs])
            out.append(
                f"| {ROWS[number - 1].name} | {kind} | {len(pairs)} | {right:.2f} "
                f"| {100 * np.median(np.abs(error)):.1f} % | {np.mean(sure):.2f} "
                f"| {np.mean(np.abs(length / whole - share)):.3f} | {np.mean(area):.3f} "
                f"| {np.mean(np.abs(length - true) <= 2 * sd):.2f} |"
            )
    return "\n".join(out)


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(601, 606), help="first and last seed of every row")
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 2], help="rows of benchmarks/accuracy/rows.py")
    parser.add_argument("--out", type=Path, default=ROOT / "accuracy", help="folder of lines.jsonl")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "lines.jsonl"
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
            print(f"{ROWS[result['row'] - 1].name}, seed {result['seed']}: {len(result['hits'])} lines", flush=True)
    print(
        table({n: [h for r in results if r["row"] == n and r["seed"] in seeds for h in r["hits"]] for n in args.rows})
    )


if __name__ == "__main__":
    main()
