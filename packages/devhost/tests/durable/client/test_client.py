"""The durable client on an engine and a hub in memory."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from durable_devhost.durable.client.entities import entity_of
from durable_devhost.durable.client.errors import ClientError, InstanceEnded, NotFound, UnknownEntity, WrongState
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.model.history import (
    TERMINAL,
    EventRaised,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionSuspended,
    ExecutionTerminated,
    InstanceRef,
    RuntimeStatus,
)
from durable_devhost.model.instances import InstanceFilter
from durable_devhost.model.traces import Trace
from packages.devhost.tests.durable.memory import NOW, ClientBench

STARTED = ExecutionStarted(timestamp=NOW, instance=InstanceRef(instance_id="i", execution_id="e"), name="hello")
LIVE = sorted(set(RuntimeStatus) - TERMINAL)
UNDASHED = re.compile("[0-9a-f]{32}")
DASHED = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def bench() -> ClientBench:
    """A client, and what is behind it."""
    return ClientBench()


async def test_a_start_creates_an_instance_id_without_dashes_and_an_execution_id_with_dashes(
    bench: ClientBench,
) -> None:
    """Recorded from the HTTP API."""
    instance_id = await bench.client.start("hello", input_text='{"a": 1}')
    (started,) = bench.engine.started
    assert UNDASHED.fullmatch(instance_id)
    assert DASHED.fullmatch(started.instance.execution_id or "")
    assert ("hello", '{"a": 1}', None, NOW) == (started.name, started.input, started.version, started.timestamp)


@pytest.mark.parametrize("instance_id", ["@bad", "x" * 101, "a/b"])
async def test_any_id_is_accepted_unchanged(bench: ClientBench, instance_id: str) -> None:
    """The real host checks neither ids nor names (recorded)."""
    assert instance_id == await bench.client.start("nope", instance_id=instance_id)


async def test_a_start_has_the_requested_version_or_the_default() -> None:
    """host.json's defaultVersion."""
    bench = ClientBench(default_version="1.0")
    await bench.client.start("hello")
    await bench.client.start("hello", version="2.0")
    assert ["1.0", "2.0"] == [started.version for started in bench.engine.started]


async def test_a_traced_start_joins_the_trace_of_its_caller_or_begins_one() -> None:
    """Its span is new in both cases; without tracing the history has no trace."""
    bench = ClientBench(is_traced=True)
    caller = Trace(trace_id="a" * 32, span_id="b" * 16, state="c=d")
    await bench.client.start("hello", caller=caller)
    await bench.client.start("hello")
    of_caller, new = (Trace.of_history(started.parent_trace_context) for started in bench.engine.started)
    assert of_caller is not None
    assert new is not None
    assert of_caller == caller.span(of_caller.span_id)
    assert len({caller.span_id, of_caller.span_id, new.span_id}) == 3
    assert (new.flags, new.state, new.trace_id == caller.trace_id) == ("01", "", False)
    untraced = ClientBench()
    await untraced.client.start("hello", caller=caller)
    assert untraced.engine.started[0].parent_trace_context is None


async def test_an_id_in_use_cannot_be_started_again(bench: ClientBench) -> None:
    """The text is the real host's."""
    bench.put("i", RuntimeStatus.RUNNING)
    with pytest.raises(InstanceExists, match=r"^An Orchestration instance with the status Running already exists\.$"):
        await bench.client.start("hello", instance_id="i")


async def test_a_started_instance_is_visible_at_once(bench: ClientBench) -> None:
    """A caller reads its own writes."""
    await bench.client.start("hello", instance_id="i")
    assert RuntimeStatus.PENDING is (await bench.client.status("i")).status


async def test_an_unknown_instance_is_not_found(bench: ClientBench) -> None:
    """For each operation on one instance."""
    client = bench.client
    with pytest.raises(NotFound):
        await client.status("i")
    for refused in (
        client.raise_event("i", "Go", "1"),
        client.terminate("i", None),
        client.suspend("i", None),
        client.resume("i", None),
        client.rewind("i", None),
        client.restart("i"),
        client.purge("i"),
    ):
        with pytest.raises(NotFound, match=r"^No instance with ID 'i' was found\.$"):
            await refused


