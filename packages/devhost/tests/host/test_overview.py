"""The dashboard over a whole host: what it shows is what runs, and what it does is done."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from durable_devhost.testing.plugin import AppUnderTest, Storage

APP = """
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.queue_trigger(arg_name="message", queue_name="orders", connection="AzureWebJobsStorage")
def on_order(message: func.QueueMessage) -> None:
    raise ValueError("a bad order")


@app.activity_trigger(input_name="n")
def double(n: int):
    return 2 * n


@app.orchestration_trigger(context_name="context")
def child(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("double", context.get_input()))


@app.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext):
    yield context.call_sub_orchestrator("child", 21)
    yield context.call_entity(df.EntityId("counter", "a"), "add", 5)
    yield context.create_timer(context.current_utc_datetime + timedelta(hours=2))
    return (yield context.wait_for_external_event("Answer"))


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(1)
"""
FRONT_END = "http://localhost:3000"
SETTINGS = {
    "IsEncrypted": False,
    "Values": {"FUNCTIONS_WORKER_RUNTIME": "python", "GREETING": "hello", "API_KEY": "k1"},
    "Host": {"CORS": FRONT_END},
}
DURABLE = "/runtime/webhooks/durabletask"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """One host for all tests here."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(APP)
    (folder / "host.json").write_text(json.dumps({"version": "2.0"}))
    (folder / "local.settings.json").write_text(json.dumps(SETTINGS))
    data, environ = tmp_path_factory.mktemp("data"), {"OF_THIS_MACHINE": "private"}
    with AppUnderTest(folder, data, ("--clock", "virtual"), environ, app_storage) as running:
        yield running


def page(app: AppUnderTest, path: str) -> str:
    """The text of a page."""
    answer = requests.get(f"{app.url}/devhost/{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(app: AppUnderTest, path: str, **form: str) -> str:
    """Send a form as a browser does, and return where it leads."""
    found = re.search(r'name="token" value="([^"]+)"', page(app, "clock"))
    assert found
    own = {"Origin": app.url, "Sec-Fetch-Site": "same-origin"}
    url, data = f"{app.url}/devhost/{path}", {"token": found[1], **form}
    answer = requests.post(url, data=data, headers=own, allow_redirects=False, timeout=60)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_the_dashboard_shows_and_controls_a_workflow(app: AppUnderTest) -> None:
    """It shows what the workflow did, moves the clock to its timer, and raises its event."""
    app.start("waits", {"who": "Ines"}, "followed")
    app.until(lambda: "timer" in page(app, "instance?id=followed"))
    shown = page(app, "instance?id=followed")
    children = re.findall(r'href="/devhost/instance\?id=([^"]+)">child', shown)
    assert (1, True) == (len(children), "@counter@a add" in shown)
    assert "instance?id=followed" in page(app, f"instance?id={children[0]}")
    assert "<pre>5</pre>" in page(app, "entities")
    assert send(app, "clock", action="next") == "/devhost/clock"
    send(app, "instance", id="followed", action="raise", event="Answer", payload='"yes"')
    assert app.wait("followed")["output"] == "yes"
    assert "Completed" in page(app, "instances?prefix=followed")
    assert send(app, "instance", id="followed", action="purge") == "/devhost/instances"
    assert app.status("followed") is None


def test_the_live_page_shows_the_failure_of_a_function(app: AppUnderTest) -> None:
    """With the user's own frames."""
    assert send(app, "run", function="on_order", input="an order") == "/devhost/live"
    app.until(lambda: "a bad order" in page(app, "live"))
    assert "in on_order" in page(app, "live")


def test_the_queues_page_shows_the_queues_of_the_app_and_the_hub(app: AppUnderTest) -> None:
    """Also a poison queue that does not exist yet."""
    shown = page(app, "queues")
    assert all(name in shown for name in ("orders", "orders-poison", "-workitems", "-control-00"))


def test_messages_are_shown_as_their_function_gets_them(app: AppUnderTest) -> None:
    """Not in the encoding in which they are stored, unless they are no text in it."""
    texts = ("a poisonous order", "<é>")
    poison = QueueClient.from_connection_string(app.connection_string, "orders-poison")
    with poison:
        with suppress(ResourceExistsError):
            poison.create_queue()
        for content in [*(each.encode() for each in texts), b"\xff\xfe"]:
            poison.send_message(b64encode(content).decode())
        poison.send_message("plain text!")
    shown = page(app, "queues")
    assert all(
        each in shown for each in ("a poisonous order", "&lt;é&gt;", b64encode(b"\xff\xfe").decode(), "plain text!")
    )


def test_the_settings_page_shows_the_apps_settings_without_secrets(app: AppUnderTest) -> None:
    """And none of the machine's."""
    shown = page(app, "settings")
    assert ("GREETING" in shown, "hello" in shown, "API_KEY" in shown) == (True, True, True)
    assert ("k1" in shown, "OF_THIS_MACHINE" in shown, "AccountKey" in shown) == (False, False, False)


def test_pages_of_other_sites_see_and_do_nothing(app: AppUnderTest) -> None:
    """They may only link to the dashboard."""
    url = f"{app.url}/devhost/"
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert requests.get(url, headers=headers, timeout=30).status_code == 403
        assert requests.post(f"{url}clock", data={"hours": "1"}, headers=headers, timeout=30).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert requests.get(url, headers=link, timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/admin/functions/on_order"),
        ("POST", "/admin/devhost/clock"),
        ("POST", "/admin/devhost/trigger"),
        ("GET", "/admin/devhost/info"),
        ("POST", f"{DURABLE}/orchestrators/waits"),
        ("POST", f"{DURABLE}/instances/x/raiseEvent/Answer"),
        ("POST", f"{DURABLE}/instances/x/terminate"),
        ("DELETE", f"{DURABLE}/instances/x"),
        ("POST", "/runtime/webhooks/EventGrid?functionName=x"),
        ("POST", "/runtime/webhooks/blobs?functionName=Host.Functions.x"),
    ],
)
def test_pages_of_other_sites_control_nothing(app: AppUnderTest, method: str, path: str) -> None:
    """Not by a request of their own, and not under a name of theirs that leads to this machine."""
    body = None if method in ("GET", "DELETE") else b"{}"
    assert status(app, method, path, body, {"Origin": "https://evil.example"}) == 403
    assert status(app, method, path, body, {"Sec-Fetch-Site": "cross-site"}) == 403
    if "EventGrid" not in path and "blobs" not in path:
        assert status(app, method, path, body, {"Host": "evil.example"}) == 403


