"""Scores by the definitions of IARPA SMART."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import places
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import ExportError
from sitewatch.exports import (
    Agreement,
    Score,
    SmartRegion,
    SmartSite,
    Thresholds,
    read_proposals,
    read_reference,
    read_smart,
    score_sites,
    smart_region,
    smart_site,
    write_smart_models,
)
from sitewatch.record import write_structures

EASY = Thresholds(smallest_m2=0.0)


def proposal(name: str = "SW-0007", footprint: Any = None, **changes: Any) -> SmartSite:
    number = int(name[-4:])
    return smart_site(places.structure(name, footprint, **changes), f"XX_R001_{number:04d}")


def reference(
    name: str = "SW-0007", footprint: Any = None, status: str = "positive_annotated", **changes: Any
) -> SmartSite:
    site = proposal(name, footprint, **changes)
    return dataclasses.replace(site, properties={**site.properties, "status": status})


def counts(score: Score) -> tuple[int, int, int]:
    return score.true_positives, score.false_positives, score.false_negatives


def only(score: Score) -> Agreement:
    (one,) = score.sites
    return one


def test_a_site_agrees_with_itself() -> None:
    score = score_sites([proposal()], [reference()])
    assert (score.precision, score.recall, score.f1) == (1.0, 1.0, 1.0)
    one = only(score)
    assert (one.iou, one.spatial_overlap, one.temporal_iot, one.temporal_iop) == (1.0, 1.0, 1.0, 1.0)
    assert all(error.days == 0 for error in one.onsets.values())
    assert set(one.onsets) == {"Site Preparation", "Active Construction", "Post Construction"}


@given(st.floats(0.0, 0.0019))
def test_half_of_a_sites_images_must_overlap_by_a_fifth(shift: float) -> None:
    score = score_sites([proposal(footprint=places.box(0.002 + shift, 0.002))], [reference()])
    iou = (0.002 - shift) / (0.002 + shift)
    assert only(score).iou == pytest.approx(iou, abs=1e-6)
    if abs(iou - 0.2) > 1e-6:
        assert only(score).detected == (iou >= 0.2)


def test_elsewhere_or_at_another_time_is_a_miss_and_a_false_detection() -> None:
    far = proposal("SW-0008", places.box(0.015, 0.015))
    assert counts(score_sites([far], [reference()])) == (0, 1, 1)
    late = places.phases(0, 0, 0, 0, 0, 0, 0, 2)
    assert counts(score_sites([proposal(phases=late)], [reference()])) == (0, 1, 1)
    assert counts(score_sites([], [reference()])) == (0, 0, 1)
    nothing = score_sites([], [])
    assert (nothing.precision, nothing.recall) == (None, None)


def test_onsets_are_late_or_early_with_the_best_and_worst_day_of_the_unobserved_gap() -> None:
    late = proposal(phases=places.phases(0, 0, 1, 1, 1, 2, 3, 3))
    error = only(score_sites([late], [reference()])).onsets["Active Construction"]
    # Two images late; the true day lies up to 12 days before the annotated one.
    assert (error.days, error.best_days, error.worst_days) == (24, 24, 36)
    early = proposal(phases=places.phases(0, 0, 2, 2, 2, 2, 3, 3))
    summary = score_sites([early], [reference()]).onsets["Active Construction"]
    assert (summary.count, summary.early, summary.mean_days, summary.best_mean_days) == (1, 1, -12.0, 0.0)


def test_days_count_both_ends() -> None:
    # Prepared on day 24, finished on day 72: 49 days. Begun on day 36 without an end: to the last image, 49 days.
    begun = proposal(phases=places.phases(0, 0, 0, 2, 2, 2, 2, 2), completion=None)
    one = only(score_sites([begun], [reference()]))
    assert one.temporal_iot == pytest.approx(37 / 49)
    assert one.temporal_iop == pytest.approx(37 / 49)


def test_two_halves_detect_a_site_together() -> None:
    halves = [
        proposal("SW-0001", places.box(0.002, 0.002, 0.001)),
        proposal("SW-0002", places.box(0.003, 0.002, 0.001)),
    ]
    score = score_sites(halves, [reference()])
    assert counts(score) == (1, 0, 0)
    assert set(only(score).proposals) == {"XX_R001_0001", "XX_R001_0002"}
    assert only(score).iou == pytest.approx(1.0)


def test_what_spoils_the_union_is_left_out_and_counts_as_false() -> None:
    vast = proposal("SW-0001", places.box(0.0, 0.0, 0.02, 0.02))
    score = score_sites([vast, proposal()], [reference()])
    assert counts(score) == (1, 1, 0)
    assert score.false_proposals == ("XX_R001_0001",)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("positive_pending", (1, 0, 0)), ("ignore", (0, 0, 0)), ("negative", (0, 1, 0)), ("positive_excluded", (0, 1, 0)),
     ("transient_positive", (1, 0, 0)), ("transient_ignore", (0, 0, 0))],
)  # fmt: skip
def test_the_status_of_a_reference_site_decides_what_its_detection_is(
    status: str, expected: tuple[int, int, int]
) -> None:
    assert counts(score_sites([proposal()], [reference(status=status)])) == expected


def test_small_sites_are_ignored_unless_asked_for() -> None:
    small = places.box(0.002, 0.002, 0.0005, 0.0005)
    assert counts(score_sites([proposal(footprint=small)], [reference(footprint=small)])) == (0, 0, 0)
    assert counts(score_sites([proposal(footprint=small)], [reference(footprint=small)], thresholds=EASY)) == (1, 0, 0)


def test_what_began_before_the_regions_time_is_ignored() -> None:
    site = reference()
    region = smart_region(places.SITE, [site], "XX_R001")
    later = (places.DAYS[2] + dt.timedelta(days=1)).isoformat()
    after = dataclasses.replace(region, properties={**region.properties, "start_date": later})
    assert counts(score_sites([proposal()], [site], [region])) == (1, 0, 0)
    assert counts(score_sites([proposal()], [site], [after])) == (0, 0, 0)


def test_of_several_labels_post_construction_counts_where_all_say_so() -> None:
    site = reference(footprint=shapely.MultiPolygon([places.box(0.002, 0.002), places.box(0.005, 0.002)]))
    mixed = dict(site.observations[6].properties, current_phase="Post Construction, Active Construction")
    changed = dataclasses.replace(site.observations[6], properties=mixed)
    site = dataclasses.replace(site, observations=(*site.observations[:6], changed, site.observations[7]))
    found = proposal(footprint=shapely.MultiPolygon([places.box(0.002, 0.002), places.box(0.005, 0.002)]))
    error = only(score_sites([found], [site])).onsets["Post Construction"]
    assert (error.days, error.best_days, error.worst_days) == (-12, 0, -12)


def test_structures_geojson_scores_as_the_structures_do(tmp_path: Path) -> None:
    found = [places.structure(), places.structure("SW-0008", places.box(0.01, 0.01), status="candidate")]
    path = write_structures(tmp_path / "structures.geojson", found)
    write_smart_models(tmp_path / "smart", places.SITE, found)
    for source in (path, tmp_path, tmp_path / "smart"):
        sites = read_proposals(source)
        assert len(sites) == 1
        references, regions = read_reference(tmp_path / "smart")
        confirmed = [
            dataclasses.replace(one, properties={**one.properties, "status": "positive"}) for one in references
        ]
        score = score_sites(sites, confirmed[:1], regions)
        assert counts(score) == (1, 0, 0)
        assert score.onsets["Active Construction"].perfect == 1
    assert read_proposals(path)[0].id == "SW-0007"


def test_what_can_not_be_scored_says_why(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no file"):
        read_proposals(tmp_path / "nowhere.geojson")
    broken = {"type": "Feature", "properties": {"id": "1", "onset_latest": "x"}, "geometry": None}
    (tmp_path / "broken.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [broken]}))
    with pytest.raises(ExportError, match="can't be read"):
        read_proposals(tmp_path / "broken.geojson")
    region, _ = write_smart_models(tmp_path / "smart", places.SITE, [places.structure()])
    with pytest.raises(ExportError, match="region models alone"):
        read_reference(region)


def test_the_annotations_of_the_programme_detect_themselves(shared_data: Path) -> None:
    folder = shared_data / "iarpa-smart"
    if not folder.is_dir():
        pytest.skip(f"the SMART models are not at {folder}")
    regions = [read_smart(folder / "region_models" / "AE_R001.geojson")]
    sites = [read_smart(path) for path in sorted((folder / "site_models").glob("AE_R001_00[0-3]?.geojson"))]
    annotated = [site for site in sites if isinstance(site, SmartSite)]
    proposals = [site for site in annotated if site.status.startswith("positive")]
    score = score_sites(proposals, annotated, [region for region in regions if isinstance(region, SmartRegion)])
    positive = [one for one in score.sites if one.role == "positive"]
    assert len(positive) > 5
    assert score.recall == 1.0
    assert all(one.reference in one.proposals for one in positive)
    assert score.onsets["Active Construction"].count > 5
