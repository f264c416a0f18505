"""Small Sentinel-1 IW GRD products in SAFE format, with a known orbit and known numbers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyproj
import rasterio
import rasterio.errors
import rasterio.shutil
from rasterio.control import GroundControlPoint
from s1_orbit import C, Orbit, orbit_over
from safe_xml import INTERVAL_S, after, grid_point, header_of, listed, manifest_of, product_annotation
from scipy import optimize

SPACING_M = 10.0
GEOD = pyproj.Geod(ellps="WGS84")


@dataclasses.dataclass(frozen=True)
class Frame:
    """A small ground range image and its geometry: the point given lies near its centre."""

    orbit: Orbit
    start_s: float
    near_m: float
    lines: int
    samples: int
    height_m: float
    table_slant: np.ndarray
    table_ground: np.ndarray
    conversions: tuple[tuple[float, np.ndarray], ...]

    @property
    def first_pixel_m(self) -> float:
        return self.near_m

    def place(self, lon: float, lat: float, height: float) -> tuple[float, float]:
        """Line and pixel of a point, through the image's own slant to ground range polynomials."""
        t, slant = self.orbit.sees(lon, lat, height)
        t -= self.start_s
        times = [c[0] for c in self.conversions]
        ground = [np.polynomial.polynomial.polyval(slant - self.near_m, c[1]) for c in self.conversions]
        return t / INTERVAL_S, float(np.interp(t, times, ground)) / SPACING_M


def frame_over(
    lon: float, lat: float, *, lines: int = 300, samples: int = 360, height_m: float = 0.0, ascending: bool = True
) -> Frame:
    """Lay an image around a place."""
    orbit = orbit_over(lon, lat, ascending=ascending)
    t, slant = orbit.sees(lon, lat, height_m)
    start = t - lines / 2 * INTERVAL_S
    slope = 0.62  # sine of the incidence angle, about
    near = slant - samples / 2 * SPACING_M * slope
    ranges = near + np.linspace(-200, samples * SPACING_M * slope * 1.3, 9)
    conversions = []
    for time in (-0.3, 0.2, 0.7, 1.2):
        places = [orbit.locate(start + time, float(r), height_m) for r in ranges]
        origin = orbit.locate(start + time, near, height_m)
        ground = [np.sign(r - near) * GEOD.inv(*origin, *p)[2] for r, p in zip(ranges, places, strict=True)]
        scaled = (ranges - near) / 1e4
        fit = np.polynomial.polynomial.polyfit(scaled, ground, 4)
        conversions.append((time, fit / 1e4 ** np.arange(5)))
    table = np.polynomial.polynomial.polyval(ranges - near, conversions[0][1])
    return Frame(orbit, start, near, lines, samples, height_m, ranges, table, tuple(conversions))


@dataclasses.dataclass(frozen=True)
class Tables:
    """Calibration and noise: linear in pixel and line, so that bilinear interpolation is exact."""

    sigma: tuple[float, float, float] = (400.0, 0.10, 0.05)
    gamma_share: float = 0.9
    beta: float = 300.0
    noise: float = 0.0
    azimuth_noise: float | None = None
    dn: float = 400.0

    def amplitude(self, line: np.ndarray, pixel: np.ndarray) -> np.ndarray:
        return self.sigma[0] + self.sigma[1] * pixel + self.sigma[2] * line


