"""Draw the pictures that the README shows: ``python docs/make_pictures.py docs/images``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image
from web_picture import photograph

from sitewatch.pipeline import run_site
from sitewatch.report import write_overview_png
from sitewatch.simulate import demo_scenario, write_scenario
from sitewatch.site import Site
from sitewatch.stack import open_stack

_COLOURS = 256  # a palette keeps the file small, and a map of greys loses nothing by it


def main(folder: Path) -> None:
    """Run the demo and draw its overview map into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scenario = write_scenario(demo_scenario(), Path(scratch) / "scenario")
        site = Site.read(scenario / "site.geojson")
        result = run_site(site, [scenario / "scenes"], Path(scratch) / "result")
        stacks = [open_stack(path) for path in sorted((Path(scratch) / "result" / "stacks").glob("*.zarr"))]
        picture = folder / "demo.png"
        write_overview_png(picture, site=site, stacks=stacks, structures=result.structures, dpi=110)
        photograph(Path(scratch) / "result", folder / "web.png")
    with Image.open(picture) as image:
        image.convert("RGB").quantize(_COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
