"""Structures as a GeoDataFrame, for pandas, QGIS and plotting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sitewatch.structures._structure import Structure

if TYPE_CHECKING:
    import geopandas as gpd


def to_geodataframe(structures: Iterable[Structure]) -> gpd.GeoDataFrame:
    """Structures as a table in EPSG:4326, one row each, indexed by id.

    Dates are ``datetime64``; sizes are metres and square metres with their standard deviations in columns ending in
    ``_sd``; growth and levels stay nested (see `Structure`).
    """
    import geopandas as gpd
    import pandas as pd

    columns = [
        *(
            "kind",
            "status",
            "reason",
            "rejected_as",
            "onset_earliest",
            "onset_latest",
            "completion_earliest",
            "completion_latest",
        ),
        *("preparation_first_seen", "first_raised", "confirmed_on", "area_m2", "area_m2_sd", "length_m", "length_m_sd"),
        *("width_m", "width_m_sd", "orientation_deg", "p_value", "kind_probability", "tracks"),
    ]
    rows = []
    for s in structures:
        rows.append(
            {
                "id": s.id,
                "geometry": s.footprint,
                **{name: getattr(s, name) for name in columns if hasattr(s, name)},
                "onset_earliest": s.onset.earliest if s.onset else None,
                "onset_latest": s.onset.latest if s.onset else None,
                "completion_earliest": s.completion.earliest if s.completion else None,
                "completion_latest": s.completion.latest if s.completion else None,
                "area_m2": s.area_m2.value,
                "area_m2_sd": s.area_m2.sd,
                "length_m": s.length_m.value,
                "length_m_sd": s.length_m.sd,
                "width_m": s.width_m.value,
                "width_m_sd": s.width_m.sd,
            }
        )
    table = pd.DataFrame(rows, columns=["id", *columns, "geometry"])
    for name in columns:
        if name.endswith(("_earliest", "_latest", "_seen", "_raised", "_on")):
            table[name] = pd.to_datetime(table[name])
    return gpd.GeoDataFrame(table.set_index("id"), geometry="geometry", crs="EPSG:4326")
