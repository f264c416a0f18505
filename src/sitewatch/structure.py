"""A structure: one built thing, dated, measured and graded, with the scenes that show it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal, get_args

import shapely

# Below this p-value the tail of no model is worth digits, and a zero would claim certainty.
LEAST_P = 1e-16
# A single image shows a structure, or the place without it, from this likelihood ratio on (natural log of 5).
TELLING = 1.609
Status = Literal["candidate", "confirmed", "rejected"]
# The surest first.
RANK: dict[Status, int] = {"confirmed": 0, "candidate": 1, "rejected": 2}
# What is not construction and looks like it.
Lookalike = Literal[
    "ship_passing",
    "ship_moored",
    "tidal_flat",
    "waves",
    "ambiguity",
    "crop",
    "vegetation",
    "felled_trees",
    "cleared_ground",
    "wet_soil",
    "layover",
    "shadow",
    "sidelobe",
    "edge",
    "transient",
    "noise",
]
LOOKALIKES: tuple[Lookalike, ...] = get_args(Lookalike)
# The terms of IARPA SMART.
Phase = Literal["No Activity", "Site Preparation", "Active Construction", "Post Construction"]
PHASES: tuple[Phase, ...] = get_args(Phase)
# Kinds that are lines: they have a centreline and a length by each date.
LINEAR_KINDS = ("road", "pier", "quay wall", "dyke")


@dataclasses.dataclass(frozen=True)
class Interval:
    """A date known to lie after one acquisition and not after another (95 %).

    Attributes
    ----------
    earliest
        The last image by which it is still credibly absent.
    latest
        The first image by which it is credibly there.
    """

    earliest: dt.date
    latest: dt.date


@dataclasses.dataclass(frozen=True)
class GrowthPoint:
    """Fraction of the final extent that stands at one acquisition."""

    date: dt.date
    fraction: float
    sd: float
    track: str = ""


@dataclasses.dataclass(frozen=True)
class LengthPoint:
    """Length of a linear work that stands at one acquisition, metres, and its standard deviation."""

    date: dt.date
    length_m: float
    length_m_sd: float


@dataclasses.dataclass(frozen=True)
class PhasePoint:
    """Phase of the construction at one acquisition.

    Attributes
    ----------
    phase
        The phase that is stated; over a structure's points it never goes back.
    probabilities
        Of No Activity, Site Preparation, Active Construction and Post Construction; they sum to 1.
    """

    date: dt.date
    phase: Phase
    probabilities: tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class Levels:
    """Mean backscatter of a footprint in one polarisation of one track, before and after, in dB.

    Of an optical track it is an index (``NDVI``), which stands in `polarisation`; `unit` is then ``1``.
    """

    track: str
    polarisation: str
    before_db: float
    after_db: float
    unit: str = "dB"


@dataclasses.dataclass(frozen=True)
class SingleImage:
    """What an image of a track of one or two says of a structure, judged within itself.

    Attributes
    ----------
    log_ratio
        Natural log of how much likelier the image is with the structure begun than with nothing there.
    """

    date: dt.date
    scene: str
    track: str
    log_ratio: float

    @property
    def shows(self) -> bool:
        """Whether it shows the structure."""
        return self.log_ratio > TELLING

    @property
    def lacks(self) -> bool:
        """Whether it shows the place without it."""
        return self.log_ratio < -TELLING


@dataclasses.dataclass(frozen=True)
class Measure:
    """A size and its standard deviation, both in the unit its name carries."""

    value: float
    sd: float


@dataclasses.dataclass(frozen=True)
class Structure:
    """One built thing.

    Attributes
    ----------
    id
        Stable within a workspace.
    kind
        pier | quay wall | dyke | reclamation | building | road | demolition | clearing | ship | tidal flat | crop |
        felling | unknown | vegetation | wet soil | waves | ambiguity | layover | shadow | sidelobe
    status
        candidate, confirmed or rejected.
    reason
        Why it is rejected, or what a candidate still lacks; empty when confirmed.
    rejected_as
        What a rejected one was taken for, one of `LOOKALIKES`: None for all else. ``transient`` did not last, of a
        cause that the images do not tell; ``noise`` is no more than chance.
    footprint
        What stands at the last image (for a demolition, what was removed), EPSG:4326 (longitude, latitude).
    onset, completion
        95 % intervals whose ends are acquisitions; completion is None while it grows.
    preparation_first_seen
        First image whose phase is Site Preparation, or None.
    first_raised, confirmed_on
        Acquisition dates of the images with which a watch fed image by image would have raised it as a candidate, and
        confirmed it; `first_raised` is not before the onset's `earliest`. None where it would not have (yet), and
        `confirmed_on` is None for all that is not confirmed.
    area_m2, length_m, width_m
        Geodesic sizes with standard deviations.
    orientation_deg
        Of the long axis, clockwise from north, 0 <= o < 180; None where the outline has none.
    growth
        Fraction built, a point an acquisition.
    phases
        Phase of the construction, a point an acquisition of the strongest track; of a demolition, Active Construction
        is the time of its removal.
    levels
        Backscatter before and after, an entry a track and polarisation.
    p_value
        That noise alone gives such a footprint (for the whole structure).
    scenes
        Ids of the scenes that show it.
    tracks
        Keys of the tracks that carry the evidence.
    centreline
        Of linear works (roads, piers, quay walls, dykes), EPSG:4326; else None.
    single_images
        Images of tracks of one or two, which were judged within themselves, and what each says.
    kind_probability
        Share of the evidence for `kind` against the other kinds, 0 to 1.
    length_growth
        Of linear works: length along the centreline that stands, a point an acquisition; never falls, and ends at
        `length_m`. Empty for other kinds.
    """

    id: str
    kind: str
    status: Status
    footprint: shapely.Polygon | shapely.MultiPolygon
    area_m2: Measure
    length_m: Measure
    width_m: Measure
    growth: tuple[GrowthPoint, ...]
    levels: tuple[Levels, ...]
    p_value: float
    onset: Interval | None = None
    completion: Interval | None = None
    preparation_first_seen: dt.date | None = None
    first_raised: dt.date | None = None
    confirmed_on: dt.date | None = None
    orientation_deg: float | None = None
    scenes: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    centreline: shapely.LineString | shapely.MultiLineString | None = None
    kind_probability: float = 0.0
    reason: str = ""
    rejected_as: Lookalike | None = None
    phases: tuple[PhasePoint, ...] = ()
    single_images: tuple[SingleImage, ...] = ()
    length_growth: tuple[LengthPoint, ...] = ()
