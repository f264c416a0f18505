import datetime as dt
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitewatch.errors import SceneError, UnknownSceneError
from sitewatch.scenes._facts import Facts, Moment, join_facts, sentinel_1_relative_orbit
from sitewatch.scenes._hints import Hints, parse_track
from sitewatch.scenes._names import moments_in, read_name, without_polarisation
from sitewatch.scenes._scene import Track
from sitewatch.scenes._tags import parse_moment, read_tags

UTC = dt.UTC


def _read(name: str, pattern: str | None = None) -> Facts:
    return read_name(PurePosixPath(name), pattern)


def test_an_esa_name_tells_satellite_mode_time_and_relative_orbit() -> None:
    facts = _read("S1A_IW_GRDH_1SDV_20240608T154151_20240608T154216_054234_0698B0_rtc_VV.tif")
    assert facts.moment == Moment(dt.datetime(2024, 6, 8, 15, 41, 51, tzinfo=UTC))
    assert (facts.platform, facts.mode, facts.relative_orbit) == ("sentinel-1a", "IW", 87)
    assert facts.polarisations == ("VV",)


def test_a_hyp3_name_tells_quantity_unit_and_filter_too() -> None:
    facts = _read("S1B_IW_20180128T161201_DVP_RTC30_G_gpufed_FD6A_VH.tif")
    assert (facts.quantity, facts.unit, facts.notes) == ("gamma0", "linear", ("speckle filtered",))
    assert _read("S1A_IW_20180128T161201_DVR_RTC10_G_sduned_FD6A_VH.tif").unit == "dB"
    assert _read("S1A_IW_20180128T161201_DVR_RTC10_G_sduned_FD6A_VH.tif").quantity == "sigma0"


def test_a_pyrosar_name_tells_the_orbit_state() -> None:
    facts = _read("S1A__IW___D_20150203T062322_VV_gamma0-rtc.tif")
    assert (facts.orbit_state, facts.mode, facts.quantity) == ("descending", "IW", "gamma0")
    assert facts.moment == Moment(dt.datetime(2015, 2, 3, 6, 23, 22, tzinfo=UTC))


def test_the_words_of_a_free_name_are_read() -> None:
    facts = _read("S1_IW_GRD_ASC_20210910_gamma0_VV.tif")
    assert (facts.constellation, facts.platform, facts.mode) == ("sentinel-1", None, "IW")
    assert (facts.orbit_state, facts.quantity, facts.polarisations) == ("ascending", "gamma0", ("VV",))
    assert facts.moment == Moment.of_date(dt.date(2021, 9, 10))
    assert _read("port_20210910_VH_dB.tif").unit == "dB"


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("a_20210910_vv", "2021-09-10"),
        ("a-2021-09-10-vv", "2021-09-10"),
        ("a_2021_09_10", "2021-09-10"),
        ("2021.09.10", "2021-09-10"),
        ("port 10Sep2021", "2021-09-10"),
        ("port_10-SEP-2021_x", "2021-09-10"),
        ("a_20210910T154151_vv", "2021-09-10T15:41:51"),
        ("a_20210910T154151Z", "2021-09-10T15:41:51"),
        ("a_20210910_154151", "2021-09-10T15:41:51"),
        ("a20210910154151", "2021-09-10T15:41:51"),
        ("a_2021-09-10T15:41:51.123Z", "2021-09-10T15:41:51"),
        ("a_2021-09-10T15-41-51", "2021-09-10T15:41:51"),
    ],
)
def test_common_ways_to_write_a_date_are_known(name: str, at: str) -> None:
    (found,) = moments_in(name)
    if "T" in at:
        assert found == Moment(dt.datetime.fromisoformat(at).replace(tzinfo=UTC))
    else:
        assert found == Moment(dt.datetime.fromisoformat(at).replace(hour=12, tzinfo=UTC), time_known=False)


@pytest.mark.parametrize("name", ["tile_12345678_vv", "20211341", "20210230", "v20210910123", "T137-292319", "scene"])
def test_numbers_that_are_no_dates_are_not_taken_for_dates(name: str) -> None:
    assert moments_in(name) == []


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31)))
def test_every_time_written_in_compact_form_is_read_back(at: dt.datetime) -> None:
    at = at.replace(microsecond=0, tzinfo=UTC)
    assert moments_in(f"x_{at:%Y%m%dT%H%M%S}_y") == [Moment(at)]
    assert parse_moment(at.isoformat()) == Moment(at)


def test_the_folder_tells_the_date_where_the_name_does_not() -> None:
    facts = _read("/data/2021-09-10/VV.tif")
    assert facts.moment == Moment.of_date(dt.date(2021, 9, 10))


def test_two_different_dates_are_asked_about() -> None:
    with pytest.raises(UnknownSceneError, match=r"2021-09-10, 2021-09-22.*--date-pattern"):
        _read("mosaic_20210910_20210922_VV.tif")
    assert _read("mosaic_20210910_20210922_VV.tif", "mosaic_%Y%m%d").moment == Moment.of_date(dt.date(2021, 9, 10))


@pytest.mark.parametrize(
    ("name", "pattern", "at", "time_known"),
    [
        ("IMG_10092021_VV.tif", "IMG_%d%m%Y", "2021-09-10T12:00", False),
        ("x210910_1541.tif", "x%y%m%d_%H%M", "2021-09-10T15:41", True),
        ("s2021253.tif", "s%Y%j", "2021-09-10T12:00", False),
        ("10_Sep_2021.tif", "%d_%b_%Y", "2021-09-10T12:00", False),
        ("99999999_20210910.tif", "%Y%m%d", "2021-09-10T12:00", False),
    ],
)
def test_a_pattern_finds_the_date_anywhere_in_the_name(name: str, pattern: str, at: str, time_known: bool) -> None:
    assert _read(name, pattern).moment == Moment(dt.datetime.fromisoformat(at).replace(tzinfo=UTC), time_known)


