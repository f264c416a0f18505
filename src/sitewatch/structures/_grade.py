"""What it is and whether it stands: kinds, and the reasons why something is not (yet) a confirmed structure."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sitewatch.structure import Lookalike, Status
from sitewatch.structures._character import Character
from sitewatch.structures._measure import Shape
from sitewatch.structures._vessel import swing_in_words

# A footprint lies at sea where more than this share of it was water.
AT_SEA_SHARE = 0.5
# Images that must show it, and that must show the place without it, before it is confirmed.
CONFIRMING_IMAGES = 4
WATER_IMAGES_BEFORE = 2
# A fixed thing's level swings less than this from image to image (dB, sd); moored ships swing by 2 dB and more.
STEADY_DB = 1.4
# A work at sea is confirmed when its level's swing is ten times likelier for a thing that stands than for a moored
# vessel (natural log), and refused when it is the other way round.
SURE_OF_VESSEL = 2.3
# Images on the wrong side of the step that are still put down to weather and ships passing.
STRAY_SHARE = 0.2
# What stands looks built, image by image, rather than not: by at least this mean log-likelihood ratio of its pixels.
LEAST_STANDING_NATS = 0.5
# At the waterline rough seas and low tides make ground bright for a few images in turn: so many must show a rise of
# less than this (dB).
SHORE_IMAGES, SHORE_STEP_DB = 6, 6.0
LINE_SLENDERNESS = 8.0
PIER_ELONGATION = 2.3
# Roads and rail beds are darker than what grew there, or a little brighter; a line that rises by more is a wall or a
# jetty, and a jetty where it had been dark as water is before (co-polarised, dB), though no sea was told apart.
BRIGHTEST_ROAD_DB = 8.0
DARK_AS_WATER_DB = -15.0
NARROW_PIER_M = 70.0
# Below this step the mean level's change is not told from ground that dries, grows or is felled (dB).
SMALLEST_STEP_DB = 1.2
# Works stand out of calm water by far more; flats that dry out, shoals and weed by 1 to 3 dB.
SMALLEST_SEA_STEP_DB = 3.0
# A removed building stood out from its surroundings and fell in the co-polarised channel; felled trees fall mostly in
# the cross-polarised one.
SMALLEST_DEMOLITION_DB = 1.4
# What is left of a removed building is no darker than this below its surroundings.
LEVELLED_DB = 1.2
# Trees scatter from their volume: felled, the cross-polarised channel falls by more than this beyond the co-polarised.
FELLED_DB = 0.8
# Plants scatter from their volume: growing ones raise the cross-polarised channel by more than the co-polarised.
VEGETATION_DB = 0.5
GREENING = "its cross-polarised backscatter rose most, as that of growing plants does"
DARKENED = "the ground became darker than its surroundings and nothing stood there before: felled or cleared"
LEFT_WATER = "what is gone from the water may have been a vessel laid up"
FILTERED = "these images are speckle filtered, so that a work can't be told from a vessel laid up"
BERTH = "vessels lay here before: it may be one of them laid up"
# Above it a p-value says nothing for a change, and it isn't worth an analyst's time.
NO_MORE_THAN_CHANCE = 0.5
# Smaller footprints are a matter of single resolution cells.
FEWEST_PIXELS = 6


@dataclasses.dataclass(frozen=True)
class Grade:
    """Kind, status and reason; and what a rejected one was taken for, once that is looked into (`_naming`)."""

    kind: str
    status: Status
    reason: str
    kind_probability: float
    rejected_as: Lookalike | None = None


def is_line(shape: Shape) -> bool:
    """Whether a footprint is a line: a road, a rail bed, a dyke."""
    return shape.slenderness > LINE_SLENDERNESS


def rose_as_plants(step_db: NDArray[np.float64]) -> bool:
    """Whether the cross-polarised channel rose [polarisation] most: growing plants scatter from their volume."""
    return step_db.size > 1 and float(step_db[1] - step_db[0]) > VEGETATION_DB


def fell_as_trees(step_db: NDArray[np.float64]) -> bool:
    """Whether the cross-polarised channel fell [polarisation] most: trees scatter from their volume."""
    return step_db.size > 1 and float(step_db[0] - step_db[1]) > FELLED_DB


def grade(character: Character, shape: Shape, alpha: float, *, filtered: bool = False) -> Grade:
    """Name a footprint and say whether it is confirmed, a candidate or rejected.

    Parameters
    ----------
    alpha
        Highest p-value of a confirmed structure.
    filtered
        Whether the images were speckle filtered: then the steadiness of a level, which parts works from vessels laid
        up, can't be judged.
    """
    brighter = float(character.step_db.mean()) > 0
    # Ground that turned dark for good looks like calm water in some images; what moves with the sea is water.
    at_sea = character.water_share > AT_SEA_SHARE and (brighter or filtered or character.water_after)
    kind, probability, refusal = _on_water(character, shape) if at_sea else _on_land(character, shape)
    if refusal:
        return Grade(kind, "rejected", refusal, probability)
    if at_sea and not brighter:
        return Grade(kind, "candidate", LEFT_WATER, probability)
    if at_sea and float(character.step_db.max()) < SMALLEST_SEA_STEP_DB:
        rise = f"a rise of {float(character.step_db.max()):.1f} dB is within what tidal flats and shoals do"
        return Grade("tidal flat", "candidate", rise, 0.5)
    if at_sea and filtered:
        return Grade(kind, "candidate", FILTERED, probability)
    if at_sea and character.scatter_before_db > STEADY_DB:
        return Grade("ship", "candidate", BERTH, probability)
    if character.like_after_before > STRAY_SHARE:
        return Grade("unknown", "rejected", "it had looked like this before: it comes and goes", probability)
    if character.like_before_after > STRAY_SHARE:
        return Grade("unknown", "rejected", "later images show the former state again: it did not last", probability)
    if character.standing_nats < LEAST_STANDING_NATS:
        return Grade("unknown", "rejected", "the images since do not look as if it stood: it did not last", probability)
    if character.images_after < CONFIRMING_IMAGES:
        short = f"{_only(character.images_after)} most of it; {CONFIRMING_IMAGES} are needed to tell that it stays"
        return Grade(kind, "candidate", short, probability)
    if (
        brighter
        and not at_sea
        and character.on_shore
        and character.images_after < SHORE_IMAGES
        and float(character.step_db.max()) < SHORE_STEP_DB
    ):
        rise = f"{character.images_after} images show it; so near the water, low tides and rough seas may look like it"
        return Grade(kind, "candidate", f"{rise}: {SHORE_IMAGES} are needed", probability)
    # How open water looks is known from all the water around; how a piece of land looked, only from its own past.
    needed = WATER_IMAGES_BEFORE if at_sea and brighter else CONFIRMING_IMAGES
    if character.images_before < needed:
        short = f"{_only(character.images_before)} the place without it; {needed} are needed"
        return Grade(kind, "candidate", short, probability)
    if at_sea and not character.vessel_log_ratio < -SURE_OF_VESSEL:
        text = f"{character.images_after} images do not yet tell it from a vessel laid up, by the swing of its level"
        return Grade(kind, "candidate", text, probability)
    if character.pixels < FEWEST_PIXELS:
        return Grade(kind, "candidate", f"{character.pixels} pixels are too few to be sure of", probability)
    if character.p_value > NO_MORE_THAN_CHANCE:
        return Grade(kind, "rejected", "noise alone gives such a change as likely as not", probability)
    if character.p_value > alpha:
        chance = f"chance alone gives such a change with p = {character.p_value:.2g}"
        return Grade(kind, "candidate", chance, probability)
    return Grade(kind, "confirmed", "", probability)


def _sure(distance: float, width: float) -> float:
    """Probability from a distance to a rule's limit, in units of its width; what a rule chose is the likelier kind."""
    return float(1 / (1 + np.exp(-max(0.0, distance) / width)))


