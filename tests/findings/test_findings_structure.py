"""Sentences about structures: how they are known, sensible digits, one likelihood, no purpose."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pier_images import DAYS, IMAGES, image, pier

from sitewatch.finding import LIKELIHOODS, Finding, fault_of, likelihood_term, likelihood_words, terms_in
from sitewatch.findings._structure import structure_findings
from sitewatch.structure import Interval, LengthPoint, Measure, PhasePoint, Structure


def said(structure: Structure) -> dict[str, Finding]:
    return {one.key.split("/")[1]: one for one in structure_findings(structure, IMAGES)}


def test_a_pier_is_told_as_it_is_known() -> None:
    told = said(pier())
    assert told["seen"].text == (
        "A pier (SW-0001) shows in 10 of the 14 images that cover its place, first in that of 1 April 2023; "
        "the 4 images up to 20 March 2023 show no sign of it."
    )
    assert told["dates"].text == (
        "SW-0001 was begun between 20 March and 1 April 2023 and completed between 19 and 31 May 2023."
    )
    assert told["size"].text.replace("\u00a0", " ") == (
        "SW-0001 is about 180 m (sd 12 m) long and about 20 m (sd 3 m) wide."
    )
    assert told["kind"].text == "It is very likely that SW-0001 is a pier."
    assert told["phase"].text == (
        "It is likely that the building of SW-0001 was over by the last image, of 18 July 2023."
    )
    assert {name: one.kind for name, one in told.items()} == {
        "seen": "observed", "dates": "measured", "size": "measured", "kind": "assessed", "phase": "assessed",
    }  # fmt: skip


def test_each_rests_on_its_structure_and_on_images() -> None:
    told = said(pier())
    assert all(one.structures == ("SW-0001",) for one in told.values())
    assert set(told["seen"].scenes) == {scene.id for scene in IMAGES}
    assert set(told["size"].scenes) == {scene.id for scene in IMAGES[4:]}


def test_images_that_do_not_cover_the_place_do_not_count() -> None:
    elsewhere = [image(day + dt.timedelta(days=1), shapely.box(10.05, 50.05, 10.1, 50.1)) for day in DAYS]
    (seen,) = [one for one in structure_findings(pier(), [*IMAGES, *elsewhere]) if one.key.endswith("/seen")]
    assert "10 of the 14 images" in seen.text


def test_what_still_grows_is_not_called_complete() -> None:
    growing = pier(completion=None)
    assert "had not stopped growing for long enough to be called complete" in said(growing)["dates"].text
    assert said(pier(onset=None, completion=None))["dates"].text == (
        "When SW-0001 was begun can't be told from these images."
    )


def test_the_largest_step_of_a_line_is_told_between_its_two_images() -> None:
    lengths = [0.0] * 4 + [120.0] * 4 + [180.0] * 6
    growth = tuple(LengthPoint(day, length, 12.0) for day, length in zip(DAYS, lengths, strict=True))
    step = said(pier(length_growth=growth))["step"]
    assert step.text.replace("\u00a0", " ") == (
        "About 120 m (sd 17 m) were added to its length between 20 March and 1 April 2023, the most between two images "
        "of SW-0001 that follow each other."
    )
    steady = tuple(LengthPoint(day, 12.0 * i, 12.0) for i, day in enumerate(DAYS))
    assert "step" not in said(pier(length_growth=steady))


def test_a_candidate_is_no_structure_and_has_no_kind() -> None:
    told = said(pier(status="candidate", reason="one more image is needed"))
    assert told["seen"].text.startswith("A lasting change (SW-0001) shows in 10")
    assert told["seen"].text.endswith("do not settle whether something was built: one more image is needed.")
    assert told["dates"].text.startswith("If it is construction, it was begun between")
    assert not {"kind", "phase"} & set(told)
    (rejected,) = said(pier(status="rejected", kind="ship", reason="it left after 40 days.")).values()
    assert rejected.text.endswith("is not counted as construction: it left after 40 days.")


def test_a_kind_that_nobody_knows_has_no_likelihood_and_one_that_an_analyst_named_no_assessment() -> None:
    unknown = said(pier(kind="unknown"))["kind"]
    assert (unknown.likelihood, unknown.confidence) == (None, "")
    assert "kind" not in said(pier(kind_probability=float("nan")))


def test_confidence_is_low_where_images_are_few_or_the_size_is_rough() -> None:
    assert said(pier())["kind"].confidence.startswith("Confidence is moderate: it shows in 10 images of 2 tracks")
    assert said(pier(scenes=("image-a",)))["kind"].confidence.startswith("Confidence is low: it shows in 1 image of")
    rough = said(pier(length_m=Measure(180.0, 80.0)))["kind"].confidence
    assert rough.startswith("Confidence is low")
    assert "no better than a third" in rough


@given(
    kind=st.sampled_from(["pier", "quay wall", "road", "building", "reclamation", "clearing", "demolition", "unknown"]),
    status=st.sampled_from(["confirmed", "candidate", "rejected"]),
    chance=st.floats(0.0, 1.0),
    active=st.floats(0.0, 1.0),
    sd=st.floats(0.1, 400.0),
    complete=st.booleans(),
)
def test_no_sentence_breaks_the_rules(
    kind: str, status: str, chance: float, active: float, sd: float, complete: bool
) -> None:
    structure = pier(
        kind=kind, status=status, kind_probability=chance, length_m=Measure(180.0, sd), area_m2=Measure(3600.0, sd),
        completion=Interval(DAYS[8], DAYS[9]) if complete else None, reason="" if status == "confirmed" else "a reason",
        phases=(PhasePoint(DAYS[-1], "Active Construction", (0.0, 0.0, active, 1 - active)),),
    )  # fmt: skip
    keys = []
    for one in structure_findings(structure, IMAGES):
        assert fault_of(one) == ""
        assert one.text.endswith(".")
        assert not re.search(r"\b(for|to) (land|launch|store|moor|serve|support|be used)|purpose|in order to", one.text)
        keys.append(one.key)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("term", LIKELIHOODS)
def test_a_sentence_names_its_likelihood_and_no_other(term: Any) -> None:
    text = f"{likelihood_words(term)} that SW-0001 is a pier."
    assert terms_in(text) == (term,)
    assessed = Finding("assessed", text, term, "Confidence is low: one image.")
    assert fault_of(assessed) == ""
    assert "no other" in fault_of(dataclasses.replace(assessed, text="SW-0001 is a pier."))
    both = f"{text} Confidence is low."
    assert "never stand in one sentence" in fault_of(dataclasses.replace(assessed, text=both))
    assert "likelihood and a confidence" in fault_of(dataclasses.replace(assessed, confidence=""))


def test_only_what_is_assessed_is_weighed_and_what_is_reported_has_a_source() -> None:
    assert "Only what is assessed" in fault_of(Finding("observed", "It is there.", "likely", "Confidence is low: x."))
    assert "has a source" in fault_of(Finding("reported", "A pier is being built."))
    assert fault_of(Finding("reported", "A pier is being built.", source="a gazette")) == ""
    assert "says nothing" in fault_of(Finding("observed", " "))


@given(st.floats(0.0, 1.0))
def test_the_term_is_the_one_whose_bracket_holds_the_probability(probability: float) -> None:
    edges = {
        "almost no chance": (0, 5), "very unlikely": (5, 20), "unlikely": (20, 45), "roughly even chance": (45, 55),
        "likely": (55, 80), "very likely": (80, 95), "almost certain": (95, 100),
    }  # fmt: skip
    low, high = edges[likelihood_term(probability)]
    assert low - 1e-6 <= 100 * probability <= high + 1e-6
