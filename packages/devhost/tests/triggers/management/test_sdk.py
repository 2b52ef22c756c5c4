"""The durable HTTP API as the SDK's own client calls it through the local RPC base."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.durable_functions import DurableOrchestrationClient, EntityId, OrchestrationRuntimeStatus
from azure.durable_functions.models.utils import http_utils

from durable_devhost.model.history import EventRaised, RuntimeStatus
from durable_devhost.triggers.management.api import ManagementApi
from durable_devhost.triggers.management.urls import ManagementUrls, client_binding
from packages.devhost.tests.durable.memory import NOW, ClientBench


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The SDK's client, and what is behind the API that it calls."""

    sdk: Any
    bench: ClientBench


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A client function's client over an API in memory."""
    bench = ClientBench()
    api = ManagementApi(bench.client, ManagementUrls(hub="TruthHub"))

    async def serve(request: web.Request) -> web.Response:
        return await api.handle(request, request.match_info["tail"])

    app = web.Application()
    app.router.add_route("*", "/durabletask/{tail:.*}", serve)
    async with TestServer(app) as server:
        base, rpc = str(server.make_url("/runtime/webhooks/durabletask")), str(server.make_url("/durabletask/"))
        yield Caller(sdk=DurableOrchestrationClient(client_binding(base, rpc, "TruthHub", None, None)), bench=bench)
        # The SDK keeps one session for the whole process, and each test has a loop of its own.
        await http_utils._close_session()


async def test_a_start_stores_the_input_as_json_of_json(caller: Caller) -> None:
    """The SDK encodes twice and decodes twice."""
    instance_id = await caller.sdk.start_new("hello", "my id", {"a": 1}, "2.0")
    (started,) = caller.bench.engine.started
    assert ("my id", "hello", '"{\\"a\\": 1}"', "2.0") == (instance_id, started.name, started.input, started.version)


async def test_a_start_without_input_stores_none(caller: Caller) -> None:
    """The host creates its id."""
    assert await caller.sdk.start_new("hello") == caller.bench.engine.started[0].instance.instance_id
    assert caller.bench.engine.started[0].input is None


async def test_a_start_with_the_id_of_a_running_instance_raises(caller: Caller) -> None:
    """With the host's text."""
    caller.bench.put("i", RuntimeStatus.RUNNING)
    with pytest.raises(Exception, match="An Orchestration instance with the status Running already exists"):
        await caller.sdk.start_new("hello", "i")


async def test_the_sdk_reads_a_status(caller: Caller) -> None:
    """Of a known and of an unknown instance."""
    caller.bench.put("i", RuntimeStatus.COMPLETED, output='{"n":1}', custom_status='"stage"')
    status = await caller.sdk.get_status("i", show_history=True, show_history_output=True, show_input=True)
    nothing = await caller.sdk.get_status("nobody")
    assert (OrchestrationRuntimeStatus.Completed, {"n": 1}, "stage", NOW.replace(microsecond=0)) == (
        status.runtime_status,
        status.output,
        status.custom_status,
        status.created_time,
    )
    assert nothing.instance_id is None


async def test_the_sdk_reads_lists_and_filters(caller: Caller) -> None:
    """Times with six digits, statuses with commas."""
    caller.bench.put("done", RuntimeStatus.COMPLETED)
    caller.bench.put("live", RuntimeStatus.RUNNING)
    ended = [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed]
    hour = timedelta(hours=1)
    everything = await caller.sdk.get_status_all()
    some = await caller.sdk.get_status_by(NOW - hour, NOW + hour, ended)
    assert (["done", "live"], ["done"]) == tuple([each.instance_id for each in found] for found in (everything, some))


async def test_purges_count_deleted_instances(caller: Caller) -> None:
    """An unknown id counts as none."""
    caller.bench.put("a", RuntimeStatus.COMPLETED)
    caller.bench.put("b", RuntimeStatus.FAILED)
    one = await caller.sdk.purge_instance_history("a")
    again = await caller.sdk.purge_instance_history("a")
    rest = await caller.sdk.purge_instance_history_by(NOW - timedelta(hours=1))
    assert (1, 0, 1) == tuple(purged.instances_deleted for purged in (one, again, rest))


async def test_events_and_changes_arrive(caller: Caller) -> None:
    """The SDK sends a payload as JSON text, which is its known behaviour."""
    caller.bench.put("i", RuntimeStatus.RUNNING)
    await caller.sdk.raise_event("i", "Go", {"k": 1})
    await caller.sdk.suspend("i", "because of it")
    await caller.sdk.resume("i", "go")
    await caller.sdk.terminate("i", "50 % done & dusted")
    event, *changes = [message.event for message in caller.bench.engine.posted]
    assert isinstance(event, EventRaised)
    assert ("Go", '"{\\"k\\": 1}"') == (event.name, event.input)
    assert ["because of it", "go", "50 % done & dusted"] == [change.reason for change in changes]  # type: ignore[attr-defined]


async def test_an_event_for_an_unknown_or_ended_instance_raises(caller: Caller) -> None:
    """404 and 410 have their own texts in the SDK."""
    caller.bench.put("done", RuntimeStatus.COMPLETED)
    with pytest.raises(Exception, match="No instance with ID nobody found"):
        await caller.sdk.raise_event("nobody", "Go", 1)
    with pytest.raises(Exception, match="Instance with ID done is gone"):
        await caller.sdk.raise_event("done", "Go", 1)


async def test_a_restart_returns_the_new_id(caller: Caller) -> None:
    """The SDK returns the whole answer."""
    caller.bench.put("i", RuntimeStatus.COMPLETED)
    assert "i" == (await caller.sdk.restart("i", restart_with_new_instance_id=False))["id"]


async def test_entities_are_signalled_and_read(caller: Caller) -> None:
    """Here too the input is JSON of JSON."""
    entity = EntityId("Counter", "k")
    await caller.sdk.signal_entity(entity, "add", 5)
    caller.bench.put("@counter@k", RuntimeStatus.RUNNING, input='{"exists":true,"state":"5","sorter":{}}')
    state = await caller.sdk.read_entity_state(entity)
    unknown = await caller.sdk.read_entity_state(EntityId("Counter", "nobody"))
    (message,) = caller.bench.engine.posted
    assert isinstance(message.event, EventRaised)
    assert ("add", '"5"') == ((request := json.loads(message.event.input or ""))["op"], request["input"])
    assert (True, 5, False) == (state.entity_exists, state.entity_state, unknown.entity_exists)