def _only(count: int) -> str:
    """``only 2 images show``."""
    return {0: "no image shows", 1: "only 1 image shows"}.get(count, f"only {count} images show")


def _on_water(character: Character, shape: Shape) -> tuple[str, float, str]:
    brighter = float(character.step_db.mean()) > 0
    if not brighter:
        if not character.scatter_before_db <= STEADY_DB or character.like_after_before > STRAY_SHARE:
            return "ship", _sure(character.scatter_before_db - STEADY_DB, 0.4), "a vessel that lay here and left"
        return "demolition", 0.5, ""
    if np.isnan(character.scatter_after_db):
        return "unknown", 0.5, ""
    if character.scatter_after_db > STEADY_DB or character.vessel_log_ratio > SURE_OF_VESSEL:
        text = swing_in_words(character.scatter_after_db)
        if character.scatter_after_db <= STEADY_DB:
            text = (
                "its level swings from image to image as that of moored ships does, though by little more than speckle"
            )
        return "ship", _sure(character.scatter_after_db - STEADY_DB, 0.4), text
    slim = shape.elongation > PIER_ELONGATION or (shape.width_m.value < NARROW_PIER_M and shape.elongation > 1.5)
    return ("pier" if slim else "reclamation"), _sure(abs(shape.elongation - PIER_ELONGATION), 0.5), ""


def _on_land(character: Character, shape: Shape) -> tuple[str, float, str]:
    step = character.step_db
    brighter = float(step.mean()) > 0
    if is_line(shape) and float(step.max()) > BRIGHTEST_ROAD_DB:
        dark = float(character.before_db[0]) < DARK_AS_WATER_DB
        return ("pier" if dark else "building"), _sure(float(step.max()) - BRIGHTEST_ROAD_DB, 1.0), ""
    if is_line(shape):
        return "road", _sure(shape.slenderness - LINE_SLENDERNESS, 3.0), ""
    if brighter:
        if float(step.max()) < SMALLEST_STEP_DB:
            return "wet soil", 0.5, f"a rise of {float(step.max()):.1f} dB is within what wet or ploughed ground does"
        if rose_as_plants(step):
            return "vegetation", _sure(float(step[1] - step[0]) - VEGETATION_DB, 0.5), GREENING
        return "building", _sure(float(step.max()) - SMALLEST_STEP_DB, 0.7), ""
    stood_out = float((character.above_before_db + character.above_after_db).mean())
    drop = -float(step[0])
    levelled = float(character.above_after_db[0]) > -LEVELLED_DB
    if (
        levelled
        and not fell_as_trees(step)
        and stood_out > 0
        and min(drop, float(character.above_before_db[0])) > SMALLEST_DEMOLITION_DB
    ):
        return "demolition", _sure(min(stood_out, drop - SMALLEST_DEMOLITION_DB), 0.8), ""
    return "felling", _sure(-stood_out, 0.8), DARKENED
