"""A finding: one statement, how likely it is, and what it rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, get_args

from sitewatch.structure import Structure
from sitewatch.words import counted

Kind = Literal["observed", "measured", "assessed", "reported"]
Likelihood = Literal[
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
]
LIKELIHOODS: tuple[Likelihood, ...] = get_args(Likelihood)
_UPPER_PERCENT = (5, 20, 45, 55, 80, 95, 99)
Confidence = Literal["low", "moderate"]
_FEW_IMAGES = 3


@dataclasses.dataclass(frozen=True)
class Finding:
    """One statement.

    Attributes
    ----------
    kind
        observed, measured, assessed or reported.
    text
        A sentence. It carries the likelihood's term and never a confidence (ICD 203, D.6.e.2).
    likelihood
        Of an assessed one; None where it says only what is not known.
    confidence
        A sentence of its own with the level and its reasons; empty where the statement needs none.
    structures, scenes
        Ids of the evidence.
    assumptions
        What must hold for the statement, as sentences.
    """

    kind: Kind
    text: str
    likelihood: Likelihood | None = None
    confidence: str = ""
    structures: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def likelihood_term(probability: float) -> Likelihood:
    """The ICD 203 term for a probability; on the border of two the one nearer to an even chance."""
    percent = round(100 * probability, 6)
    if percent > 50:
        bracket = next((i for i, upper in enumerate(_UPPER_PERCENT) if percent <= upper), len(LIKELIHOODS) - 1)
    else:
        bracket = next(i for i, upper in enumerate(_UPPER_PERCENT) if percent < upper)
    return LIKELIHOODS[bracket]


def likelihood_of_route(dated: int, sourced: bool) -> Likelihood:
    """The term for a statement about a route.

    Each date interval holds with 95 % under its model, so that n of them hold together with 1 - 0.05 n at least
    (Bonferroni). Nothing here is called more than very likely, for the limits are told and not measured; and no more
    than likely where one of them has no source.
    """
    return likelihood_term(min(max(0.95 - 0.05 * max(dated - 1, 0), 0.5), 0.95 if sourced else 0.8))


def confidence_words(structures: Sequence[Structure], unsourced: Sequence[str]) -> str:
    """How far to trust the basis of a statement about a route, and why, as a sentence.

    It is never high, for the limits of links are not measured in the images. It is low where one of them has no
    source, or where a structure is seen in fewer than three images.
    """
    reasons = [
        f"{s.id} is seen in {counted(len(s.scenes), 'image')} of {counted(len(s.tracks), 'track')}" for s in structures
    ]
    if unsourced:
        reasons.append(f"no source is given for the limits of {', '.join(unsourced)}")
    else:
        reasons.append("the limits have sources, but were not measured in the images")
    low = bool(unsourced) or any(len(s.scenes) < _FEW_IMAGES for s in structures)
    level: Confidence = "low" if low else "moderate"
    return f"Confidence is {level}: {'; '.join(reasons)}."
