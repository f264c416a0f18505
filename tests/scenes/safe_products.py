"""Small Sentinel-1 products in SAFE format, built to the product specification with a known orbit and known numbers.

The orbit is a circle with a turning Earth below, known in closed form; points are placed in the image by minimising
their distance to it, not by the code under test.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyproj
import rasterio
import rasterio.errors
import rasterio.shutil
from rasterio.control import GroundControlPoint
from scipy import optimize

C = 299_792_458.0
RADIUS_M, INCLINATION, MU, SPIN = 7_071_000.0, np.radians(98.18), 3.986004418e14, 7.2921159e-5
RATE = np.sqrt(MU / RADIUS_M**3)
INTERVAL_S, SPACING_M = 1.4966e-3, 10.0
TO_ECEF = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
TO_LONLAT = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
GEOD = pyproj.Geod(ellps="WGS84")


@dataclasses.dataclass(frozen=True)
class Orbit:
    """A circular orbit in closed form: argument of latitude and node (radians) at time 0."""

    latitude_argument: float
    node: float

    def at(self, t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Earth-fixed position and velocity, (..., 3)."""
        t = np.asarray(t, float)
        u, node = self.latitude_argument + RATE * t, self.node - SPIN * t
        ci, si = np.cos(INCLINATION), np.sin(INCLINATION)

        def place(along: np.ndarray, across: np.ndarray) -> np.ndarray:
            x = np.cos(node) * along - np.sin(node) * across * ci
            y = np.sin(node) * along + np.cos(node) * across * ci
            return RADIUS_M * np.stack([x, y, across * si], -1)

        position = place(np.cos(u), np.sin(u))
        turning = -SPIN * np.stack([-position[..., 1], position[..., 0], 0 * t], -1)
        return position, RATE * place(-np.sin(u), np.cos(u)) + turning

    def sees(self, lon: float, lat: float, height: float) -> tuple[float, float]:
        """Time and slant range at which a point is nearest, by minimising the distance."""
        target = np.array(TO_ECEF.transform(lon, lat, height))
        found = optimize.minimize_scalar(
            lambda t: float(((self.at(t)[0] - target) ** 2).sum()) / 1e9,
            bounds=(-60, 60),
            method="bounded",
            options={"xatol": 1e-9},
        )
        # The distance is flat at its smallest: the Doppler condition pins the time down.
        t = optimize.brentq(
            lambda t: float((self.at(t)[0] - target) @ self.at(t)[1]), found.x - 0.5, found.x + 0.5, xtol=1e-12
        )
        return t, float(np.linalg.norm(self.at(t)[0] - target))

    def locate(self, t: float, slant: float, height: float) -> tuple[float, float]:
        """Longitude and latitude of the point to the right at a time, slant range and height."""
        position, velocity = self.at(t)
        right = np.cross(velocity, position)
        right /= np.linalg.norm(right)

        def off(p: np.ndarray) -> list[float]:
            return [
                (float(np.linalg.norm(p - position)) - slant),
                float((p - position) @ velocity) / 7500,
                TO_LONLAT.transform(*p)[2] - height,
            ]

        down = -position / np.linalg.norm(position)
        guess = position + slant * (np.cos(np.radians(34)) * down + np.sin(np.radians(34)) * right)
        lon, lat, _ = TO_LONLAT.transform(*optimize.fsolve(off, guess, xtol=1e-11))
        return float(lon), float(lat)


