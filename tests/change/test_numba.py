"""Kernels work where no compiled code can be stored."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from numba.core import caching
# So numba finds neither the folder of the package nor that of the user writable.
caching.CodeLibraryCacheImpl._locator_classes = []
caching.CompileResultCacheImpl._locator_classes = []
from sitewatch.change._numba import kernel
@kernel
def twice(x):
    return 2 * x
print(twice(21))
"""


def test_a_kernel_compiles_without_a_writable_cache_folder() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "42"
