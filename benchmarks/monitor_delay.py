"""Detection delay of the sequential monitor beside the CUSUM that knows both levels, on simulated gamma speckle.

    python benchmarks/monitor_delay.py            # prints the tables of docs/monitor.md, some minutes
    python benchmarks/monitor_delay.py --figure docs/images/monitor-delay.png
    python benchmarks/monitor_delay.py --series 1000    # a quick look

Yardstick: the CUSUM of Page 1954 with the true level before, the true step and the true looks; one-sided, so it knows
the direction too. Its threshold is set by simulation at the same mean number of images between false alarms (ARL).

Delay: images from the first one after the step to the alarm, both counted, so 1 is the least. Both see `BURN_IN` images
without a change first; series with an alarm among them are left out, so it is the expected delay given no false alarm
before (steady state). The monitor whose level is learnt from a history of 20, 50 or 200 images gets no burn-in: the
step comes right after the history, which is its worst case, while the yardstick keeps its burn-in.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from sitewatch.change._monitor_bank import DB_PER_LOG, bank_for
from sitewatch.change._monitor_kernel import CONFIRMED, RAISED, Rules, advance
from sitewatch.change._monitor_state import as_runs, as_verdicts, blank_arrays
from sitewatch.change._monitor_threshold import threshold_for
from sitewatch.change._numba import kernel

STEPS_DB = (1, 2, 3, 5, 7, 10, -1, -2, -3, -5, -7, -10)
ARLS = (100, 1000, 10_000)
LOOKS = (4.4, 1.0, 10.0)
BURN_IN = 50
# A level from so many images counts as known.
KNOWN = 30_000
# What the delay is held to: so many times the yardstick's, or so many images more.
TIMES, MORE = 1.5, 1.0
SERIES = 8000
# Of learnt levels: after so many images a step that isn't seen counts as missed.
PATIENCE = 2000


@kernel
def cusum_run_lengths(
    rng: np.random.Generator, looks: float, step: float, grid: NDArray[np.float64], series: int, limit: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images spent below each threshold by stable series of at most `limit` images, and times it was exceeded."""
    ratio = math.exp(step)
    spent, passed = np.zeros(grid.size), np.zeros(grid.size, np.int64)
    for _ in range(series):
        w, at, t = 0.0, 0, 0
        while at < grid.size and t < limit:
            t += 1
            w = max(w, 0.0) + rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            while at < grid.size and w > grid[at]:
                spent[at] += t
                passed[at] += 1
                at += 1
        for above in range(at, grid.size):
            spent[above] += t
    return spent, passed


@kernel
def cusum_delays(
    rng: np.random.Generator, looks: float, step: float, threshold: float, series: int
) -> NDArray[np.float64]:
    """Delay of each of so many series, in images, given no alarm in the burn-in."""
    ratio = math.exp(step)
    out, done = np.empty(series), 0
    while done < series:
        w, t, early = 0.0, 0, False
        while t < BURN_IN and not early:
            t += 1
            w = max(w, 0.0) + rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            early = w > threshold
        if early:
            continue
        delay, alarm = 0, False
        while not alarm:
            delay += 1
            w = max(w, 0.0) + ratio * rng.standard_gamma(looks) * (1.0 - 1.0 / ratio) - looks * step
            alarm = w > threshold
        out[done] = delay
        done += 1
    return out


@dataclasses.dataclass(frozen=True)
class Mean:
    """A mean over simulated series and its standard error; inf where some never came to an end."""

    value: float
    error: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Mean:
        """Of one value a series."""
        if not np.isfinite(values).all():
            return cls(math.inf, math.nan)
        return cls(float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size)))


