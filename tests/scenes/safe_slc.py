"""Small Sentinel-1 IW SLC products in SAFE format: two swaths of two bursts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import warnings
from pathlib import Path

import numpy as np
import rasterio
import rasterio.errors
from s1_orbit import C, Orbit, orbit_over
from safe_products import Frame, Tables, calibration_of, noise_of
from safe_xml import after, grid_point, header_of, manifest_of, product_annotation

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
        return (t - self.start_s) / SLC_INTERVAL_S - burst * (BURST_LINES - OVERLAP_LINES), (
            slant - swath.near_m
        ) / RANGE_STEP_M


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
    folder: Path,
    frame: SlcFrame,
    pixels: dict[str, np.ndarray],
    *,
    start: dt.datetime = dt.datetime(2022, 6, 1, 15, 40),
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
        header = header_of("S1A", "VV", "SLC", swath.name, start, stop, 43500, number)
        flat = Frame(frame.orbit, frame.start_s, swath.near_m, lines, swath.samples, 0.0, np.zeros(0), np.zeros(0), ())
        texts = {
            f"annotation/{stem}.xml": _slc_annotation(frame, swath, header, start, stop),
            f"annotation/calibration/calibration-{stem}.xml": calibration_of(
                flat, header, start, Tables(sigma=(400.0, 0.0, 0.0))
            ),
            f"annotation/calibration/noise-{stem}.xml": noise_of(flat, header, start, Tables(), 3.52),
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
    (root / "manifest.safe").write_text(
        manifest_of(root, files, ["VV"], start, stop, "S1A", 43500, "003.52", True, "SLC")
    )
    return root


def _slc_annotation(frame: SlcFrame, swath: Swath, header: str, start: dt.datetime, stop: dt.datetime) -> str:
    step = BURST_LINES - OVERLAP_LINES
    edge = [-1] * EDGE_LINES
    inside = BURST_LINES - 2 * EDGE_LINES
    lists = [" ".join(map(str, [*edge, *[v] * inside, *edge])) for v in (swath.first_valid, swath.last_valid)]
    bursts = "".join(
        f"<burst><azimuthTime>{after(start, n * step * SLC_INTERVAL_S)}</azimuthTime>"
        f"<azimuthAnxTime>600.0</azimuthAnxTime>"
        f"<sensingTime>{after(start, n * step * SLC_INTERVAL_S)}</sensingTime><byteOffset>0</byteOffset>"
        f'<firstValidSample count="{BURST_LINES}">{lists[0]}</firstValidSample>'
        f'<lastValidSample count="{BURST_LINES}">{lists[1]}</lastValidSample></burst>'
        for n in (0, 1)
    )
    timing = (
        f"<linesPerBurst>{BURST_LINES}</linesPerBurst><samplesPerBurst>{swath.samples}</samplesPerBurst>"
        f'<burstList count="2">{bursts}</burstList>'
    )
    points = ""
    for line, t in (
        (0, 0.0),
        (BURST_LINES, step * SLC_INTERVAL_S),
        (2 * BURST_LINES - 1, (step + BURST_LINES - 1) * SLC_INTERVAL_S),
    ):
        for sample in (0, swath.samples - 1):
            slant = swath.near_m + sample * RANGE_STEP_M
            lon, lat = frame.orbit.locate(frame.start_s + t, slant, 0.0)
            points += grid_point(frame.orbit, start, frame.start_s, t, line, sample, lon, lat, slant, 0.0)
    return product_annotation(
        header, start, stop, frame.orbit, frame.start_s, True, 2 * BURST_LINES, swath.samples, RANGE_STEP_M, 14.0,
        2 * swath.near_m / C, points, 6, timing=timing, interval=SLC_INTERVAL_S, projection="Slant Range",
    )  # fmt: skip
