"""Measure sitewatch and three references on scenarios with known truth, row by row, and write the table.

    python benchmarks/accuracy/study.py --seeds 1201 1230            # what `make accuracy` runs
    python benchmarks/accuracy/study.py --seeds 1 6 --rows 1 4 --out accuracy-dev --keep

Every finished scenario is a line of results.jsonl in the output folder; a run that was stopped goes on where it was.
The scenarios' writer and scorer are not part of this repository: they are looked for in ../shared/bench, or where
$SITEWATCH_BENCH says.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType
from typing import Any

from rows import ROWS, Row

ROOT = Path(__file__).resolve().parents[2]
OURS = "sitewatch"


def bench_folder() -> Path:
    """Where the scenario writer and the scorer lie."""
    folder = Path(os.environ.get("SITEWATCH_BENCH", ROOT.parent / "shared" / "bench"))
    if not (folder / "score.py").is_file():
        raise SystemExit(f"{folder} holds no score.py; say with $SITEWATCH_BENCH where the scenarios' scorer lies")
    return folder


def scorer() -> ModuleType:
    """The scorer, as a module."""
    spec = importlib.util.spec_from_file_location("score", bench_folder() / "score.py")
    if spec is None or spec.loader is None:
        raise SystemExit("score.py can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_scenario(row: Row, seed: int, folder: Path, with_references: bool) -> list[dict[str, Any]]:
    """Write one scenario, run everything on it, and score it."""
    from references import REFERENCES

    from sitewatch import Site, build_stacks, detect_change, find_structures, open_scenes, write_structures

    score = scorer().score
    if not (folder / "truth.geojson").is_file():
        writer = [sys.executable, str(bench_folder() / "scenarios.py"), *row.scenario(seed), "--out", str(folder)]
        subprocess.run(writer, check=True, capture_output=True)
    start = time.perf_counter()
    site = Site.read(folder / "site.geojson")
    with tempfile.TemporaryDirectory() as stacks_folder:
        stacks = [s.load() for s in build_stacks(site, open_scenes(folder / "scenes").scenes, stacks_folder).stacks]
    structures = find_structures(site, stacks, [detect_change(stack) for stack in stacks])
    seconds = time.perf_counter() - start
    found = write_structures(folder / "structures.geojson", structures)
    about = {"row": row.name, "seed": seed}
    results = [{**about, "method": OURS, "seconds": seconds, **_plain(score(folder / "truth.geojson", found))}]
    for name, (method, thresholds) in REFERENCES.items() if with_references else ():
        for threshold in thresholds:
            features = [feature for stack in stacks for feature in method(stack, threshold)]
            path = folder / "reference.geojson"
            path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
            scored = _plain(score(folder / "truth.geojson", path))
            results.append({**about, "method": name, "threshold": threshold, **scored})
    return results


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(result, default=str))


def _job(number: int, seed: int, keep: Path | None, references: bool) -> list[dict[str, Any]]:
    row = ROWS[number - 1]
    if keep is not None:
        folder = keep / f"{number}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        return run_scenario(row, seed, folder, references)
    with tempfile.TemporaryDirectory() as folder:
        return run_scenario(row, seed, Path(folder), references)


def main() -> None:
    """Run what is missing, then write the table."""
    from table import write_table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1201, 1230), help="first and last seed of every row")
    parser.add_argument("--rows", type=int, nargs="*", default=list(range(1, len(ROWS) + 1)), help="rows by number")
    parser.add_argument("--out", type=Path, default=ROOT / "accuracy", help="folder of results.jsonl and table.md")
    parser.add_argument("--keep", action="store_true", help="keep each scenario's files")
    parser.add_argument("--no-references", action="store_true", help="sitewatch alone")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    results = args.out / "results.jsonl"
    done = set()
    if results.exists():
        done = {(line["row"], line["seed"]) for line in map(json.loads, results.read_text().splitlines())}
    todo = [
        (number, seed)
        for seed in range(args.seeds[0], args.seeds[1] + 1)
        for number in args.rows
        if (ROWS[number - 1].name, seed) not in done
    ]
    keep = args.out / "scenarios" if args.keep else None
    # One thread a process: two processes keep two cores busy.
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(args.jobs) as pool, results.open("a") as sink:
        jobs = {pool.submit(_job, number, seed, keep, not args.no_references): (number, seed) for number, seed in todo}
        for count, job in enumerate(as_completed(jobs), start=1):
            number, seed = jobs[job]
            lines = job.result()
            sink.write("".join(json.dumps(line) + "\n" for line in lines))
            sink.flush()
            ours = lines[0]
            print(
                f"{count}/{len(jobs)} {ROWS[number - 1].name}, seed {seed}: true {ours['true']}, "
                f"found {ours['found']}, matched {len(ours['hits'])}, missed {', '.join(ours['missed']) or '-'}",
                flush=True,
            )
    write_table(results, args.out / "table.md", scorer().summary)
    print((args.out / "table.md").read_text())


if __name__ == "__main__":
    main()