def yardstick(looks: float, step_db: float, series: int = SERIES) -> list[Mean]:
    """Delay of the CUSUM that knows both levels, at each of `ARLS`."""
    rng = np.random.default_rng(1954)
    step = step_db / DB_PER_LOG
    grid = np.arange(max(-3.0, 0.02 - looks * abs(step)), math.log(ARLS[-1]) + 1.0, 0.02)
    spent, passed = cusum_run_lengths(rng, looks, step, grid, 100, 2 * ARLS[-1])
    arl = spent / np.maximum(passed, 1)
    grid = grid[: int(np.searchsorted(arl, 1.2 * ARLS[-1])) + 1]
    spent, passed = cusum_run_lengths(rng, looks, step, grid, 1500, 2 * ARLS[-1])
    log_arl = np.log(spent / np.maximum(passed, 1))
    return [
        Mean.of(cusum_delays(rng, looks, step, float(np.interp(math.log(target), log_arl, grid)), 2 * series))
        for target in ARLS
    ]


@dataclasses.dataclass(frozen=True)
class Delays:
    """Images from the step to the raised candidate and to its confirmation; inf where none came in time."""

    raised: NDArray[np.float64]
    confirmed: NDArray[np.float64]


def monitor_delays(
    looks: tuple[float, ...],
    arl: float,
    step_db: tuple[float, ...],
    *,
    history: int,
    burn_in: int,
    series: int = SERIES,
    patience: int = PATIENCE,
    confirm: bool = False,
) -> Delays:
    """Feed the monitor's kernel series that step, all of them at once, until each has its alarm."""
    rng = np.random.default_rng(2026)
    n, step = np.array(looks), 10 ** (np.array(step_db) / 10)
    bank = bank_for(len(looks))
    confirm_at, withdraw_at = math.log(0.95 / 0.01), math.log(0.05 / 0.99)
    threshold = threshold_for(arl, looks, history)
    rules = Rules(
        bank.log_ratio,
        bank.log_weight,
        np.tile(n, (2, 1)),
        np.full(2, threshold),
        confirm_at,
        withdraw_at,
        confirm_at / 3,
        -withdraw_at / 2,
        0.75,
    )
    arrays = blank_arrays(bank.log_weight.size, len(looks), series)
    arrays["stratum"][:] = 1
    arrays["level_count"][:] = history
    arrays["level_sum"][:] = rng.standard_gamma(n[:, None] * history, (n.size, series)) / n[:, None]
    raised, confirmed = np.full(series, np.inf), np.full(series, np.inf)
    alive = np.arange(series)

    def feed(image: int, level: NDArray[np.float64]) -> NDArray[np.int8]:
        power = rng.standard_gamma(n[:, None], (n.size, alive.size)) * (level / n)[:, None]
        event = np.zeros(alive.size, np.int8)
        advance(as_runs(arrays), as_verdicts(arrays), rules, power.astype(np.float32), image, event)
        return event

    def keep(which: NDArray[np.bool_]) -> None:
        nonlocal alive, arrays
        alive = alive[which]
        arrays = {name: np.ascontiguousarray(values[..., which]) for name, values in arrays.items()}

    for image in range(burn_in):
        keep(feed(image, np.ones(n.size)) != RAISED)
    started = alive
    for delay in range(1, patience + 1):
        event = feed(burn_in + delay - 1, step)
        first = (event == RAISED) & np.isinf(raised[alive])
        raised[alive[first]] = delay
        confirmed[alive[event == CONFIRMED]] = delay
        done = np.isfinite((confirmed if confirm else raised)[alive])
        if done.any():
            keep(~done)
        if alive.size == 0:
            break
    return Delays(raised[started], confirmed[started])


@dataclasses.dataclass(frozen=True)
class Pair:
    """The yardstick's delay and the monitor's, for one step at one ARL."""

    cusum: Mean
    monitor: Mean

    @property
    def times(self) -> float:
        """How many times the yardstick's delay the monitor's is."""
        return self.monitor.value / self.cusum.value

    @property
    def holds(self) -> bool:
        """Whether the monitor is within the bound."""
        return self.monitor.value <= max(TIMES * self.cusum.value, self.cusum.value + MORE)

    def cells(self) -> list[str]:
        """Yardstick, monitor, and how many times it is; marked where it is beyond the bound."""
        mark = "" if self.holds else " **beyond**"
        return [f"{self.cusum.value:.1f}", f"{self.monitor.value:.1f}", f"{self.times:.2f}{mark}"]


