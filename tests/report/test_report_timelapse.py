"""A time-lapse has a frame an image, each with its own date and all with the same sheet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image, ImageSequence

from sitewatch.errors import ExportError
from sitewatch.report import frames_of, write_gif, write_mp4
from sitewatch.report._timelapse import film_words


def test_a_frame_an_image_with_its_own_date_on_one_sheet(make_stack: Callable[..., xr.Dataset]) -> None:
    frames = frames_of(make_stack(dates=5), width_px=360)
    images = [np.asarray(image) for image in frames]
    assert len(images) == 5
    left, top, right, bottom = frames.box
    for one, other in itertools.pairwise(images):
        assert (one[: top - 6] != other[: top - 6]).any()  # the date
        assert (one[top:bottom, left:right] != other[top:bottom, left:right]).any()
        np.testing.assert_array_equal(one[bottom + 4 :], other[bottom + 4 :])
    assert images[0].shape[0] % 2 == images[0].shape[1] % 2 == 0


def test_many_images_are_thinned_out_and_the_first_and_last_stay(make_stack: Callable[..., xr.Dataset]) -> None:
    stack = make_stack()
    frames = frames_of(stack, width_px=300, most=4)
    assert len(frames.indices) == 4
    assert frames.indices[0] == 0
    assert frames.indices[-1] == 11
    assert film_words(frames).startswith("4 of 12 images from 2021-03-02 to ")


def test_a_gif_repeats_and_rests_on_the_last_image(make_stack: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    path = write_gif(tmp_path / "film.gif", frames_of(make_stack(dates=4), width_px=300))
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(film)] == [500, 500, 500, 2000]


def test_an_mp4_lasts_as_long_and_shows_the_same(make_stack: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    frames = frames_of(make_stack(dates=4), width_px=300)
    path = write_mp4(tmp_path / "film.mp4", frames)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(shown) == 10 * (3 * 0.5 + 2)
    expected = np.asarray(list(frames)[-1], float)
    assert np.abs(shown[-1].astype(float) - expected).mean() < 8


@pytest.mark.parametrize("time_known", [0, 1])
def test_one_image_or_missing_pixels_still_make_a_film(
    time_known: int, make_stack: Callable[..., xr.Dataset], tmp_path: Path
) -> None:
    stack = make_stack(dates=1)
    stack["VV"][0, :20] = np.nan
    stack.attrs["time_known"] = time_known
    frames = frames_of(stack, width_px=300)
    with Image.open(write_gif(tmp_path / "one.gif", frames)) as film:
        assert getattr(film, "n_frames", 1) == 1
    assert film_words(frames) == f"One image, 2 March 2021{', 09:31 UTC' if time_known else ''}."


def test_no_image_at_all_is_said(make_stack: Callable[..., xr.Dataset]) -> None:
    with pytest.raises(ExportError, match="no image"):
        frames_of(make_stack(dates=1).isel(time=[]))
