"""The pages in a real browser: Debian's Chromium, and axe-core to look at them. Skipped where there is no Chromium."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from durable_devhost.testing.plugin import AppUnderTest, Storage

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
KEY = "0123456789abcdef0123456789abcdef"
OPTIONS: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
"""What axe-core is asked in each colour scheme: everything, and in the second what looks at colours."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window. While it is there no other event loop can run, so it goes with the module's tests."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium on the PATH; apt install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """The app on a virtual clock, with links in its letters."""
    options, settings = ("--clock", "virtual"), {"LINK_KEYS": KEY, "AUTH_MODE": "development"}
    settings |= {"REPORT_READERS": "*", "OPERATORS": "*"}
    with AppUnderTest(ROOT, tmp_path_factory.mktemp("pages"), options, settings, app_storage) as running:
        yield running


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, app: AppUnderTest) -> Iterator[Visit]:
    """Return a function that opens a page of the app as a person, in a browser of their own."""
    contexts = list[BrowserContext]()

    def visit(person: str, path: str = "/api/ui/inbox", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1100, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(15_000)
        sent = context.request.post(f"{app.url}/api/ui/act-as", form={"name": person}, max_redirects=0)
        assert sent.status == 303, sent.text()
        page = context.new_page()
        page.goto(app.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()


def faults_of(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page, in light colours and in dark ones: scheme, rule, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    faults = list[str]()
    for scheme, options in OPTIONS.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
        faults += [f"{scheme}: {each['id']}: {json.dumps(each['nodes'][0]['target'])}" for each in found]
    return faults


def hand_in(app: AppUnderTest, proposal: str, **more: Any) -> str:
    """Hand a proposal in for Ines, and wait until somebody is asked."""
    policy = {"stages": [{"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all", "windowHours": 72}]}
    form = {"title": f"Footbridge {proposal}", "author": "Ines", "cost": 100, "policy": policy, **more}
    assert app.request("POST", f"/api/proposals?id={proposal}", form).status == 202
    until(lambda: get_proposal(app, proposal)["waitingFor"])
    return proposal


def get_proposal(app: AppUnderTest, proposal: str) -> dict[str, Any]:
    """Return a proposal as the API shows it."""
    shown: dict[str, Any] = app.request("GET", f"/api/proposals/{proposal}").body
    return shown


def until(holds: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something holds, and return it."""
    give_up = monotonic() + seconds
    while not (found := holds()):
        assert monotonic() < give_up, "it did not come to that"
        sleep(0.05)
    return found
