"""How likely a statement about a route is, and how far to trust its basis."""

from __future__ import annotations

from collections.abc import Sequence

from sitewatch.finding import Confidence, Likelihood, likelihood_term
from sitewatch.structure import Structure
from sitewatch.words import counted

_FEW_IMAGES = 3


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
