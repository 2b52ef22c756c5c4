"""The webhooks that Event Grid posts to answer as the extensions do, and run a function for each event."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import azure.functions as func
import pytest

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.store import AccountServices
from durable_devhost.inflight import InFlight
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.blobs.listener import BlobQueue
from durable_devhost.triggers.blobs.messages import BlobMessage, queue_name
from durable_devhost.triggers.blobs.webhook import BlobWebhook
from durable_devhost.triggers.event_grid import KEY_NAME, EventGridWebhook
from durable_devhost.triggers.event_grid import PATH as GRID
from durable_devhost.triggers.http import Mount
from durable_devhost.triggers.keys import AuthLevel, Keys
from packages.devhost.tests.triggers.conftest import Index, Serve

PATH = "/runtime/webhooks/EventGrid?functionName=grid"
EVENT = {
    "id": "1", "topic": "/t", "subject": "s", "eventType": "My.Type", "eventTime": "2026-01-02T03:04:05Z",
    "data": {"a": 1, "when": "2026-01-02T03:04:05Z"}, "dataVersion": "1.0", "metadataVersion": "1",
}  # fmt: skip
CLOUD_EVENT = {"specversion": "1.0", "id": "4", "source": "/s", "type": "T", "data": {"a": 1}}
NOTIFICATION = {"aeg-event-type": "Notification"}
HANDSHAKE = {"aeg-event-type": "SubscriptionValidation"}
CODE = {"validationCode": "abc", "validationUrl": "u"}

Client = aiohttp.ClientSession
seen: list[Any] = []


def app() -> func.FunctionApp:
    """One function for events of either schema, and one that is for something else."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.event_grid_trigger(arg_name="event")
    def grid(event: func.EventGridEvent) -> None:
        if event.id == "bad":
            raise ValueError("no good event")
        seen.append((event.id, event.subject, event.event_type, str(event.event_time), event.get_json()))

    @app.event_grid_trigger(arg_name="event")
    def cloud(event: func.CloudEvent) -> None:
        seen.append((event.id, event.source, event.type, event.get_json()))

    @app.route(route="page")
    def page(req: func.HttpRequest) -> str:  # noqa: ARG001
        return "a page"

    return app


@pytest.fixture
def serve_grid(serve_app: Serve, index: Index, invoker: Invoker) -> AbstractAsyncContextManager[Client]:
    """Serves the app with the webhook of Event Grid."""
    return _serving(serve_app, index, invoker, None)


def _serving(
    serve_app: Serve, index: Index, invoker: Invoker, keys: Keys | None
) -> AbstractAsyncContextManager[Client]:
    seen.clear()
    made = app()
    hook = EventGridWebhook(index(made), invoker, InFlight())
    mount = Mount(prefix=GRID, handler=hook.handle, level=AuthLevel.SYSTEM, key_name=KEY_NAME)
    return serve_app(app(), keys, mounts=(mount,))


@pytest.fixture
async def client(serve_grid: AbstractAsyncContextManager[Client]) -> AsyncIterator[Client]:
    """A client of the app."""
    async with serve_grid as client:
        yield client


async def answer(
    client: Client, path: str, body: Any, headers: dict[str, str], method: str = "POST"
) -> tuple[int, str | None, str]:
    """Status, content type and body; a text goes as it is, all else as JSON."""
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    async with client.request(method, path, data=data, headers=headers) as response:
        return response.status, response.headers.get("content-type"), await response.text()


@pytest.mark.parametrize(
    "body", [[{**EVENT, "data": CODE}], {**EVENT, "data": json.dumps(CODE)}, {**EVENT, "data": CODE}]
)
async def test_a_handshake_gets_its_code_back(client: Client, body: Any) -> None:
    """The data may be JSON text inside the object."""
    given = await answer(client, PATH, body, HANDSHAKE)
    assert given == (200, "text/plain; charset=utf-8", '{"validationResponse":"abc"}')


@pytest.mark.parametrize("body", ["{", "[]", "5", [{}], [{"data": {}}], {"data": "{"}])
async def test_a_handshake_without_a_code_is_500(client: Client, body: Any) -> None:
    """The extension fails, without a body."""
    assert await answer(client, PATH, body, HANDSHAKE) == (500, None, "")


async def test_each_event_of_a_notification_runs_the_function(client: Client) -> None:
    """With all fields; dates in its data stay text."""
    given = await answer(client, PATH, [EVENT, {**EVENT, "id": "2"}], {"aeg-event-type": "notification"})
    assert given == (202, None, "")
    assert sorted(each[0] for each in seen) == ["1", "2"]
    assert seen[0][1:] == ("s", "My.Type", "2026-01-02 03:04:05+00:00", EVENT["data"])


@pytest.mark.parametrize("body", [EVENT, "﻿" + json.dumps([EVENT]), json.dumps([EVENT]) + " rest", "[{'id': '1'}]"])
async def test_a_body_is_read_as_by_the_extension(client: Client, body: Any) -> None:
    """A single event, a byte order mark, text after it, single quotes."""
    assert (await answer(client, PATH, body, NOTIFICATION))[0] == 202
    assert [each[0] for each in seen] == ["1"]


