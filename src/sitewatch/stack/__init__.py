"""One track's images as one co-registered, calibrated cube on the site's grid.

`build_stacks` chooses the grid, plans which scene goes where (no file is opened for that), reads, puts bursts
together, checks the registration, and gives one ``xarray.Dataset`` a track: in memory, or in Zarr on disk. What a
stack holds is written down in ``docs/architecture.md``. `tiles` cuts the grid for work that must not hold it whole.
"""

from sitewatch.stack._build import Stacks, build_stack, build_stacks, open_stack
from sitewatch.stack._tiles import Tile, tiles

__all__ = ["Stacks", "Tile", "build_stack", "build_stacks", "open_stack", "tiles"]