def orbit_over(lon: float, lat: float, slant: float = 880_000.0, ascending: bool = True) -> Orbit:
    """An orbit that passes a place on its left at about some slant range near time 0, so that it is seen to the right."""
    u = np.arcsin(np.sin(np.radians(lat)) / np.sin(INCLINATION))
    u = u if ascending else np.pi - u

    def seen(node: float) -> float:
        return Orbit(u, node).sees(lon, lat, 0.0)[1] - slant

    nadir = np.radians(lon) - np.arctan2(np.cos(INCLINATION) * np.sin(u), np.cos(u))
    away = np.radians(9.0 if not ascending else -9.0) / np.cos(np.radians(lat))
    node = optimize.brentq(seen, nadir + away * 0.3, nadir + away, xtol=1e-7)
    start = Orbit(u, node).sees(lon, lat, 0.0)[0]
    return Orbit(u + RATE * start, node - SPIN * start)


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
    name = f"{platform}_IW_GRDH_1S{channels}_{stamp}_{until}_{absolute_orbit:06d}_0531AB_{mark}{'_COG' if cog else ''}.SAFE"
    root = folder / name
    for part in ("annotation/calibration", "measurement", "preview"):
        (root / part).mkdir(parents=True)
    files: list[tuple[str, str]] = []
    for number, (pol, pixels) in enumerate(images.items(), start=1):
        stem = f"{platform}-iw-grd-{pol}-{stamp}-{until}-{absolute_orbit:06d}-0531ab-{number:03d}".lower()
        stem += "-cog" if cog else ""
        header = _header(platform, pol, "GRD", "IW", start, stop, absolute_orbit, number)
        texts = {
            f"annotation/{stem}.xml": _annotation(frame, header, start, stop, ascending),
            f"annotation/calibration/calibration-{stem}.xml": _calibration(frame, header, start, tables),
            f"annotation/calibration/noise-{stem}.xml": _noise(frame, header, start, tables, float(ipf)),
        }
        for path, text in texts.items():
            (root / path).write_text(text)
        kinds = ("s1Level1ProductSchema", "s1Level1CalibrationSchema", "s1Level1NoiseSchema")
        files += list(zip(texts, kinds, strict=True))
        _write_pixels(root / f"measurement/{stem}.tiff", pixels, frame, cog)
        files.append((f"measurement/{stem}.tiff", "s1Level1MeasurementSchema"))
    (root / "manifest.safe").write_text(_manifest(root, files, list(images), start, stop, platform, absolute_orbit, ipf, ascending))
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


def _header(
    platform: str, pol: str, kind: str, swath: str, start: dt.datetime, stop: dt.datetime, orbit: int, number: int
) -> str:
    return f"""<adsHeader><missionId>{platform}</missionId><productType>{kind}</productType>
<polarisation>{pol}</polarisation><mode>IW</mode><swath>{swath}</swath><startTime>{_iso(start)}</startTime>
<stopTime>{_iso(stop)}</stopTime><absoluteOrbitNumber>{orbit}</absoluteOrbitNumber>
<missionDataTakeId>340395</missionDataTakeId><imageNumber>{number:03d}</imageNumber></adsHeader>"""


def _annotation(frame: Frame, header: str, start: dt.datetime, stop: dt.datetime, ascending: bool) -> str:
    conversions = "".join(
        f"<coordinateConversion><azimuthTime>{_after(start, t)}</azimuthTime>"
        f"<slantRangeTime>{2 * frame.near_m / C:.15e}</slantRangeTime><sr0>{frame.near_m:.9e}</sr0>"
        f'<srgrCoefficients count="{len(c)}">{_list(c)}</srgrCoefficients><gr0>0.0</gr0>'
        f'<grsrCoefficients count="{len(c)}">{_list(0 * c)}</grsrCoefficients></coordinateConversion>'
        for t, c in frame.conversions
    )
    points = "".join(
        _point(frame, start, line, pixel)
        for line in np.linspace(0, frame.lines - 1, 3).round().astype(int)
        for pixel in np.linspace(0, frame.samples - 1, 4).round().astype(int)
    )
    return product_annotation(
        header, start, stop, frame.orbit, frame.start_s, ascending, frame.lines, frame.samples, SPACING_M, SPACING_M,
        2 * frame.near_m / C, points, 12, conversions, len(frame.conversions),
    )


def product_annotation(
    header: str,
    start: dt.datetime,
    stop: dt.datetime,
    orbit: Orbit,
    start_s: float,
    ascending: bool,
    lines: int,
    samples: int,
    range_spacing: float,
    azimuth_spacing: float,
    slant_range_time: float,
    points: str,
    point_count: int,
    conversions: str = "",
    conversion_count: int = 0,
    timing: str = '<linesPerBurst>0</linesPerBurst><samplesPerBurst>0</samplesPerBurst><burstList count="0"/>',
    interval: float = INTERVAL_S,
    projection: str = "Ground Range",
) -> str:
    """The product annotation: the parts of it that readers use, named and ordered as the specification has them."""
    vectors = "".join(_vector(orbit, start, start_s, t) for t in range(-80, 90, 10))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<product>{header}
