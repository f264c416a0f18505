"""Structures as a GeoDataFrame, for pandas, QGIS and plotting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sitewatch.structure import Structure

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


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


def centrelines_to_geodataframe(structures: Sequence[Structure]) -> gpd.GeoDataFrame:
    """Linear works as lines in EPSG:4326, one row each, indexed by id: the table of `to_geodataframe`, its rows that
    have a centreline, with that as geometry.
    """
    lines = {s.id: s.centreline for s in structures if s.centreline is not None}
    table = to_geodataframe(s for s in structures if s.id in lines)
    return table.set_geometry([lines[name] for name in table.index], crs="EPSG:4326")


def length_growth_to_dataframe(structures: Iterable[Structure]) -> pd.DataFrame:
    """Length of linear works by date: a row an acquisition, columns ``id, kind, date, length_m, length_m_sd``.

    ``date`` is ``datetime64``; lengths are metres along the centreline.
    """
    import pandas as pd

    rows = [(s.id, s.kind, p.date, p.length_m, p.length_m_sd) for s in structures for p in s.length_growth]
    table = pd.DataFrame(rows, columns=["id", "kind", "date", "length_m", "length_m_sd"])
    table["date"] = pd.to_datetime(table["date"])
    return table
