"""The dashboard in Chromium: forms and refreshing work under its own policy, and axe finds nothing on any page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).resolve().parents[4] / "node_modules/axe-core/axe.min.js"
APP = """
import os
import smtplib
from email.message import EmailMessage

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
seen = []


@app.route("send", auth_level=func.AuthLevel.ANONYMOUS)
def send(req: func.HttpRequest) -> str:
    message, here = EmailMessage(), "http://" + os.environ["WEBSITE_HOSTNAME"]
    message["Subject"], message["From"], message["To"] = "Decide", "app@localhost", "mara@localhost"
    message.set_content(f"Here: {here}/api/decide?by=text")
    message.add_alternative(
        f'<!doctype html><html lang="en"><title>x</title><body style="color: rgb(1, 2, 3)"><p>Please</p>'
        f'<a target="_self" href="{here}/api/decide?by=html">decide</a><img alt="" src="{here}/api/decide?by=image">'
        "<script>document.body.textContent = 'taken over'</script>",
        subtype="html",
    )
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as server:
        server.send_message(message)
    return "sent"


@app.route("decide", auth_level=func.AuthLevel.ANONYMOUS)
def decide(req: func.HttpRequest) -> func.HttpResponse:
    seen.append(req.params["by"])
    page = '<script>document.title = "it runs " + (window.opener === null)</script>' + ",".join(seen)
    return func.HttpResponse(page, mimetype="text/html")


@app.activity_trigger(input_name="n")
def fails(n: int):
    raise ValueError("no " * 500)


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    context.set_custom_status("trying")
    try:
        yield context.call_activity("fails", 1)
    except Exception:
        pass
    context.set_custom_status("waiting")
    return (yield context.wait_for_external_event("Answer"))
"""
PAGES = (
    "", "instances", "instance?id=seen", "entities", "queues", "mail", "letter?id=1", "live", "clock", "settings",
)  # fmt: skip

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """One host for all tests here, with an instance that waits."""
    folder, data = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("data")
    (folder / "function_app.py").write_text(APP)
    (folder / "host.json").write_text('{"version": "2.0"}')
    with AppUnderTest(folder, data, ("--clock", "virtual", "--mail"), {"SMTP_HOST": ""}, app_storage) as running:
        running.start("waits", None, "seen")
        assert running.request("GET", "/api/send").body == "sent"
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser, for which evil.example is this machine."""
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", rules])
        yield launched
        launched.close()


def test_an_event_is_raised_with_the_keyboard_and_its_effect_is_shown(app: AppUnderTest, browser: Any) -> None:
    """The page refreshes by itself, and nothing on it violates its policy."""
    page, told = browser.new_page(), list[str]()
    page.on("console", lambda message: told.append(message.text))
    app.start("waits", None, "led")
    page.goto(f"{app.url}/devhost/instance?id=led")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.locator("input[name=event]").focus()
    page.keyboard.type("Answer")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".status.completed")
    page.wait_for_selector("text=Restart under a new id")
    assert page.locator(".bar.custom").count() == 2
    assert told == []
    page.close()


def test_a_letter_is_read_in_its_frame_and_its_links_open_in_a_tab(app: AppUnderTest, browser: Any) -> None:
    """Its script does not run and its picture is not fetched; the page behind a link is that of any link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{app.url}/devhost/mail")
    page.click("text=Decide")
    frame = page.frame_locator("iframe.letter")
    assert frame.locator("p").inner_text() == "Please"
    assert frame.locator("body").evaluate("body => getComputedStyle(body).color") == "rgb(1, 2, 3)"
    for by, link in (("html", frame.locator("a")), ("text", page.locator("pre a"))):
        with context.expect_page() as opening:
            link.click()
        opening.value.wait_for_function("document.title === 'it runs true'")
        assert f"by={by}" in opening.value.url
    assert opening.value.inner_text("body") == "html,text"
    context.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_every_page_is_accessible(app: AppUnderTest, browser: Any) -> None:
    """On a wide screen in light colours and on a phone in dark ones, where only tables and pictures scroll sideways."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    for path in PAGES:
        page.goto(f"{app.url}/devhost/{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for width, scheme in ((1200, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            violations = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
            found[path, scheme] = [each["id"] for each in violations]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found[path, scheme].append("it scrolls sideways")
    context.close()
    assert found == {(path, scheme): [] for path in PAGES for scheme in ("light", "dark")}


class Elsewhere(BaseHTTPRequestHandler):
    """A site that has nothing to do with this host."""

    def do_GET(self) -> None:
        """An empty page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>elsewhere</title>")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_a_page_of_another_site_terminates_nothing_and_moves_no_clock(app: AppUnderTest, browser: Any) -> None:
    """Neither from its own address nor under a name that resolves to this machine."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=site.serve_forever, daemon=True).start()
    page, before = browser.new_page(), now(app)
    page.goto(f"http://evil.example:{site.server_port}/")
    for path, body in (
        ("/runtime/webhooks/durabletask/instances/seen/terminate", ""),
        ("/admin/devhost/clock", '{"hours": 72}'),
        ("/devhost/clock", "action=72"),
    ):
        page.evaluate("([url, body]) => fetch(url, {method: 'POST', mode: 'no-cors', body})", [app.url + path, body])
    rebound = page.goto(f"http://evil.example:{app.url.rpartition(':')[2]}/admin/devhost/info")
    site.shutdown()
    site.server_close()
    page.close()
    found = app.status("seen")
    assert found is not None
    assert (403, "Running") == (rebound.status, found["runtimeStatus"])
    assert now(app) - before < timedelta(hours=72)


def now(app: AppUnderTest) -> datetime:
    """The host's own time."""
    return datetime.fromisoformat(app.info()["clock"]["now"])