<qualityInformation><productQualityIndex>0.0</productQualityIndex></qualityInformation>
<generalAnnotation><productInformation><pass>{"Ascending" if ascending else "Descending"}</pass>
<timelinessCategory>Fast-24h</timelinessCategory><platformHeading>-1.2e+01</platformHeading>
<projection>{projection}</projection><rangeSamplingRate>6.434523812571428e+07</rangeSamplingRate>
<radarFrequency>5.405000454334350e+09</radarFrequency><azimuthSteeringRate>1.59</azimuthSteeringRate>
</productInformation><orbitList count="17">{vectors}</orbitList><attitudeList count="0"/>
<azimuthFmRateList count="0"/></generalAnnotation>
<imageAnnotation><imageInformation><productFirstLineUtcTime>{_iso(start)}</productFirstLineUtcTime>
<productLastLineUtcTime>{_iso(stop)}</productLastLineUtcTime>
<ascendingNodeTime>{_iso(start - dt.timedelta(minutes=10))}</ascendingNodeTime>
<anchorTime>{_iso(start)}</anchorTime><productComposition>Slice</productComposition><sliceNumber>1</sliceNumber>
<sliceList count="0"/><slantRangeTime>{slant_range_time:.15e}</slantRangeTime><pixelValue>Detected</pixelValue>
<outputPixels>16 bit Unsigned Integer</outputPixels><rangePixelSpacing>{range_spacing:.9e}</rangePixelSpacing>
<azimuthPixelSpacing>{azimuth_spacing:.9e}</azimuthPixelSpacing>
<azimuthTimeInterval>{interval:.15e}</azimuthTimeInterval><azimuthFrequency>4.86e+02</azimuthFrequency>
<numberOfSamples>{samples}</numberOfSamples><numberOfLines>{lines}</numberOfLines>
<zeroDopMinusAcqTime>0.0</zeroDopMinusAcqTime><incidenceAngleMidSwath>3.9e+01</incidenceAngleMidSwath>
</imageInformation><processingInformation>
<thermalNoiseCorrectionPerformed>false</thermalNoiseCorrectionPerformed></processingInformation></imageAnnotation>
<dopplerCentroid><dcEstimateList count="0"/></dopplerCentroid>
<swathTiming>{timing}</swathTiming>
<geolocationGrid><geolocationGridPointList count="{point_count}">{points}</geolocationGridPointList></geolocationGrid>
<coordinateConversion><coordinateConversionList count="{conversion_count}">{conversions}</coordinateConversionList>
</coordinateConversion><swathMerging><swathMergeList count="0"/></swathMerging></product>"""


def _vector(orbit: Orbit, start: dt.datetime, start_s: float, t: float) -> str:
    position, velocity = orbit.at(start_s + t)
    xyz = ["".join(f"<{axis}>{v:.9e}</{axis}>" for axis, v in zip("xyz", vector, strict=True)) for vector in (position, velocity)]
    return (
        f"<orbit><time>{_after(start, t)}</time><frame>Earth Fixed</frame><position>{xyz[0]}</position>"
        f"<velocity>{xyz[1]}</velocity></orbit>"
    )


def _point(frame: Frame, start: dt.datetime, line: int, pixel: int) -> str:
    lon, lat = _lonlat(frame, line, pixel)
    slant = _slant(frame, line * INTERVAL_S, pixel * SPACING_M)
    return grid_point(frame.orbit, start, frame.start_s, line * INTERVAL_S, line, pixel, lon, lat, slant, frame.height_m)


def grid_point(
    orbit: Orbit, start: dt.datetime, start_s: float, t: float, line: int, pixel: int, lon: float, lat: float, slant: float, height: float
) -> str:
    """One point of the geolocation grid."""
    target = np.array(TO_ECEF.transform(lon, lat, height))
    up = np.array([np.cos(np.radians(lat)) * np.cos(np.radians(lon)), np.cos(np.radians(lat)) * np.sin(np.radians(lon)), np.sin(np.radians(lat))])
    sight = orbit.at(start_s + t)[0] - target
    incidence = np.degrees(np.arccos(sight @ up / np.linalg.norm(sight)))
    return (
        f"<geolocationGridPoint><azimuthTime>{_after(start, t)}</azimuthTime>"
        f"<slantRangeTime>{2 * slant / C:.15e}</slantRangeTime><line>{line}</line><pixel>{pixel}</pixel>"
        f"<latitude>{lat:.12e}</latitude><longitude>{lon:.12e}</longitude><height>{height:.6e}</height>"
        f"<incidenceAngle>{incidence:.9e}</incidenceAngle><elevationAngle>3.4e+01</elevationAngle></geolocationGridPoint>"
    )


def _calibration(frame: Frame, header: str, start: dt.datetime, tables: Tables) -> str:
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
        lists = "".join(f'<{k} count="{len(v)}">{_list(v)}</{k}>' for k, v in rows.items())
        vectors += (
            f"<calibrationVector><azimuthTime>{_after(start, line * INTERVAL_S)}</azimuthTime><line>{line}</line>"
            f'<pixel count="{len(pixels)}">{" ".join(f"{p:.0f}" for p in pixels)}</pixel>{lists}</calibrationVector>'
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<calibration>{header}<calibrationInformation><absoluteCalibrationConstant>1.0</absoluteCalibrationConstant>
</calibrationInformation><calibrationVectorList count="{len(lines)}">{vectors}</calibrationVectorList></calibration>"""


