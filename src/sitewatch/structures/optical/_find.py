"""Find the structures that one optical track shows."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from odc.geo.xr import xr_coords as _register_odc_accessor  # noqa: F401
from scipy import ndimage as ndi

from sitewatch.change.optical import OpticalModel, model_of, series_of
from sitewatch.change.optical._detect import days_of
from sitewatch.errors import StructureError
from sitewatch.progress import Progress, silent
from sitewatch.structure import LEAST_P, LINEAR_KINDS, Levels, Structure
from sitewatch.structures._describe import (
    SHOWN_SHARE,
    bounds,
    chances_of,
    growth_point,
    identity,
    interval,
    levelled,
    phases_of,
)
from sitewatch.structures._find import MOST_REGIONS, MOST_SET_ASIDE
from sitewatch.structures._grade import FEWEST_PIXELS
from sitewatch.structures._growth import growth_curve
from sitewatch.structures._map import covered
from sitewatch.structures._measure import Shape, as_line, measure
from sitewatch.structures._phases import as_points
from sitewatch.structures._pixels import EIGHT, box_round
from sitewatch.structures._regions import candidate_regions
from sitewatch.structures._window import dates_of, pixel_m_of, pixel_side_m
from sitewatch.structures.optical._follow import Followed, follow
from sitewatch.structures.optical._grade import OpticalGrade, grade

FEWEST_DRAWN = 4


def find_in_optical(
    stack: xr.Dataset, change: xr.Dataset, *, alpha: float = 0.01, progress: Progress = silent
) -> list[Structure]:
    """Structures that one track of optical images shows, strongest first.

    Parameters
    ----------
    stack, change
        Of reflectance, and what `detect_optical_change` made of it.
    alpha
        Chance of a false confirmed structure, over the whole area and period.
    """
    model = model_of(change)
    regions = candidate_regions(_directed(change))[:MOST_REGIONS]
    searched = int(np.isfinite(change["p_value"].to_numpy()).sum())
    shape = (stack.sizes["y"], stack.sizes["x"])
    taken = np.zeros(shape, bool)
    found: list[Structure] = []
    aside = 0
    for number, region in enumerate(regions):
        mask = np.zeros(shape, bool)
        mask[region.rows, region.columns] = region.mask
        for footprint in _parts(ndi.binary_fill_holes(ndi.binary_closing(mask, EIGHT)) & ~taken):
            one = _structure(stack, change, footprint, model, searched, alpha)
            if one is None or (one.status == "rejected" and aside >= MOST_SET_ASIDE):
                continue
            aside += one.status == "rejected"
            taken |= footprint
            found.append(one)
        progress("structures", number + 1, len(regions))
    return found


def _parts(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The patches of a region that touch, largest first.

    Reflectance has no speckle that breaks one work into pieces, and in woods and fields many places change in one week.
    """
    labels, count = ndi.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    order = np.argsort(-sizes[1:], kind="stable") + 1
    return [labels == number for number in order if sizes[number] >= FEWEST_PIXELS]


def date_in_optical(
    polygon: shapely.Polygon | shapely.MultiPolygon, stack: xr.Dataset, change: xr.Dataset, *, alpha: float = 0.01
) -> Structure:
    """A given footprint (EPSG:4326) as one optical track dates it.

    Raises
    ------
    StructureError
        Where the track covers fewer than four pixels of it, or has too few clear images on either side of its change.
    """
    mask = covered(polygon, stack.odc.geobox) & np.isfinite(change["p_value"].to_numpy())
    track = stack.attrs.get("track_label", "this track")
    if mask.sum() < FEWEST_DRAWN:
        raise StructureError(
            f"the polygon covers {int(mask.sum())} clear pixels of {track}", hint=f"It must cover {FEWEST_DRAWN}."
        )
    # The place was given, not searched for.
    one = _structure(stack, change, mask, model_of(change), int(mask.sum()), alpha)
    if one is None:
        raise StructureError(
            f"the images of {track} show the footprint too seldom before or after its change", hint="Add more images."
        )
    return one


def _directed(change: xr.Dataset) -> xr.Dataset:
    """What regions are made of: where plants and water went counts as one direction, where they came as the other."""
    names = [str(name) for name in change["index"].to_numpy()]
    lead = "NDVI" if "NDVI" in names else names[0]
    over = change[["p_value", "first_image", "stratum"]]
    # On water NDVI rises where land is made, on land it falls where plants go: both are the same direction here.
    sign = np.where(change["stratum"].to_numpy() == 0, 1.0, -1.0)
    return over.assign({"z_lead": (("y", "x"), np.asarray(change[f"z_{lead}"].to_numpy() * sign, np.float32))})