def write_safe(
    folder: Path,
    frame: Frame,
    images: dict[str, np.ndarray],
    *,
    start: dt.datetime = dt.datetime(2022, 6, 1, 15, 40, 0, 123456),
    platform: str = "S1A",
    absolute_orbit: int = 43500,
    ipf: str = "003.52",
    tables: Tables | None = None,
    cog: bool = False,
    ascending: bool = True,
    mark: str = "A1B2",
) -> Path:
    """Write a GRDH product; `images` are digital numbers (uint16) by polarisation, the co-polarised first."""
    tables = tables or Tables()
    stop = start + dt.timedelta(seconds=(frame.lines - 1) * INTERVAL_S)
    stamp, until = (f"{t:%Y%m%dT%H%M%S}" for t in (start, stop))
    channels = {1: "S", 2: "D"}[len(images)] + next(iter(images))[0]
    mark += "_COG" if cog else ""
    name = f"{platform}_IW_GRDH_1S{channels}_{stamp}_{until}_{absolute_orbit:06d}_0531AB_{mark}.SAFE"
    root = folder / name
    for part in ("annotation/calibration", "measurement", "preview"):
        (root / part).mkdir(parents=True)
    files: list[tuple[str, str]] = []
    for number, (pol, pixels) in enumerate(images.items(), start=1):
        stem = f"{platform}-iw-grd-{pol}-{stamp}-{until}-{absolute_orbit:06d}-0531ab-{number:03d}".lower()
        stem += "-cog" if cog else ""
        header = header_of(platform, pol, "GRD", "IW", start, stop, absolute_orbit, number)
        texts = {
            f"annotation/{stem}.xml": _annotation(frame, header, start, stop, ascending),
            f"annotation/calibration/calibration-{stem}.xml": calibration_of(frame, header, start, tables),
            f"annotation/calibration/noise-{stem}.xml": noise_of(frame, header, start, tables, float(ipf)),
        }
        for path, text in texts.items():
            (root / path).write_text(text)
        kinds = ("s1Level1ProductSchema", "s1Level1CalibrationSchema", "s1Level1NoiseSchema")
        files += list(zip(texts, kinds, strict=True))
        _write_pixels(root / f"measurement/{stem}.tiff", pixels, frame, cog)
        files.append((f"measurement/{stem}.tiff", "s1Level1MeasurementSchema"))
    (root / "manifest.safe").write_text(
        manifest_of(root, files, list(images), start, stop, platform, absolute_orbit, ipf, ascending)
    )
    return root


def zip_safe(root: Path) -> Path:
    """Zip a product beside its folder, as providers do."""
    target = root.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                archive.write(path, f"{root.name}/{path.relative_to(root).as_posix()}")
    return target


