"""The penalty of the segmentation that gives the wanted rate of false changes."""

from __future__ import annotations

import functools

import numpy as np

from sitewatch.change._segment import segment
from sitewatch.errors import ChangeError

# Fewest false changes that the calibration rests on; their number scatters by its square root.
_FALSE_CHANGES = 400
_MOST_SERIES = 40_000


@functools.lru_cache(maxsize=64)
def penalty_for_rate(rate: float, looks: float, images: int, channels: int, *, shortest: int = 1) -> float:
    """Penalty with which `segment` cuts a stable series with probability `rate`.

    Found by bisection on simulated speckle (seeded, so the same arguments give the same penalty).

    Parameters
    ----------
    rate
        Chance that a series without change is cut at all, 0.001 to 0.5.
    looks, images, channels, shortest
        As for `segment`.

    Raises
    ------
    ChangeError
        If the rate is outside those bounds, or an argument isn't positive.
    """
    if not 0.001 <= rate <= 0.5:
        raise ChangeError(f"The rate of false changes must lie between 0.001 and 0.5, not {rate}")
    if not looks > 0 or images < 1 or channels < 1 or shortest < 1:
        raise ChangeError(f"No penalty for {looks} looks, {images} images, {channels} channels")
    number = int(min(_FALSE_CHANGES / rate, _MOST_SERIES))
    rng = np.random.default_rng(20160501)
    power = rng.gamma(looks, 1.0 / looks, (channels, images, 1, number)).astype(np.float32)
    allowed = rate * number
    low, high = 0.0, 60.0
    while high - low > 0.02:
        middle = 0.5 * (low + high)
        cut = segment(power, looks, middle, shortest=shortest, most=2).count[0] > 1
        if cut.sum() > allowed:
            # A higher penalty cuts only series that are cut already, so the others are done with.
            low, power = middle, np.ascontiguousarray(power[..., cut])
        else:
            high = middle
    return 0.5 * (low + high)
