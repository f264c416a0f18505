"""What robust estimates of scatter have in common."""

from __future__ import annotations

# Standard deviation of a normal law over its median absolute deviation.
MAD_TO_SD = 1.4826
