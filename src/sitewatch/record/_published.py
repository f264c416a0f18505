"""structures.geojson as the record has it: what stands now, with what analysts said marked as theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sitewatch.atomic import write_json
from sitewatch.record._facts import DATES, SIZES
from sitewatch.record._nouns import Revision
from sitewatch.record._structures import order_of, to_feature, write_centrelines
from sitewatch.record._workspace import Workspace
from sitewatch.structure import Structure

_TOLD = ("kind", "status", "reason", "rejected_as", *DATES, *SIZES)
"""Of the fields that reviews are about, those that `differences` tells."""


def write_published(workspace: Workspace, revisions: Sequence[Revision]) -> None:
    """Write structures.geojson and centrelines.geojson; the same record gives the same bytes, whenever it is done.

    Parameters
    ----------
    revisions
        The latest of every structure of the site.
    """
    write_features(workspace.structures_path, (one for one in revisions if one.stands))
    write_centrelines(workspace.centrelines_path, standing(revisions))


def write_features(path: Path, revisions: Iterable[Revision]) -> None:
    """Write revisions as GeoJSON, whether they stand or not."""
    write_json(path, feature_collection(revisions))


def feature_collection(revisions: Iterable[Revision]) -> dict[str, Any]:
    """Revisions as a GeoJSON FeatureCollection in EPSG:4326, confirmed structures first, then by onset and name."""
    ordered = sorted(revisions, key=lambda one: order_of(one.structure))
    return {"type": "FeatureCollection", "features": [revision_feature(one) for one in ordered]}


def standing(revisions: Iterable[Revision]) -> tuple[Structure, ...]:
    """The structures that are reported, under their names in the record: confirmed ones first, then by onset."""
    return tuple(sorted((one.structure for one in revisions if one.stands), key=order_of))


def revision_feature(revision: Revision) -> dict[str, Any]:
    """A structure as a GeoJSON Feature; where a review is in force or no run finds it now, ``record`` says so.

    ``record`` holds ``found`` (by the latest run), ``reviewed`` (fields in which a review is in force) and ``computed``
    (what the latest run says otherwise).
    """
    feature = to_feature(revision.structure)
    if revision.reviewed or not revision.found or revision.split_from:
        feature["properties"]["record"] = {
            "found": revision.found,
            "reviewed": list(revision.reviewed),
            "computed": differences(revision),
            **({"split_from": revision.split_from} if revision.split_from else {}),
        }
    return feature


def differences(revision: Revision) -> dict[str, Any]:
    """What the latest run says otherwise than the reviews in force, by property of structures.geojson."""
    said = to_feature(revision.structure)
    computed = to_feature(revision.computed)
    told = {n: computed["properties"][n] for n in _TOLD if computed["properties"][n] != said["properties"][n]}
    return {**told, **({"geometry": computed["geometry"]} if computed["geometry"] != said["geometry"] else {})}
