"""A whole area, tile by tile, on Dask: the same computation as of a site, independent of the tiling and of the workers.

What a track's surfaces do by themselves is learnt once for the area. Each pixel's change is then computed tile by tile
(`_tiles`), changed pixels are gathered into places across the seams (`_places`), and structures are found place by
place (`_found`). Every finished tile and place is a file: whatever cuts a survey short, the next one goes on from
there.
``docs/scale.md`` says why the result can't depend on the tiling, and what it costs.
"""

from sitewatch.survey._survey import Lost, SurveyResult, survey_stacks
from sitewatch.survey._workers import local_workers, scheduled_workers

__all__ = ["Lost", "SurveyResult", "local_workers", "scheduled_workers", "survey_stacks"]