Table = dict[float, list[Pair]]


def compare(looks: tuple[float, ...], pattern: tuple[float, ...], series: int) -> Table:
    """Known level: by step in dB, a pair an ARL. `pattern` is the share of the step in each polarisation, 0 or 1.

    Of polarisations that step alike, the sum of power tells all, so the yardstick watches one of their looks together.
    """
    changed = sum(n for n, share in zip(looks, pattern, strict=True) if share)
    out = {}
    for step in STEPS_DB:
        steps = tuple(step * share for share in pattern)
        cusum = yardstick(changed, step, series)
        monitor = [
            Mean.of(monitor_delays(looks, arl, steps, history=KNOWN, burn_in=BURN_IN, series=series).raised)
            for arl in ARLS
        ]
        out[float(step)] = [Pair(one, other) for one, other in zip(cusum, monitor, strict=True)]
    return out


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def print_table(title: str, table: Table) -> None:
    """As Markdown, with the largest Monte Carlo error below it."""
    print(f"\n{title}\n")
    print(_row(["step, dB", *(f"{who}, ARL {arl}" for arl in ARLS for who in ("CUSUM", "monitor", "times"))]))
    print(_row(["---:"] * (1 + 3 * len(ARLS))))
    for step, pairs in table.items():
        print(_row([f"{step:+g}", *(cell for pair in pairs for cell in pair.cells())]))
    pairs = [pair for row in table.values() for pair in row]
    error = max(mean.error / mean.value for pair in pairs for mean in (pair.cusum, pair.monitor))
    held, worst = sum(pair.holds for pair in pairs), max(pair.times for pair in pairs)
    print(f"\nWithin the bound: {held} of {len(pairs)}; at most {worst:.2f} times; standard errors up to {error:.1%}.")


def print_learnt(looks: float, table: Table, series: int) -> dict[int, list[float]]:
    """Table of levels learnt from a short history, at the middle ARL; returns the median delays by history."""
    arl, middle = ARLS[1], 1
    histories = (20, 50, 200)
    out: dict[int, list[float]] = {history: [] for history in histories}
    print(f"\nLevel learnt from a history, {looks:g} looks, ARL {arl}, the step right after it:\n")
    heads = [f"{head}, {h} images" for h in histories for head in ("median", "mean", f"unseen after {PATIENCE}")]
    print(_row(["step, dB", "CUSUM, mean", *heads]))
    print(_row(["---:"] * (2 + len(heads))))
    for step, pairs in table.items():
        cells = [f"{step:+g}", f"{pairs[middle].cusum.value:.1f}"]
        for history in histories:
            raised = monitor_delays((looks,), arl, (step,), history=history, burn_in=0, series=series).raised
            seen = np.isfinite(raised)
            out[history].append(float(np.median(raised)))
            mark = "" if Pair(pairs[middle].cusum, Mean.of(raised)).holds else " **beyond**"
            cells += [f"{out[history][-1]:.0f}", f"{raised[seen].mean():.1f}{mark}", f"{1 - seen.mean():.1%}"]
        print(_row(cells))
    print("\nMeans are over those that were seen; where some were not, they count as beyond the bound.")
    return out


def print_confirmations(looks: float, series: int) -> None:
    """Table of images from the step to its confirmation, at the middle ARL."""
    arl = ARLS[1]
    print(f"\nConfirmation, {looks:g} looks, known level, ARL {arl}:\n")
    print(_row(["step, dB", "raised, mean", "confirmed, median", "confirmed, mean", "nine tenths by"]))
    print(_row(["---:"] * 5))
    for step in STEPS_DB:
        delays = monitor_delays(
            (looks,), arl, (float(step),), history=KNOWN, burn_in=BURN_IN, series=series, confirm=True
        )
        ends = delays.confirmed
        mean = f"{ends.mean():.1f}" if np.isfinite(ends).all() else f"beyond {PATIENCE} for some"
        print(
            _row(
                [
                    f"{step:+g}",
                    f"{delays.raised.mean():.1f}",
                    f"{np.median(ends):.0f}",
                    mean,
                    f"{np.quantile(ends, 0.9, method='higher'):.0f}",
                ]
            )
        )


