"""Which pixels changed when a structure was built, and as it did: the odds of each to belong to it.

One latent change point a pixel, as in `_presence`, with two classes: the structure's (a step of its own typical size
and texture, at a time near that of its neighbours within it) and the ground's (no step). Rounds of estimating the
typical step from the present members, the odds from it, and the members from the odds under a Potts prior (iterated
conditional modes, Besag 1986).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.special import expit, logsumexp

from sitewatch.structures._evidence import Steps, log_bayes_factor, log_odds_of_staying, posterior, typical_step

# Log-odds that each of eight neighbours inside (outside) adds (takes).
COUPLING = 0.55
ROUNDS = 5
SWEEPS = 8
# Shares of the prior on a pixel's change point: flat, the whole structure's, the neighbours'.
DATE_SHARES = (0.004, 0.096, 0.9)
NEIGHBOUR_SIGMA_PIXELS = 1.5
DATE_SIGMA_IMAGES = 0.7
# One pixel's series never says more than this for or against (natural log): its ground may not be what the model takes.
LEAST_ODDS, MOST_ODDS = -8.0, 12.0
OUTSIDE_ODDS = -20.0
ERRING_TOGETHER_PIXELS = 9.0
EIGHT = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], float)


@dataclasses.dataclass(frozen=True)
class Membership:
    """Members of a structure and what speaks for them.

    Attributes
    ----------
    inside
        [y, x], the members.
    odds
        [y, x], log-odds of the pixel's own series that it belongs; `OUTSIDE_ODDS` where it was not asked.
    step
        [polarisation, y, x], the pixel's expected step, natural log; 0 where it was not asked.
    image
        [y, x], first image after the pixel's likeliest step.
    """

    inside: NDArray[np.bool_]
    odds: NDArray[np.float64]
    step: NDArray[np.float64]
    image: NDArray[np.float64]


def members(steps: Steps, seed: NDArray[np.bool_], coupling: float = COUPLING) -> Membership:
    """Grow or shrink a seed to the pixels that changed with it and as it did.

    Parameters
    ----------
    steps
        Of the pixels that may belong, the seed's among them.
    seed
        [y, x], pixels that surely changed.
    coupling
        Log-odds a neighbour adds or takes.
    """
    shape = seed.shape
    at = (steps.rows, steps.columns)
    own = posterior(0.5 * (steps.size.astype(float) ** 2 / steps.variance).sum(axis=1))
    inside = seed.copy()
    odds = np.full(shape, OUTSIDE_ODDS)
    weight = own
    for _ in range(ROUNDS):
        chosen = inside[at]
        expected = (weight[:, None] * steps.size).sum(axis=0)
        doubt = (weight[:, None] * steps.variance).sum(axis=0)
        typical = typical_step(expected[:, chosen], doubt[:, chosen])
        weighted = log_bayes_factor(steps, typical) + np.log(_date_prior(weight, chosen, at, shape))
        weight = posterior(weighted)
        # What stands at the last image counts: a vessel that lay beside a new pier for a year has left again.
        stays = log_odds_of_staying(steps, weight.argmax(axis=0) + 1)
        odds[at] = np.clip(logsumexp(weighted, axis=0) + np.minimum(stays, 0.0), LEAST_ODDS, MOST_ODDS)
        updated = _settled(odds, inside, coupling)
        if updated.sum() < 4 or (updated == inside).all():
            break
        inside = updated
    step = np.zeros((steps.size.shape[1], *shape))
    step[:, steps.rows, steps.columns] = (weight[:, None] * steps.size).sum(axis=0)
    image = np.ones(shape)
    image[at] = weight.argmax(axis=0) + 1.0
    return Membership(inside, odds, step, image)


def _date_prior(
    weight: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    at: tuple[NDArray[np.intp], NDArray[np.intp]],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """[step, pixel], prior on the change point of a member, from the members around it and from them all."""
    n_step = weight.shape[0]
    field = np.zeros((n_step, *shape), np.float32)
    field[:, at[0][chosen], at[1][chosen]] = weight[:, chosen]
    sigma = (DATE_SIGMA_IMAGES, NEIGHBOUR_SIGMA_PIXELS, NEIGHBOUR_SIGMA_PIXELS)
    near = ndi.gaussian_filter(field, sigma, mode="constant")[:, at[0], at[1]].astype(float)
    total = near.sum(axis=0)
    whole = weight[:, chosen].mean(axis=1, keepdims=True)
    flat, overall, neighbours = DATE_SHARES
    local = np.where(total > 1e-4, near / np.maximum(total, 1e-4), whole)
    return flat / n_step + overall * whole + neighbours * local


def doubtful_pixels(found: Membership, coupling: float = COUPLING) -> float:
    """Standard deviation of the number of members, from those that might as well not be, or be.

    Each pixel's odds given its neighbours, as if pixels erred in groups of `ERRING_TOGETHER_PIXELS`.
    """
    count = ndi.convolve(found.inside.astype(float), EIGHT, mode="constant")
    asked = found.odds > OUTSIDE_ODDS
    chance = expit(found.odds + coupling * (2 * count - 8))[asked]
    return float(np.sqrt(ERRING_TOGETHER_PIXELS * (chance * (1 - chance)).sum()))


def _settled(odds: NDArray[np.float64], inside: NDArray[np.bool_], coupling: float) -> NDArray[np.bool_]:
    """Members under the Potts prior."""
    for _ in range(SWEEPS):
        count = ndi.convolve(inside.astype(float), EIGHT, mode="constant")
        # A straight edge of the structure has three neighbours inside when seen from outside, five from inside.
        updated = odds + coupling * (2 * count - 8) > 0
        if (updated == inside).all():
            break
        inside = updated
    return inside
