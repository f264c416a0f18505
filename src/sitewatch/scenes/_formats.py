"""What can be read, and how far each of it has been tried: kept exact, for it is what users are told."""

from __future__ import annotations

import dataclasses
from typing import Literal

Verified = Literal["real data", "specification"]


@dataclasses.dataclass(frozen=True)
class Format:
    """A family of products, as users know it.

    Attributes
    ----------
    name
        As `Scene.family` and the command line name it.
    products
        Products and file names.
    verified
        ``real data`` where pixels of real products went through to a result, ``specification`` where only files built
        to the published specification did.
    note
        What is applied as it is read, what is not, and what exactly was checked.
    """

    name: str
    products: str
    verified: Verified
    note: str


FORMATS: tuple[Format, ...] = (
    Format(
        "OPERA RTC-S1",
        "OPERA_L2_RTC-S1_*_VV.tif and other polarisations",
        "real data",
        "gamma0 flattened by the terrain, as delivered; layover and shadow masked where *_mask.tif is beside it (that "
        "on files built to the specification); angle layers are not read",
    ),
    Format(
        "OPERA CSLC-S1",
        "OPERA_L2_CSLC-S1_*.h5 (needs h5py)",
        "specification",
        "power of the complex pixels, noise subtracted, gamma0 of the ellipsoid by the product's tables; the layout "
        "was compared with a real file, whose pixels and tables were blanked",
    ),
    Format(
        "Sentinel-1 GRD",
        "S1?_IW_GRD?_*.SAFE folder or .zip",
        "specification",
        "calibrated to gamma0, noise subtracted, borders masked (before IPF 2.9), terrain corrected by range-Doppler, "
        "flattened where --dem is a raster; geometry and tables were also checked on a real product's files, whose "
        "pixels are blank; modes other than IW are not read",
    ),
    Format(
        "Sentinel-1 GRD COG",
        "S1?_IW_GRD?_*_COG.SAFE folder or .zip (CDSE)",
        "specification",
        "as Sentinel-1 GRD",
    ),
    Format(
        "Sentinel-1 SLC",
        "S1?_IW_SLC__*.SAFE folder or .zip",
        "specification",
        "as Sentinel-1 GRD; power of the bursts, 5 looks in range; phase is not used",
    ),
    Format(
        "ASF HyP3 RTC",
        "S1?_IW_*_RTC??_G_??????_????_VV.tif and other polarisations",
        "specification",
        "units and processing told by the name; the relative orbit comes from the text files beside it, layover and "
        "shadow from *_ls_map.tif",
    ),
    Format(
        "Planetary Computer RTC",
        "STAC items of sentinel-1-rtc; <product>/measurement/iw-vv.rtc.tiff",
        "specification",
        "gamma0 flattened by the terrain, as delivered",
    ),
    Format(
        "ICEYE",
        "GRD and SLC: COG, or legacy GeoTIFF with XML and HDF5 (needs h5py)",
        "specification",
        "calibrated to gamma0, laid on the ground of --dem by RPC and, where that is a raster, flattened, with layover "
        "and shadow masked; noise is not subtracted; legacy files with the real layout but invented pixels were read",
    ),
    Format(
        "Capella",
        "GEO, GEC and SLC GeoTIFFs with ImageDescription or *_extended.json",
        "specification",
        "calibrated to gamma0 of the ellipsoid; SLC laid on the ground of --dem and flattened where that is a raster; "
        "noise is not subtracted",
    ),
    Format(
        "Umbra GEC",
        "GEC GeoTIFFs with *_METADATA.json",
        "specification",
        "amplitude as delivered: no calibration is published, levels are relative",
    ),
    Format(
        "SICD",
        "NITF files of any satellite (needs sarpy)",
        "specification",
        "calibrated by the file's scale factors where it has them, laid on the ground of --dem; slopes are not "
        "flattened",
    ),
    Format(
        "Sentinel-2 L2A",
        "S2?_MSIL2A_*.SAFE folder or .zip; STAC items of sentinel-2-l2a (COG)",
        "specification",
        "surface reflectance, offset of baseline 04.00 and later taken off, clouds, shadow and snow masked by SCL; "
        "read as GDAL's own driver reads it; a real cube of L2A went through as plain GeoTIFFs",
    ),
    Format(
        "Sentinel-2 L1C",
        "S2?_MSIL1C_*.SAFE folder or .zip",
        "specification",
        "reflectance at the top of the atmosphere, clouds masked by MSK_CLASSI or, before baseline 04.00, "
        "MSK_CLOUDS; shadow is not; single band files cut from real products went through as plain GeoTIFFs",
    ),
    Format(
        "Landsat C2 L2",
        "L?0?_L2S?_*_SR_B?.TIF with QA_PIXEL; STAC items of landsat-c2-l2",
        "specification",
        "surface reflectance; clouds, shadow, cirrus and snow masked by QA_PIXEL; thermal bands are not read",
    ),
    Format(
        "HLS",
        "HLS.L30.* and HLS.S30.* v2.0, with Fmask",
        "specification",
        "surface reflectance; clouds, what lies beside them, shadow and snow masked by Fmask; both halves are one "
        "track",
    ),
    Format(
        "PlanetScope",
        "*_3B_AnalyticMS_SR*.tif with udm2",
        "specification",
        "surface reflectance of 4 or 8 bands, clear pixels by udm2; radiance is refused",
    ),
    Format(
        "Reflectance GeoTIFF",
        "one file with described bands (red, nir or B04, B08), or a file a band; a band or file SCL, QA_PIXEL, Fmask, "
        "udm2 or clouds as the mask",
        "real data",
        "scale and offset of the file, else whole numbers as reflectance times 10,000 (--scale, --offset); surface or "
        "top of the atmosphere by name (L2A, L1C) or --quantity",
    ),
    Format(
        "STAC",
        "items, item collections, static catalogues of georeferenced GeoTIFFs",
        "real data",
        "units, scale and geometry told by the sar, sat, view, projection and raster extensions",
    ),
    Format(
        "GeoTIFF",
        "any georeferenced .tif or .tiff",
        "real data",
        "what tags and names leave open is asked for (--polarisation, --units, --date-pattern, --track, --quantity)",
    ),
)
