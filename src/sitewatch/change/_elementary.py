"""Logarithm and exponential without calls or branches, so that the compiler can do several pixels at once.

The C library's versions are a call each and stop a loop from being vectorised. Arguments must be ordinary numbers: no
NaN, no infinity, nothing subnormal. The polynomials in single precision are those of the Cephes library (Moshier 1992).
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

# Single precision throughout: a constant in double would make the whole expression double.
_F = np.float32
_SQRT_HALF_BITS_32 = np.int32(0x3F3504F3)
_EXPONENT_MASK_32 = np.int32(-0x800000)
_MANTISSA_BITS_32, _BIAS_32 = np.int32(23), np.int32(127)
_LN2_HIGH_32, _LN2_LOW_32, _LOG2_E_32 = _F(0.693359375), _F(-2.12194440e-4), _F(_LOG2_E)
_ZERO, _HALF, _ONE = _F(0.0), _F(0.5), _F(1.0)
_L0, _L1, _L2 = _F(7.0376836292e-2), _F(-1.1514610310e-1), _F(1.1676998740e-1)
_L3, _L4, _L5 = _F(-1.2420140846e-1), _F(1.4249322787e-1), _F(-1.6668057665e-1)
_L6, _L7, _L8 = _F(2.0000714765e-1), _F(-2.4999993993e-1), _F(3.3333331174e-1)
_E0, _E1, _E2 = _F(1.9875691500e-4), _F(1.3981999507e-3), _F(8.3334519073e-3)
_E3, _E4, _E5 = _F(4.1665795894e-2), _F(1.6666665459e-1), _F(5.0000001201e-1)


def _reread(target: Any, source: Any) -> Any:
    """Function of compiled code that reads the bits of one 64-bit type as another."""

    def reread(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(target))

        return target(source), generate

    return intrinsic(reread)


_bits_of = _reread(types.int64, types.float64)
_float_of = _reread(types.float64, types.int64)
_bits_of_32 = _reread(types.int32, types.float32)
_float_of_32 = _reread(types.float32, types.int32)


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


@kernel
def quick_log_32(x: np.float32) -> np.float32:
    """Natural logarithm in single precision, to 2e-7 or one part in ten million."""
    bits = _bits_of_32(x)
    # numba adds int32 to int64; each result is narrowed again, or half as many pixels would fit an instruction.
    above = np.int32(bits - _SQRT_HALF_BITS_32)
    exponent = _F(np.int32(above >> _MANTISSA_BITS_32))
    m = _float_of_32(np.int32(bits - np.int32(above & _EXPONENT_MASK_32))) - _ONE
    m2 = m * m
    series = _L6 + m * (_L5 + m * (_L4 + m * (_L3 + m * (_L2 + m * (_L1 + m * _L0)))))
    series = (_L8 + m * (_L7 + m * series)) * m * m2
    return (m + (series + _LN2_LOW_32 * exponent - _HALF * m2)) + _LN2_HIGH_32 * exponent


@kernel
def quick_exp_32(x: np.float32) -> np.float32:
    """Exponential in single precision for -87 < x < 87, to one part in ten million."""
    power = np.int32(x * _LOG2_E_32 + (_HALF if x > _ZERO else -_HALF))
    r = x - _F(power) * _LN2_HIGH_32 - _F(power) * _LN2_LOW_32
    series = (_E5 + r * (_E4 + r * (_E3 + r * (_E2 + r * (_E1 + r * _E0))))) * r * r + r + _ONE
    return series * _float_of_32(np.int32(np.int32(power + _BIAS_32) << _MANTISSA_BITS_32))
