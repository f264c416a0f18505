"""What a run found, in the words of a terminal and as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.markup import escape
from rich.table import Table

from sitewatch.cli._terminal import Terminal, as_sentence

if TYPE_CHECKING:
    from sitewatch.pipeline import RunResult
    from sitewatch.scenes import LeftOut
    from sitewatch.sought import Detectable
    from sitewatch.structures import Interval, Measure, Structure

T = TypeVar("T")

_SHOWN = 5  # reasons for leaving images out; all of them are in scenes.geojson and with --verbose
_CANDIDATES = 10  # of more candidates only the largest are listed; all of them are in the dossier
STYLE = {"confirmed": "bold green", "candidate": "yellow", "rejected": "dim"}


def tell_notes(terminal: Terminal, result: RunResult) -> None:
    """Say what was guessed and what was left out, on standard error."""
    tell_each_note(terminal, result.notes)
    tell_left_out(terminal, result.left_out)


def tell_each_note(terminal: Terminal, notes: Sequence[str]) -> None:
    """Say each note; of several that differ in dates and numbers only, the first and how many more, unless verbose."""
    for group in [[note] for note in notes] if terminal.verbose else _alike(notes, str):
        more = f" (and {len(group) - 1} more like this; --verbose shows all)" if len(group) > 1 else ""
        terminal.say(f"Note: {group[0]}{more}")


def tell_left_out(terminal: Terminal, left_out: Sequence[LeftOut]) -> None:
    """Say which images were left out: reason by reason, or one by one when verbose."""
    groups = [[entry] for entry in left_out] if terminal.verbose else _alike(left_out, lambda entry: entry.reason)
    shown = groups if terminal.verbose else groups[:_SHOWN]
    for group in shown:
        first = group[0]
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        terminal.warn(f"Left out: {first.source}{others}: {first.reason}. {as_sentence(first.hint)}".rstrip())
    if rest := groups[len(shown) :]:
        images = sum(len(group) for group in rest)
        reasons = "another reason" if len(rest) == 1 else f"{len(rest)} other reasons"
        terminal.warn(f"Left out: {images} more, for {reasons} (--verbose shows all).")


def _alike(entries: Sequence[T], text_of: Callable[[T], str]) -> list[list[T]]:
    """Entries in groups whose texts differ in words with digits or of a path only: dates, numbers, file names."""
    groups: dict[str, list[T]] = {}
    for entry in entries:
        groups.setdefault(re.sub(r"\S*[\d/\\]\S*", "#", text_of(entry)), []).append(entry)
    return list(groups.values())


def print_structures(
    terminal: Terminal, structures: Sequence[Structure], detectable: Sequence[Detectable] = ()
) -> None:
    """Print a table of what is confirmed and of the largest candidates, and how many there are of each status."""
    candidates = sorted((s for s in structures if s.status == "candidate"), key=lambda s: -s.area_m2.value)
    listed = [s for s in structures if s.status == "confirmed"] + candidates[:_CANDIDATES]
    shown = sorted(
        listed,
        key=lambda s: (s.status != "confirmed", str(s.onset.latest if s.onset else "9999"), s.id),
    )
    if shown:
        table = Table("id", "kind", "status", "begun", "finished", "area", "length", "width", box=None, pad_edge=False)
        for s in shown:
            table.add_row(
                s.id,
                s.kind,
                f"[{STYLE[s.status]}]{s.status}[/]",
                interval_text(s.onset) or "can't be told",
                interval_text(s.completion) or "not yet",
                measure_text(s.area_m2, "m2"),
                measure_text(s.length_m, "m"),
                measure_text(s.width_m, "m"),
            )
        terminal.print_table(table)
    more = len(candidates) - _CANDIDATES
    rest = f" The {_CANDIDATES} largest candidates are listed; the dossier has the other {more}." if more > 0 else ""
    terminal.out.print(escape(count_text(structures) + rest))
    if detectable and not any(s.status == "confirmed" for s in structures):
        from sitewatch.report import answer_words

        for one in detectable:
            terminal.out.print(answer_words(one), markup=False)


def count_text(structures: Sequence[Structure]) -> str:
    """How many of each status, as a sentence."""
    counts = {status: sum(s.status == status for s in structures) for status in ("confirmed", "candidate", "rejected")}
    if not any(counts.values()):
        return "No sign of construction."
    named = [f"{count} {status}" for status, count in counts.items() if count]
    return f"{', '.join(named)}."


def interval_text(interval: Interval | None) -> str:
    """A date interval as `after .. by`, empty where there is none."""
    return f"{interval.earliest} .. {interval.latest}" if interval else ""


def measure_text(measure: Measure, unit: str) -> str:
    """A size with its standard deviation; areas from a hectare on in hectares."""
    if not measure.value > 0:
        return ""
    if unit == "m2" and measure.value >= 10_000:
        return f"{measure.value / 1e4:.2f} ± {measure.sd / 1e4:.2f} ha"
    return f"{measure.value:.0f} ± {measure.sd:.0f} {unit}"


def as_json(result: RunResult) -> dict[str, Any]:
    """The result for scripts."""
    from sitewatch.record import to_feature

    workspace = result.workspace
    return {
        "site": result.site.id,
        "out": str(workspace.folder) if workspace else None,
        "dossier": str(result.dossier) if result.dossier else None,
        "structures": [to_feature(structure)["properties"] for structure in result.structures],
        "scenes_used": [scene.id for scene in result.scenes],
        "left_out": [left_out_json(entry) for entry in result.left_out],
        "notes": list(result.notes),
        "would_have_been_found": [detectable_json(one) for one in result.detectable],
        "seconds": dict(result.seconds),
    }


def detectable_json(one: Detectable) -> dict[str, Any]:
    """The smallest of a kind that would have been found, for scripts."""
    return {
        "kind": one.sought.kind,
        "surface": one.sought.surface,
        "track": one.track or None,
        "width_m": one.sought.width_m,
        "share_of_site": round(one.share, 4),
        "area_on_half_m2": one.half_m2,
        "area_on_nine_tenths_m2": one.nine_tenths_m2,
        "length_on_half_m": one.half_m,
        "length_on_nine_tenths_m": one.nine_tenths_m,
        "first_shown_from": one.shown_from.isoformat() if one.shown_from else None,
        "first_shown_by": one.shown_by.isoformat() if one.shown_by else None,
        "days_to_confirm": one.days_to_confirm,
    }


def left_out_json(entry: LeftOut) -> dict[str, str]:
    """One image left out, for scripts."""
    return {"source": entry.source, "reason": entry.reason, "hint": entry.hint}
