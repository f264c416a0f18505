"""The page in a real browser (Chromium, software WebGL), on the real server and a real workspace."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable, Iterator

import httpx
import pytest
from harbour import BUILT, DATES
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sitewatch.record import Workspace, get_structure
from sitewatch.web._page import BUILT as STATIC
from sitewatch.web._page import is_built

SOFTWARE = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox")
PATIENCE_MS = 60_000
MOST_FIRST_LOAD_BYTES = 600_000
Opener = Callable[..., Page]
SHOWN = """wanted => ["image-a", "image-b"].some(id =>
    sitewatchMap.getPaintProperty(id, "raster-opacity") === 1
    && sitewatchMap.getSource(id).tiles[0].includes(wanted))"""


@pytest.fixture(scope="module")
def browser(needs_package: Callable[[str, bool], None]) -> Iterator[Browser]:
    path = shutil.which("chromium")
    needs_package("chromium", path is not None)
    needs_package("npm, with which `make web` builds the page", is_built())
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=list(SOFTWARE))
        yield one
        one.close()


@pytest.fixture
def opened(browser: Browser, writer: httpx.Client) -> Iterator[Opener]:
    """Open the page, each time in a browser of its own; no script may fail and no policy be broken."""
    contexts, faults = [], []

    def open_page(link: str = "", name: str = "ann", deaf: bool = False) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem('sitewatch.reviewer', '{name}')")
        if deaf:
            page.route("**/news", lambda route: route.abort())
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{writer.base_url}/{link}")
        page.wait_for_selector("[data-testid=map][data-ready=yes]")
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def test_an_analyst_steps_selects_confirms_reloads_and_sees_it_kept(opened: Opener, workspace: Workspace) -> None:
    page = opened()
    expect(page.get_by_test_id("date")).to_contain_text(f"{len(DATES)} of {len(DATES)}")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("date")).to_contain_text("7 Aug 2023")
    page.wait_for_function(SHOWN, arg="time=2023-08-07")
    page.get_by_role("option", name=re.compile("SW-0001")).click()
    expect(page.get_by_test_id("status")).to_have_text("candidate")
    # What happened is shown at once: the last image without it, and the first in which it stood.
    expect(page.get_by_test_id("slider")).to_have_attribute("aria-valuenow", str(BUILT + 2))
    page.locator(".chart .dot").nth(3).click()
    expect(page.get_by_test_id("slider")).to_have_attribute("aria-valuenow", "4")
    page.keyboard.press("c")
    expect(page.get_by_test_id("toast")).to_contain_text("SW-0001 confirmed")
    expect(page.get_by_test_id("status")).to_have_text("confirmed")
    page.wait_for_function("location.hash.includes('SW-0001')")
    page.reload()
    expect(page.get_by_test_id("status")).to_have_text("confirmed")
    expect(page.get_by_test_id("slider")).to_have_attribute("aria-valuenow", "4")
    with workspace.record() as record:
        assert get_structure(record, workspace.uid, "SW-0001").by == "ann"


def test_of_two_browsers_the_later_one_is_told_and_loses_nothing_of_the_first(
    opened: Opener, workspace: Workspace
) -> None:
    # Bob's page would hear of what Ann does within a second; without news it does not.
    link = "#/harbour?structure=SW-0002"
    ann, bob = opened(link), opened(link, name="bob", deaf=True)
    for page in (ann, bob):
        expect(page.locator(".facts")).to_be_visible()
    ann.keyboard.press("c")
    expect(ann.get_by_test_id("toast")).to_contain_text("confirmed")
    bob.get_by_role("button", name="Reject").click()
    bob.get_by_role("button", name="a crop").click()
    expect(bob.get_by_test_id("toast")).to_contain_text("changed by ann")
    expect(bob.get_by_test_id("status")).to_have_text("confirmed")
    with workspace.record() as record:
        now = get_structure(record, workspace.uid, "SW-0002")
    assert (now.structure.status, now.by, now.number) == ("confirmed", "ann", 2)


def test_the_queue_is_worked_through_by_keyboard_and_taken_back(opened: Opener, workspace: Workspace) -> None:
    page = opened("#/harbour?tab=queue")
    page.keyboard.press("j")
    expect(page.get_by_test_id("detail")).to_have_attribute("aria-label", "Structure SW-0002")
    expect(page.locator(".facts")).to_be_visible()
    page.keyboard.press("r")
    page.get_by_test_id("reason").fill("the tide")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text("rejected")
    expect(page.get_by_role("tab", name=re.compile("To review"))).to_contain_text("1")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_test_id("toast")).to_contain_text("taken back")
    with workspace.record() as record:
        assert get_structure(record, workspace.uid, "SW-0002").structure.status == "candidate"


def test_a_link_brings_the_swipe_back_and_an_outline_can_be_drawn_anew(opened: Opener, workspace: Workspace) -> None:
    link = "#/harbour?structure=SW-0001&swipe=1&before=2023-01-03&date=2023-08-19"
    page = opened(link)
    page.wait_for_selector(".map-over[data-ready=yes]")
    divider = page.get_by_role("slider", name="Divider")
    expect(page.locator(".map-date.left")).to_have_text("3 Jan 2023")
    box = divider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] - 150, box["y"] + 100)
    page.mouse.up()
    expect(divider).not_to_have_attribute("aria-valuenow", "50")
    page.keyboard.press("s")
    expect(divider).to_have_count(0)
    page.get_by_role("button", name="Redraw").click()
    page.get_by_role("button", name="Keep this outline").click()
    expect(page.get_by_test_id("toast")).to_contain_text("redrawn")
    with workspace.record() as record:
        assert "footprint" in get_structure(record, workspace.uid, "SW-0001").reviewed


def test_the_first_load_is_small_and_asks_no_other_machine(browser: Browser, client: httpx.Client) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(str(client.base_url))
    page.wait_for_selector("[data-testid=map][data-ready=yes]", timeout=PATIENCE_MS)
    page.close()
    assert all(url.startswith((str(client.base_url), "blob:", "data:")) for url in asked)
    names = {url.rsplit("/", 1)[1] for url in asked if "/assets/" in url}
    names |= {path.name for path in (STATIC / "assets").glob("maplibre-gl-worker*")}
    sizes = [len(gzip.compress((STATIC / "assets" / name).read_bytes(), 6)) for name in names]
    assert 100_000 < sum(sizes) + len((STATIC / "index.html").read_bytes()) < MOST_FIRST_LOAD_BYTES