def print_state_size() -> None:
    """What a monitor keeps of a pixel, whatever the number of images."""
    print("\nState:\n")
    print(_row(["polarisations", "bytes a pixel"]))
    print(_row(["---:", "---:"]))
    for polarisations in (1, 2):
        arrays = blank_arrays(bank_for(polarisations).log_weight.size, polarisations, 1)
        print(_row([str(polarisations), str(sum(values.nbytes for values in arrays.values()))]))


def draw(path: Path, looks: float, table: Table, learnt: dict[int, list[float]]) -> None:
    """Delay by step: the yardstick, its bound, the monitor with known and learnt levels."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(ARLS), figsize=(10, 3.9), sharey=True, layout="constrained")
    ticks = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    for at, (axis, arl) in enumerate(zip(axes, ARLS, strict=True)):
        for sign, colour, name in ((1, "#0b6e99", "brighter"), (-1, "#b3541e", "darker")):
            steps = sorted(abs(step) for step in table if step * sign > 0)
            pairs = [table[sign * step][at] for step in steps]
            cusum = np.array([pair.cusum.value for pair in pairs])
            axis.plot(steps, cusum, color=colour, lw=1.5, label=f"CUSUM, {name}")
            bound = np.maximum(TIMES * cusum, cusum + MORE)
            axis.plot(
                steps,
                bound,
                color=colour,
                lw=0.9,
                ls="--",
                label=f"its bound, {name}",
            )
            axis.plot(
                steps,
                [pair.monitor.value for pair in pairs],
                "o",
                color=colour,
                ms=5,
                label=f"monitor, {name}",
            )
            if at == 1:
                order = [list(table).index(sign * step) for step in steps]
                for history, marker in zip(learnt, ("^", "v", "D"), strict=True):
                    medians = [learnt[history][i] for i in order]
                    label = f"median, level from {history}" if sign > 0 else None
                    axis.plot(steps, medians, marker, mfc="none", color=colour, ms=5, label=label)
        axis.set_xscale("log", base=10)
        axis.set_yscale("log", base=10)
        axis.set_xticks((1, 2, 3, 5, 7, 10), labels=("1", "2", "3", "5", "7", "10"))
        axis.set_yticks(ticks, labels=[str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.grid(color="0.9", lw=0.6)
        axis.set_title(f"one false candidate in {arl:,} images".replace(",", "\u202f"), fontsize=10)
        axis.set_xlabel("step, dB either way")
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0].set_ylabel(f"mean delay, images ({looks:g} looks)")
    handles, labels = axes[1].get_legend_handles_labels()
    # Column by column: the yardstick, its bound and the monitor, levels known, then learnt.
    groups = ("CUSUM", "bound", "monitor", "level from")
    order = sorted(range(len(labels)), key=lambda i: next(n for n, group in enumerate(groups) if group in labels[i]))
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="outside lower center",
        ncols=5,
        fontsize=8,
        frameon=False,
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=SERIES, help="simulated series of each figure")
    parser.add_argument("--figure", type=Path, help="draw the first table to this file")
    options = parser.parse_args()
    # Many small images: starting threads for each costs more than they save.
    numba.set_num_threads(1)
    series = options.series
    print(f"{series} series each for the monitor, {2 * series} for the CUSUM.")
    first: Table = {}
    for looks in LOOKS:
        table = compare((looks,), (1.0,), series)
        first = first or table
        print_table(f"Known level, {looks:g} looks:", table)
    for pattern, title in (((1.0, 1.0), "in both alike"), ((1.0, 0.0), "in one of them")):
        table = compare((LOOKS[0], LOOKS[0]), pattern, series)
        print_table(f"Known levels, two polarisations of {LOOKS[0]:g} looks, step {title}:", table)
    learnt = print_learnt(LOOKS[0], first, series)
    print_confirmations(LOOKS[0], series)
    print_state_size()
    if options.figure:
        draw(options.figure, LOOKS[0], first, learnt)


if __name__ == "__main__":
    main()
