"""What could have been seen at a site."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch import __version__
from sitewatch.change import LAND, WATER
from sitewatch.change.optical import is_optical
from sitewatch.errors import ChangeError
from sitewatch.pipeline._options import RunOptions
from sitewatch.pipeline._steps import alpha_for, check_some, detect_changes, file_names, find_scenes, scratch
from sitewatch.progress import Progress, silent
from sitewatch.record import write_raster
from sitewatch.report import PowerMap, PowerReport, write_power_page, write_power_png
from sitewatch.scenes import LeftOut
from sitewatch.simulate import SOUGHT, Survey, smallest_detectable, survey_scatter
from sitewatch.simulate._detectable import best_of, joint_window, on_surface, showing_window, summarise
from sitewatch.sought import Detectable, Sought
from sitewatch.stack import Stacks, build_stacks
from sitewatch.structures._grade import CONFIRMING_IMAGES, LINE_SLENDERNESS, WATER_IMAGES_BEFORE
from sitewatch.structures._map import covered
from sitewatch.structures._regions import EDGE_P
from sitewatch.structures._window import is_filtered

if TYPE_CHECKING:
    import xarray as xr

    from sitewatch.site import Site

# Below these the whole chain misses too much, see docs/method.md: smaller squares often look like something else, where
# single pixels don't stand out outlines break up, and the outline of a short strip may be too stout for a line.
FEWEST_PIXELS = 25
PIXEL_CHANCE = 0.85
LINE_MARGIN = 1.3
FEWEST_IMAGES = 4
# A structure is asked for that so many images have shown, to be found with this chance.
USUAL_IMAGES, USUAL_PROBABILITY = 6, 0.9
# Of roads: a two-lane one with its verges, a wide one, a motorway, a works road with the ground cleared beside it.
WIDTHS_M = (20.0, 30.0, 40.0, 60.0)
# Side of the square over which a place counts as water or land.
SURFACE_PIXELS = 5


@dataclasses.dataclass(frozen=True)
class PowerResult:
    """What could have been seen.

    Attributes
    ----------
    path
        The map, a GeoTIFF: the smallest area that would be found, in square metres, by the track that sees best.
    picture, page
        The same as a PNG, and as a page with the maps of all kinds and what they rest on.
    detectable
        The best of all tracks, kind by kind, then each track's own where there are several.
    by_track
        What `sitewatch.simulate.smallest_detectable` gave, by track and kind.
    notes
        What was assumed, and tracks that have too few images.
    left_out
        Images not used, each with its reason.
    """

    path: Path
    picture: Path
    page: Path
    detectable: tuple[Detectable, ...]
    by_track: Mapping[str, Mapping[str, xr.Dataset]]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def map_power(
    site: Site,
    sources: Sequence[str | Path],
    path: str | Path,
    *,
    what: str = "building",
    images: int = USUAL_IMAGES,
    probability: float = USUAL_PROBABILITY,
    options: RunOptions | None = None,
    progress: Progress = silent,
    command: str = "",
) -> PowerResult:
    """Map the smallest structure that the images could have shown.

    Each track is judged by itself and the one that sees best counts, place by place. What tracks show together is not
    added up, so that the truth is somewhat better where several see alike.

    Parameters
    ----------
    site, sources
        As for `run_site`.
    path
        GeoTIFF to write; a PNG and an HTML page of the same name are written beside it.
    what
        Kind that the GeoTIFF and the PNG show: ``pier``, ``building`` or ``road``. The page shows all three.
    images
        Images since the structure was built.
    probability
        With which it must be found.
    options, progress, command
        As for `run_site`; `options` set the chance of any false detection.

    Raises
    ------
    ChangeError
        With too few images in every track.
    SceneError, StackError
        If none of the images can be used.
    ValueError
        For an unknown kind.
    """
    options = options or RunOptions()
    if what not in [sought.kind for sought in SOUGHT]:
        raise ValueError(f"what must be one of {', '.join(sought.kind for sought in SOUGHT)}, not {what!r}")
    target = Path(path)
    with contextlib.ExitStack() as cleanup:
        found = find_scenes(sources, options, progress)
        check_some(found)
        built = build_stacks(site, found.scenes, scratch(cleanup), progress=progress)
        built, changes = detect_changes(_long_enough(built, images), progress)
        tracks = _tracks(site, built.stacks, changes, images, progress)
        alpha = alpha_for(options, site, built.stacks)
        answers = [_answer(sought, tracks, probability, alpha) for sought in SOUGHT]
        maps = tuple(one.map for one in answers)
        each = [one for answer in answers for one in answer.by_track] if len(tracks) > 1 else []
        detectable = (*(answer.together for answer in answers), *each)
        left_out = (*found.left_out, *built.left_out)
        notes = (*built.notes, *_notes(built.stacks, images))
        report = PowerReport(
            site=site,
            stacks=built.stacks,
            maps=maps,
            detectable=detectable,
            images=images,
            probability=probability,
            alpha=alpha,
            fewest_pixels=FEWEST_PIXELS,
            notes=notes,
            left_out=left_out,
            version=__version__,
            made=dt.datetime.now(dt.UTC),
            command=command,
        )
        of_what = next(one for one in maps if one.sought.kind == what)
        template = answers[0].power[tracks[0].name]["smallest_area_m2"]
        write_raster(target, template.copy(data=of_what.area_m2.astype(np.float32)))
        picture = write_power_png(target.with_suffix(".png"), report, of_what)
        page = write_power_page(target.with_suffix(".html"), report)
    by_track = {one.name: {answer.map.sought.kind: answer.power[one.name] for answer in answers} for one in tracks}
    return PowerResult(target, picture, page, detectable, by_track, notes, left_out)


def smallest_seen(
    site: Site,
    stacks: Sequence[xr.Dataset],
    changes: Sequence[xr.Dataset],
    alpha: float,
    *,
    images: int = USUAL_IMAGES,
    probability: float = USUAL_PROBABILITY,
    progress: Progress = silent,
) -> tuple[Detectable, ...]:
    """The smallest structure of each kind that stacks would have shown; parameters as for `map_power`.

    Tracks with too few images are passed over; empty where that is all of them.
    """
    radar = [pair for pair in zip(stacks, changes, strict=True) if not is_optical(pair[0])]
    pairs = [pair for pair in radar if pair[0].sizes["time"] >= _needed(images)]
    if not pairs:
        return ()
    tracks = _tracks(site, [stack for stack, _ in pairs], [change for _, change in pairs], images, progress)
    return tuple(_answer(sought, tracks, probability, alpha).together for sought in SOUGHT)


Window = tuple[dt.date, dt.date, int]


@dataclasses.dataclass(frozen=True)
class _Track:
    """What is known of one track before it is asked about a kind; `known` and `water` are (y, x)."""

    name: str
    stack: xr.Dataset
    survey: Survey
    known: NDArray[np.bool_]
    water: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What the tracks could have shown of one kind, each and together."""

    map: PowerMap
    power: Mapping[str, xr.Dataset]
    together: Detectable
    by_track: tuple[Detectable, ...]


