"""``sitewatch export``: what the record says, in the formats of others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sitewatch.cli._exits import session
from sitewatch.cli._follow import HERE, WorkspaceOption
from sitewatch.cli._shared import Screen, with_shared_options
from sitewatch.cli._structures import opened_record

if TYPE_CHECKING:
    from sitewatch.cli._terminal import Terminal
    from sitewatch.exports import KmlPicture
    from sitewatch.record import Record, Revision, Workspace

_ENDINGS = {
    "geojson": (".geojson", ".json"),
    "gpkg": (".gpkg",),
    "kml": (".kml",),
    "kmz": (".kmz",),
    "parquet": (".parquet", ".geoparquet"),
    "csv": (".csv",),
    "smart": (),
    "stac": (),
    "archive": (".sitewatch",),
}
_AS_TEXT = ("geojson", "csv")
_MOST_PICTURED = 16
_SMART = "For --as smart"


@with_shared_options
def export(
    screen: Screen,
    workspace: WorkspaceOption = HERE,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File to write, of SMART models and STAC the folder; standard output (geojson, csv) if not given.",
            metavar="FILE",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="geojson, gpkg, kml, kmz, parquet, csv, smart, stac, archive; by default what FILE ends in says.",
            metavar="FORMAT",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what is merged or no longer found; to FILE.sitewatch, the whole site."),
    ] = False,
    region: Annotated[
        str, typer.Option(help="Name of the region: country, _R and three digits.", rich_help_panel=_SMART)
    ] = "XX_R001",
    originator: Annotated[
        str, typer.Option(help="Who says it; a team's code makes the models proposals.", rich_help_panel=_SMART)
    ] = "sitewatch",
) -> None:
    """Write what the record says as GeoJSON, GeoPackage, KML, KMZ, GeoParquet, a table of observations, SMART or STAC.

    With --all and a FILE that ends in .sitewatch, write the whole site, for `sitewatch import`.

    Example: [bold]sitewatch export --workspace port --out port.kmz[/]
    """
    with session(screen) as terminal:
        from sitewatch import record as r

        chosen = _format(form, out)
        if chosen == "archive":
            _archive(terminal, workspace, out)
            return
        with opened_record(workspace) as (opened, record):
            revisions = [one for one in r.list_structures(record, opened.uid) if everything or one.stands]
            if out is None:
                sys.stdout.write(_text(chosen, opened, record, revisions))
            else:
                _write(chosen, out, opened, record, revisions, region, originator)
        if out is not None and terminal.as_json:
            terminal.print_json({"out": str(out), "format": chosen, "structures": len(revisions)})
        elif out is not None:
            terminal.out.print(f"Structures: {len(revisions)}, written to {out}", markup=False, soft_wrap=True)


def _archive(terminal: Terminal, workspace: Path, out: Path | None) -> None:
    """The whole site: all revisions, whatever else is asked for."""
    from sitewatch.pipeline import export_site

    assert out is not None  # `_format` has seen to it
    made = export_site(workspace, out)
    if terminal.as_json:
        terminal.print_json({"out": str(out), "format": "archive", "entries": len(made.entries), "digest": made.digest})
    else:
        size = out.stat().st_size / 1e6
        terminal.out.print(f"The whole site, {size:.1f} MB, written to {out}", markup=False, soft_wrap=True)


def _format(form: str | None, out: Path | None) -> str:
    if form is not None:
        if form.lower() not in _ENDINGS:
            raise typer.BadParameter(f"{form} is none of {', '.join(_ENDINGS)}", param_hint="--as")
        if out is None and form.lower() not in _AS_TEXT:
            raise typer.BadParameter(f"say where the {form} is to go", param_hint="--out")
        return form.lower()
    if out is None:
        return "geojson"
    found = next((name for name, endings in _ENDINGS.items() if out.suffix.lower() in endings), None)
    if found is None:
        endings = ", ".join(ending for some in _ENDINGS.values() for ending in some[:1])
        raise typer.BadParameter(
            f"give a file that ends in {endings}, or say --as smart or --as stac for a folder of models or items",
            param_hint="--out",
        )
    return found


def _text(chosen: str, opened: Workspace, record: Record, revisions: list[Revision]) -> str:
    from sitewatch import exports
    from sitewatch import record as r

    if chosen == "csv":
        names = [one.id for one in revisions]
        scenes = exports.scenes_by_pass(record, opened.uid, names)
        return exports.observations_csv([one.structure for one in revisions], scenes)
    return json.dumps(r.feature_collection(revisions), ensure_ascii=False, indent=1) + "\n"


def _write(
    chosen: str, out: Path, opened: Workspace, record: Record, revisions: list[Revision], region: str, originator: str
) -> None:
    from sitewatch import exports
    from sitewatch import record as r
    from sitewatch.errors import ExportError

    structures = [one.structure for one in revisions]
    names = [one.id for one in revisions]
    match chosen:
        case "gpkg":
            r.write_geopackage(
                out, opened.site, revisions, r.list_scenes(record, opened.uid), r.list_events(record, opened.uid)
            )
        case "kml":
            exports.write_kml(out, opened.site, structures)
        case "kmz":
            exports.write_kmz(out, opened.site, structures, _pictures(opened, revisions))
        case "parquet":
            exports.write_geoparquet(out, structures)
        case "csv":
            exports.write_observations(out, structures, exports.scenes_by_pass(record, opened.uid, names))
        case "smart":
            passes = exports.scenes_by_pass(record, opened.uid, names)
            days = {name: exports.scenes_by_day(some) for name, some in passes.items()}
            exports.write_smart_models(
                out, opened.site, structures, region_id=region, originator=originator, sources=days
            )
        case "stac":
            times = [scene.datetime for scene in r.list_scenes(record, opened.uid) if scene.used]
            if not times:
                raise ExportError("no image has been used yet, so there is no raster", hint="`sitewatch update` first.")
            exports.write_stac(out, opened.site, [*opened.change_folder.glob("*.tif")], min(times), max(times))
        case _:
            r.write_features(out, revisions)


def _pictures(opened: Workspace, revisions: list[Revision]) -> dict[str, tuple[KmlPicture, ...]]:
    """Before and after of what is not rejected, confirmed ones first, from the stacks that the last update left."""
    from sitewatch.exports import KmlPicture
    from sitewatch.report import before_after_pngs
    from sitewatch.stack import open_stack

    stacks = [open_stack(path) for path in sorted(opened.stacks_folder.glob("*.zarr"))]
    shown = [one.structure for one in revisions if one.structure.status != "rejected"]
    shown.sort(key=lambda s: (s.status != "confirmed", s.id))
    return {
        one.id: tuple(KmlPicture(*shot) for shot in before_after_pngs(one, stacks))
        for one in (shown[:_MOST_PICTURED] if stacks else ())
    }
