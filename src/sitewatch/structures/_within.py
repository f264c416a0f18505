"""How much of a known footprint stands, judged within one image: against the ground around it, in that image alone.

No level of another image, track or sensor is used, so that any unit will do that is proportional to power. With y the
image's ln power less that of the ground of the same kind around the footprint, and g the share of the footprint that
stands,

    p(y | g, u, m) = prod_x [ (1 - g) f(y_x - u) + g h(y_x - m) ] ^ (1 / c)

f being the law of the ground around as the image has it (speckle, texture and odd bright points) and h that of log
gamma speckle. Unknown, and integrated over, are u, by how much the ground under the footprint differs from that around
it (its spread is that of the same footprint laid elsewhere in the image), m, how the structure stands out in this
geometry (a prior; where that is as good as not at all, h is f and the image says nothing), and a small shift of the
image. The looks of h allow for the structure's texture, c is the number of pixels that count as one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.signal import fftconvolve
from scipy.special import logsumexp
from scipy.stats import norm

from sitewatch.change import DB_PER_LOG
from sitewatch.change._background import CLEAR_SEPARATION, _split
from sitewatch.change._gamma import inverse_trigamma
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._cells import pixels_per_cell_of
from sitewatch.structures._laws import STRANGER_RANGE, STRANGER_SHARE, log_gamma_density, log_mean_bias
from sitewatch.structures._pixels import box_round

SHARES = np.array([0.0, 0.03, 0.07, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95, 1.0])
# What is built shines onto the ground so far around; levels are compared with the ground beyond, to this distance.
GAP_M, RING_M = 20.0, 100.0
FEWEST_RING_PIXELS = 40
FEWEST_PIXELS = 4
# The same footprint laid elsewhere tells how unlike two pieces of ground are; where there is no room, so unlike (dB).
FEWEST_PLACES = 12
USUAL_UNLIKE_DB, LEAST_UNLIKE_DB = 1.5, 0.5
# From pixel to pixel of a structure, beyond speckle (dB, sd).
TEXTURE_DB = 2.5
# Images of different sensors lie within about this of each other.
SHIFT_M = 10.0
UNSHIFTED_SHARE = 0.4
# More pixels say hardly more and take longer.
MOST_PIXELS = 160
# Steps of the integral over the ground's level, and how far it reaches (sd); those over the structure's contrast, dB.
STEPS, REACH = 7, 2.5
CONTRASTS_DB = np.arange(-17.5, 20.1, 1.25)
# What stands out by less can't be told from the ground.
LEAST_CONTRAST_DB = 2.5
SURE = 60.0
LAG_PIXELS = 4
# The ground's law: steps of its table and width of its kernel, natural log.
TABLE, KERNEL = np.arange(-9.0, 9.0, 0.05), 0.15


@dataclasses.dataclass(frozen=True)
class Contrast:
    """By how much a structure may stand out from the ground around: a normal law, dB, with its share of the prior."""

    mean_db: float
    sd_db: float
    share: float = 1.0


# Where nothing is known of it: most works are brighter than what was there, roads and the like darker.
UNKNOWN = (Contrast(7.0, 4.0, 0.75), Contrast(-4.0, 3.0, 0.25))


def share_evidence(
    log_values: NDArray[np.floating],
    footprint: NDArray[np.bool_],
    pixel_m: float,
    *,
    present: Sequence[Contrast] = UNKNOWN,
    absent_db: float = 0.0,
    same_ground: NDArray[np.bool_] | None = None,
    others: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64] | None:
    """Log of how much likelier an image is with each of `SHARES` of a footprint built than with none.

    Parameters
    ----------
    log_values
        [y, x], ln power of one polarisation in any unit, NaN where there is none; some ground around the footprint.
    footprint
        [y, x], the whole of it.
    pixel_m
        Ground size of a pixel, metres.
    present
        How the structure stands out: other tracks' contrast, or what is usual.
    absent_db
        How its ground stood out before, dB.
    same_ground
        [y, x], ground of the kind that the footprint stands on (water or land), where that is known from elsewhere.
    others
        [y, x], other structures, left out of the ground.

    Returns
    -------
    [share], 0 for none built; None where the image does not cover the footprint and ground around it.
    """
    known = np.isfinite(log_values)
    judged = footprint
    if same_ground is not None and (footprint & same_ground).sum() >= max(FEWEST_PIXELS, 0.5 * footprint.sum()):
        # Where a pier takes root on the beach there is no water to compare it with.
        judged = footprint & same_ground
    if (footprint & known).sum() < max(FEWEST_PIXELS, 0.8 * footprint.sum()):
        return None
    distance = ndi.distance_transform_edt(~footprint)
    away = known & (distance > max(GAP_M / pixel_m, 1.0))
    if others is not None:
        away &= ~others
    ground = away & (_kind(log_values, distance, away, pixel_m) if same_ground is None else same_ground)
    ring = _ring(distance, ground, pixel_m)
    if ring is None:
        return None
    around = log_values[ring]
    middle = float(np.median(around))
    reach = 3.0 * MAD_TO_SD * float(np.median(np.abs(around - middle)))
    y = log_values - float(np.mean(np.clip(around, middle - reach, middle + reach)))
    scatter = _scatter(y, ground)
    cells = pixels_per_cell_of(np.stack([np.zeros_like(y), y])[:, None], ground)
    unlike = _unlike(y, ground, footprint, ring, scatter * cells)
    laws = _laws(y[ring], scatter, unlike, absent_db, present)
    shifts = _shifts(SHIFT_M / pixel_m)
    found = [laws.evidence(_moved(y, known, judged, step), cells) for step, _ in shifts]
    weights = [np.log(weight) for _, weight in shifts]
    evidence = np.asarray(logsumexp(np.stack([f + w for f, w in zip(found, weights, strict=True)]), axis=0))
    # Beyond this an image is sure, and only how the shares compare still counts.
    evidence[1:] -= max(float(evidence.max()) - SURE, 0.0)
    return evidence


@dataclasses.dataclass(frozen=True)
class _Laws:
    """Of the ground under the footprint and of the structure.

    Attributes
    ----------
    ground
        [step of `TABLE`], density of the ground's ln power less its mean.
    absent, present
        Offsets of both from the ground around, natural log, and the logarithms of their chances.
    looks
        Of the structure.
    """

    ground: NDArray[np.float64]
    absent: tuple[NDArray[np.float64], NDArray[np.float64]]
    present: tuple[NDArray[np.float64], NDArray[np.float64]]
    looks: float

    def evidence(self, y: NDArray[np.float64], cells: float) -> NDArray[np.float64]:
        """[share], of the pixels [pixel] of a footprint."""
        step = max(-(-y.size // MOST_PIXELS), 1)
        y = y[::step]
        looks = np.array(self.looks)
        (absent, absent_weight), (present, present_weight) = self.absent, self.present
        ground = np.interp(y[None] - absent[:, None], TABLE, self.ground)[:, None]
        # y is the deviation from a mean of logarithms, the law's from the logarithm of a mean.
        built = np.exp(log_gamma_density(y[None] - present[:, None] - log_mean_bias(looks), looks))[None]
        blends = np.abs(present[None, :] - absent[:, None]) * DB_PER_LOG < LEAST_CONTRAST_DB
        built = np.where(blends[:, :, None], ground, built)
        weight = absent_weight[:, None] + present_weight[None]
        out = np.empty(SHARES.size)
        for number, share in enumerate(SHARES):
            mixed = np.log((1.0 - share) * ground + share * built)
            out[number] = logsumexp(mixed.sum(axis=2) * step / cells + weight)
        return out - out[0]


def _laws(
    around: NDArray[np.floating], scatter: float, unlike: float, absent_db: float, present: Sequence[Contrast]
) -> _Laws:
    """The laws from the ground around [pixel], its variance, how unlike two pieces of it are, and the priors."""
    counts, _ = np.histogram(around, np.append(TABLE, TABLE[-1] + TABLE[1] - TABLE[0]) - 0.5 * (TABLE[1] - TABLE[0]))
    step = float(TABLE[1] - TABLE[0])
    density = ndi.gaussian_filter1d(counts / (counts.sum() * step), KERNEL / step, mode="constant")
    ground = (1.0 - STRANGER_SHARE) * density + STRANGER_SHARE / STRANGER_RANGE
    z = np.linspace(-REACH, REACH, STEPS)
    weight = norm.logpdf(z)
    chance = np.sum([c.share * norm.pdf(CONTRASTS_DB, c.mean_db, c.sd_db) for c in present], axis=0)
    return _Laws(
        ground,
        (absent_db / DB_PER_LOG + z * unlike, weight - logsumexp(weight)),
        (CONTRASTS_DB / DB_PER_LOG, np.log(chance / chance.sum())),
        float(inverse_trigamma(scatter + (TEXTURE_DB / DB_PER_LOG) ** 2)),
    )


def _kind(
    values: NDArray[np.floating], distance: NDArray[np.float64], away: NDArray[np.bool_], pixel_m: float
) -> NDArray[np.bool_]:
    """[y, x], pixels of the kind of ground, dark or bright, that most of the footprint's surroundings are."""
    filled = np.where(away, values, 0.0)
    weight = ndi.uniform_filter(away.astype(float), 5)
    smooth = ndi.uniform_filter(filled, 5) / np.maximum(weight, 1e-6)
    smooth = np.where(away, smooth, np.nan).astype(np.float32)
    limit, separation = _split(smooth[away])
    if separation < CLEAR_SEPARATION:
        return np.ones_like(away)
    near = away & (distance <= max(0.5 * RING_M / pixel_m, 1.0))
    dark = smooth < limit
    return dark if (dark & near).sum() > 0.5 * near.sum() else ~dark & away


