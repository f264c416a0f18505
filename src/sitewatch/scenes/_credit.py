"""The credit lines that providers' licences ask for."""

from __future__ import annotations

import datetime as dt


def credit_line(constellation: str, acquired: dt.datetime) -> str:
    """Credit for images of a constellation; empty where the provider's wording is not known.

    For the Sentinels it is the wording that the Copernicus legal notice on Sentinel data prescribes for modified data.
    """
    if constellation in ("sentinel-1", "sentinel-2"):
        return f"Contains modified Copernicus Sentinel data {acquired.year}"
    if constellation == "landsat":
        return f"Landsat image {acquired.year} courtesy of the U.S. Geological Survey"
    if constellation == "hls":
        return f"HLS {acquired.year}, NASA LP DAAC; contains modified Copernicus Sentinel data"
    if constellation == "planetscope":
        return f"© Planet Labs PBC {acquired.year}"
    if constellation == "iceye":
        return f"© ICEYE {acquired.year}"
    if constellation in ("capella", "umbra"):
        return f"© {constellation.title()} Space {acquired.year}"
    return ""


def opera_credit_line(product: str, acquired: dt.datetime) -> str:
    """Credit for a product of OPERA from Sentinel-1: the Copernicus line, and who made the product."""
    return f"{credit_line('sentinel-1', acquired)}, processed by NASA/JPL-Caltech ({product})"
