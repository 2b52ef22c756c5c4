"""Functions delivered by hand, most of them with triggers that nothing listens to: each gets what its library makes."""

import json
import textwrap
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from durable_devhost.testing.plugin import AppFailed, AppUnderTest

pytestmark = pytest.mark.timeout(120)
APP = """
import json

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SEEN = {}


@app.route(route="seen/{name}")
def seen(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(SEEN.get(req.route_params["name"])))


@app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="Hub")
def on_hub(event: func.EventHubEvent):
    SEEN["on_hub"] = [event.get_body().decode(), event.partition_key, event.sequence_number]


@app.service_bus_queue_trigger(arg_name="message", queue_name="orders", connection="Bus")
def on_bus(message: func.ServiceBusMessage):
    SEEN["on_bus"] = [message.get_body().decode(), message.message_id, message.delivery_count]


@app.event_grid_trigger(arg_name="event")
def on_grid(event: func.EventGridEvent):
    SEEN["on_grid"] = [event.id, event.subject, event.get_json()]


@app.cosmos_db_trigger(arg_name="documents", connection="Cosmos", database_name="d", container_name="c")
def on_cosmos(documents: func.DocumentList):
    SEEN["on_cosmos"] = [document.to_dict() for document in documents]


@app.generic_trigger(arg_name="context", type="someToolTrigger", toolName="t")
def on_tool(context):
    SEEN["on_tool"] = context


@app.blob_trigger(arg_name="blob", path="inbox/{name}", connection="")
@app.queue_output(arg_name="told", queue_name="told-{name}", connection="")
def on_blob(blob: func.InputStream, told: func.Out[str]):
    SEEN["on_blob"] = [blob.name, blob.length, blob.read().hex()]
    told.set("x")


@app.route(route="row")
@app.generic_input_binding(arg_name="row", type="sql")
def row(req: func.HttpRequest, row: str) -> func.HttpResponse:
    return func.HttpResponse("never")


@app.route(route="sent/{want}")
@app.service_bus_queue_output(arg_name="out", queue_name="orders", connection="Bus")
def sent(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
    if req.route_params["want"] == "yes":
        out.set("x")
    return func.HttpResponse("done")
"""
EVENT = {
    "id": "7", "topic": "t", "subject": "a plan", "eventType": "Made", "dataVersion": "1",
    "eventTime": "2026-01-01T00:00:00Z", "data": {"a": [1]},
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Any) -> Any:
    """An app with a trigger of each kind."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(textwrap.dedent(APP))
    with AppUnderTest(folder, tmp_path_factory.mktemp("data"), (), {}, app_storage) as running:
        yield running


def seen(app: AppUnderTest, name: str) -> Any:
    """What a function saw."""
    return app.request("GET", f"/api/seen/{name}").body


@pytest.mark.parametrize(
    ("name", "payload", "metadata", "expected"),
    [
        ("on_hub", "hello", {"PartitionKey": "p", "SequenceNumber": 4}, ["hello", "p", 4]),
        ("on_hub", {"a": 1}, {}, ['{"a": 1}', None, None]),
        ("on_bus", "hello", {"MessageId": "m", "DeliveryCount": 2}, ["hello", "m", 2]),
        ("on_grid", EVENT, {}, ["7", "a plan", {"a": [1]}]),
        ("on_cosmos", [{"id": "1"}, {"id": "2"}], {}, [{"id": "1"}, {"id": "2"}]),
        ("on_tool", {"arguments": {"x": 1}}, {}, {"arguments": {"x": 1}}),
        ("on_tool", "plain", {}, "plain"),
        ("on_blob", b"\x00\xff", {"BlobTrigger": "in/a", "name": "aaa"}, ["in/a", None, "00ff"]),
    ],
)
def test_each_trigger_gets_its_kind_of_value(
    app: AppUnderTest, name: str, payload: object, metadata: dict[str, Any], expected: Any
) -> None:
    """The call returns when the function has ended."""
    app.trigger(name, payload, metadata)
    found = seen(app, name)
    assert (
        json.loads(found) if name == "on_tool" and isinstance(found, str) and found[0] == "{" else found
    ) == expected


def test_the_path_of_a_blob_passes_the_blob(app: AppUnderTest) -> None:
    """The values of its braces serve other bindings."""
    with BlobServiceClient.from_connection_string(app.connection_string) as blobs:
        blobs.create_container("inbox").upload_blob("plan", b"\x01\x02\x03")
    app.trigger("on_blob", "inbox/plan")
    assert seen(app, "on_blob") == ["inbox/plan", 3, "010203"]


def test_the_admin_route_accepts_a_json_object(app: AppUnderTest) -> None:
    """As curl sends it; the answer comes before the function has run."""
    answer = app.request("POST", "/admin/functions/on_grid", {"input": {**EVENT, "id": "8"}})
    assert answer.status == 202
    app.until(lambda: seen(app, "on_grid")[0] == "8")


def test_a_failure_and_an_unknown_name_are_errors(app: AppUnderTest) -> None:
    """With the function's own error."""
    with pytest.raises(AppFailed, match="no function 'nope'"):
        app.trigger("nope")
    with pytest.raises(AppFailed, match="500"):
        app.trigger("on_grid", "no event")


def test_an_unsupported_binding_fails_the_call_that_uses_it(app: AppUnderTest) -> None:
    """The error names it; a call that does not use it succeeds."""
    assert app.request("GET", "/api/row").status == 500
    assert app.request("GET", "/api/sent/no").body == "done"
    assert app.request("GET", "/api/sent/yes").status == 500
    wanted = {
        "no input binding of type sql, which 'row' is",
        "no output binding of type serviceBus, which 'out' is",
    }
    app.until(lambda: all(any(text in record.get("error", "") for record in app.records) for text in wanted))


def test_the_start_names_unsupported_triggers_with_the_way_to_call_them(app: AppUnderTest) -> None:
    """File, line and route."""
    (ready,) = [record for record in app.records if record["event"] == "ready"]
    unheard = {each["name"]: each["detail"] for each in ready["functions"] if each.get("listened") is False}
    assert set(unheard) == {"on_hub", "on_bus", "on_cosmos", "on_tool"}
    told = {record["text"].split(":")[0] for record in app.records if "devhost has no" in record.get("text", "")}
    assert told == {"function_app.py"}
    assert unheard["on_hub"] == f"function_app.py:15: POST {app.url}/admin/functions/on_hub"
