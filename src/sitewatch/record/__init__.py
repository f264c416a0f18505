"""What was used, found and written: the workspace of a site and the files in it.

A run leaves one folder behind. `Workspace` knows what lies where in it and refuses folders that are something else;
`write_structures`, `write_centrelines`, `write_scenes` and `write_change_rasters` write its parts,
each to a temporary name first, so that an interrupted run never leaves half a file.
"""

from sitewatch.record._files import SceneFile
from sitewatch.record._manifest import Manifest, RunRecord, SceneRecord
from sitewatch.record._rasters import change_raster_jobs, write_change_rasters, write_raster
from sitewatch.record._scenes import write_scenes
from sitewatch.record._structures import to_feature, write_centrelines, write_structures
from sitewatch.record._workspace import Workspace

__all__ = [
    "Manifest",
    "RunRecord",
    "SceneFile",
    "SceneRecord",
    "Workspace",
    "change_raster_jobs",
    "to_feature",
    "write_centrelines",
    "write_change_rasters",
    "write_raster",
    "write_scenes",
    "write_structures",
]
