"""What a file's name tells: the dates and codes that people and processors write into names."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import PurePosixPath

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes._facts import (
    Facts,
    Moment,
    orbit_state_told,
    platform_named,
    polarisations_told,
    quantity_told,
    sentinel_1_relative_orbit,
    time_in_name,
    unit_told,
)
from sitewatch.scenes._hints import POLARISATIONS
from sitewatch.scenes._scene import Scale

_DATE = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_DATE_TIME = re.compile(_DATE + r"(?:[T _-]?)([01]\d|2[0-3])([:_-]?)([0-5]\d)\6([0-5]\d)(?:\.\d+)?(?!\d)")
_DATE_ONLY = re.compile(_DATE + r"(?!\d)")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DATE_WORDS = re.compile(rf"(?<![A-Za-z0-9])([0-3]?\d)[-_ ]?({'|'.join(_MONTHS)})[-_ ]?((?:19|20)\d\d)(?!\d)", re.I)

_ESA = re.compile(
    r"(?P<platform>S1[A-D])_(?P<mode>IW|EW|WV|S[1-6])_(?:GRD|SLC|RAW|OCN)[FHM_]_[012][AS](?:SH|SV|DH|DV|HH|HV|VV|VH)"
    r"_(?P<start>\d{8}T\d{6})_\d{8}T\d{6}_(?P<orbit>\d{6})_",
    re.I,
)
_PYROSAR = re.compile(r"(?P<platform>S1[A-D])__(?P<mode>[A-Z0-9]{2})_{2,}(?P<pass>[AD])_(?P<start>\d{8}T\d{6})", re.I)
_HYP3 = re.compile(
    r"(?P<platform>S1[A-D])_(?P<mode>IW|EW|S[1-6])_(?P<start>\d{8}T\d{6})_[SD][VH][PRO]_RTC\d+_G_"
    r"(?P<quantity>[gs])(?P<unit>[pda])[um](?P<filter>[nf])",
    re.I,
)
_HYP3_UNITS: dict[str, Scale] = {"p": "linear", "d": "dB", "a": "amplitude"}
_STRPTIME = {"Y": r"\d{4}", "y": r"\d{2}", "j": r"\d{3}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]+", "f": r"\d{1,6}"}
_STRPTIME |= dict.fromkeys("mdHMSI", r"\d{2}") | {"p": r"[AaPp][Mm]", "%": "%"}


def read_name(path: PurePosixPath, date_pattern: str | None = None) -> Facts:
    """Read a file's name, and the names of its two folders where its own holds no date.

    Raises
    ------
    UnknownSceneError
        The name holds several dates and nothing says which is the acquisition, or `date_pattern` does not fit it.
    """
    stem = path.stem
    facts = _product(stem) or _words(stem)
    if date_pattern is not None:
        return dataclasses.replace(facts, moment=_by_pattern(path, date_pattern))
    if facts.moment is None:
        for text in (stem, *(folder.name for folder in list(path.parents)[:2])):
            if (moment := _only_moment(text, path.name)) is not None:
                return dataclasses.replace(facts, moment=moment)
    return facts


def without_polarisation(stem: str) -> str:
    """A name without its polarisation: the files of one scene share it."""
    return re.sub(rf"[-_. ]?(?<![A-Za-z0-9])(?:{'|'.join(POLARISATIONS)})(?![A-Za-z0-9])", "", stem, flags=re.I).strip(
        "-_. "
    )


def moments_in(text: str) -> list[Moment]:
    """Every date in a text, with its time where one follows; times before bare dates."""
    moments, rest = [], text
    for found in _DATE_TIME.finditer(text):
        year, _, month, day, hour, _, minute, second = (found[i] for i in range(1, 9))
        if (date := _date(year, month, day)) is not None:
            time = dt.time(int(hour), int(minute), int(second), tzinfo=dt.UTC)
            moments.append(Moment(dt.datetime.combine(date, time)))
            rest = rest.replace(found[0], " ")
    dates = [_date(m[1], m[3], m[4]) for m in _DATE_ONLY.finditer(rest)]
    dates += [_date(m[3], str(_MONTHS.index(m[2].lower()) + 1), m[1]) for m in _DATE_WORDS.finditer(rest)]
    return moments + [Moment.of_date(date) for date in dates if date is not None]


def _product(stem: str) -> Facts | None:
    """Facts of a name that follows a Sentinel-1 processor's grammar."""
    if found := _ESA.match(stem):
        words = _words(stem[found.end() :])
        return dataclasses.replace(
            _sentinel_1(found),
            relative_orbit=sentinel_1_relative_orbit(
                platform_named(found["platform"]), int(found["orbit"]), time_in_name(found["start"]).date()
            ),
            quantity=words.quantity,
            orbit_state=words.orbit_state,
            unit=words.unit,
        )
    if found := _HYP3.match(stem):
        filtered = ("speckle filtered",) if found["filter"].lower() == "f" else ()
        return dataclasses.replace(
            _sentinel_1(found),
            quantity="gamma0" if found["quantity"].lower() == "g" else "sigma0",
            unit=_HYP3_UNITS[found["unit"].lower()],
            notes=filtered,
        )
    if found := _PYROSAR.match(stem):
        state = orbit_state_told(found["pass"])
        return dataclasses.replace(_sentinel_1(found), orbit_state=state, quantity=quantity_told(stem))
    return None