async def test_an_event_goes_to_the_current_execution(bench: ClientBench) -> None:
    """So the message has no execution id."""
    bench.put("i", RuntimeStatus.RUNNING)
    await bench.client.raise_event("i", "Go", '"{\\"k\\":1}"')
    (message,) = bench.engine.posted
    assert EventRaised(timestamp=NOW, name="Go", input='"{\\"k\\":1}"') == message.event
    assert ("i", None) == (message.target.instance_id, message.target.execution_id)


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_an_ended_instance_accepts_no_message(bench: ClientBench, status: RuntimeStatus) -> None:
    """410 in the HTTP API."""
    bench.put("i", status)
    client = bench.client
    for refused in (
        client.raise_event("i", "Go", "1"),
        client.terminate("i", None),
        client.suspend("i", None),
        client.resume("i", None),
    ):
        with pytest.raises(InstanceEnded):
            await refused
    assert [] == bench.engine.posted


async def test_terminate_suspend_and_resume_are_events_with_a_reason(bench: ClientBench) -> None:
    """In the order in which they were asked for."""
    bench.put("i", RuntimeStatus.RUNNING)
    await bench.client.suspend("i", "pause")
    await bench.client.resume("i", "go")
    await bench.client.terminate("i", "enough")
    assert [
        ExecutionSuspended(timestamp=NOW, reason="pause"),
        ExecutionResumed(timestamp=NOW, reason="go"),
        ExecutionTerminated(timestamp=NOW, reason="enough"),
    ] == [message.event for message in bench.engine.posted]


@pytest.mark.parametrize(("verb", "status"), [("resume", RuntimeStatus.RUNNING), ("suspend", RuntimeStatus.SUSPENDED)])
async def test_a_change_that_does_not_fit_the_status_is_refused(
    bench: ClientBench, verb: str, status: RuntimeStatus
) -> None:
    """The text is the real host's."""
    bench.put("i", status)
    text = f"Cannot {verb} the orchestration instance i because instance is in the {status} state."
    with pytest.raises(WrongState, match=f"^{re.escape(text)}$"):
        await getattr(bench.client, verb)("i", "r")


@pytest.mark.parametrize("status", sorted(set(RuntimeStatus) - {RuntimeStatus.FAILED}))
async def test_only_a_failed_instance_can_be_rewound(bench: ClientBench, status: RuntimeStatus) -> None:
    """412 in the HTTP API."""
    bench.put("i", status)
    with pytest.raises(WrongState, match=f'has status {status}, but only orchestrations in the "Failed" state'):
        await bench.client.rewind("i", "r")


async def test_a_failed_instance_is_rewound(bench: ClientBench) -> None:
    """The tests of rewind have the details."""
    await bench.client.start("hello", instance_id="i")
    await bench.engine.finish("i", RuntimeStatus.FAILED, "no")
    await bench.client.rewind("i", "r")
    assert RuntimeStatus.PENDING is (await bench.client.status("i")).status


@pytest.mark.parametrize(
    ("stored", "again"), [('{"a": 1}', '{"a":1}'), ('"{\\"a\\": 1}"', '"{\\"a\\": 1}"'), (None, "null"), ("ü", '"ü"')]
)
async def test_a_restart_takes_name_and_input_of_the_old_instance(
    bench: ClientBench, stored: str | None, again: str
) -> None:
    """The input is serialised again, with all its layers."""
    bench.put("i", RuntimeStatus.COMPLETED, input=stored)
    instance_id = await bench.client.restart("i")
    (started,) = bench.engine.started
    assert ("hello", again) == (started.name, started.input)
    assert instance_id != "i"
    assert UNDASHED.fullmatch(instance_id)
    assert UNDASHED.fullmatch(started.instance.execution_id or "")