def _structure(
    stack: xr.Dataset,
    change: xr.Dataset,
    footprint: NDArray[np.bool_],
    model: OpticalModel,
    searched: int,
    alpha: float,
) -> Structure | None:
    rows, columns = box_round(footprint)
    box, inside = stack.isel(y=rows, x=columns), footprint[rows, columns]
    values, _ = series_of(box, model)
    days = days_of(stack)
    first_image = change["first_image"].to_numpy()[rows, columns]
    followed = follow(values, first_image, inside, days, model)
    if followed is None:
        return None
    own = change["p_value"].to_numpy()[footprint]
    p_value = _p_value(own, int(inside.sum()), searched)
    figure = measure(inside, box.odc.geobox, pixel_m_of(stack))
    seen = days[followed.images]
    verdict = grade(followed, model.indices, figure, p_value, alpha, seen)
    if verdict.kind == "road":
        figure = as_line(figure, pixel_side_m(stack))
    dates = [dates_of(stack["time"].values)[i] for i in followed.images]
    fraction, spread = growth_curve(followed.built_by)
    pixels = np.nonzero(inside)
    chances = chances_of(followed.built_by, followed.dated, (pixels[0], pixels[1]), inside.shape)
    start, end = bounds(chances)
    end = levelled(end, len(dates))
    phases = as_points(dates, phases_of(chances, start, end, seen - seen[0]))
    onset = interval(start, dates)
    raised, confirmed = _sequence(followed, model, verdict, figure, p_value, alpha, seen, start, dates)
    track = str(stack.attrs.get("track", ""))
    scenes = [str(stack["scene"].values[i]) for i in followed.images]
    shows = fraction > SHOWN_SHARE
    return Structure(
        id=identity(verdict.kind, figure.outline),
        kind=verdict.kind,
        status=verdict.status,
        reason=verdict.reason,
        rejected_as=verdict.rejected_as,
        kind_probability=verdict.kind_probability,
        footprint=figure.outline,
        area_m2=figure.area_m2,
        length_m=figure.length_m,
        width_m=figure.width_m,
        orientation_deg=figure.orientation_deg,
        centreline=figure.centreline if verdict.kind in LINEAR_KINDS else None,
        growth=tuple(growth_point(day, f, s, track) for day, f, s in zip(dates, fraction, spread, strict=True)),
        levels=_levels(followed, model.indices, track),
        p_value=p_value,
        onset=onset,
        completion=interval(end, dates),
        phases=phases,
        first_raised=raised,
        confirmed_on=confirmed,
        scenes=tuple(scene for scene, there in zip(scenes, shows, strict=True) if there),
        tracks=(track,),
    )


def _p_value(own: NDArray[np.float64], pixels: int, searched: int) -> float:
    """Of the whole structure: its typical pixel's, over all places where one of its size could lie.

    Pixels of one place err together, so that many of them say no more than one.
    """
    known = own[np.isfinite(own)]
    typical = float(np.median(known)) if known.size else 1.0
    return float(np.clip(typical * max(searched / max(pixels, 1), 1.0), LEAST_P, 1.0))


def _levels(followed: Followed, names: tuple[str, ...], track: str) -> tuple[Levels, ...]:
    growth = followed.built_by.mean(axis=1)
    early, late = growth < 0.1, growth > 0.9 * max(growth[-1], 1e-9)
    out = []
    for k, name in enumerate(names):
        before, after = (float(np.nanmedian(followed.values[k][when])) for when in (early, late))
        out.append(Levels(track, name, round(before, 3), round(after, 3), unit="1"))
    return tuple(out)


def _sequence(
    followed: Followed,
    model: OpticalModel,
    verdict: OpticalGrade,
    figure: Shape,
    p_value: float,
    alpha: float,
    days: NDArray[np.float64],
    start: tuple[int, int] | None,
    dates: list[dt.date],
) -> tuple[dt.date | None, dt.date | None]:
    """Images with which a watch would have raised it, and confirmed it: the rules applied to each image in turn.

    Raised when three clear images of the onset or later speak for it on the whole; confirmed with the first image up to
    which the rules confirm it. The footprint and the p-value are known with hindsight.
    """
    if start is None or verdict.status == "rejected":
        return None, None
    mean = followed.ratio.mean(axis=1)
    raised = None
    for image in range(max(start[0], 0) + 1, len(dates)):
        if image + 1 - max(start[1], 0) >= 3 and mean[max(start[0], 0) + 1 : image + 1].sum() > 0:
            raised = image
            break
    confirmed = None
    if verdict.status == "confirmed":
        for image in range(start[1], len(dates)):
            upto = _upto(followed, image + 1)
            known = upto.built_by.mean(axis=1)
            if (known > 0.5).sum() < 3:
                continue
            if grade(upto, model.indices, figure, p_value, alpha, days[: image + 1]).status == "confirmed":
                confirmed = image
                break
        raised = raised if confirmed is None or (raised is not None and raised <= confirmed) else confirmed
    return None if raised is None else dates[raised], None if confirmed is None else dates[confirmed]


def _upto(followed: Followed, images: int) -> Followed:
    return dataclasses.replace(
        followed,
        images=followed.images[:images],
        built_by=followed.built_by[:images],
        values=followed.values[:, :images],
        season=followed.season[:, :images],
        ratio=followed.ratio[:images],
    )
