"""What can be done with a scene, and what is missing for more: words for ``sitewatch inspect``."""

from __future__ import annotations

from sitewatch.scenes._formats import FORMATS, Format
from sitewatch.scenes._scene import Scene

# Families whose products have a layer of layover and shadow.
_WITH_MASKS = ("OPERA RTC-S1", "ASF HyP3 RTC")


def format_of(scene: Scene) -> Format | None:
    """The entry of the table of formats that a scene's family belongs to; the longest name that fits."""
    fitting = [known for known in FORMATS if scene.family.startswith(known.name)]
    return max(fitting, key=lambda known: len(known.name), default=None)


def what_can_be_done(scene: Scene) -> list[str]:
    """Uses that a scene allows, each as a phrase."""
    if scene.is_optical:
        return ["stack, find and date (sitewatch run)", "meet radar's evidence: reflectance and backscatter never mix"]
    can = ["stack, find and date (sitewatch run, date, power)"]
    if scene.fits_any_grid:
        can.append("lay it on any map grid")
    if scene.quantity == "unknown":
        can.append("compare within its track only: levels are relative")
    elif scene.quantity == "gamma0":
        can.append("judge levels in dB")
    else:
        can.append(f"compare with other {scene.quantity} images of its track")
    return can


def what_is_missing(scene: Scene) -> list[str]:
    """What the product does not say or hold, with the option that tells it."""
    missing = []
    if scene.is_optical:
        missing += (
            ["whether it is at the surface or at the top (--quantity)"] if scene.quantity == "reflectance" else []
        )
        missing += [] if scene.time_known else ["time of day"]
        missing += [] if scene.credit else ["credit line"]
        return missing + [
            note for note in scene.notes if note.startswith("no cloud mask") or note.endswith("not there")
        ]
    if scene.quantity == "unknown":
        missing.append("which backscatter it is (--quantity)")
    if scene.track.constellation == "unknown" or (
        scene.track.constellation == "sentinel-1" and not (scene.track.relative_orbit and scene.track.orbit_state)
    ):
        missing.append("viewing geometry (--track)")
    if not scene.time_known:
        missing.append("time of day")
    if scene.enl is None:
        missing.append("number of looks: it is estimated from the images")
    if scene.reader is not None and scene.reader.lacks_terrain:
        missing.append("the ground's height (--dem, --dem-datum)")
    if scene.mask is None and scene.family in _WITH_MASKS:
        missing.append("the product's layover and shadow mask (its file beside the image)")
    if not scene.credit:
        missing.append("credit line")
    missing += [note for note in scene.notes if note.endswith("is not there")]
    return missing
