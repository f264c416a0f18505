"""The 100 km square of the Military Grid Reference System that a place lies in, as SMART models ask for it."""

from __future__ import annotations

import pyproj

from sitewatch.errors import ExportError

_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")  # by zone, repeating every third
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_SQUARE_M = 100_000.0


def mgrs_square(longitude: float, latitude: float) -> str:
    """Zone, band and square of a point, such as ``40RCN``.

    Source: NGA.STND.0037_2.0.0, "The universal grids", chapters 2 and 3 (squares of the scheme AA, as WGS84 has them).

    Parameters
    ----------
    longitude, latitude
        Degrees, EPSG:4326.

    Raises
    ------
    ExportError
        Nearer to a pole than the grid of UTM goes (84° N, 80° S).
    """
    if not -80.0 <= latitude <= 84.0:
        raise ExportError(
            f"latitude {latitude:g} lies outside of UTM (80° S to 84° N)",
            hint="SMART models of the polar caps are not written; take GeoJSON or GeoPackage.",
        )
    zone = _zone(longitude, latitude)
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", 32600 + zone if latitude >= 0 else 32700 + zone, always_xy=True)
    easting, northing = to_utm.transform(longitude, latitude)
    band = _BANDS[min(int((latitude + 80.0) // 8), 19)]
    column = _COLUMNS[(zone - 1) % 3][int(easting // _SQUARE_M) - 1]
    row = _ROWS[(int(northing // _SQUARE_M) + (0 if zone % 2 else 5)) % 20]
    return f"{zone:02d}{band}{column}{row}"


def _zone(longitude: float, latitude: float) -> int:
    """UTM zone with the exceptions of Norway and Svalbard."""
    east = (longitude + 180.0) % 360.0 - 180.0
    if 56.0 <= latitude < 64.0 and 3.0 <= east < 12.0:
        return 32
    if latitude >= 72.0 and 0.0 <= east < 42.0:
        return 31 + 2 * int((east + 3.0) // 12.0)
    return int((east + 180.0) // 6.0) + 1
