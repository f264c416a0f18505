"""What a GeoTIFF's tags tell, under the names that processors give them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from sitewatch.scenes._facts import (
    Facts,
    Moment,
    filter_told,
    orbit_state_told,
    platform_named,
    polarisations_told,
    quantity_told,
    unit_told,
)

# TIFFTAG_DATETIME is left out on purpose: it is when the file was written.
_DATES = (
    "ZERO_DOPPLER_START_TIME",
    "ACQUISITION_START_UTC",
    "ACQUISITION_START_TIME",
    "ACQUISITION_DATETIME",
    "ACQUISITION_TIME",
    "SENSING_START",
    "SENSING_TIME",
    "FIRST_LINE_TIME",
    "START_TIME",
    "DATETIME",
    "ACQUISITION_DATE",
    "SENSING_DATE",
    "DATE",
)
_ORBIT_STATES = ("ORBIT_PASS_DIRECTION", "ORBIT_STATE", "ORBIT_DIRECTION", "PASS_DIRECTION", "PASS", "ORBIT")
_RELATIVE_ORBITS = ("RELATIVE_ORBIT", "RELATIVE_ORBIT_NUMBER", "REL_ORBIT", "TRACK_NUMBER", "TRACK", "PATH_NUMBER")
_PLATFORMS = ("PLATFORM_ID", "PLATFORM", "SATELLITE_NAME", "SATELLITE", "SPACECRAFT_NAME", "MISSION")
_MODES = ("ACQUISITION_MODE", "INSTRUMENT_MODE", "SENSOR_MODE", "BEAM_MODE", "MODE")
_LOOKS = ("LOOK_DIRECTION", "LOOK_SIDE", "ANTENNA_POINTING")
_MEANINGS = ("QUANTITY", "UNITS", "UNIT", "CALIBRATION", "BACKSCATTER", "PIXEL_VALUES", "DESCRIPTION")
_POLARISATIONS = ("POLARISATION", "POLARIZATION", "POLARISATIONS", "POLARIZATIONS", "POLARISATION_MODE", "POL")
_FILTERS = ("SPECKLE_FILTER", "FILTER", "DESPECKLING")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def read_tags(tags: Mapping[str, str]) -> Facts:
    """Facts of a file's tags.

    Parameters
    ----------
    tags
        Tag names in upper case.
    """
    meaning = ", ".join(tags[key] for key in _MEANINGS if key in tags)
    orbit = _number(_first(tags, _RELATIVE_ORBITS))
    platform = _first(tags, _PLATFORMS)
    look = _first(tags, _LOOKS).lower()
    return Facts(
        moment=next((m for key in _DATES if (m := parse_moment(tags.get(key, ""))) is not None), None),
        platform=platform_named(platform) if platform else None,
        mode=_mode(_first(tags, _MODES)),
        relative_orbit=int(orbit) if orbit is not None and orbit > 0 else None,
        orbit_state=next((s for key in _ORBIT_STATES if (s := orbit_state_told(tags.get(key, "")))), None),
        look_direction=look if look in ("right", "left") else None,
        polarisations=polarisations_told(_first(tags, _POLARISATIONS)) or None,
        quantity=quantity_told(meaning),
        unit=unit_told(meaning),
        enl=_number(_first(tags, ("ENL", "EQUIVALENT_NUMBER_OF_LOOKS", "LOOKS_EQUIVALENT_NUMBER"))),
        incidence_angle_deg=_number(_first(tags, ("INCIDENCE_ANGLE", "INCIDENCE_ANGLE_CENTER", "INCIDENCE_CENTER"))),
        notes=_notes(tags, meaning),
    )


def parse_moment(text: str) -> Moment | None:
    """Acquisition time from a tag's text: ISO 8601, or SNAP's ``27-NOV-2021 01:02:03.5``; None where it is neither."""
    text = text.strip().strip("'\"")
    for read in (dt.datetime.fromisoformat, _snap_time):
        try:
            at = read(text)
        except ValueError:
            continue
        if not re.search(r"\d[T ]\d{2}", text):
            return Moment.of_date(at.date())
        return Moment(at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC))
    return None


def _snap_time(text: str) -> dt.datetime:
    return dt.datetime.strptime(text.title(), "%d-%b-%Y %H:%M:%S.%f" if "." in text else "%d-%b-%Y %H:%M:%S")


def _first(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((tags[key].strip() for key in keys if tags.get(key, "").strip()), "")


def _number(text: str) -> float | None:
    found = _NUMBER.search(text)
    return float(found[0]) if found else None


def _mode(text: str) -> str | None:
    if in_brackets := re.search(r"\((\w+)\)", text):  # "Interferometric Wide (IW)"
        text = in_brackets[1]
    return text.upper() or None


def _notes(tags: Mapping[str, str], meaning: str) -> tuple[str, ...]:
    notes = []
    if "unknown scale" in meaning.lower():
        notes.append("the scale of the linear power is unknown: levels in dB are relative")
    applied = _first(tags, _FILTERS)
    name = filter_told(meaning) or (filter_told(f"{applied} filter") or "unnamed" if applied else None)
    if name and applied.lower() not in ("none", "no", "false", "0"):
        notes.append("speckle filtered" if name == "unnamed" else f"speckle filtered ({name})")
    return tuple(notes)