def _tracks(
    site: Site, stacks: Sequence[xr.Dataset], changes: Sequence[xr.Dataset], images: int, progress: Progress
) -> list[_Track]:
    named = zip(file_names(stacks), stacks, changes, strict=True)
    return _share_water([_survey(name, site, stack, change, images, progress) for name, stack, change in named])


def _survey(name: str, site: Site, stack: xr.Dataset, change: xr.Dataset, images: int, progress: Progress) -> _Track:
    survey = survey_scatter(stack, change, duration_images=images, progress=progress)
    stratum = change["stratum"].to_numpy()
    known = covered(site.area, stack.odc.geobox) & (stratum <= LAND)
    return _Track(name, stack, survey, known, _mostly(stratum == WATER, stratum <= LAND))


def _share_water(tracks: Iterable[_Track]) -> list[_Track]:
    """The tracks, with water where any of them knows it: one in which the sea was rough calls it all land."""
    known = list(tracks)
    water = np.logical_or.reduce([track.water for track in known])
    return [dataclasses.replace(track, water=water) for track in known]


def _answer(sought: Sought, tracks: Sequence[_Track], probability: float, alpha: float) -> _Answer:
    """Of what is long and narrow, the narrowest that would be found on nine tenths of its surface."""
    widths = WIDTHS_M if sought.width_m else (None,)
    for width_m in widths:
        answer = _answer_of(dataclasses.replace(sought, width_m=width_m), tracks, probability, alpha)
        if answer.together.nine_tenths_m is not None:
            break
    return answer


