"""What is stated of one structure: that it shows, since when, how large it is, what it is, whether work goes on."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Sequence

from sitewatch.finding import Confidence, Finding, likelihood_term, likelihood_words
from sitewatch.findings._images import covering
from sitewatch.phrases import area_words, begun_words, kind_words, length_words, structure_facts
from sitewatch.scenes import Scene
from sitewatch.structure import LINEAR_KINDS, PHASES, LengthPoint, Measure, Structure
from sitewatch.words import counted, date_words, span_words, upper_first

# Nothing is called more than very likely: no list of what looks like a structure and is none is complete.
MOST_CERTAIN = 0.95
_FEW_IMAGES = 3
_ROUGH = 1 / 3
# A step of the growth is told where it stands out: against the whole, and against its own uncertainty.
_STEP_SHARE, _STEP_SDS, _ALL_AT_ONCE = 0.2, 2.0, 0.95
_INTERVALS = "Each interval holds the true day with 95 % under its model; its ends are days of images, not of works."
_UNSEEN = "Fitting out, dredging, and work inside or under a roof do not show in radar images."
_PHASE_WORDS = {
    "No Activity": "nothing had been begun at {id} by",
    "Site Preparation": "the ground was being prepared at {id} at",
    "Active Construction": "{id} was still being built at",
    "Post Construction": "the building of {id} was over by",
}


def structure_findings(structure: Structure, scenes: Sequence[Scene]) -> Iterator[Finding]:
    """What images say of a structure.

    Parameters
    ----------
    structure
        Of any status, under its name in the record.
    scenes
        All that were used.
    """
    if structure.status == "rejected":
        yield _rejected(structure)
        return
    yield _seen(structure, covering(scenes, structure.footprint))
    yield _dates(structure)
    if math.isfinite(structure.area_m2.value):
        yield _size(structure)
    step = _largest_step(structure)
    if step:
        yield _step(structure, *step)
    if structure.status == "confirmed":
        # A kind that an analyst named has no probability; who named it is reported.
        if math.isfinite(structure.kind_probability):
            yield _kind(structure)
        if structure.phases and structure.kind != "demolition":
            yield _phase(structure)


def confidence_in(structure: Structure) -> str:
    """How far to trust the basis of an assessment of a structure, and why, as a sentence.

    It is never high: the images are the only source.
    """
    shown = counted(len(structure.scenes), "image")
    reasons = [f"it shows in {shown} of {counted(len(structure.tracks), 'track')}"]
    size = structure.length_m if structure.kind in LINEAR_KINDS else structure.area_m2
    rough = not size.sd < _ROUGH * size.value
    if rough:
        reasons.append("its size is known to no better than a third")
    reasons.append("radar images are the only source")
    level: Confidence = "low" if rough or len(structure.scenes) < _FEW_IMAGES else "moderate"
    return f"Confidence is {level}: {'; '.join(reasons)}."


def _seen(s: Structure, here: Sequence[Scene]) -> Finding:
    showing = [scene for scene in here if scene.id in set(s.scenes)]
    before = [scene for scene in here if s.onset and scene.datetime.date() <= s.onset.earliest]
    thing = upper_first(kind_words(s)) if s.status == "confirmed" else "A lasting change"
    images = f"{len(showing)} of the {counted(len(here), 'image')} that cover its place"
    first = f", first in that of {date_words(showing[0].datetime.date())}" if showing else ""
    text = f"{thing} ({s.id}) shows in {images}{first}"
    if before and s.onset:
        which = "the one image" if len(before) == 1 else f"the {len(before)} images"
        verb = "shows" if len(before) == 1 else "show"
        text += f"; {which} up to {date_words(s.onset.earliest)} {verb} no sign of it"
    text += "."
    if s.status == "candidate":
        text += f" The images do not settle whether something was built{_because(s)}."
    facts = structure_facts(s)
    return Finding(
        "observed",
        text,
        structures=(s.id,),
        scenes=tuple(scene.id for scene in (*before, *showing)),
        key=f"{s.id}/seen",
        facts={name: facts[name] for name in ("kind", "status", "begun")},
    )


def _because(s: Structure) -> str:
    return f": {s.reason.rstrip('.')}" if s.reason else ""


def _rejected(s: Structure) -> Finding:
    area = f", of about {area_words(s.area_m2)}," if math.isfinite(s.area_m2.value) else ""
    return Finding(
        "observed",
        f"What changed at {s.id}{area} is not counted as construction{_because(s)}.",
        structures=(s.id,),
        scenes=s.scenes,
        key=f"{s.id}/rejected",
        facts={"status": s.status, "reason": s.reason, "area": area_words(s.area_m2)},
    )


def _dates(s: Structure) -> Finding:
    subject = {"demolition": f"The removal of {s.id} was"}.get(s.kind, f"{s.id} was")
    begun = begun_words(s).removeprefix("removed from ").removeprefix("begun ")
    last = max((point.date for point in s.growth), default=None)
    if s.onset is None:
        text = f"When {s.id} was begun can't be told from these images."
    elif s.completion is not None:
        completed = span_words(s.completion.earliest, s.completion.latest, "and")
        done = f"between {completed}" if s.completion.earliest != s.completion.latest else f"by {completed}"
        text = f"{subject} begun {begun} and completed {done}."
    else:
        until = f" of {date_words(last)}" if last else ""
        text = f"{subject} begun {begun}; by the last image{until} it had not stopped growing for long enough to be "
        text += "called complete."
    if s.status == "candidate":
        text = text.replace(subject, "If it is construction, it was" if s.kind != "demolition" else subject, 1)
    facts = structure_facts(s)
    return Finding(
        "measured",
        text,
        structures=(s.id,),
        scenes=s.scenes,
        assumptions=(_INTERVALS,) if s.onset else (),
        key=f"{s.id}/dates",
        facts={name: facts[name] for name in ("status", "begun", "completed")},
    )


def _size(s: Structure) -> Finding:
    subject = f"{s.id} is" if s.status == "confirmed" else f"What changed at {s.id} is"
    lengths = [
        f"about {length_words(size)} {how}"
        for size, how in ((s.length_m, "long"), (s.width_m, "wide"))
        if math.isfinite(size.value)
    ]
    area = f"covers about {area_words(s.area_m2)}"
    if s.kind in LINEAR_KINDS and lengths:
        text = f"{subject} {' and '.join(lengths)}."
    elif lengths:
        text = f"{subject.removesuffix(' is')} {area} and is {' and '.join(lengths)}."
    else:
        text = f"{subject.removesuffix(' is')} {area}."
    facts = structure_facts(s)
    return Finding(
        "measured",
        text,
        structures=(s.id,),
        scenes=s.scenes,
        key=f"{s.id}/size",
        facts={name: facts[name] for name in ("length", "width", "area")},
    )


def _largest_step(s: Structure) -> tuple[dt.date, dt.date, Measure] | None:
    """The two images between which a linear work gained most in length, and how much; None where nothing stands out."""
    points = sorted(s.length_growth, key=lambda point: point.date)
    steps = [(a, b, _gain(a, b)) for a, b in itertools.pairwise(points)]
    if s.status != "confirmed" or not steps:
        return None
    a, b, gain = max(steps, key=lambda step: step[2].value)
    whole = points[-1].length_m
    if not gain.value > max(_STEP_SHARE * whole, _STEP_SDS * gain.sd) or gain.value > _ALL_AT_ONCE * whole:
        return None
    return a.date, b.date, gain


def _gain(a: LengthPoint, b: LengthPoint) -> Measure:
    # The two errors share what they owe to the outline, so that this is rather too much than too little.
    return Measure(b.length_m - a.length_m, math.hypot(a.length_m_sd, b.length_m_sd))


def _step(s: Structure, before: dt.date, after: dt.date, gain: Measure) -> Finding:
    added = "of its length were removed" if s.kind == "demolition" else "were added to its length"
    when = span_words(before, after, "and")
    return Finding(
        "measured",
        f"About {length_words(gain)} {added} between {when}, the most between two images of {s.id} that follow each "
        "other.",
        structures=(s.id,),
        scenes=s.scenes,
        key=f"{s.id}/step",
        facts={"added": length_words(gain), "when": when},
    )


def _kind(s: Structure) -> Finding:
    if s.kind == "unknown":
        text, term = f"What {s.id} is can't be told from these images.", None
    else:
        term = likelihood_term(min(s.kind_probability, MOST_CERTAIN))
        text = f"{likelihood_words(term)} that {s.id} is {kind_words(s)}"
        text += "." if s.kind_probability > 0.5 else ", yet no other kind fits better."
    return Finding(
        "assessed",
        text,
        term,
        confidence_in(s) if term else "",
        (s.id,),
        s.scenes,
        key=f"{s.id}/kind",
        facts={"kind": s.kind, "likelihood": term or "none"},
    )


def _phase(s: Structure) -> Finding:
    last = s.phases[-1]
    chance = last.probabilities[PHASES.index(last.phase)]
    term = likelihood_term(min(chance, MOST_CERTAIN))
    clause = f"{_PHASE_WORDS[last.phase].format(id=s.id)} the last image, of {date_words(last.date)}"
    return Finding(
        "assessed",
        f"{likelihood_words(term)} that {clause}.",
        term,
        confidence_in(s),
        (s.id,),
        s.scenes,
        (_UNSEEN,),
        key=f"{s.id}/phase",
        facts={"phase": last.phase, "likelihood": term},
    )
