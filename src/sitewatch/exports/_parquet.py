"""Structures as GeoParquet, for DuckDB, pandas, BigQuery and newer QGIS."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from sitewatch.atomic import replacing
from sitewatch.errors import ExportError
from sitewatch.structures import Structure, to_geodataframe


def write_geoparquet(path: str | Path, structures: Iterable[Structure]) -> Path:
    """Write the table of `sitewatch.to_geodataframe` as GeoParquet 1.1 in EPSG:4326, zstd, with a bounding box a row.

    The file appears whole or not at all.

    Raises
    ------
    ExportError
        pyarrow, which does the writing, is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ExportError("GeoParquet needs pyarrow, which is not installed", hint="pip install 'sitewatch[parquet]'")
    path = Path(path)
    table = to_geodataframe(structures).reset_index()
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd", schema_version="1.1.0", write_covering_bbox=True)
    return path
