"""Small cloud-optimised GeoTIFFs and the items that describe them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
import shapely.geometry
from rasterio.shutil import copy as copy_raster
from rasterio.transform import from_origin

CRS, WEST, NORTH, PIXEL_M = "EPSG:32636", 750_000.0, 3_950_000.0, 10.0
SIDE = 1200
DAYS = ("2024-01-05", "2024-01-17", "2024-02-10", "2024-03-05", "2024-03-29")
SITE = shapely.box(35.80, 35.62, 35.83, 35.64)


def write_cog(path: Path, seed: int, side: int = SIDE, **tags: str) -> np.ndarray:
    """A cloud-optimised GeoTIFF of speckle; gives its pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.gamma(4.0, 0.05, (side, side)).astype("float32")
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = path.with_suffix(".raw")
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "width": side, "height": side, "nodata": -32768.0}
    transform = from_origin(WEST, NORTH, PIXEL_M, PIXEL_M)
    with rasterio.open(raw, "w", **profile, crs=CRS, transform=transform) as image:
        image.write(pixels, 1)
        image.update_tags(**tags)
    copy_raster(raw, path, driver="COG", compress="DEFLATE", blocksize=256)
    raw.unlink()
    return pixels


def item_json(number: int, day: str, href: str) -> dict[str, Any]:
    """An item in the shape of the Planetary Computer's sentinel-1-rtc."""
    start = day.replace("-", "")
    name = f"S1A_IW_GRDH_1SDV_{start}T154151_{start}T154216_05423{number}_0698B{number}_rtc"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": "sentinel-1-rtc",
        "geometry": shapely.geometry.mapping(shapely.box(35.76, 35.55, 35.89, 35.67)),
        "bbox": [35.76, 35.55, 35.89, 35.67],
        "properties": {
            "datetime": f"{day}T15:42:03Z",
            "platform": "SENTINEL-1A",
            "constellation": "Sentinel-1",
            "sar:instrument_mode": "IW",
            "sar:polarizations": ["VV", "VH"],
            "sar:product_type": "GRD",
            "sar:looks_equivalent_number": 4.4,
            "sat:orbit_state": "ascending",
            "sat:relative_orbit": 87,
            "proj:epsg": 32636,
            "proj:shape": [SIDE, SIDE],
            "proj:transform": [PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH, 0, 0, 1],
        },
        "assets": {
            "vv": {
                "href": href,
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data"],
                "title": "VV: vertical transmit, vertical receive",
                "raster:bands": [{"nodata": -32768, "data_type": "float32", "unit": "linear power"}],
            },
            "thumbnail": {"href": f"{href}.png", "type": "image/png", "roles": ["thumbnail"]},
        },
        "links": [],
    }


@dataclasses.dataclass(frozen=True)
class Holdings:
    """What the servers have: pixels of each image, and items by server address."""

    folder: Path
    pixels: dict[str, np.ndarray]

    def items(self, base: str) -> list[dict[str, Any]]:
        return [item_json(n, day, f"{base}/data/{day}/iw-vv.rtc.tif") for n, day in enumerate(DAYS)]

    def catalogue(self, base: str = ".") -> None:
        """Write the items as a static catalogue, a month a collection, with hrefs under `base`."""
        months = sorted({day[:7] for day in DAYS})
        for month in months:
            of_month = [item for item in self.items(base) if item["properties"]["datetime"].startswith(month)]
            folder = self.folder / "stac" / month
            folder.mkdir(parents=True, exist_ok=True)
            for item in of_month:
                (folder / f"{item['id']}.json").write_text(json.dumps(item))
            links = [{"rel": "item", "href": f"./{item['id']}.json"} for item in of_month]
            catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": month, "description": month, "links": links}
            (folder / "catalog.json").write_text(json.dumps(catalogue))
        far = {"spatial": {"bbox": [[-10, 40, 0, 50]]}, "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]}}
        elsewhere = {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": "far",
            "description": "far",
            "license": "other",
        }
        elsewhere |= {"extent": far, "links": [{"rel": "item", "href": "./never.json"}]}
        (self.folder / "stac" / "far").mkdir(exist_ok=True)
        (self.folder / "stac" / "far" / "collection.json").write_text(json.dumps(elsewhere))
        links = [{"rel": "child", "href": f"./{month}/catalog.json"} for month in months]
        links += [{"rel": "child", "href": "./far/collection.json"}]
        root = {"type": "Catalog", "stac_version": "1.0.0", "id": "root", "description": "root", "links": links}
        (self.folder / "stac" / "catalog.json").write_text(json.dumps(root))