def _sentinel_1(found: re.Match[str]) -> Facts:
    return Facts(
        moment=Moment(time_in_name(found["start"])),
        platform=platform_named(found["platform"]),
        mode=found["mode"].upper(),
        polarisations=polarisations_told(found.string) or None,
    )


def _words(stem: str) -> Facts:
    """Facts of the words in a free name."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word]
    lower = [word.lower() for word in words]
    platform = next((w for w in lower if re.fullmatch(r"s1[a-d]?|sentinel1[a-d]?", w)), None)
    states = [s for w in lower if len(w) > 1 and (s := orbit_state_told(w) if w[:3] in ("asc", "des", "dsc") else None)]
    modes = [w for w in words if w in ("IW", "EW")] if platform else []
    return Facts(
        # "S1" names the constellation, "S1A" the satellite.
        platform=platform_named(platform) if platform and platform[-1].isalpha() else None,
        constellation="sentinel-1" if platform else None,
        mode=modes[0] if modes else None,
        orbit_state=states[0] if len(set(states)) == 1 else None,
        polarisations=polarisations_told(stem) or None,
        quantity=quantity_told(stem),
        unit=unit_told(" ".join(lower)),
    )


def _only_moment(text: str, name: str) -> Moment | None:
    moments = moments_in(text)
    days = sorted({m.at.date() for m in moments})
    if len(days) > 1:
        raise UnknownSceneError(
            f"{name}: the name holds several dates ({', '.join(map(str, days))})",
            hint="Say which one is the acquisition with --date-pattern, e.g. --date-pattern 'IMG_%Y%m%d'.",
        )
    return moments[0] if moments else None


def _by_pattern(path: PurePosixPath, pattern: str) -> Moment:
    expression, letters = "", re.findall(r"%(.)|([^%]+)", pattern)
    for letter, literal in letters:
        if letter and letter not in _STRPTIME:
            raise SceneError(
                f"--date-pattern {pattern!r} has %{letter}, which is not known here",
                hint="Use %Y %m %d %H %M %S, %j (day of the year), %y or %b.",
            )
        expression += _STRPTIME[letter] if letter else re.escape(literal)
    for text in (path.name, str(path)):
        for found in re.finditer(f"(?={'(' + expression + ')'})", text):
            try:
                at = dt.datetime.strptime(found[1], pattern).replace(tzinfo=dt.UTC)
            except ValueError:
                continue
            return Moment(at) if "%H" in pattern or "%I" in pattern else Moment.of_date(at.date())
    raise UnknownSceneError(
        f"{path.name}: --date-pattern {pattern!r} finds no date in the name", hint="Correct --date-pattern."
    )


def _date(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