def _ring(distance: NDArray[np.float64], ground: NDArray[np.bool_], pixel_m: float) -> NDArray[np.bool_] | None:
    """Ground close round the footprint, its distance [y, x] in pixels, reaching out until there is enough of it."""
    for reach in (1.0, 2.0, 4.0):
        ring = ground & (distance <= reach * RING_M / pixel_m)
        if ring.sum() >= FEWEST_RING_PIXELS:
            return np.asarray(ring)
    return None


def _scatter(y: NDArray[np.floating], ground: NDArray[np.bool_]) -> float:
    """Variance of ln power from pixel to pixel of the ground, over distances beyond the point spread."""
    spreads = []
    for axis in (0, 1):
        if y.shape[axis] <= LAG_PIXELS:
            continue
        ahead, behind = (
            np.take(one, range(start, y.shape[axis] - LAG_PIXELS + start), axis)
            for start in (LAG_PIXELS, 0)
            for one in (np.where(ground, y, np.nan),)
        )
        step = (ahead - behind)[np.isfinite(ahead - behind)]
        if step.size >= FEWEST_RING_PIXELS:
            spreads.append(MAD_TO_SD * float(np.median(np.abs(step))) / np.sqrt(2.0))
    spread = float(np.mean(spreads)) if spreads else MAD_TO_SD * float(np.median(np.abs(y[ground])))
    return max(spread, 0.1) ** 2


