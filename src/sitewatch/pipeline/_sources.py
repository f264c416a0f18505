"""Where scenes come from, as the record keeps it: absolute, and with what the user said of the images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from sitewatch.errors import SceneError
from sitewatch.pipeline._options import RunOptions, plain_hints
from sitewatch.pipeline._steps import choose_scenes
from sitewatch.progress import Progress
from sitewatch.record import Source
from sitewatch.scenes import Hints, LeftOut, Scene, Scenes, open_scenes


def as_sources(sources: Sequence[str | Path], hints: Hints) -> tuple[Source, ...]:
    """Sources by their absolute paths or addresses, so that an update finds them from wherever it is started."""
    said = plain_hints(hints)
    if Path(str(said.get("dem", ""))).is_file():
        said["dem"] = str(Path(str(said["dem"])).absolute())
    return tuple(Source(_absolute(os.fspath(source)), said) for source in sources)


def scenes_of(sources: Sequence[Source], options: RunOptions, progress: Progress) -> Scenes:
    """Describe every usable scene of the sources, without those that the options leave out.

    Raises
    ------
    SceneError
        If none of the sources has a scene that can be used.
    """
    scenes: dict[str, Scene] = {}
    left_out: list[LeftOut] = []
    refusals: list[SceneError] = []
    for said, group in groupby(sources, key=lambda source: dict(source.hints)):
        hrefs = [source.href for source in group]
        try:
            found = open_scenes(hrefs, hints=_hints(said), progress=progress)
        except SceneError as error:
            refusals.append(error)
            left_out.append(LeftOut(", ".join(hrefs), error.message, error.hint))
            continue
        left_out += found.left_out
        for scene in found.scenes:
            if scene.id in scenes:
                reason = f"an image of the same name was added before ({scenes[scene.id].bands[0].href})"
                left_out.append(LeftOut(scene.bands[0].href, reason, "", scene.datetime, scene.track))
            else:
                scenes[scene.id] = scene
    if not scenes and refusals:
        raise refusals[0]
    ordered = tuple(sorted(scenes.values(), key=lambda scene: (scene.datetime, scene.id)))
    return choose_scenes(Scenes(ordered, tuple(left_out)), options)


def _hints(said: dict[str, Any]) -> Hints:
    return Hints(**{**said, **({"nodata": float(said["nodata"])} if "nodata" in said else {})})


def _absolute(href: str) -> str:
    return href if "://" in href or href.startswith("/vsi") else str(Path(href).absolute())