async def test_a_restart_with_the_same_id_needs_an_ended_instance(bench: ClientBench) -> None:
    """A running one is not replaced."""
    bench.put("done", RuntimeStatus.COMPLETED)
    bench.put("live", RuntimeStatus.RUNNING)
    assert "done" == await bench.client.restart("done", new_id=False)
    with pytest.raises(InstanceExists):
        await bench.client.restart("live", new_id=False)


@pytest.mark.parametrize("status", LIVE)
async def test_a_running_instance_cannot_be_purged(bench: ClientBench, status: RuntimeStatus) -> None:
    """Recorded: 412 with this text."""
    bench.put("i", status)
    bench.hub.history.events["i"] = [STARTED]
    text = (
        "Only orchestrations in a terminal state can be purged, "
        f"but the orchestration with instance ID i has status {status}"
    )
    with pytest.raises(WrongState, match=f"^{text}$"):
        await bench.client.purge("i")


@pytest.mark.parametrize("status", LIVE)
async def test_an_instance_without_a_history_can_be_purged(bench: ClientBench, status: RuntimeStatus) -> None:
    """It can never go on."""
    bench.put("i", status, created_time=NOW - timedelta(minutes=2))
    await bench.client.purge("i")
    assert {} == bench.hub.instances.rows


async def test_an_instance_that_may_be_starting_cannot_be_purged(bench: ClientBench) -> None:
    """Its start message may still be in the queue and would bring it back."""
    bench.put("i", RuntimeStatus.PENDING)
    with pytest.raises(WrongState):
        await bench.client.purge("i")


@pytest.mark.parametrize("has_row", [True, False])
async def test_an_instance_whose_history_cannot_be_read_can_be_purged(bench: ClientBench, has_row: bool) -> None:
    """With or without an instance row."""
    bench.hub.history.corrupt.add("i")
    if has_row:
        bench.put("i", RuntimeStatus.RUNNING)
    await bench.client.purge("i")
    assert (set(), {}) == (bench.hub.history.corrupt, bench.hub.instances.rows)
    assert ["i"] == bench.engine.forgotten


async def test_terminating_an_instance_with_an_unreadable_history_ends_it_in_its_row(bench: ClientBench) -> None:
    """As the real host does for an instance without a history."""
    bench.put("i", RuntimeStatus.RUNNING)
    bench.hub.history.corrupt.add("i")
    await bench.client.terminate("i", "enough")
    record = await bench.client.status("i")
    assert (RuntimeStatus.TERMINATED, "enough", NOW) == (record.status, record.output, record.completed_time)
    assert ["i"] == bench.engine.forgotten


async def test_terminating_an_instance_without_a_history_ends_it_in_its_row(bench: ClientBench) -> None:
    """The engine drops the event, because no execution takes it."""
    bench.put("i", RuntimeStatus.RUNNING)
    bench.engine.is_listening = False
    await bench.client.terminate("i", "enough")
    assert RuntimeStatus.TERMINATED is (await bench.client.status("i")).status


async def test_terminating_an_instance_with_a_history_is_left_to_the_engine(bench: ClientBench) -> None:
    """While a step of user code runs, the event is stored and waits."""
    bench.put("i", RuntimeStatus.RUNNING)
    bench.hub.history.events["i"] = [STARTED]
    bench.engine.is_listening = False
    await bench.client.terminate("i", "enough")
    assert RuntimeStatus.RUNNING is (await bench.client.status("i")).status


@pytest.mark.parametrize("instance_id", ["done", "@counter@k"])
async def test_a_purge_leaves_nothing_behind(bench: ClientBench, instance_id: str) -> None:
    """Neither in storage nor in memory. Entities never end and can be purged too."""
    await bench.client.start("hello", instance_id=instance_id)
    if instance_id == "done":
        await bench.engine.finish(instance_id, RuntimeStatus.COMPLETED)
    await bench.client.purge(instance_id)
    assert ({}, {}) == (bench.hub.instances.rows, bench.hub.history.events)
    assert [instance_id] == bench.engine.forgotten