def _unlike(
    y: NDArray[np.floating],
    ground: NDArray[np.bool_],
    footprint: NDArray[np.bool_],
    ring: NDArray[np.bool_],
    variance: float,
) -> float:
    """By how much the footprint's ground may differ from that around it, natural log (sd), speckle taken off.

    The same footprint and ring laid elsewhere on the ground; `variance` is that of one independent pixel.
    """
    box = box_round(footprint | ring, margin=0)
    inner, outer = footprint[box].astype(float), ring[box].astype(float)
    weight = ground.astype(float)
    values = np.where(ground, y, 0.0)
    usual = USUAL_UNLIKE_DB / DB_PER_LOG
    if any(size < part for size, part in zip(y.shape, inner.shape, strict=True)):
        return usual

    def laid(field: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(fftconvolve(field, shape[::-1, ::-1], mode="valid"))

    inside, beside = laid(weight, inner), laid(weight, outer)
    fits = (inside > 0.9 * inner.sum()) & (beside > 0.5 * outer.sum())
    if fits.sum() < FEWEST_PLACES:
        return usual
    gaps = (laid(values, inner)[fits] / inside[fits]) - (laid(values, outer)[fits] / beside[fits])
    spread = MAD_TO_SD * float(np.median(np.abs(gaps - np.median(gaps))))
    # Footprints laid a few pixels apart are the same one.
    independent = max(float(fits.sum()) / float(inner.sum()), 1.0)
    own = max(spread**2 - variance * (1.0 / inner.sum() + 1.0 / outer.sum()), 0.0)
    mixed = (independent * own + 4.0 * usual**2) / (independent + 4.0)
    return float(max(np.sqrt(mixed), LEAST_UNLIKE_DB / DB_PER_LOG))


def _shifts(pixels: float) -> list[tuple[tuple[int, int], float]]:
    """Shifts (rows, columns) that an image may have, with their chances."""
    step = round(pixels)
    if step == 0:
        return [((0, 0), 1.0)]
    around = [(dy, dx) for dy in (-step, 0, step) for dx in (-step, 0, step) if dy or dx]
    return [((0, 0), UNSHIFTED_SHARE), *((one, (1.0 - UNSHIFTED_SHARE) / len(around)) for one in around)]


def _moved(
    y: NDArray[np.floating], known: NDArray[np.bool_], footprint: NDArray[np.bool_], step: tuple[int, int]
) -> NDArray[np.float64]:
    """[pixel], what lies under the footprint when it is moved by a step."""
    rows, columns = np.nonzero(footprint)
    rows = np.clip(rows + step[0], 0, y.shape[0] - 1)
    columns = np.clip(columns + step[1], 0, y.shape[1] - 1)
    there = known[rows, columns]
    return np.asarray(y[rows[there], columns[there]], float)
