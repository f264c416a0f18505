"""What becomes of things that are not construction: small simulated scenes of one such thing each.

    python benchmarks/naming.py --seeds 1 5

For each kind and seed the whole chain runs, and what it makes of the ground of that thing is counted: nothing, a
structure rejected under the right name or another, a candidate, or (worst) a confirmed structure. `looked at` names the
true footprint as if the chain had brought it up, which tells the naming's quality where the chain brings up nothing.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses

import numpy as np
import shapely
import xarray as xr
from pyproj import Transformer

from sitewatch.change import detect_change
from sitewatch.simulate import LOOKALIKES, Scenario, simulate_lookalike
from sitewatch.site import Site
from sitewatch.structures import Structure, find_structures
from sitewatch.structures._find_one import judge
from sitewatch.structures._ground import ground_of
from sitewatch.structures._map import covered
from sitewatch.structures._naming import name_one

# Names that say as much of the thing: a tower's shadow lies beside it as its layover does.
AS_GOOD = {"layover": {"layover", "shadow", "edge", "sidelobe"}, "crop": {"crop", "vegetation"}}
BESIDE = ("layover", "ambiguity", "ship_passing")


def in_degrees(geometry: shapely.Geometry, scenario: Scenario) -> shapely.Geometry:
    """The same in longitude and latitude."""
    move = Transformer.from_crs(str(scenario.geobox.crs), "EPSG:4326", always_xy=True)
    return shapely.transform(geometry, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))


def site_of(scenario: Scenario) -> Site:
    """The whole scene as a site."""
    west, south, east, north = in_degrees(shapely.box(*scenario.geobox.boundingbox.bbox), scenario).bounds
    return Site.read(f"bbox:{west},{south},{east},{north}")


def fate(kind: str, structures: tuple[Structure, ...], where: shapely.Geometry | None) -> str:
    """The worst that became of the thing's ground."""
    right = AS_GOOD.get(kind, {kind})
    there = [s for s in structures if where is None or s.footprint.intersects(where)]
    for status in ("confirmed", "candidate"):
        if any(s.status == status for s in there):
            return status
    names = {s.rejected_as for s in there}
    return "nothing" if not names else "right name" if names & right else f"as {', '.join(sorted(map(str, names)))}"


def looked_at(kind: str, scenario: Scenario, change: xr.Dataset) -> str:
    """Name of the true footprint."""
    stack, (thing,) = scenario.stack, scenario.not_construction
    if kind in BESIDE or thing.outline is None:
        return "-"
    footprint = covered(in_degrees(thing.outline, scenario), stack.odc.geobox)
    found = judge(stack, change, footprint, ground_of(change), 1000, 0.01)
    refused = dataclasses.replace(found.grade, status="rejected", reason=found.grade.reason or "it did not last")
    return str(name_one(dataclasses.replace(found, grade=refused)).grade.rejected_as)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1, 5), metavar=("FIRST", "LAST"))
    parser.add_argument("--kinds", nargs="*", default=LOOKALIKES, choices=LOOKALIKES)
    arguments = parser.parse_args()
    print(
        "| not construction | scenes | what the chain makes of it | the true footprint, looked at |\n|---|---|---|---|"
    )
    for kind in arguments.kinds:
        fates: collections.Counter[str] = collections.Counter()
        names: collections.Counter[str] = collections.Counter()
        seeds = range(arguments.seeds[0], arguments.seeds[1] + 1)
        for seed in seeds:
            scenario = simulate_lookalike(kind, seed)
            change = detect_change(scenario.stack)
            structures = find_structures(site_of(scenario), scenario.stacks, [change])
            works = shapely.union_all([w.outline for w in scenario.works])
            (thing,) = scenario.not_construction
            where = None if thing.outline is None else in_degrees(thing.outline.difference(works.buffer(60)), scenario)
            mine = structures
            if works.area:  # the work itself is no mistake
                mine = tuple(s for s in structures if not s.footprint.intersects(in_degrees(works, scenario)))
            if kind == "ship_passing":
                names[f"{int(change['ships_passing'].sum())} counted"] += 1
            else:
                names[looked_at(kind, scenario, change)] += 1
            fates[fate(kind, mine, where)] += 1
        told = (", ".join(f"{name} {count}" for name, count in c.most_common()) for c in (fates, names))
        print(f"| {kind} | {len(seeds)} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