def _noise(frame: Frame, header: str, start: dt.datetime, tables: Tables, ipf: float) -> str:
    old = ipf < 2.9
    name, lut = ("noise", "noiseLut") if old else ("noiseRange", "noiseRangeLut")
    vectors = ""
    for line, pixels in ((0, (0, frame.samples - 1)), (frame.lines - 1, (0, frame.samples // 2, frame.samples - 1))):
        vectors += (
            f"<{name}Vector><azimuthTime>{_after(start, line * INTERVAL_S)}</azimuthTime><line>{line}</line>"
            f'<pixel count="{len(pixels)}">{" ".join(map(str, pixels))}</pixel>'
            f'<{lut} count="{len(pixels)}">{_list(np.full(len(pixels), tables.noise))}</{lut}></{name}Vector>'
        )
    azimuth = ""
    if not old and tables.azimuth_noise is not None:
        azimuth = (
            '<noiseAzimuthVectorList count="1"><noiseAzimuthVector><swath>IW1</swath>'
            "<firstAzimuthLine>0</firstAzimuthLine><firstRangeSample>0</firstRangeSample>"
            f"<lastAzimuthLine>{frame.lines - 1}</lastAzimuthLine><lastRangeSample>{frame.samples // 2 - 1}</lastRangeSample>"
            f'<line count="2">0 {frame.lines - 1}</line>'
            f'<noiseAzimuthLut count="2">{_list(np.array([1.0, tables.azimuth_noise]))}</noiseAzimuthLut>'
            "</noiseAzimuthVector></noiseAzimuthVectorList>"
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<noise>{header}<{name}VectorList count="2">{vectors}</{name}VectorList>{azimuth}</noise>"""


def _manifest(
    root: Path, files: list[tuple[str, str]], pols: list[str], start: dt.datetime, stop: dt.datetime,
    platform: str, orbit: int, ipf: str, ascending: bool, kind: str = "GRD",
) -> str:  # fmt: skip
    objects = annotations = units = ""
    for path, schema in files:
        key = Path(path).stem.replace("-", "") + ("pixels" if path.startswith("measurement") else "")
        content = (root / path).read_bytes()
        mime = "application/octet-stream" if path.startswith("measurement") else "text/xml"
        objects += (
            f'<dataObject ID="{key}" repID="{schema}"><byteStream mimeType="{mime}" size="{len(content)}">'
            f'<fileLocation locatorType="URL" href="./{path}"/>'
            f'<checksum checksumName="MD5">{hashlib.md5(content).hexdigest()}</checksum></byteStream></dataObject>'
        )
        if path.startswith("annotation"):
            annotations += (
                f'<metadataObject ID="{key}Annotation" classification="DESCRIPTION" category="DMD">'
                f'<dataObjectPointer dataObjectID="{key}"/></metadataObject>'
            )
            unit, extra = "Metadata Unit", ""
        else:
            unit = "Measurement Data Unit"
            stem = Path(path).stem.replace("-", "")
            parts = (stem, f"noise{stem}", f"calibration{stem}")
            extra = f' dmdID="{" ".join(f"{p}Annotation" for p in parts)}"'
        units += (
            f'<xfdu:contentUnit unitType="{unit}" repID="{schema}"{extra}><dataObjectPointer dataObjectID="{key}"/>'
            "</xfdu:contentUnit>"
        )
    channels = "".join(
        f"<s1sarl1:transmitterReceiverPolarisation>{p}</s1sarl1:transmitterReceiverPolarisation>" for p in pols
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:gml="http://www.opengis.net/gml" xmlns:xfdu="urn:ccsds:schema:xfdu:1"
 xmlns:safe="http://www.esa.int/safe/sentinel-1.0" xmlns:s1="http://www.esa.int/safe/sentinel-1.0/sentinel-1"
 xmlns:s1sarl1="http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-1"
 version="esa/safe/sentinel-1.0/sentinel-1/sar/level-1/{kind.lower()}/standard/iwdp">
<informationPackageMap><xfdu:contentUnit unitType="SAFE Archive Information Package"
 textInfo="Sentinel-1 IW Level-1 {kind} Product">{units}</xfdu:contentUnit></informationPackageMap>
<metadataSection>{annotations}
<metadataObject ID="processing" classification="PROVENANCE" category="PDI"><metadataWrap><xmlData>
<safe:processing name="GRD Post Processing" start="{_iso(start + dt.timedelta(hours=2))}"
 stop="{_iso(start + dt.timedelta(hours=3))}"><safe:facility country="x" name="built by a test" organisation="x" site="x">
<safe:software name="Sentinel-1 IPF" version="{ipf}"/></safe:facility></safe:processing></xmlData></metadataWrap></metadataObject>
<metadataObject ID="platform" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData><safe:platform>
<safe:nssdcIdentifier>2014-016A</safe:nssdcIdentifier><safe:familyName>SENTINEL-1</safe:familyName>
<safe:number>{platform[-1]}</safe:number><safe:instrument>
<safe:familyName abbreviation="SAR">Synthetic Aperture Radar</safe:familyName><safe:extension>
<s1sarl1:instrumentMode><s1sarl1:mode>IW</s1sarl1:mode><s1sarl1:swath>IW</s1sarl1:swath></s1sarl1:instrumentMode>
</safe:extension></safe:instrument></safe:platform></xmlData></metadataWrap></metadataObject>
<metadataObject ID="measurementOrbitReference" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:orbitReference><safe:orbitNumber type="start">{orbit}</safe:orbitNumber>
<safe:orbitNumber type="stop">{orbit}</safe:orbitNumber>
<safe:relativeOrbitNumber type="start">{(orbit - 73) % 175 + 1}</safe:relativeOrbitNumber>
<safe:relativeOrbitNumber type="stop">{(orbit - 73) % 175 + 1}</safe:relativeOrbitNumber>
<safe:cycleNumber>264</safe:cycleNumber><safe:phaseIdentifier>1</safe:phaseIdentifier>
<safe:extension><s1:orbitProperties><s1:pass>{"ASCENDING" if ascending else "DESCENDING"}</s1:pass>
<s1:ascendingNodeTime>{_iso(start - dt.timedelta(minutes=10))}</s1:ascendingNodeTime></s1:orbitProperties></safe:extension>
</safe:orbitReference></xmlData></metadataWrap></metadataObject>
<metadataObject ID="generalProductInformation" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<s1sarl1:standAloneProductInformation><s1sarl1:instrumentConfigurationID>7</s1sarl1:instrumentConfigurationID>
<s1sarl1:missionDataTakeID>340395</s1sarl1:missionDataTakeID>{channels}<s1sarl1:productClass>S</s1sarl1:productClass>
<s1sarl1:productClassDescription>SAR Standard L1 Product</s1sarl1:productClassDescription>
<s1sarl1:productComposition>Slice</s1sarl1:productComposition><s1sarl1:productType>{kind}</s1sarl1:productType>
<s1sarl1:productTimelinessCategory>Fast-24h</s1sarl1:productTimelinessCategory></s1sarl1:standAloneProductInformation>
</xmlData></metadataWrap></metadataObject>
<metadataObject ID="acquisitionPeriod" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:acquisitionPeriod><safe:startTime>{_iso(start)}</safe:startTime><safe:stopTime>{_iso(stop)}</safe:stopTime>
</safe:acquisitionPeriod></xmlData></metadataWrap></metadataObject>
<metadataObject ID="measurementFrameSet" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:frameSet><safe:frame><safe:footPrint srsName="http://www.opengis.net/gml/srs/epsg.xml#4326">
<gml:coordinates>0,0 0,1 1,1 1,0</gml:coordinates></safe:footPrint></safe:frame></safe:frameSet>
</xmlData></metadataWrap></metadataObject></metadataSection>
<dataObjectSection>{objects}</dataObjectSection></xfdu:XFDU>"""


SLC_INTERVAL_S, RANGE_HZ, BURST_LINES, OVERLAP_LINES, EDGE_LINES = 2.0556e-3, 6.434523812571428e7, 80, 20, 4
RANGE_STEP_M = C / 2 / RANGE_HZ


@dataclasses.dataclass(frozen=True)
class Swath:
    """One swath of a small SLC: two bursts that overlap, and its own near range."""

    name: str
    near_m: float
    samples: int
    first_valid: int
    last_valid: int


@dataclasses.dataclass(frozen=True)
class SlcFrame:
    """Two overlapping swaths of two bursts each around a place."""

    orbit: Orbit
    start_s: float
    swaths: tuple[Swath, ...]

    def place(self, swath: Swath, burst: int, lon: float, lat: float, height: float) -> tuple[float, float]:
        """Line within a burst and sample of a point."""
        t, slant = self.orbit.sees(lon, lat, height)
        return (t - self.start_s) / SLC_INTERVAL_S - burst * (BURST_LINES - OVERLAP_LINES), (slant - swath.near_m) / RANGE_STEP_M


def slc_over(lon: float, lat: float, samples: int = 500) -> SlcFrame:
    """Lay bursts around a place, which lies in the overlap of bursts and of swaths."""
    orbit = orbit_over(lon, lat)
    t, slant = orbit.sees(lon, lat, 0.0)
    start = t - (BURST_LINES - OVERLAP_LINES / 2) * SLC_INTERVAL_S
    reach = samples * RANGE_STEP_M
    near = Swath("IW1", slant - reach + 60 * RANGE_STEP_M, samples, 10, samples - 11)
    far = Swath("IW2", slant - 60 * RANGE_STEP_M, samples, 10, samples - 11)
    return SlcFrame(orbit, start, (near, far))


def write_slc(
    folder: Path, frame: SlcFrame, pixels: dict[str, np.ndarray], *, start: dt.datetime = dt.datetime(2022, 6, 1, 15, 40)
) -> Path:
    """Write an IW SLC product; `pixels` are complex numbers (lines of all bursts, samples) by swath."""
    lines = 2 * BURST_LINES
    stop = start + dt.timedelta(seconds=(lines - OVERLAP_LINES) * SLC_INTERVAL_S)
    stamp, until = (f"{t:%Y%m%dT%H%M%S}" for t in (start, stop))
    root = folder / f"S1A_IW_SLC__1SSV_{stamp}_{until}_043500_0531AB_C3D4.SAFE"
    for part in ("annotation/calibration", "measurement"):
        (root / part).mkdir(parents=True)
    files: list[tuple[str, str]] = []
    for number, swath in enumerate(frame.swaths, start=1):
        stem = f"s1a-{swath.name}-slc-vv-{stamp}-{until}-043500-0531ab-{number:03d}".lower()
        header = _header("S1A", "VV", "SLC", swath.name, start, stop, 43500, number)
        flat = Frame(frame.orbit, frame.start_s, swath.near_m, lines, swath.samples, 0.0, np.zeros(0), np.zeros(0), ())
        texts = {
            f"annotation/{stem}.xml": _slc_annotation(frame, swath, header, start, stop),
            f"annotation/calibration/calibration-{stem}.xml": _calibration(flat, header, start, Tables(sigma=(400.0, 0.0, 0.0))),
            f"annotation/calibration/noise-{stem}.xml": _noise(flat, header, start, Tables(), 3.52),
        }
        for path, text in texts.items():
            (root / path).write_text(text)
        kinds = ("s1Level1ProductSchema", "s1Level1CalibrationSchema", "s1Level1NoiseSchema")
        files += list(zip(texts, kinds, strict=True))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            shape = {"height": lines, "width": swath.samples, "count": 1, "dtype": "complex_int16"}
            with rasterio.open(root / f"measurement/{stem}.tiff", "w", driver="GTiff", blockysize=1, **shape) as target:
                target.write(pixels[swath.name].astype(np.complex64), 1)
        files.append((f"measurement/{stem}.tiff", "s1Level1MeasurementSchema"))
    (root / "manifest.safe").write_text(_manifest(root, files, ["VV"], start, stop, "S1A", 43500, "003.52", True, "SLC"))
    return root


def _slc_annotation(frame: SlcFrame, swath: Swath, header: str, start: dt.datetime, stop: dt.datetime) -> str:
    step = BURST_LINES - OVERLAP_LINES
    edge = [-1] * EDGE_LINES
    inside = BURST_LINES - 2 * EDGE_LINES
    lists = [" ".join(map(str, [*edge, *[v] * inside, *edge])) for v in (swath.first_valid, swath.last_valid)]
    bursts = "".join(
        f"<burst><azimuthTime>{_after(start, n * step * SLC_INTERVAL_S)}</azimuthTime><azimuthAnxTime>600.0</azimuthAnxTime>"
        f"<sensingTime>{_after(start, n * step * SLC_INTERVAL_S)}</sensingTime><byteOffset>0</byteOffset>"
        f'<firstValidSample count="{BURST_LINES}">{lists[0]}</firstValidSample>'
        f'<lastValidSample count="{BURST_LINES}">{lists[1]}</lastValidSample></burst>'
        for n in (0, 1)
    )
    timing = (
        f"<linesPerBurst>{BURST_LINES}</linesPerBurst><samplesPerBurst>{swath.samples}</samplesPerBurst>"
        f'<burstList count="2">{bursts}</burstList>'
    )
    points = ""
    for line, t in ((0, 0.0), (BURST_LINES, step * SLC_INTERVAL_S), (2 * BURST_LINES - 1, (step + BURST_LINES - 1) * SLC_INTERVAL_S)):
        for sample in (0, swath.samples - 1):
            slant = swath.near_m + sample * RANGE_STEP_M
            lon, lat = frame.orbit.locate(frame.start_s + t, slant, 0.0)
            points += grid_point(frame.orbit, start, frame.start_s, t, line, sample, lon, lat, slant, 0.0)
    return product_annotation(
        header, start, stop, frame.orbit, frame.start_s, True, 2 * BURST_LINES, swath.samples, RANGE_STEP_M, 14.0,
        2 * swath.near_m / C, points, 6, timing=timing, interval=SLC_INTERVAL_S, projection="Slant Range",
    )  # fmt: skip


def _list(values: np.ndarray) -> str:
    return " ".join(f"{v:.15e}" for v in values)


def _iso(time: dt.datetime) -> str:
    return time.isoformat(timespec="microseconds")


def _after(start: dt.datetime, seconds: float) -> str:
    """A time in the annotation's microseconds, kept to the nanosecond so that tests need no tolerance for rounding."""
    return str(np.datetime64(start, "ns") + np.timedelta64(round(seconds * 1e9), "ns"))
