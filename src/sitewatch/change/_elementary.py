"""Logarithm and exponential without calls or branches, so that the compiler can do several pixels at once.

The C library's versions are a call each and stop a loop from being vectorised. Arguments must be ordinary numbers: no
NaN, no infinity, nothing subnormal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from sitewatch.change._numba import kernel

_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_EXPONENT_MASK = ~0xFFFFFFFFFFFFF
_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_LOG2_E = 1.4426950408889634


def _reread(target: Any, source: Any) -> Any:
    """Function of compiled code that reads the bits of one 64-bit type as another."""

    def reread(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), generate

    return intrinsic(reread)


_bits_of = _reread(types.int64, types.float64)
_float_of = _reread(types.float64, types.int64)


@kernel
def quick_log(x: float) -> float:
    """Natural logarithm, to about 2e-16 + 1e-15 relative."""
    bits = _bits_of(x)
    above = bits - _SQRT_HALF_BITS
    exponent = np.float64(np.int32(above >> 52))
    mantissa = _float_of(bits - (above & _EXPONENT_MASK))
    s = (mantissa - 1.0) / (mantissa + 1.0)
    r = s * s
    series = 1.0 / 13 + r * (1.0 / 15 + r * (1.0 / 17 + r * (1.0 / 19)))
    series = 1.0 / 3 + r * (1.0 / 5 + r * (1.0 / 7 + r * (1.0 / 9 + r * (1.0 / 11 + r * series))))
    return exponent * _LN2_HIGH + (exponent * _LN2_LOW + 2.0 * s * (1.0 + r * series))


@kernel
def quick_exp(x: float) -> float:
    """Exponential for -700 < x < 700, to about 1e-10 relative."""
    power = np.int32(x * _LOG2_E + (0.5 if x > 0.0 else -0.5))
    r = x - np.float64(power) * _LN2_HIGH - np.float64(power) * _LN2_LOW
    series = 1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r * (1.0 / 5040 + r * (1.0 / 40320))))
    series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6 + r * series)))
    return series * _float_of((np.int64(power) + 1023) << 52)
