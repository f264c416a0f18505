"""What a survey costs: processor time per million pixel-dates, workers, memory; the arithmetic of large areas.

    make bench-scale
    python benchmarks/scale.py --rows 1024 --columns 2048 --images 24 --write docs/scale.md

An area is generated, surveyed with one worker of one thread and with two, in tiles of two sizes, and once more with a
worker killed amid the run. All results must be equal. With ``--write`` the figures take the place of what stands
between the two marks of a page.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import resource
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sitewatch.record import to_json
from sitewatch.simulate import Built, write_area
from sitewatch.site import Site
from sitewatch.survey import SurveyResult, local_workers, survey_stacks

SITE = Site.read("bbox:120.5,39.0,121.5,39.9")
MARK = "<!-- measured -->"


def main() -> None:
    """Measure and print, or write into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--columns", type=int, default=2048)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--write", type=Path, help="page whose part between the marks is written anew")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = measured(Path(folder), (arguments.rows, arguments.columns), arguments.images)
    print(text)
    if arguments.write is not None:
        before, _, after = arguments.write.read_text().split(MARK)
        arguments.write.write_text(f"{before}{MARK}\n\n{text}\n{MARK}{after}")


def measured(folder: Path, shape: tuple[int, int], images: int) -> str:
    """Markdown with all figures."""
    built = works(shape, images)
    write_area(folder / "stack.zarr", shape, images, built=built, seed=1)
    runs = {
        "1 worker, tiles of 512": survey(folder, 1, 512),
        "2 workers, tiles of 512": survey(folder, 2, 512),
        "2 workers, tiles of 1024": survey(folder, 2, 1024),
        "2 workers, one killed": survey(folder, 2, 512, kill=True),
    }
    results = [told(result) for result, *_ in runs.values()]
    same = all(result == results[0] for result in results)
    first, one, cpu, _, client = runs["1 worker, tiles of 512"]
    _, two, cpu_of_two, _, client_of_two = runs["2 workers, tiles of 512"]
    learning = seconds_to_learn(folder / "stack.zarr")
    in_turn = learning + client_of_two
    million = first.pixel_dates / 1e6
    cost = (cpu + client) / million
    lines = [
        f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}), load average "
        f"{os.getloadavg()[0]:.1f} as it ended; {shape[0]} x {shape[1]} pixels, {images} images of two polarisations, "
        f"{million:,.0f} million pixel-dates, {len(built)} works, of which "
        f"{sum(s.status == 'confirmed' for s in first.structures)} structures were confirmed.",
        "",
        "| survey | wall clock, s | processor time of the workers, s | of the process that leads them, s | "
        "largest worker, MB |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {wall:.1f} | {used:.1f} | {lead:.1f} | {memory:.0f} |"
            for name, (_, wall, used, memory, lead) in runs.items()
        ),
        "",
        "The processor time of a worker that was killed is not counted.",
        f"Results {'are the same to the last digit' if same else 'DIFFER'} in all four. From one worker to two the "
        f"wall clock is shorter by a factor of {one / two:.2f}. On a machine with other work the clock flatters two "
        f"workers, who get twice the share of one. By processor time: {learning:.1f} s of learning and the leading "
        f"process's {client_of_two:.1f} s can't be shared, the rest can, which makes "
        f"{(cpu + client) / (in_turn + (cpu_of_two - learning) / 2):.2f} on two cores that do nothing else.",
        "",
        f"One million pixel-dates cost {cost:.3f} s of processor time, learning and finding structures included.",
        "",
        *paper(cost),
    ]
    return "\n".join(lines)


def works(shape: tuple[int, int], images: int) -> tuple[Built, ...]:
    """A work every 300 pixels, from a tenth of the images on to nine tenths, many of them on seams."""
    places = [(row, column) for row in range(200, shape[0] - 40, 300) for column in range(150, shape[1] - 60, 350)]
    return tuple(
        Built(row, column, 12 + 2 * (number % 5), 30, images // 4 + number % (images // 2))
        for number, (row, column) in enumerate(places)
    )


def seconds_to_learn(stack: Path) -> float:
    """Processor time of what no two workers can share."""
    from sitewatch.change import learn_track
    from sitewatch.stack import open_stack

    data, begin = open_stack(stack, chunks=None), time.process_time()
    learn_track(data)
    return time.process_time() - begin


def survey(
    folder: Path, workers: int, tile: int, *, kill: bool = False
) -> tuple[SurveyResult, float, float, float, float]:
    """The result; seconds of wall clock and of the workers; their largest memory in MB; seconds of the lead."""
    out = tempfile.mkdtemp(dir=folder)
    killed: list[int] = []
    with local_workers(workers) as client:
        client.run(warm)
        before = sum(client.run(time.process_time).values())

        def told_of(stage: str, done: int, total: int) -> None:
            if kill and not killed and done > 1:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)

        begin, lead = time.perf_counter(), time.process_time()
        result = survey_stacks(SITE, [str(folder / "stack.zarr")], out, tile=tile, client=client, progress=told_of)
        wall, lead = time.perf_counter() - begin, time.process_time() - lead
        used = sum(client.run(time.process_time).values()) - before
        memory = max(client.run(peak_mb).values())
    if result.lost:
        raise SystemExit(f"parts were lost: {result.lost}")
    return result, wall, max(used, 0.0), memory, lead


def warm() -> None:
    """Load what a worker needs, as it has after its first tile."""
    import sitewatch.survey._found
    import sitewatch.survey._tiles  # noqa: F401


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(result: SurveyResult) -> list[dict[str, Any]]:
    """All that is said of the structures."""
    return [{"id": one.id, **to_json(one)} for one in result.structures]


IMAGES_A_YEAR = 61
"""Every six days, as with two satellites."""
PRICE = 0.05
"""US dollars a core and hour, an assumption: compare with your own."""


def paper(seconds: float) -> Sequence[str]:
    """The cost of large areas for a year, by multiplication."""
    areas = [
        ("a Sentinel-1 frame, 25,000 x 16,700 px, one track", 25_000 * 16_700, 1),
        ("a coast of 2,500 km, 10 km wide, 10 m pixels, two tracks", int(2500e3 / 10) * 1000, 2),
        ("3,700 ports of 5 x 5 km, 10 m pixels, two tracks", 3_700 * 500 * 500, 2),
    ]
    out = [
        f"On paper: pixels x {IMAGES_A_YEAR} images a year and track (one every six days) x 2 polarisations x "
        f"{seconds:.3f} s a million; an hour of one core at an assumed {PRICE:.2f} US dollars.",
        "",
        "| area | million pixels | million pixel-dates | core hours | US dollars | stack, TB |",
        "|---|---|---|---|---|---|",
    ]
    for name, pixels, tracks in areas:
        dates = pixels * tracks * IMAGES_A_YEAR * 2
        hours = dates / 1e6 * seconds / 3600
        terabytes = dates * 4 / 1e12
        out.append(
            f"| {name} | {pixels / 1e6:,.1f} | {dates / 1e6:,.0f} | {hours:,.1f} | {hours * PRICE:,.2f} | "
            f"{terabytes:.2f} |"
        )
    return out


if __name__ == "__main__":
    main()
