"""What an alert says of a structure, as plain JSON values that stay as they were when it was raised."""

from __future__ import annotations

from typing import Any

from sitewatch.record import Revision, to_feature

_TOLD = (
    *("kind", "kind_probability", "status", "reason", "rejected_as", "p_value"),
    *("onset_earliest", "onset_latest", "completion_earliest", "completion_latest", "first_raised", "confirmed_on"),
    *("area_m2", "area_m2_sd", "length_m", "length_m_sd", "width_m", "width_m_sd", "orientation_deg", "tracks"),
)
"""Properties of structures.geojson that an alert repeats under the same names."""


def structure_content(revision: Revision) -> dict[str, Any]:
    """A structure for an alert: the properties of structures.geojson that fit in a message, its outline, its images."""
    feature = to_feature(revision.structure)
    properties = feature["properties"]
    phases = revision.structure.phases
    return {
        "id": revision.id,
        **{name: properties[name] for name in _TOLD},
        "phase": phases[-1].phase if phases else None,
        "phase_on": phases[-1].date.isoformat() if phases else None,
        "found": revision.found,
        "reviewed": list(revision.reviewed),
        "last_scene": revision.structure.scenes[-1] if revision.structure.scenes else None,
        "geometry": feature["geometry"],
    }
