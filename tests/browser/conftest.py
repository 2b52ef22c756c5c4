"""The pages in a real browser: Debian's Chromium, and axe-core to look at them. Skipped where there is no Chromium."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from durable_devhost.testing.plugin import AppUnderTest, Storage

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
KEY = "0123456789abcdef0123456789abcdef"
FINAL = frozenset({"approved", "rejected", "withdrawn", "expired", "failed"})


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
        page = context.new_page()
        page.goto(f"{app.url}/api/ui/act-as")
        page.fill("#name", person)
        page.click("button")
        page.goto(app.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()


def faults_of(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page: rule, and where."""
    found = page.evaluate(f"async () => {{ {AXE.read_text('utf-8')}; return await axe.run(document); }}")
    return [f"{each['id']}: {json.dumps(each['nodes'][0]['target'])}" for each in found["violations"]]


def hand_in(app: AppUnderTest, proposal: str, **more: Any) -> str:
    """Hand a proposal in for Ines, and wait until somebody is asked."""
    policy = {"stages": [{"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all", "windowHours": 72}]}
    form = {"title": f"Footbridge {proposal}", "author": "Ines", "cost": 100, "policy": policy, **more}
    assert app.request("POST", f"/api/proposals?id={proposal}", form).status == 202
    until(lambda: look(app, proposal)["waitingFor"])
    return proposal


def look(app: AppUnderTest, proposal: str) -> dict[str, Any]:
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
