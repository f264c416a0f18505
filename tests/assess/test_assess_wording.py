"""Findings: one claim a sentence, a likelihood's term in it and the confidence apart, nothing about purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from sitewatch.assess import Finding, likelihood_term, link_findings, transport_network, what_changed, what_it_changes
from sitewatch.assess._finding import likelihood_of_route
from sitewatch.finding import LIKELIHOODS
from sitewatch.site import Site
from sitewatch.structures import Structure
from transport_case import DONE, FACILITIES, RAIL, ROAD, ROAD_DONE, SEA, feature, site_of

Make = Callable[..., Structure]
_PURPOSE = re.compile(
    r"\b(in order to|intended|meant to|for the purpose|so as to|missile|rocket|weapon)\b", re.IGNORECASE
)


def findings_of(site: Site, structures: Any) -> tuple[Finding, ...]:
    network = transport_network(site, structures)
    return link_findings(what_changed(network), network, structures)


def about(findings: tuple[Finding, ...], place: str) -> list[Finding]:
    return [one for one in findings if place in one.text]


def unsourced(link: dict[str, Any]) -> dict[str, Any]:
    return {**link, "properties": {k: v for k, v in link["properties"].items() if k != "source"}}


def test_the_model_case_in_words(site: Site, structures: tuple[Structure, ...]) -> None:
    larger = about(findings_of(site, structures), "Assembly hall")[0]
    assert larger.text == (
        "Since a day between 20 June and 9 July 2025, items up to 40 m long, 8 m wide and 6 m high can very likely be "
        "brought to Assembly hall, by sea to Pier, then by road; Pier road limits the length, width and height; "
        "on that route the mass is 300 t at most and may be less; before, the limit was 25 m in length, "
        "3.4 m in width and 4.3 m in height (by rail, set by Rail spur)."
    )
    assert larger.likelihood == "very likely"
    assert (larger.structures, larger.scenes) == (("SW-0001", "SW-0002"), ("s1", "s2", "s3"))
    assert any(one.startswith("Rail spur: at most 25 m long, 3.4 m wide") for one in larger.assumptions)
    assert any("source: assumed: a loading gauge of that width" in one for one in larger.assumptions)


def test_what_is_not_known_is_a_finding_without_a_likelihood(site: Site, structures: tuple[Structure, ...]) -> None:
    mass = about(findings_of(site, structures), "Assembly hall")[1]
    assert (mass.kind, mass.likelihood) == ("assessed", None)
    assert "mass" in mass.text
    assert "the largest mass that Pier road takes" in mass.text


@pytest.mark.parametrize("status", ["confirmed", "candidate", "rejected"])
@pytest.mark.parametrize("done", [DONE, None])
def test_no_sentence_has_a_likelihood_and_a_confidence_or_speaks_of_purpose(
    site: Site, made: Make, status: str, done: Any
) -> None:
    found = [made(status=status, completion=done), made("SW-0002", "road", completion=ROAD_DONE)]
    findings = findings_of(site, found)
    assert findings
    for one in findings:
        assert not re.search("confidence", one.text, re.IGNORECASE)
        assert not any(re.search(rf"\b{term}\b", one.confidence) for term in LIKELIHOODS)
        assert one.text.count(". ") == 0
        assert one.text.endswith(".")
        assert (one.likelihood is None) == (not any(term in one.text for term in LIKELIHOODS))
        assert (one.likelihood is None) == (one.confidence == "")
        assert not _PURPOSE.search(one.text)


def test_a_work_in_progress_is_told_and_changes_nothing_yet(site: Site, made: Make) -> None:
    findings = findings_of(site, [made(completion=None), made("SW-0002", "road", completion=ROAD_DONE)])
    texts = [one.text for one in findings]
    assert any(t.startswith("Sea lane can't be used") and "SW-0001 was not yet complete" in t for t in texts)
    assert any("to Assembly hall are very likely the same as before: length 25 m (Rail spur)" in t for t in texts)
    assert not any(t.startswith("Since") for t in texts)


def test_a_candidate_makes_it_an_open_question(site: Site, made: Make) -> None:
    texts = [one.text for one in findings_of(site, [made(status="candidate"), made("SW-0002", completion=ROAD_DONE)])]
    assert "Whether Sea lane can be used is not known: SW-0001 is only a candidate." in texts
    assert any(t.startswith("Whether items of larger length, width, height and mass than before") for t in texts)


def test_limits_without_a_source_lower_likelihood_and_confidence(structures: tuple[Structure, ...]) -> None:
    told, untold = (
        about(findings_of(site_of(*FACILITIES, RAIL, SEA, road), structures), "Assembly hall")[0]
        for road in (ROAD, unsourced(ROAD))
    )
    assert (told.likelihood, untold.likelihood) == ("very likely", "likely")
    assert told.confidence.startswith("Confidence is moderate")
    assert untold.confidence.startswith("Confidence is low")
    assert "no source is given for the limits of Pier road" in untold.confidence


def test_a_pier_on_which_a_sea_link_depends_is_measured(site: Site, structures: tuple[Structure, ...]) -> None:
    (measured,) = (one for one in findings_of(site, structures) if one.kind == "measured")
    assert "SW-0001, on which Sea lane depends, is 180 m long (sd 12 m)" in measured.text


def test_what_is_not_known_is_never_called_the_same(site: Site) -> None:
    texts = [one.text for one in findings_of(site, [])]
    assert not any("the same as before" in text for text in texts)
    assert any("whether Sea lane can be used (no structure SW-0001 is in the record)" in text for text in texts)


def test_a_removed_way_is_told_as_a_loss(made: Make) -> None:
    spur = {**RAIL, "properties": {**RAIL["properties"], "depends_on": "SW-0001"}}
    gone = made(kind="demolition", onset=DONE, completion=None)
    loss = about(findings_of(site_of(*FACILITIES, spur), [gone]), "Assembly hall")[0]
    assert "It is very likely that what was brought to Assembly hall by rail no longer" in loss.text
    assert loss.likelihood == "very likely"


def test_links_that_are_left_out_make_a_note_and_no_finding() -> None:
    result = what_it_changes(site_of(feature("facility", "a"), feature("link", "old", name="Railway")), [])
    assert result.findings == ()
    assert "Railway is left out" in result.notes[0]


@pytest.mark.parametrize(
    ("probability", "term"),
    [(0.99, "almost certain"), (0.95, "very likely"), (0.8, "likely"), (0.55, "roughly even chance"), (0.5,
     "roughly even chance"), (0.2, "unlikely"), (0.05, "very unlikely"), (0.01, "almost no chance")],
)  # fmt: skip
def test_terms_of_icd_203(probability: float, term: str) -> None:
    assert likelihood_term(probability) == term


def test_the_more_dates_a_route_needs_the_less_likely_it_is() -> None:
    ranks = [LIKELIHOODS.index(likelihood_of_route(dated, True)) for dated in range(12)]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] <= LIKELIHOODS.index("very likely")