async def test_a_purge_by_filter_takes_only_ended_instances(bench: ClientBench) -> None:
    """Whatever statuses the filter has."""
    for status in RuntimeStatus:
        bench.put(f"i-{status}", status)
    assert 0 == await bench.client.purge_all(InstanceFilter(statuses=frozenset({RuntimeStatus.RUNNING})))
    assert 1 == await bench.client.purge_all(
        InstanceFilter(statuses=frozenset({RuntimeStatus.RUNNING, RuntimeStatus.FAILED}))
    )
    assert 3 == await bench.client.purge_all(InstanceFilter())
    assert {f"i-{status}" for status in LIVE} == set(bench.hub.instances.rows)


async def test_a_purge_by_filter_goes_through_all_pages(bench: ClientBench) -> None:
    """With more than one page of 1,000."""
    for number in range(1001):
        bench.put(f"i{number:04}", RuntimeStatus.COMPLETED)
    assert 1001 == await bench.client.purge_all(InstanceFilter())


async def test_a_list_has_pages(bench: ClientBench) -> None:
    """Ordered by id, with a continuation token while there is more."""
    for name in "cab":
        bench.put(name, RuntimeStatus.RUNNING)
    first = await bench.client.instances(InstanceFilter(), page_size=2)
    rest = await bench.client.instances(InstanceFilter(), page_size=2, continuation=first.continuation)
    assert [["a", "b"], ["c"]] == [[record.instance_id for record in page.records] for page in (first, rest)]
    assert rest.continuation is None


@pytest.mark.parametrize("input_text", ['"5"', None])
async def test_a_signal_has_the_recorded_form(bench: ClientBench, input_text: str | None) -> None:
    """Also the order of keys; the name is in lower case, the key is unchanged."""
    await bench.client.signal(entity_of("COUNTER", "K"), "add", input_text)
    (message,) = bench.engine.posted
    assert isinstance(message.event, EventRaised)
    request: dict[str, Any] = json.loads(message.event.input or "")
    expected = {"op": "add", "signal": True, "input": input_text, "id": request["id"]}
    expected |= {"Timestamp": "0001-01-01T00:00:00", "Predecessor": "0001-01-01T00:00:00"}
    if input_text is None:
        del expected["input"]
    assert json.dumps(expected) == json.dumps(request)
    assert ("op", "@counter@K", None) == (
        message.event.name,
        message.target.instance_id,
        message.target.execution_id,
    )


async def test_the_error_for_an_unknown_entity_lists_the_known_ones() -> None:
    """The texts are the real host's."""
    start = "The function 'nope' doesn't exist, is disabled, or is not an entity function. Additional info: "
    for entities, info in {
        ("Counter", "Lamp"): "The following are the known entity functions: 'Counter', 'Lamp'.",
        (): "The following are the known entity functions: ''.",
    }.items():
        with pytest.raises(UnknownEntity) as caught:
            await ClientBench(entities=entities).client.signal(entity_of("Nope", "k"), "add")
        assert start + info == str(caught.value)


async def test_the_state_of_an_entity_is_its_json_text(bench: ClientBench) -> None:
    """Also while the text is null; an entity that was never signalled is not found."""
    bench.put("@counter@k", RuntimeStatus.RUNNING, input='{"exists":true,"state":"7","sorter":{}}')
    bench.put("@counter@new", RuntimeStatus.RUNNING, input=None)
    assert "7" == await bench.client.entity_state(entity_of("Counter", "k"))
    for key in ("new", "unknown"):
        with pytest.raises(NotFound):
            await bench.client.entity_state(entity_of("Counter", key))


async def test_all_refusals_share_one_base_class(bench: ClientBench) -> None:
    """So that a caller can catch them all."""
    with pytest.raises(ClientError):
        await bench.client.purge("i")


async def test_the_history_holds_the_stored_events(bench: ClientBench) -> None:
    """In order."""
    await bench.client.start("hello", instance_id="i")
    await bench.client.raise_event("i", "Go", "1")
    assert ["ExecutionStarted", "EventRaised"] == [type(event).__name__ for event in await bench.client.history("i")]
