"""``sitewatch inspect``: what a file is, and what is missing before it can be used."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sitewatch.cli._exits import session
from sitewatch.cli._shared import ImageHints, Screen, with_shared_options
from sitewatch.cli._summary import left_out_json, tell_each_note, tell_left_out

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.scenes import Scene, Scenes


@with_shared_options
def inspect(
    file: Annotated[
        str,
        typer.Argument(
            help="An image, a folder, a STAC item or catalogue, a site file, or a workspace.", metavar="FILE"
        ),
    ],
    hints: ImageHints,
    screen: Screen,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Read every file of Sentinel-1 products and compare it with its checksum in the manifest."
        ),
    ] = False,
) -> None:
    """Say what FILE is: the images in it, their tracks and dates, what can be done with them and what is missing.

    Ends with exit code 1 where nothing in FILE can be used, or a checksum is wrong.

    Example: [bold]sitewatch inspect images/[/]
    """
    with session(screen) as terminal:
        if (Path(file) / "workspace.json").exists():
            _workspace(terminal, file)
        elif _is_site(file):
            _site(terminal, file)
        else:
            _images(terminal, file, hints, verify)


def _is_site(file: str) -> bool:
    """Whether a JSON file is a site rather than a STAC object."""
    if file.lower().startswith("bbox:"):
        return True
    if Path(file).suffix.lower() not in (".geojson", ".json") or not Path(file).is_file():
        return False
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and "stac_version" not in content


def _workspace(terminal: Terminal, file: str) -> None:
    from sitewatch.record import Workspace, list_runs, list_scenes

    workspace = Workspace.open(file)
    with workspace.record() as record:
        runs, scenes = list_runs(record, workspace.uid), list_scenes(record, workspace.uid)
    facts: dict[str, Any] = {
        "what": "sitewatch workspace",
        "site": workspace.site.name,
        "created": workspace.manifest().created.isoformat(timespec="seconds"),
        "runs": len(runs),
        "scenes": runs[-1].scenes if runs else len(scenes),
        "structures": dict(runs[-1].counts) if runs else {},
        "dossier": str(workspace.dossier_path) if workspace.dossier_path.exists() else None,
    }
    _facts(terminal, facts)


def _site(terminal: Terminal, file: str) -> None:
    from sitewatch.geodesy import area_m2
    from sitewatch.site import Site

    site = Site.read(file)
    west, south, east, north = site.area.bounds
    facts: dict[str, Any] = {
        "what": "site",
        "id": site.id,
        "name": site.name,
        "area_km2": round(area_m2(site.area) / 1e6, 3),
        "west_south_east_north": [round(value, 6) for value in (west, south, east, north)],
        "facilities": len(site.facilities),
        "links": len(site.links),
        "events": len(site.events),
    }
    _facts(terminal, facts)


def _facts(terminal: Terminal, facts: dict[str, Any]) -> None:
    if terminal.as_json:
        terminal.print_json(facts)
        return
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(_in_words(value)))
    terminal.print_table(table)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none yet"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return "none" if value is None else str(value)


def _images(terminal: Terminal, file: str, hints: ImageHints, verify: bool) -> None:
    from sitewatch.scenes import open_scenes

    with terminal.progress() as progress:
        found = open_scenes([file], hints=hints.as_hints(), progress=progress)
        if verify:
            _verify(found)
    if terminal.as_json:
        terminal.print_json(_images_json(found))
    else:
        tell_left_out(terminal, found.left_out)
        if len(found.scenes) == 1:
            _one(terminal, found.scenes[0])
        elif found.scenes:
            _tracks(terminal, found.scenes)
            _guesses(terminal, found.scenes)
        terminal.out.print(f"Images that can be used: {len(found.scenes)}, that can't: {len(found.left_out)}.")


def _verify(found: Scenes) -> None:
    """Compare checksums; raises SceneError where one is wrong or nothing can be compared."""
    from sitewatch.errors import SceneError
    from sitewatch.scenes.optical import is_sentinel2
    from sitewatch.scenes.sentinel1 import open_package, package_of

    sources = dict.fromkeys(scene.reader.source for scene in found.scenes if scene.reader is not None)
    radar = [source for source in sources if package_of(source) is not None and not is_sentinel2(source)]
    packages = [open_package(source) for source in radar]
    if not packages:
        raise SceneError("there is nothing to verify", hint="Only Sentinel-1 SAFE products hold checksums.")
    faults = [(package.product, *fault) for package in packages for fault in package.verify()]
    wrong = [f"{product}: {path} ({what})" for product, path, what in faults if what != "missing"]
    if wrong:
        raise SceneError(f"{'; '.join(wrong)}", hint="Fetch the product again.")


def _one(terminal: Terminal, scene: Scene) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in _scene_json(scene).items():
        table.add_row(name.replace("_", " "), escape(_in_words(value)))
    terminal.print_table(table)


def _tracks(terminal: Terminal, scenes: Sequence[Scene]) -> None:
    table = Table("track", "images", "first", "last", "polarisations", "product", box=None, pad_edge=False)
    for key, images in Counter(scene.track.key for scene in scenes).items():
        of_track = [scene for scene in scenes if scene.track.key == key]
        days = sorted(scene.datetime.date() for scene in of_track)
        polarisations = sorted({name for scene in of_track for name in scene.polarisations}, reverse=True)
        families = sorted({scene.family for scene in of_track})
        table.add_row(key, str(images), str(days[0]), str(days[-1]), ", ".join(polarisations), ", ".join(families))
    terminal.print_table(table)


def _guesses(terminal: Terminal, scenes: Sequence[Scene]) -> None:
    counts = Counter(note for scene in scenes for note in dict.fromkeys(scene.notes))
    tell_each_note(
        terminal, [note if n == len(scenes) else f"{note} ({n} of {len(scenes)} images)" for note, n in counts.items()]
    )


def _scene_json(scene: Scene) -> dict[str, Any]:
    from sitewatch.scenes._abilities import format_of, what_can_be_done, what_is_missing

    known = format_of(scene)
    ground = None if scene.reader is None else scene.reader.terrain
    told_by_family = scene.product_type in scene.family
    return {
        "id": scene.id,
        "product": scene.family if told_by_family else f"{scene.family} {scene.product_type}",
        "datetime": scene.datetime.isoformat(),
        "time_known": scene.time_known,
        "track": scene.track.key,
        "polarisations": list(scene.polarisations),
        "units": sorted({band.unit for band in scene.bands}),
        "quantity": scene.quantity,
        "platform": scene.platform or None,
        "product_type": scene.product_type or None,
        "looks": scene.enl,
        "noise_floor_db": scene.nesz_db,
        "incidence_angle_deg": scene.incidence_angle_deg,
        "look_direction": scene.track.look_direction or None,
        "look_azimuth_deg": scene.view_azimuth_deg,
        "geometry": "radar, laid on this map grid when it is read"
        if scene.fits_any_grid and not scene.is_optical
        else "on a map grid",
        "ground": ground.label if ground is not None else None,
        "shape": list(scene.geobox.shape),
        "crs": str(scene.geobox.crs),
        "west_south_east_north": [round(value, 6) for value in scene.footprint.bounds],
        "credit": scene.credit or None,
        "notes": list(scene.notes),
        "can": what_can_be_done(scene),
        "missing": what_is_missing(scene),
        "verified_on": None if known is None else known.verified,
    }


def _images_json(found: Scenes) -> dict[str, Any]:
    return {
        "what": "images",
        "scenes": [_scene_json(scene) for scene in found.scenes],
        "left_out": [left_out_json(entry) for entry in found.left_out],
    }