def test_control_pages_accept_only_bodies_declared_as_json(app: AppUnderTest) -> None:
    """A form of another site cannot send JSON."""
    form = {"Content-Type": "text/plain"}
    assert status(app, "POST", "/admin/devhost/clock", b'{"hours": 1}', form) == 415
    assert status(app, "POST", "/admin/functions/on_order", b'{"input": ""}', form) == 415


def test_pages_of_other_sites_may_ask_for_a_status(app: AppUnderTest) -> None:
    """The browser shows them the answer only if CORS allows it."""
    path = f"{DURABLE}/instances/{app.start('child', 1)}"
    assert status(app, "GET", path, None, {"Origin": "https://evil.example"}) in (200, 202)
    assert status(app, "GET", path, None, {"Host": "evil.example"}) == 403


def test_a_cors_origin_may_manage_instances_but_not_the_host(app: AppUnderTest) -> None:
    """It raises events through the addresses that a start returned."""
    own = {"Origin": FRONT_END, "Sec-Fetch-Site": "same-site"}
    assert status(app, "POST", f"{DURABLE}/instances/nobody/raiseEvent/Answer", b"{}", own) == 404
    assert status(app, "POST", "/admin/devhost/clock", b'{"hours": 1}', own) == 403
    assert status(app, "GET", "/devhost/", None, own) == 403


def test_the_start_names_the_dashboard_but_does_not_load_it(app: AppUnderTest) -> None:
    """Its pages are imported on the first request."""
    ready = next(record for record in app.records if record["event"] == "ready")
    assert ready["dashboard"] == f"{app.url}/devhost/"
    told = "import sys, durable_devhost.host.startup; print('durable_devhost.dashboard.site' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "False\n"


def status(app: AppUnderTest, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
    """The status of an answer; a body is JSON where `headers` say nothing else."""
    typed = {"Content-Type": "application/json", **headers} if body else headers
    return requests.request(method, app.url + path, data=body, headers=typed, timeout=30).status_code
