"""How kernels are compiled: once, cached on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

# NaN means "no image here", so the options that assume there is none ("nnan", "fast") stay off.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}, "nogil": True}


def _compile(function: Callable[..., Any], *, parallel: bool) -> Callable[..., Any]:
    try:
        return njit(cache=True, parallel=parallel, **_OPTIONS)(function)
    except RuntimeError:
        # numba tries NUMBA_CACHE_DIR, the folder of this file and the user's cache folder, and gives up if none can
        # be written (a read-only container). Compiling anew in every process is slower but right.
        return njit(parallel=parallel, **_OPTIONS)(function)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a helper that is called from other kernels."""
    return _compile(function, parallel=False)


def parallel_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a kernel whose `prange` loop runs over all threads."""
    return _compile(function, parallel=True)
