"""A host with blob functions, tables and Event Grid: nothing is lost in a kill, and virtual time waits for blobs."""

import json
import textwrap
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from durable_devhost.testing.app import AppUnderTest, Storage

pytestmark = pytest.mark.timeout(120)

APP = """
import json
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SEEN = []


@app.route(route="seen")
def seen(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(SEEN))


@app.blob_trigger(arg_name="blob", path="inbox/{name}.{ext}", connection="")
@app.queue_output(arg_name="told", queue_name="found", connection="")
@app.blob_output(arg_name="copy", path="copies/{name}-{metadata.who}.{ext}", connection="")
def arrived(blob: func.InputStream, told: func.Out[str], copy: func.Out[bytes]) -> None:
    told.set(blob.name)
    copy.set(blob.read())


@app.blob_trigger(arg_name="blob", path="copies/{name}", connection="")
def copied(blob: func.InputStream) -> None:
    SEEN.append(blob.name)


@app.queue_trigger(arg_name="message", queue_name="found", connection="")
@app.table_output(arg_name="row", table_name="arrivals", partition_key="all", connection="")
def note(message: func.QueueMessage, row: func.Out[str]) -> None:
    row.set(json.dumps([{"RowKey": message.get_body().decode().replace("/", "-"), "n": 5}]))


@app.route(route="arrivals")
@app.table_input(arg_name="rows", table_name="arrivals", partition_key="all", connection="")
def arrivals(req: func.HttpRequest, rows: str) -> func.HttpResponse:
    return func.HttpResponse(rows, mimetype="application/json")


@app.blob_trigger(arg_name="blob", path="slow/{name}", connection="")
def slow(blob: func.InputStream) -> None:
    time.sleep(1)
    SEEN.append(blob.name)


@app.blob_trigger(arg_name="blob", path="events/{name}", connection="", source=func.BlobSource.EVENT_GRID)
def by_event(blob: func.InputStream) -> None:
    SEEN.append(blob.name)


@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent) -> None:
    SEEN.append(event.id)
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """One host for all."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(textwrap.dedent(APP))
    with AppUnderTest(folder, tmp_path_factory.mktemp("data"), ("--clock", "virtual"), {}, app_storage) as running:
        yield running


def put(app: AppUnderTest, container: str, name: str, content: bytes, **more: Any) -> None:
    """Upload a blob as anybody does."""
    with BlobServiceClient.from_connection_string(app.connection_string) as blobs:
        client = blobs.get_container_client(container)
        if not client.exists():
            client.create_container()
        client.upload_blob(name, content, **more)


def seen(app: AppUnderTest) -> list[str]:
    """What the functions have noted since the start of the host."""
    found: list[str] = app.request("GET", "/api/seen").body
    return found


def notify(app: AppUnderTest, path: str, event: dict[str, Any]) -> int:
    """Post one event as Event Grid does."""
    request = urllib.request.Request(
        app.url + path, json.dumps([event]).encode(), {"aeg-event-type": "Notification"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        status: int = answer.status
        return status


def test_a_jump_of_the_clock_waits_for_blobs_and_all_their_effects(app: AppUnderTest) -> None:
    """A blob creates a message and another blob, the message creates a row; nobody waits for the next scan."""
    put(app, "inbox", "plan.txt", b"content", metadata={"who": "me"})
    app.advance(hours=1)
    assert seen(app) == ["copies/plan-me.txt"]
    assert app.request("GET", "/api/arrivals").body == [{"PartitionKey": "all", "RowKey": "inbox-plan.txt", "n": 5}]


def test_a_blob_whose_function_was_killed_is_handled_by_the_next_host(app: AppUnderTest) -> None:
    """Its message is back within seconds; finished work is not repeated."""
    app.kill()
    put(app, "slow", "one", b"content")
    app.restart()
    app.until(lambda: any("blob functions" in name for name in app.info()["inFlight"]))
    app.kill()
    app.restart()
    app.until(lambda: seen(app) == ["slow/one"])


def test_an_event_runs_the_functions_that_wait_for_it(app: AppUnderTest) -> None:
    """One gets the event, the other the blob that it names."""
    before = seen(app)
    assert notify(app, "/runtime/webhooks/EventGrid?functionName=on_event", {"id": "e1", "data": {}}) == 202
    put(app, "events", "a b", b"content")
    url = "https://account.blob.core.windows.net/events/a%20b"
    data = {"url": url, "eTag": "0x1", "blobType": "BlockBlob"}
    assert notify(app, "/runtime/webhooks/blobs?functionName=Host.Functions.by_event", {"data": data}) == 202
    app.until(lambda: seen(app) == [*before, "e1", "events/a b"])


def test_the_start_lists_paths_and_webhooks(app: AppUnderTest) -> None:
    """Path for a blob function, webhook for an event."""
    ready = [record for record in app.records if record["event"] == "ready"][-1]
    told = {each["name"]: each["detail"] for each in ready["functions"] if each["kind"] in ("blob", "eventGrid")}
    assert told == {
        "arrived": "inbox/{name}.{ext}",
        "copied": "copies/{name}",
        "slow": "slow/{name}",
        "by_event": f"events/{{name}} POST {app.url}/runtime/webhooks/blobs?functionName=Host.Functions.by_event",
        "on_event": f"POST {app.url}/runtime/webhooks/eventgrid?functionName=on_event",
    }