def _write_pixels(path: Path, pixels: np.ndarray, frame: Frame, cog: bool) -> None:
    rows, cols = pixels.shape
    corners = [(r, c) for r in (0, rows - 1) for c in (0, cols - 1)]
    gcps = [GroundControlPoint(r, c, *_lonlat(frame, r, c), frame.height_m) for r, c in corners]
    shape = {"height": rows, "width": cols, "count": 1, "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        plain = path.with_suffix(".plain.tiff") if cog else path
        with rasterio.open(plain, "w", driver="GTiff", gcps=gcps, crs="EPSG:4326", blockysize=1, **shape) as target:
            target.write(pixels, 1)
        if cog:
            options = {"compress": "ZSTD", "blocksize": 512, "overview_resampling": "RMS", "BIGTIFF": "NO"}
            with rasterio.open(plain, "r+") as source:
                source.nodata = 0
            rasterio.shutil.copy(plain, path, driver="COG", **options)
            plain.unlink()


def _lonlat(frame: Frame, line: float, pixel: float) -> tuple[float, float]:
    slant = _slant(frame, line * INTERVAL_S, pixel * SPACING_M)
    return frame.orbit.locate(frame.start_s + line * INTERVAL_S, slant, frame.height_m)


def _slant(frame: Frame, t: float, ground: float) -> float:
    times = [c[0] for c in frame.conversions]

    def off(slant: float) -> float:
        values = [float(np.polynomial.polynomial.polyval(slant - frame.near_m, c[1])) for c in frame.conversions]
        return float(np.interp(t, times, values)) - ground

    return float(optimize.brentq(off, frame.near_m - 400, frame.near_m + frame.samples * 12.0, xtol=1e-6))


def _annotation(frame: Frame, header: str, start: dt.datetime, stop: dt.datetime, ascending: bool) -> str:
    conversions = "".join(
        f"<coordinateConversion><azimuthTime>{after(start, t)}</azimuthTime>"
        f"<slantRangeTime>{2 * frame.near_m / C:.15e}</slantRangeTime><sr0>{frame.near_m:.9e}</sr0>"
        f'<srgrCoefficients count="{len(c)}">{listed(c)}</srgrCoefficients><gr0>0.0</gr0>'
        f'<grsrCoefficients count="{len(c)}">{listed(0 * c)}</grsrCoefficients></coordinateConversion>'
        for t, c in frame.conversions
    )
    points = "".join(
        _point(frame, start, line, pixel)
        for line in np.linspace(0, frame.lines - 1, 3).round().astype(int)
        for pixel in np.linspace(0, frame.samples - 1, 4).round().astype(int)
    )
    return product_annotation(
        header,
        start,
        stop,
        frame.orbit,
        frame.start_s,
        ascending,
        frame.lines,
        frame.samples,
        SPACING_M,
        SPACING_M,
        2 * frame.near_m / C,
        points,
        12,
        conversions,
        len(frame.conversions),
    )


def _point(frame: Frame, start: dt.datetime, line: int, pixel: int) -> str:
    lon, lat = _lonlat(frame, line, pixel)
    slant = _slant(frame, line * INTERVAL_S, pixel * SPACING_M)
    return grid_point(
        frame.orbit, start, frame.start_s, line * INTERVAL_S, line, pixel, lon, lat, slant, frame.height_m
    )


def calibration_of(frame: Frame, header: str, start: dt.datetime, tables: Tables) -> str:
    pixels = np.unique(np.append(np.arange(0, frame.samples, 40), frame.samples - 1)).astype(float)
    vectors = ""
    lines = (-50, 100, frame.lines + 30)
    for line in lines:
        sigma = tables.amplitude(np.float64(line), pixels)
        rows = {
            "sigmaNought": sigma,
            "betaNought": np.full(len(pixels), tables.beta),
            "gamma": sigma * tables.gamma_share,
            "dn": np.full(len(pixels), tables.dn),
        }
        lists = "".join(f'<{k} count="{len(v)}">{listed(v)}</{k}>' for k, v in rows.items())
        vectors += (
            f"<calibrationVector><azimuthTime>{after(start, line * INTERVAL_S)}</azimuthTime><line>{line}</line>"
            f'<pixel count="{len(pixels)}">{" ".join(f"{p:.0f}" for p in pixels)}</pixel>{lists}</calibrationVector>'
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<calibration>{header}<calibrationInformation><absoluteCalibrationConstant>1.0</absoluteCalibrationConstant>
</calibrationInformation><calibrationVectorList count="{len(lines)}">{vectors}</calibrationVectorList></calibration>"""


def noise_of(frame: Frame, header: str, start: dt.datetime, tables: Tables, ipf: float) -> str:
    old = ipf < 2.9
    name, lut = ("noise", "noiseLut") if old else ("noiseRange", "noiseRangeLut")
    vectors = ""
    for line, pixels in ((0, (0, frame.samples - 1)), (frame.lines - 1, (0, frame.samples // 2, frame.samples - 1))):
        vectors += (
            f"<{name}Vector><azimuthTime>{after(start, line * INTERVAL_S)}</azimuthTime><line>{line}</line>"
            f'<pixel count="{len(pixels)}">{" ".join(map(str, pixels))}</pixel>'
            f'<{lut} count="{len(pixels)}">{listed(np.full(len(pixels), tables.noise))}</{lut}></{name}Vector>'
        )
    azimuth = ""
    if not old and tables.azimuth_noise is not None:
        azimuth = (
            '<noiseAzimuthVectorList count="1"><noiseAzimuthVector><swath>IW1</swath>'
            "<firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>0</firstRangeSample>"
            f"<lastAzimuthLine>{frame.lines - 1}</lastAzimuthLine>"
            f"<lastRangeSample>{frame.samples // 2 - 1}</lastRangeSample>"
            f'<line count="2">0 {frame.lines - 1}</line>'
            f'<noiseAzimuthLut count="2">{listed(np.array([1.0, tables.azimuth_noise]))}</noiseAzimuthLut>'
            "</noiseAzimuthVector></noiseAzimuthVectorList>"
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<noise>{header}<{name}VectorList count="2">{vectors}</{name}VectorList>{azimuth}</noise>"""
