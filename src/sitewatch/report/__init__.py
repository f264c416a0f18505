"""Figures and the dossier: what was found at a site, with the pictures that prove it.

`write_dossier` writes one self-contained HTML file from the stacks, the structures and the lists of scenes.
`draw_dossier` draws the same once, and `write_html`, `write_pdf`, `write_markdown` and `write_slides` write it in that
form; `frames_of` lays out a time-lapse that `write_gif` and `write_mp4` write.
`write_overview_png` writes the overview map alone. Every map and curve is also a function that returns a matplotlib
``Figure``, for notebooks and slides: `overview_map`, `composite_map`, `scene_map`, `structure_curves`, `site_timeline`.
They take a `Picture` (see `read_picture`), which reads only the window and the dates it shows. `write_power_page` and
`write_power_png` show the smallest structure that a site's images could have shown.
"""

from sitewatch.phrases import answer_words, size_words
from sitewatch.report._annotated import annotated_map
from sitewatch.report._before_after import before_after_pngs
from sitewatch.report._construction import construction_map
from sitewatch.report._curves import structure_curves
from sitewatch.report._dossier import Dossier, draw_dossier, write_dossier, write_html, write_overview_png
from sitewatch.report._events import Event, events_of
from sitewatch.report._frame import Frame, Window, whole_window, window_around
from sitewatch.report._manifest import scene_file_name
from sitewatch.report._maps import composite_map, overview_map
from sitewatch.report._markdown import write_markdown
from sitewatch.report._pairs import scene_map
from sitewatch.report._pdf import write_pdf
from sitewatch.report._picture import Picture, read_picture
from sitewatch.report._power_map import PowerMap, PowerReport, power_figure, write_power_png
from sitewatch.report._power_page import contrast_words, window_words, write_power_page
from sitewatch.report._provenance import Provenance
from sitewatch.report._read_back import ReadDossier, read_dossier
from sitewatch.report._series import Series, footprint_series
from sitewatch.report._slides import write_slides
from sitewatch.report._timelapse import Frames, frames_of, write_gif, write_mp4
from sitewatch.report._timeline import site_timeline

__all__ = [
    "Dossier",
    "Event",
    "Frame",
    "Frames",
    "Picture",
    "PowerMap",
    "PowerReport",
    "Provenance",
    "ReadDossier",
    "Series",
    "Window",
    "annotated_map",
    "answer_words",
    "before_after_pngs",
    "composite_map",
    "construction_map",
    "contrast_words",
    "draw_dossier",
    "events_of",
    "footprint_series",
    "frames_of",
    "overview_map",
    "power_figure",
    "read_dossier",
    "read_picture",
    "scene_file_name",
    "scene_map",
    "site_timeline",
    "size_words",
    "structure_curves",
    "whole_window",
    "window_around",
    "window_words",
    "write_dossier",
    "write_gif",
    "write_html",
    "write_markdown",
    "write_mp4",
    "write_overview_png",
    "write_pdf",
    "write_power_page",
    "write_power_png",
    "write_slides",
]
