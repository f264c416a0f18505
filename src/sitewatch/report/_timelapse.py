"""Time-lapse: one frame an image, all on the same sheet, with the date burned in; as GIF, MP4 or pages of a slider."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from sitewatch.atomic import replacing
from sitewatch.errors import ExportError
from sitewatch.report._captions import as_date, time_words
from sitewatch.report._chips import grey_image
from sitewatch.report._frame import Window, whole_window
from sitewatch.report._furniture import new_sheet
from sitewatch.report._pairs import standard_foot
from sitewatch.report._picture import Picture, polarisations, read_picture
from sitewatch.report._style import INK, OWN_FONT, PAPER, RULE, stretch_db

WIDTH_IN, MAX_HEIGHT_IN, HEAD_IN, FOOT_IN = 5.0, 5.0, 0.34, 0.7
SECONDS, LAST_SECONDS = 0.5, 2.0
FRAME_RATE = 10
MOST_FRAMES = 150
STRETCH_IMAGES = 7


@dataclasses.dataclass(frozen=True)
class Frames:
    """The sheet that all frames share, and where on it the picture goes.

    Attributes
    ----------
    sheet
        Scale bar, arrows, track and credit, the picture left empty.
    box
        Left, top, right and bottom of the picture, pixels.
    dpi
        Pixels of an inch.
    indices
        Positions along the stack's ``time``, increasing.
    """

    stack: xr.Dataset
    polarisation: str
    window: Window
    sheet: Image.Image
    box: tuple[int, int, int, int]
    dpi: float
    stretch: tuple[float, float]
    indices: tuple[int, ...]

    def __iter__(self) -> Iterator[Image.Image]:
        span = max(len(self.indices) - 1, 1)
        for place, index in enumerate(self.indices):
            yield self._frame(index, place / span)

    @property
    def times(self) -> list[np.datetime64]:
        """Acquisition times of the frames, UTC."""
        times = np.asarray(self.stack["time"].values, dtype="datetime64[s]")
        return [times[i] for i in self.indices]

    def _frame(self, index: int, share: float) -> Image.Image:
        picture = read_picture(self.stack, self.polarisation, [index], self.window, max_pixels=self.most_pixels)
        left, top, right, bottom = self.box
        frame = self.sheet.copy()
        frame.paste(grey_image(picture.db, self.stretch, (right - left, bottom - top)), (left, top))
        draw = ImageDraw.Draw(frame)
        size = round(0.125 * self.dpi)
        words = time_words(picture.times[0], picture.time_known)
        draw.text((left, round(0.06 * self.dpi)), words, fill=INK, font=_font("bold", size))
        # How far through the record this image is: dates are rarely even.
        line = round(HEAD_IN * self.dpi) - 5
        draw.rectangle((left, line, right - 1, line + 2), fill=RULE)
        draw.rectangle((left, line, left + round(share * (right - left - 1)), line + 2), fill=INK)
        return frame

    @property
    def most_pixels(self) -> int:
        """Longer side that a picture is read at: no finer than it is shown."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


def frames_of(
    stack: xr.Dataset, *, width_px: int = 900, most: int = MOST_FRAMES, window: Window | None = None
) -> Frames:
    """Lay out a time-lapse of a track; frames are drawn one at a time as they are asked for.

    Parameters
    ----------
    stack
        One track, linear power, with one image or more.
    width_px
        Width of a frame.
    most
        Images beyond so many are thinned out evenly; the first and the last stay.
    window
        Block to show; all of it where None.

    Raises
    ------
    ExportError
        When the stack holds no image.
    """
    names = polarisations(stack)
    count = stack.sizes.get("time", 0)
    if not count or not names:
        raise ExportError("there is no image to make a time-lapse of")
    window = window or whole_window(stack)
    indices = sorted({round(i) for i in np.linspace(0, count - 1, min(count, most))})
    some = sorted({indices[round(i)] for i in np.linspace(0, len(indices) - 1, min(len(indices), STRETCH_IMAGES))})
    samples = [read_picture(stack, names[0], [i], window, max_pixels=300) for i in some]
    sheet, box, dpi = _sheet(samples[0], width_px)
    return Frames(stack, names[0], window, sheet, box, dpi, stretch_db(*(s.db for s in samples)), tuple(indices))


def _sheet(picture: Picture, width_px: int) -> tuple[Image.Image, tuple[int, int, int, int], float]:
    sheet = new_sheet(picture.frame, width_in=WIDTH_IN, max_height_in=MAX_HEIGHT_IN, head_in=HEAD_IN, foot_in=FOOT_IN)
    standard_foot(sheet, picture, top_in=FOOT_IN)
    width, height = sheet.figure.get_size_inches()
    dpi = width_px / width
    buffer = io.BytesIO()
    sheet.figure.savefig(buffer, format="png", dpi=dpi)
    image = Image.open(buffer).convert("RGB")
    # Video codecs take even sides only.
    even = Image.new("RGB", (image.width + image.width % 2, image.height + image.height % 2), PAPER)
    even.paste(image, (0, 0))
    place = sheet.picture.get_position()
    box = (place.x0 * width, (1 - place.y1) * height, place.x1 * width, (1 - place.y0) * height)
    left, top, right, bottom = (round(side * dpi) for side in box)
    return even, (left, top, right, bottom), dpi


@functools.lru_cache(maxsize=8)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont(font_manager.FontProperties(family=OWN_FONT, weight=weight)), size)


def write_gif(path: str | Path, frames: Frames) -> Path:
    """Write a time-lapse as an animated GIF that repeats: half a second an image, the last one two seconds."""
    target = Path(path)
    images = [frame.quantize(96, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000 * s) for s in _seconds(len(images))]
    with replacing(target) as temporary:
        images[0].save(
            temporary, format="GIF", save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=False
        )
    return target


def write_mp4(path: str | Path, frames: Frames) -> Path:
    """Write a time-lapse as an MP4 (H.264) that any player and slide program opens.

    Raises
    ------
    ExportError
        Where PyAV, the extra ``video``, is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise ExportError(
            "an MP4 needs the package av, which is not installed", hint="pip install 'sitewatch[video]', or take a GIF."
        ) from error
    target = Path(path)
    with replacing(target) as temporary, av.open(str(temporary), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height = frames.sheet.size
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "20", "preset": "medium", "tune": "stillimage"}
        stream.time_base = Fraction(1, FRAME_RATE)
        for image, seconds in zip(frames, _seconds(len(frames.indices)), strict=True):
            still = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            for _ in range(round(FRAME_RATE * seconds)):
                film.mux(stream.encode(still.reformat(format="yuv420p")))
        film.mux(stream.encode())
    return target


def _seconds(count: int) -> list[float]:
    return [SECONDS] * (count - 1) + [LAST_SECONDS]


def film_words(frames: Frames) -> str:
    """What a time-lapse shows, for its caption."""
    times: Sequence[np.datetime64] = frames.times
    if len(times) == 1:
        return f"One image, {time_words(times[0], bool(frames.stack.attrs.get('time_known', 1)))}."
    count = frames.stack.sizes["time"]
    images = f"{count} images" if len(times) == count else f"{len(times)} of {count} images"
    return f"{images} from {as_date(times[0]).isoformat()} to {as_date(times[-1]).isoformat()}."
