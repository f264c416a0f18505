"""Photograph the page of a workspace: ``python docs/web_picture.py WORKSPACE docs/images/web.png [LINK]``.

Needs the page (`make web`) and Debian's chromium.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from sitewatch.record import Workspace
from sitewatch.web import make_app

LINK = "#/demo-coast?structure=SW-0002&swipe=1&before=2023-06-24&date=2024-08-13"
_SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
_LOADED = "() => sitewatchMap.loaded() && sitewatchMap.areTilesLoaded()"
_COLOURS = 256


def photograph(workspace: Path, picture: Path, link: str = LINK, size: tuple[int, int] = (1280, 800)) -> None:
    """Write what the page shows at a link; a palette keeps the file small."""
    door = socket.create_server(("127.0.0.1", 0))
    app = make_app([Workspace.open(workspace)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_SOFTWARE)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        context.set_default_timeout(180_000)
        page = context.new_page()
        page.add_init_script("localStorage.setItem('sitewatch.reviewer', 'ann')")
        page.goto(f"http://127.0.0.1:{door.getsockname()[1]}/{link}")
        page.wait_for_selector("[data-testid=map][data-ready=yes]")
        if "structure=" in link:
            page.wait_for_selector(".chart svg")
        if "swipe=1" in link:
            page.wait_for_selector(".map-over[data-ready=yes]")
        page.wait_for_timeout(4000)
        page.wait_for_function(_LOADED)
        page.screenshot(path=picture)
        browser.close()
    app.state.closing.set()
    server.should_exit = True
    thread.join(10)
    with Image.open(picture) as image:
        image.convert("RGB").quantize(_COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    photograph(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])