def _answer_of(sought: Sought, tracks: Sequence[_Track], probability: float, alpha: float) -> _Answer:
    power, areas, lengths, windows, each = {}, [], [], [], []
    for track in tracks:
        one = smallest_detectable(
            track.stack,
            contrast_db=sought.contrast_db,
            probability=probability,
            false_alarm=alpha,
            width_m=sought.width_m,
            slenderness=LINE_MARGIN * LINE_SLENDERNESS,
            fewest_pixels=FEWEST_PIXELS,
            pixel_chance=PIXEL_CHANCE,
            pixel_false_alarm=EDGE_P,
            survey=track.survey,
        )
        here = track.known & (track.water if sought.surface == "water" else ~track.water)
        area, length = on_surface(one, here)
        window = _window(sought, track, one["margin"].to_numpy()[here])
        each.append(summarise(sought, track.name, area, length, int(track.known.sum()), window))
        power[track.name] = one
        areas.append(area)
        lengths.append(length)
        windows.append(window)
    best = PowerMap(sought, best_of(areas), best_of(lengths))
    known = np.logical_or.reduce([track.known for track in tracks])
    name = tracks[0].name if len(tracks) == 1 else ""
    together = summarise(sought, name, best.area_m2, best.length_m, int(known.sum()), joint_window(windows))
    return _Answer(best, power, together, tuple(each))


def _mostly(surface: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where most of what is known about a pixel is this surface: a structure stands on more than one pixel."""
    share, of = (ndi.uniform_filter(one.astype(np.float32), SURFACE_PIXELS, mode="nearest") for one in (surface, known))
    return known & (share > of / 2)


def _window(sought: Sought, track: _Track, margin: NDArray[np.floating]) -> Window | None:
    """When a structure of this kind must first show to be confirmed; None where this track confirms none."""
    at_sea = sought.surface == "water"
    images, margin = track.survey.duration_images, margin[np.isfinite(margin)]
    if images < CONFIRMING_IMAGES or (at_sea and is_filtered(track.stack)) or not margin.size:
        return None
    contrast = [level for name, level in sought.contrast_db.items() if name in track.stack.data_vars]
    before = WATER_IMAGES_BEFORE if at_sea else CONFIRMING_IMAGES
    return showing_window(track.stack["time"].values, contrast, images, before, float(np.quantile(margin, 0.1)))


def _needed(images: int) -> int:
    """Images that a track must have, to tell a change so many images old."""
    return max(images + 1, FEWEST_IMAGES)


def _long_enough(built: Stacks, images: int) -> Stacks:
    """The stacks with images enough, unless there is none."""
    needed = _needed(images)
    optical = [stack for stack in built.stacks if is_optical(stack)]
    radar = [stack for stack in built.stacks if not is_optical(stack)]
    if not radar:
        raise ChangeError("what could be seen is worked out for radar images only", hint="Add radar images.")
    short = [stack for stack in radar if stack.sizes["time"] < needed]
    if len(short) == len(radar):
        most = max(stack.sizes["time"] for stack in short)
        raise ChangeError(
            f"no track has more than {most} image(s), and a structure {images} image(s) old needs {needed} or more",
            hint="Add more scenes of one track, or ask with a smaller --images.",
        )
    notes = [
        f"not used: {stack.attrs['track_label']} has {stack.sizes['time']} image(s), and {needed} are needed"
        for stack in short
    ]
    notes += [
        f"not used: {stack.attrs['track_label']}: what optical images show is not worked out" for stack in optical
    ]
    kept = tuple(stack for stack in radar if stack.sizes["time"] >= needed)
    return dataclasses.replace(built, stacks=kept, notes=(*built.notes, *notes))


def _notes(stacks: Sequence[xr.Dataset], images: int) -> list[str]:
    notes = []
    if len(stacks) > 1:
        notes.append(
            "sizes are those of the track that sees best, place by place; what several tracks show together is not "
            "added up, and a structure that another track should show and does not stays a candidate"
        )
    if images < CONFIRMING_IMAGES:
        notes.append(f"with {images} image(s) a structure stays a candidate; {CONFIRMING_IMAGES} confirm it")
    if any(is_filtered(stack) for stack in stacks):
        notes.append("in speckle-filtered images nothing at sea is confirmed: a work can't be told from a vessel there")
    return notes
