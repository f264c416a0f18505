"""Open one scene, or everything usable among files, folders and STAC catalogues."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pystac

from sitewatch.errors import SceneError
from sitewatch.progress import Progress, silent
from sitewatch.scenes._find import Candidate, companions, family_of, find_candidates, package_of, product_images
from sitewatch.scenes._geometries import join_geometries
from sitewatch.scenes._hints import Hints
from sitewatch.scenes._raster import is_remote, name_of, read_info, scene_error
from sitewatch.scenes._scene import LeftOut, Scene, Scenes
from sitewatch.scenes._stac import read_item
from sitewatch.scenes._stac_files import load_item, stac_type

Source = str | os.PathLike[str] | pystac.Item


def open_scene(source: Source, hints: Hints | None = None) -> Scene:
    """Describe one scene, without reading its pixels.

    Parameters
    ----------
    source
        An image file (other polarisations of the same product beside it join), a STAC item's file, or a `pystac.Item`.
    hints
        What the user knows and the files don't say.

    Raises
    ------
    UnknownSceneError
        Something only the user can tell is missing; the hint names the option.
    SceneError
        The image can't be used; the text says why.
    """
    hints = hints or Hints()
    if isinstance(source, pystac.Item):
        return _read_item(source, hints)
    href = os.fspath(source)
    if not is_remote(href):
        path = Path(href)
        if path.exists() and (package := package_of(os.path.abspath(href))) is not None:
            return family_of(package).read([package], hints)
        if path.is_dir():
            raise scene_error(href, "it is a folder, not an image", "Open folders with open_scenes.")
        kind = stac_type(path) if path.suffix.lower() in (".json", ".geojson") and path.is_file() else None
        if kind == "Feature":
            return _read_item(load_item(path), hints, str(path))
        if kind is not None:
            raise scene_error(href, f"it is a STAC {kind}, not one item", "Open catalogues with open_scenes.")
    family = family_of(href)
    if family.is_companion(href):
        raise scene_error(href, "it is a layer beside the image (mask, angle or browse picture), not the image")
    return family.read(companions(href), hints)


def _read_item(item: pystac.Item, hints: Hints, source: str = "") -> Scene:
    own = product_images(item, source)
    return family_of(own[0]).read(own, hints) if own else read_item(item, hints)


def open_scenes(sources: Source | Iterable[Source], hints: Hints | None = None, progress: Progress = silent) -> Scenes:
    """Describe every usable scene among files, folders and STAC catalogues.

    Parameters
    ----------
    sources
        Image files, folders (searched all the way down), STAC items, item collections, static catalogues and
        collections, in any mixture. Files that an item describes are read through the item.
    hints
        What the user knows and the files don't say.
    progress
        Told how many candidates are done.

    Returns
    -------
    Scenes
        Scenes by acquisition time, and what was set aside with the reasons. A bad image is set aside, never raised.

    Raises
    ------
    SceneError
        Nothing at all is usable; the text sums up why.
    """
    hints = hints or Hints()
    listed: list[Source] = [sources] if isinstance(sources, str | os.PathLike | pystac.Item) else list(sources)
    candidates, left_out = find_candidates(listed)
    scenes: list[Scene] = []
    for done, candidate in enumerate(candidates):
        progress("reading scene descriptions", done, len(candidates))
        found, bad = _read(candidate, hints)
        scenes += found
        left_out += bad
    progress("reading scene descriptions", len(candidates), len(candidates))
    scenes, twins = _told_apart(join_geometries(sorted(scenes, key=lambda s: (s.datetime, s.id))))
    left_out += twins
    if not scenes:
        raise _nothing_usable(listed, left_out)
    return Scenes(tuple(scenes), tuple(left_out))


def _read(candidate: Candidate, hints: Hints) -> tuple[list[Scene], list[LeftOut]]:
    try:
        return [_describe(candidate, hints)], []
    except SceneError as error:
        whole = left_out_for(candidate.source, error)
    if len(candidate.images) < 2:
        return [], [whole]
    # One polarisation of several may be bad; the others still serve.
    refused = {href: refusal for href in candidate.images if (refusal := _refusal(href)) is not None}
    good = tuple(href for href in candidate.images if href not in refused)
    if not refused or not good:
        return [], [whole]
    scenes, others = _read(dataclasses.replace(candidate, images=good), hints)
    return scenes, [*refused.values(), *others]


def _describe(candidate: Candidate, hints: Hints) -> Scene:
    if candidate.item is not None:
        return read_item(candidate.item, hints, only=candidate.images or None)
    return family_of(candidate.images[0]).read(candidate.images, hints)


def _refusal(href: str) -> LeftOut | None:
    try:
        read_info(href)
    except SceneError as error:
        return left_out_for(href, error)
    return None


def left_out_for(source: str, error: SceneError) -> LeftOut:
    """What was set aside and why, without the name that the error's text starts with."""
    return LeftOut(source, error.message.removeprefix(f"{name_of(source)}: "), error.hint)


def _told_apart(scenes: Sequence[Scene]) -> tuple[list[Scene], list[LeftOut]]:
    """Leave out products that are there twice, and give different images that share a name different ids."""
    kept: dict[str, Scene] = {}
    twins: list[LeftOut] = []
    for scene in scenes:
        other = kept.get(scene.id)
        if other is None:
            kept[scene.id] = scene
        elif other.datetime == scene.datetime and other.track == scene.track and other.geobox == scene.geobox:
            source = scene.bands[0].href
            twins.append(LeftOut(source, f"the same product as {other.bands[0].href}", "", scene.datetime, scene.track))
        else:
            number = next(n for n in range(2, len(scenes) + 2) if f"{scene.id}-{n}" not in kept)
            kept[f"{scene.id}-{number}"] = dataclasses.replace(scene, id=f"{scene.id}-{number}")
    return list(kept.values()), twins


def _nothing_usable(listed: Sequence[Source], left_out: Sequence[LeftOut]) -> SceneError:
    where = ", ".join(s.id if isinstance(s, pystac.Item) else os.fspath(s) for s in listed[:3])
    where += ", ..." if len(listed) > 3 else ""
    if not left_out:
        return SceneError("no images were named", hint="Name files, folders or a STAC catalogue.")
    reasons = collections.Counter(out.reason for out in left_out)
    examples: dict[str, Any] = {out.reason: name_of(out.source) for out in reversed(left_out)}
    summed = "; ".join(
        f"{examples[reason]}: {reason}" if count == 1 else f"{count} images: {reason} (e.g. {examples[reason]})"
        for reason, count in reasons.most_common(4)
    )
    more = f"; and {len(reasons) - 4} further reasons" if len(reasons) > 4 else ""
    hints = collections.Counter(out.hint for out in left_out if out.hint)
    return SceneError(
        f"no image in {where} can be used. {summed}{more}", hint=hints.most_common(1)[0][0] if hints else ""
    )