def test_a_pattern_that_does_not_fit_or_is_unknown_is_told() -> None:
    with pytest.raises(UnknownSceneError, match="finds no date in the name"):
        _read("port_VV.tif", "IMG_%Y%m%d")
    with pytest.raises(SceneError, match="%Q, which is not known"):
        _read("port_VV.tif", "%Q")


@pytest.mark.parametrize(
    ("stem", "rest"),
    [("a_20210910_VV", "a_20210910"), ("VV_a", "a"), ("a_vh_b", "a_b"), ("VV", ""), ("a_1SDV", "a_1SDV")],
)
def test_the_files_of_one_scene_share_the_name_without_polarisation(stem: str, rest: str) -> None:
    assert without_polarisation(stem) == rest


def test_relative_orbits_follow_from_absolute_ones() -> None:
    date = dt.date(2024, 6, 8)
    assert sentinel_1_relative_orbit("sentinel-1a", 54234, date) == 87
    assert sentinel_1_relative_orbit("sentinel-1b", 30148, date) == 22
    assert sentinel_1_relative_orbit("iceye-x7", 54234, date) is None
    assert sentinel_1_relative_orbit("sentinel-1c", 9000, dt.date(2026, 8, 1)) is None


def test_tags_of_several_processors_are_understood() -> None:
    facts = read_tags(
        {
            "ZERO_DOPPLER_START_TIME": "2021-11-19T01:58:54.123456Z",
            "ORBIT_PASS_DIRECTION": "Ascending",
            "TRACK_NUMBER": "137",
            "PLATFORM_ID": "Sentinel-1A",
            "ACQUISITION_MODE": "Interferometric Wide (IW)",
            "LOOK_DIRECTION": "RIGHT",
            "SPECKLE_FILTER": "Lee",
            "ENL": "4.4",
        }
    )
    assert facts.moment == Moment(dt.datetime(2021, 11, 19, 1, 58, 54, 123456, tzinfo=UTC))
    assert facts.track == Track("unknown", "IW", 137, "ascending", "right")
    assert (facts.platform, facts.enl, facts.notes) == ("sentinel-1a", 4.4, ("speckle filtered (Lee)",))


def test_tags_of_the_lava_delta_images_are_understood() -> None:
    facts = read_tags(
        {
            "ACQUISITION_DATE": "2021-11-27",
            "ORBIT": "ascending",
            "QUANTITY": "gamma0, linear power, unknown scale, 8 bit",
        }
    )
    assert facts.moment == Moment.of_date(dt.date(2021, 11, 27))
    assert (facts.orbit_state, facts.quantity, facts.unit) == ("ascending", "gamma0", "linear")
    assert "unknown" in facts.notes[0]


@pytest.mark.parametrize(
    "tags", [{"TIFFTAG_DATETIME": "2021:11:27 10:00:00"}, {"DATE": "soon"}, {"SPECKLE_FILTER": "none"}]
)
def test_tags_that_tell_nothing_of_the_scene_are_left_alone(tags: dict[str, str]) -> None:
    assert read_tags(tags) == Facts()


def test_snap_writes_its_times_in_its_own_way() -> None:
    assert parse_moment("27-NOV-2021 01:02:03.500000") == Moment(dt.datetime(2021, 11, 27, 1, 2, 3, 500000, tzinfo=UTC))


def test_the_first_source_wins_and_a_date_is_completed_by_a_later_time_of_the_same_day() -> None:
    day, time = Moment.of_date(dt.date(2021, 9, 10)), Moment(dt.datetime(2021, 9, 10, 18, 3, tzinfo=UTC))
    assert join_facts(Facts(moment=day, mode="IW"), Facts(moment=time, mode="EW")).moment == time
    assert join_facts(Facts(moment=day, mode="IW"), Facts(mode="EW")).mode == "IW"
    other_day = Moment(dt.datetime(2021, 9, 11, 18, 3, tzinfo=UTC))
    assert join_facts(Facts(moment=day), Facts(moment=other_day)).moment == day


@pytest.mark.parametrize(
    ("text", "track"),
    [
        ("sentinel-1 IW 137 descending", Track("sentinel-1", "IW", 137, "descending", "right")),
        ("S1A, iw, asc", Track("sentinel-1", "IW", 0, "ascending", "right")),
        ("iceye spot left", Track("iceye", "SPOT", 0, "", "left")),
        ("cosmo-skymed himage 12 desc right", Track("cosmo-skymed", "HIMAGE", 12, "descending", "right")),
        ("somesat strip 3", Track("somesat", "STRIP", 3, "", "")),
        ("", Track()),
    ],
)
def test_a_track_is_read_from_words(text: str, track: Track) -> None:
    assert parse_track(text) == track


@given(
    st.builds(
        Track,
        st.sampled_from(["sentinel-1", "iceye", "terrasar-x", "unknown"]),
        st.sampled_from(["IW", "SM", "SPOT"]),
        st.integers(0, 200),
        st.sampled_from(["ascending", "descending", ""]),
    )
)
def test_a_tracks_key_reads_back_as_the_track(track: Track) -> None:
    assert parse_track(track.key).key == track.key


@pytest.mark.parametrize("wrong", [{"polarisation": "XX"}, {"units": "decibel"}, {"quantity": "rho0"}, {"scale": 0.0}])
def test_hints_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SceneError):
        Hints(**wrong)  # type: ignore[arg-type]
