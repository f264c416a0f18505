"""Small optical products built exactly to their published specifications, with known pixels."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

EAST, NORTH, EPSG = 300_000.0, 4_500_000.0, 32636
BAND_IDS = {"B01": 0, "B02": 1, "B03": 2, "B04": 3, "B08": 7, "B8A": 8, "B11": 11, "B12": 12}
S2_START = "2023-05-03T08:25:59.024Z"
TILE = "T36TXL"


def write_raster(
    path: Path,
    values: NDArray[Any],
    metres: float,
    *,
    driver: str = "GTiff",
    nodata: float | None = None,
    descriptions: Sequence[str] = (),
) -> Path:
    """Write bands [band, y, x] or one band [y, x]; the upper left corner is the same for all sizes of pixels."""
    bands = values if values.ndim == 3 else values[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    extra = {"QUALITY": "100", "REVERSIBLE": "YES"} if driver == "JP2OpenJPEG" else {}
    with rasterio.open(
        path, "w", driver=driver, height=bands.shape[1], width=bands.shape[2], count=bands.shape[0], dtype=bands.dtype,
        crs=f"EPSG:{EPSG}", transform=from_origin(EAST, NORTH, metres, metres), nodata=nodata, **extra,
    ) as target:  # fmt: skip
        target.write(bands)
        for index, text in enumerate(descriptions, start=1):
            target.set_band_description(index, text)
    return path


def numbers(seed: int, size: int) -> NDArray[np.uint16]:
    """Stored numbers of one band; never 0, which means no data."""
    return np.random.default_rng(seed).integers(1100, 6000, (size, size)).astype(np.uint16)


def write_sentinel2(
    folder: Path, *, level: str = "2A", baseline: str = "05.09", offset: int | None = -1000
) -> tuple[Path, dict[str, NDArray[np.uint16]], NDArray[np.uint8]]:
    """A SAFE folder of 60 x 60 pixels of 10 m: its path, stored numbers by band, and the mask's [y, x] numbers."""
    start = S2_START.replace("-", "").replace(":", "")[:15]
    name = f"S2A_MSIL{level}_{start}_N{baseline.replace('.', '')}_R021_{TILE}_20230503T120000.SAFE"
    product, granule = folder / name, f"GRANULE/L{level}_{TILE}_A041000_{start}"
    stored: dict[str, NDArray[np.uint16]] = {}
    images = []
    for band, metres in (("B02", 10), ("B03", 10), ("B04", 10), ("B08", 10), ("B11", 20), ("B12", 20)):
        stored[band] = numbers(BAND_IDS[band], 600 // metres)
        stored[band][:2, :3] = 0
        sub, end = (f"R{metres}m/", f"_{metres}m") if level == "2A" else ("", "")
        image = f"{granule}/IMG_DATA/{sub}{TILE}_{start}_{band}{end}"
        write_raster(product / f"{image}.jp2", stored[band], metres, driver="JP2OpenJPEG")
        images.append(image)
    if level == "2A":
        mask = np.full((30, 30), 4, np.uint8)
        mask[10:14, 5:9], mask[20:22, 20:22] = 9, 3
        image = f"{granule}/IMG_DATA/R20m/{TILE}_{start}_SCL_20m"
        write_raster(product / f"{image}.jp2", mask, 20, driver="JP2OpenJPEG")
        images.append(image)
    elif baseline >= "04":
        flags = np.zeros((3, 10, 10), np.uint8)
        flags[0, 2:4, 3:5], flags[1, 7, 7] = 1, 1
        write_raster(product / f"{granule}/QI_DATA/MSK_CLASSI_B00.jp2", flags, 60, driver="JP2OpenJPEG")
        mask = flags.max(axis=0)
    else:
        mask = np.zeros((60, 60), np.uint8)
        mask[10:20, 30:40] = 1
        (product / granule / "QI_DATA").mkdir(parents=True)
        (product / granule / "QI_DATA" / "MSK_CLOUDS_B00.gml").write_text(_gml(30, 10, 40, 20))
    (product / f"MTD_MSIL{level}.xml").write_text(_product_xml(name, level, baseline, offset, images))
    (product / granule / "MTD_TL.xml").write_text(_tile_xml(level))
    (product / "manifest.safe").write_text("<xfdu:XFDU xmlns:xfdu='urn:ccsds:schema:xfdu:1'/>")
    return product, stored, mask


def zipped(product: Path) -> Path:
    """The same product as a zip with its folder in it."""
    path = product.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(product.rglob("*")):
            if file.is_file():
                archive.write(file, Path(product.name) / file.relative_to(product))
    return path


def _product_xml(name: str, level: str, baseline: str, offset: int | None, images: Sequence[str]) -> str:
    files = "".join(f"<IMAGE_FILE>{image}</IMAGE_FILE>" for image in images)
    tag, quantification = (
        ("BOA_ADD_OFFSET", "<BOA_QUANTIFICATION_VALUE unit='none'>10000</BOA_QUANTIFICATION_VALUE>")
        if level == "2A"
        else ("RADIO_ADD_OFFSET", "")
    )
    listed = {"2A": "BOA_ADD_OFFSET_VALUES_LIST", "1C": "Radiometric_Offset_List"}[level]
    each = "".join(f"<{tag} band_id='{number}'>{offset}</{tag}>" for number in range(13))
    offsets = "" if offset is None else f"<{listed}>{each}</{listed}>"
    quantified = (
        f"<QUANTIFICATION_VALUES_LIST>{quantification}</QUANTIFICATION_VALUES_LIST>"
        if level == "2A"
        else "<QUANTIFICATION_VALUE unit='none'>10000</QUANTIFICATION_VALUE>"
    )
    schema = f"https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{level}.xsd"
    return f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<n1:Level-{level}_User_Product xmlns:n1="{schema}">
<n1:General_Info><Product_Info>
<PRODUCT_START_TIME>{S2_START}</PRODUCT_START_TIME><PRODUCT_STOP_TIME>{S2_START}</PRODUCT_STOP_TIME>
<PRODUCT_URI>{name}</PRODUCT_URI><PROCESSING_LEVEL>Level-{level}</PROCESSING_LEVEL>
<PRODUCT_TYPE>S2MSI{level}</PRODUCT_TYPE><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
<GENERATION_TIME>2023-05-03T12:00:00.000000Z</GENERATION_TIME>
<Datatake datatakeIdentifier="GS2A_20230503T082559_041000_N{baseline}"><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
<DATATAKE_SENSING_START>{S2_START}</DATATAKE_SENSING_START><SENSING_ORBIT_NUMBER>21</SENSING_ORBIT_NUMBER></Datatake>
<Query_Options completeSingleTile="true"><PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT></Query_Options>
<Product_Organisation><Granule_List>
<Granule granuleIdentifier="S2A_OPER_MSI_L{level}_TL_2APS_20230503T120000_A041000_{TILE}_N{baseline}"
 imageFormat="JPEG2000">
{files}</Granule></Granule_List></Product_Organisation></Product_Info>
<Product_Image_Characteristics>
<Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX>
</Special_Values>
{quantified}{offsets}</Product_Image_Characteristics></n1:General_Info></n1:Level-{level}_User_Product>
"""


def _tile_xml(level: str) -> str:
    sizes = "".join(
        f"<Size resolution='{m}'><NROWS>{600 // m}</NROWS><NCOLS>{600 // m}</NCOLS></Size>" for m in (10, 20, 60)
    )
    places = "".join(
        f"<Geoposition resolution='{m}'><ULX>{EAST:.0f}</ULX><ULY>{NORTH:.0f}</ULY><XDIM>{m}</XDIM><YDIM>-{m}</YDIM>"
        "</Geoposition>"
        for m in (10, 20, 60)
    )
    schema = f"https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-{level}_Tile_Metadata.xsd"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-{level}_Tile_ID xmlns:n1="{schema}"><n1:Geometric_Info><Tile_Geocoding metadataLevel="Brief">
<HORIZONTAL_CS_NAME>WGS84 / UTM zone 36N</HORIZONTAL_CS_NAME><HORIZONTAL_CS_CODE>EPSG:{EPSG}</HORIZONTAL_CS_CODE>
{sizes}{places}</Tile_Geocoding></n1:Geometric_Info></n1:Level-{level}_Tile_ID>
"""


def _gml(left: int, top: int, right: int, bottom: int) -> str:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    places = " ".join(f"{EAST + 10 * x:.0f} {NORTH - 10 * y:.0f}" for x, y in corners)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="S2A_CLOUDS">
<gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::{EPSG}"/></gml:boundedBy><eop:maskMembers>
<eop:MaskFeature gml:id="OPAQUE.0"><eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">OPAQUE</eop:maskType><eop:extentOf>
<gml:Polygon gml:id="OPAQUE.0_Polygon"><gml:exterior><gml:LinearRing>
<gml:posList srsDimension="2">{places}</gml:posList>
</gml:LinearRing></gml:exterior></gml:Polygon></eop:extentOf></eop:MaskFeature></eop:maskMembers></eop:Mask>
"""


def write_landsat(folder: Path, *, sensor: str = "LC08", time: str | None = "08:21:04.3180000Z") -> Path:
    """Bands and QA_PIXEL of a Landsat Collection 2 Level 2 product, 20 x 20 pixels of 30 m; the red band's path."""
    name = f"{sensor}_L2SP_177035_20200105_20200824_02_T1"
    count = 7
    for number in range(1, count + 1):
        write_raster(folder / f"{name}_SR_B{number}.TIF", 7000 + 1000 * numbers(number, 20) // 1000, 30, nodata=0)
    clear = np.full((20, 20), 21824, np.uint16)  # clear, low confidences
    clear[3, 4], clear[5, 6], clear[7, 8] = 22280, 23888, 1  # cloud, cloud shadow, fill
    write_raster(folder / f"{name}_QA_PIXEL.TIF", clear, 30, nodata=1)
    write_raster(folder / f"{name}_ST_B10.TIF", numbers(10, 20), 30, nodata=0)
    if time:
        (folder / f"{name}_MTL.txt").write_text(f'    DATE_ACQUIRED = 2020-01-05\n    SCENE_CENTER_TIME = "{time}"\n')
    return folder / f"{name}_SR_B{4 if sensor in ('LC08', 'LC09') else 3}.TIF"


def write_hls(folder: Path, kind: str) -> Path:
    """An HLS granule of 20 x 20 pixels; the folder."""
    name = f"HLS.{kind}.{TILE}.2020123T082559.v2.0"
    bands = ("B02", "B03", "B04", "B05", "B06", "B07") if kind == "L30" else ("B02", "B03", "B04", "B08", "B8A", "B11")
    for number, band in enumerate(bands):
        write_raster(folder / f"{name}.{band}.tif", numbers(number, 20).astype(np.int16), 30, nodata=-9999)
    fmask = np.full((20, 20), 64, np.uint8)  # clear, low aerosol
    fmask[2, 3], fmask[4, 5], fmask[6, 7], fmask[8, 9] = 66, 68, 72, 255
    fmask[10, 11] = 96  # water stays
    write_raster(folder / f"{name}.Fmask.tif", fmask, 30, nodata=255)
    return folder


def write_planet(folder: Path, bands: int) -> Path:
    """A PlanetScope image of 20 x 20 pixels with its usable data mask; the image's path."""
    suffix = "_8b" if bands == 8 else ""
    values = np.stack([numbers(number, 20) for number in range(bands)])
    path = write_raster(folder / f"20230503_082559_78_2426_3B_AnalyticMS_SR{suffix}_clip.tif", values, 3, nodata=0)
    udm2 = np.zeros((8, 20, 20), np.uint8)
    udm2[0] = 1
    udm2[0, 4:6, 4:6], udm2[5, 4:6, 4:6] = 0, 1
    write_raster(folder / "20230503_082559_78_2426_3B_udm2_clip.tif", udm2, 3)
    return path


def write_plain(folder: Path, day: str, bands: Mapping[str, NDArray[Any]], metres: float = 10) -> Path:
    """One GeoTIFF with described bands."""
    return write_raster(
        folder / f"site_{day}.tif", np.stack(list(bands.values())), metres, nodata=0, descriptions=list(bands)
    )
