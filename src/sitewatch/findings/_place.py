"""What was not found: over the whole site, and at each facility that the site file names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import shapely

from sitewatch.finding import Finding
from sitewatch.findings._images import covering, images_words
from sitewatch.geodesy import buffered
from sitewatch.phrases import answer_words
from sitewatch.scenes import Scene
from sitewatch.site import Site, SiteFeature
from sitewatch.sought import Detectable
from sitewatch.structure import Structure
from sitewatch.words import counted, joined

# A facility that is drawn as a point or a line stands for the ground around it.
AROUND_M = 50.0


def negative_findings(
    site: Site, structures: Sequence[Structure], scenes: Sequence[Scene], detectable: Sequence[Detectable]
) -> Iterator[Finding]:
    """What there is no sign of, in how many images, and the smallest that would have been found."""
    if not scenes:
        return
    yield _site(structures, scenes, detectable)
    for facility in site.facilities:
        ground = ground_of(facility)
        if ground is None or facility.properties.get("outside"):
            continue
        there = [s for s in structures if s.status != "rejected" and shapely.intersects(s.footprint, ground)]
        seeing = covering(scenes, ground)
        if seeing and not there:
            yield _facility(facility, seeing, detectable)


def ground_of(facility: SiteFeature) -> shapely.Geometry | None:
    """The ground that a facility takes, EPSG:4326; None where the site file does not draw it."""
    if facility.geometry is None or shapely.is_empty(facility.geometry):
        return None
    if shapely.area(facility.geometry) > 0:
        return facility.geometry
    return buffered(facility.geometry, AROUND_M)


def _site(structures: Sequence[Structure], scenes: Sequence[Scene], detectable: Sequence[Detectable]) -> Finding:
    confirmed = [s.id for s in structures if s.status == "confirmed"]
    candidates = [s.id for s in structures if s.status == "candidate"]
    seen = images_words(scenes)
    besides = f"Besides {_named(confirmed)}, no" if confirmed else "No"
    if candidates:
        open_ones = f"{_named(candidates)} {'is' if len(candidates) == 1 else 'are'} not settled"
        text = f"{besides} construction is confirmed in {seen}; {open_ones}."
    else:
        text = f"{besides} sign of construction in {seen}."
    return Finding(
        "observed",
        " ".join([text, *_smallest(detectable)]),
        structures=(*confirmed, *candidates),
        scenes=tuple(scene.id for scene in scenes),
        key="site/no sign",
        facts={
            "confirmed": joined(confirmed) or "none",
            "not settled": joined(candidates) or "none",
            "images": seen,
            **_smallest_facts(detectable),
        },
    )


def _facility(facility: SiteFeature, seeing: Sequence[Scene], detectable: Sequence[Detectable]) -> Finding:
    seen, name = images_words(seeing), facility.name or facility.id
    around = f" or within {AROUND_M:.0f} m of it" if shapely.area(facility.geometry) == 0 else ""
    sizes = _smallest(detectable)
    anywhere = ["For the site as a whole:", *sizes] if sizes else []
    return Finding(
        "observed",
        " ".join([f"No sign of construction at {name}{around} in {seen}.", *anywhere]),
        scenes=tuple(scene.id for scene in seeing),
        key=f"facility/{facility.id or name}/no sign",
        facts={"images": seen, **_smallest_facts(detectable)},
    )


def _named(ids: Sequence[str]) -> str:
    """A few by their names, many by their number."""
    return joined(ids) if len(ids) <= 6 else counted(len(ids), "structure")


def _smallest(detectable: Sequence[Detectable]) -> list[str]:
    return [answer_words(one) for one in detectable if one.share]


def _smallest_facts(detectable: Sequence[Detectable]) -> dict[str, str]:
    return {f"smallest {one.sought.kind}": answer_words(one) for one in detectable if one.share}