@pytest.mark.parametrize("body", ["{", "", "5", '"text"', "null"])
async def test_a_body_that_is_no_event_is_500(client: Client, body: str) -> None:
    """Invalid JSON, or neither an object nor a list (recorded for the first)."""
    assert await answer(client, PATH, body, NOTIFICATION) == (500, None, "")


@pytest.mark.parametrize("body", [[EVENT, {**EVENT, "id": "bad"}], [5], CLOUD_EVENT])
async def test_one_failed_event_fails_the_whole_request(client: Client, body: Any) -> None:
    """Event Grid then sends all again; the others have run. An event of the other schema fails too (recorded)."""
    text = "Exception while executing function: Functions.grid"
    assert await answer(client, PATH, body, NOTIFICATION) == (500, "text/plain; charset=utf-8", text)


async def test_a_cloud_event_runs_a_function_that_accepts_cloud_events(client: Client) -> None:
    """Alone or in a list."""
    for body in (CLOUD_EVENT, [CLOUD_EVENT]):
        assert (await answer(client, PATH.replace("grid", "cloud"), body, NOTIFICATION))[0] == 202
    assert seen == [("4", "/s", "T", {"a": 1})] * 2


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (None, "eventgrid.azure.net"),
        ("eventgrid.azure.us", "eventgrid.azure.us"),
        ("evil.example", "eventgrid.azure.net"),
    ],
)
async def test_the_handshake_of_cloud_events_names_an_origin(client: Client, asked: str | None, allowed: str) -> None:
    """Event Grid's own, in the cloud that asks."""
    headers = {} if asked is None else {"WebHook-Request-Origin": asked}
    async with client.options(PATH, headers=headers) as response:
        assert (response.status, response.headers["Webhook-Allowed-Origin"]) == (200, allowed)


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", PATH, {}, (400, None, "")),
        ("POST", PATH, {"aeg-event-type": "Other"}, (400, None, "")),
        ("GET", PATH, {}, (400, None, "")),
        ("POST", PATH, {"aeg-event-type": "Unsubscribe"}, (202, None, "")),
        ("PATCH", PATH, NOTIFICATION, (405, None, "")),
        ("POST", PATH.replace("functionName", "FUNCTIONNAME"), NOTIFICATION, (202, None, "")),
    ],
)
async def test_a_header_names_the_kind_of_request(
    client: Client, method: str, path: str, headers: dict[str, str], expected: tuple[int, str | None, str]
) -> None:
    """Without it nothing is done."""
    assert await answer(client, path, [], headers, method) == expected


@pytest.mark.parametrize("name", ["nope", "page", "GRID", ""])
async def test_only_event_grid_functions_have_a_webhook(client: Client, name: str) -> None:
    """Case matters in their names."""
    path = f"/runtime/webhooks/eventgrid?functionName={name}"
    expected = (404, "text/plain; charset=utf-8", f"cannot find function: '{name}'")
    assert await answer(client, path, [EVENT], NOTIFICATION) == expected


async def test_with_keys_the_extension_has_its_own_key(serve_app: Serve, index: Index, invoker: Invoker) -> None:
    """The master key works too, another extension's does not."""
    keys = Keys(master="m", host="h", systems={"eventgrid_extension": "e", "blobs_extension": "b"})
    async with _serving(serve_app, index, invoker, keys) as client:
        codes = {code: (await answer(client, f"{PATH}&code={code}", [], NOTIFICATION))[0] for code in "mehb"}
    assert codes == {"m": 202, "e": 202, "h": 401, "b": 401}


async def test_blob_events_become_queue_messages(serve_app: Serve, transport: Transport, name: str) -> None:
    """For the named function, whether it exists or not."""
    found = AccountServices(
        blobs=BlobService(transport), queues=QueueService(transport), tables=TableService(transport)
    )
    hook = BlobWebhook(BlobQueue(lambda _: found, host_id=name, encoding="none"))
    mount = Mount(prefix="/runtime/webhooks/blobs", handler=hook.handle, level=AuthLevel.SYSTEM)
    path = "/runtime/webhooks/blobs?functionName=Host.Functions.work"
    data = {"url": "https://x.blob.core.windows.net/in/a/b%20c", "eTag": "0x1", "blobType": "BlockBlob"}
    async with serve_app(app(), mounts=(mount,)) as client:
        assert await answer(client, path, [{**EVENT, "data": data}], NOTIFICATION) == (202, None, "")
        for bad in ({}, {**data, "url": "https://x/in"}, {"url": data["url"]}, "text"):
            assert await answer(client, path, [{"data": bad}], NOTIFICATION) == (500, None, "")
        assert (await answer(client, path, [{"data": CODE}], HANDSHAKE))[0] == 200
    (item,) = await found.queues.peek(queue_name(name))
    assert BlobMessage.from_text(item.text) == BlobMessage(
        function_id="Host.Functions.work", container="in", name="a/b c", etag='"0x1"'
    )
