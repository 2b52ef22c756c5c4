"""An entity runs each operation once, answers who called, keeps locks, and stores what the real host stores."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.entities.batch import (
    BrokenResult,
    EntityCommit,
    EntityPlan,
    SchedulerState,
    apply_result,
    entity_payload,
    plan_batch,
)
from durable_devhost.durable.entities.messages import (
    EntityId,
    RequestMessage,
    ResponseMessage,
    SendLabels,
    request_event_name,
)
from durable_devhost.model.history import EventRaised, InstanceRef

NOW = datetime(2026, 11, 21, 4, 30, 19, tzinfo=UTC)
COUNTER = EntityId(name="counter", key="k")
OTHER = EntityId(name="counter", key="other")


def event(request: RequestMessage, name: str | None = None) -> EventRaised:
    """The event that carries a request."""
    name = name or request_event_name(request.due)
    return EventRaised(timestamp=NOW, name=name, input=request.to_json_text())


def signal(number: int, **properties: object) -> RequestMessage:
    """A client's signal that adds `number`."""
    request = RequestMessage.from_client(op="add", input=f'"{number}"', id=f"s{number}")
    return replace(request, **properties)  # type: ignore[arg-type]


def call(op: str | None, caller: str = "o1", **properties: object) -> RequestMessage:
    """An unlabelled call; the labels are the sorter's tests' affair."""
    request = RequestMessage(op=op, id=f"{caller}-{op}", parent=caller, parent_execution="x1", position=0)
    return replace(request, **properties)  # type: ignore[arg-type]


def plan(
    state: SchedulerState, *events: EventRaised, limit: int = 5000, started: datetime = NOW, minutes: int = 0
) -> EntityPlan:
    """A batch without ordering, unless it asks for a window."""
    return plan_batch(
        state,
        events,
        now=NOW,
        batch_limit=limit,
        reorder_window=timedelta(minutes=minutes),
        execution_started_at=started,
    )


def run(payload: str) -> str:
    """A counter as the SDK would run it: add, get, explode; a missing state counts from 0."""
    batch = json.loads(payload)
    value, results = json.loads(batch["state"] or "0"), []
    for operation in batch["batch"]:
        if operation["name"] == "explode":
            results.append({"isError": True, "result": '"entity exploded"'})
            continue
        if operation["name"] == "add":
            value += json.loads(json.loads(operation["input"]))
        results.append({"isError": False, "result": str(value)})
    return json.dumps({"entityExists": True, "entityState": str(value), "results": results, "signals": []})


def settle(plan: EntityPlan, result: str | None = None) -> EntityCommit:
    """Run the counter on the batch, if there is anything to run, and settle it."""
    if plan.operations and result is None:
        result = run(entity_payload(COUNTER, plan.state, plan.operations))
    return apply_result(plan, result, entity_id=COUNTER, execution_id="run1", now=NOW)


def operation_names(plan: EntityPlan) -> list[str | None]:
    """The names of the chosen operations."""
    return [request.op for request in plan.operations]


def test_a_batch_changes_the_state_and_answers_the_callers() -> None:
    """Signals get no answer, failed calls get their error."""
    chosen = plan(SchedulerState(), event(signal(5)), event(call("get")), event(call("explode", "o2")))
    commit = settle(chosen)
    assert commit.state == SchedulerState(exists=True, state="5")
    assert commit.custom_status == '{"entityExists":true}'
    answered = [(message.target, message.event) for message in commit.outgoing]
    assert answered == [
        (
            InstanceRef(instance_id="o1", execution_id="x1"),
            EventRaised(timestamp=NOW, name="o1-get", input=ResponseMessage(result="5").to_json_text()),
        ),
        (
            InstanceRef(instance_id="o2", execution_id="x1"),
            EventRaised(
                timestamp=NOW,
                name="o2-explode",
                input=ResponseMessage(result='"entity exploded"', is_error=True).to_json_text(),
            ),
        ),
    ]


def test_the_recorded_batches_give_the_recorded_state() -> None:
    """Four recorded requests, once as one batch and once with storage in between."""
    labels = [
        ("0001-01-01T00:00:00", "2026-11-21T04:30:19.1503316Z", "add", '"5"'),
        ("2026-11-21T04:30:19.1503316Z", "2026-11-21T04:30:19.1503317", "add", '"2"'),
        ("2026-11-21T04:30:19.1503317", "2026-11-21T04:30:19.4296792Z", "get", '"null"'),
        ("2026-11-21T04:30:19.4296792Z", "2026-11-21T04:30:19.5282024Z", "explode", '"null"'),
    ]
    execution = "0a32e72b-f102-4049-a176-dcc96cc23201"
    text: str | None = None
    for predecessor, timestamp, op, argument in labels:
        request = call(op, "e1", input=argument, timestamp=timestamp, predecessor=predecessor)
        request = replace(request, parent_execution=execution)
        commit = settle(plan(SchedulerState.from_json_text(text), event(request), minutes=30))
        text = commit.state.to_json_text()
    assert text == (
        r'{"exists":true,"state":"7","sorter":{"ReceivedFromInstance":{"e1":{"Last":"2026-11-21T04:30:19.5282024Z",'
        r'"ExecutionId":"0a32e72b-f102-4049-a176-dcc96cc23201"}},"ReceiveHorizon":"2026-11-21T04:00:19.1503316Z"}}'
    )


def test_a_broken_result_changes_nothing() -> None:
    """The same events are planned again."""
    with pytest.raises(BrokenResult, match="returned 0 results for 1 operations"):
        settle(plan(SchedulerState(), event(signal(5))), '{"entityExists":true,"entityState":"1","results":[]}')


def test_a_batch_without_operations_keeps_the_state() -> None:
    """No function runs; what the sorter learnt is stored."""
    waiting = call("get", timestamp="2026-11-21T04:30:02Z", predecessor="2026-11-21T04:30:01Z")
    chosen = plan(SchedulerState(exists=True, state="3"), event(waiting), minutes=30)
    commit = settle(chosen)
    assert (chosen.operations, commit.outgoing) == ((), ())
    assert (commit.state.exists, commit.state.state) == (True, "3")
    assert commit.state.sorter.received["o1"].buffered[0].op == "get"


def test_a_full_batch_continues_with_an_event_to_itself() -> None:
    """The entity takes no operations until that event comes."""
    chosen = plan(SchedulerState(), *(event(signal(number)) for number in range(5)), limit=3)
    commit = settle(chosen)
    assert chosen.continue_later
    assert commit.state.state == "3"
    assert commit.custom_status == '{"entityExists":true,"queueSize":2}'
    (message,) = commit.outgoing
    assert message.target == InstanceRef(instance_id="@counter@k", execution_id=None)
    assert message.event == EventRaised(timestamp=NOW, name="continue", input="null")
    assert operation_names(plan(commit.state, event(signal(9)))) == []
    resumed = plan(commit.state, EventRaised(timestamp=NOW, name="continue", input="null"))
    assert settle(resumed).state == SchedulerState(exists=True, state="10")


def test_a_batch_that_fits_exactly_is_not_continued() -> None:
    """Nothing is left to do later."""
    chosen = plan(SchedulerState(), event(signal(1)), event(signal(2)), limit=2)
    assert (operation_names(chosen), chosen.continue_later) == (["add", "add"], False)


@pytest.mark.parametrize(("seconds", "operations"), [(10, []), (11, ["add"])])
def test_a_suspension_ends_by_itself(seconds: int, operations: list[str]) -> None:
    """A lost continue event must not stop the entity for ever."""
    state = SchedulerState(suspended=True, queue=(signal(1),))
    assert operation_names(plan(state, started=NOW - timedelta(seconds=seconds))) == operations


def test_a_scheduled_request_runs_when_it_is_due() -> None:
    """It may run up to a tenth of a second early."""
    due = NOW + timedelta(milliseconds=100)
    assert operation_names(plan(SchedulerState(), event(signal(1, due=due)))) == ["add"]


def test_a_scheduled_request_that_comes_early_is_sent_again() -> None:
    """It waits in the queue under a name that holds its time."""
    due = NOW + timedelta(seconds=5)
    request = signal(1, due=due)
    chosen = plan(SchedulerState(), event(request))
    assert (chosen.operations, chosen.reschedule) == ((), ((due, request),))
    (message,) = settle(chosen).outgoing
    assert (message.target.instance_id, message.due) == ("@counter@k", due)
    assert isinstance(message.event, EventRaised)
    assert message.event.name == "op@2026-11-21T04:30:24.0000000Z"
    assert RequestMessage.from_json_text(message.event.input) == replace(request, is_typed=True)


def test_a_request_scheduled_far_ahead_is_sent_again_in_steps() -> None:
    """Its due time stays."""
    request = signal(1, due=NOW + timedelta(days=30))
    (message,) = settle(plan(SchedulerState(), event(request))).outgoing
    assert message.due == NOW + timedelta(days=3)
    assert isinstance(message.event, EventRaised)
    assert message.event.name == "op@2026-11-24T04:30:19.0000000Z"
    assert RequestMessage.from_json_text(message.event.input).due == request.due


def test_a_lock_request_ends_the_batch() -> None:
    """The last entity of the set answers the orchestration; requests of others wait."""
    lock = call(None, id="lock", lockset=(OTHER, COUNTER), position=1)
    chosen = plan(SchedulerState(), event(signal(1)), event(lock), event(signal(2)))
    assert (operation_names(chosen), chosen.lock_request) == (["add"], lock)
    commit = settle(chosen)
    assert commit.custom_status == '{"entityExists":true,"queueSize":1,"lockedBy":"o1"}'
    (message,) = commit.outgoing
    assert message.target == InstanceRef(instance_id="o1", execution_id="x1")
    answer = ResponseMessage(result="Lock Acquisition Completed").to_json_text()
    assert message.event == EventRaised(timestamp=NOW, name="lock", input=answer)
    assert operation_names(plan(commit.state, event(signal(3)))) == []


def test_a_lock_request_goes_to_the_next_entity() -> None:
    """With its position advanced, and without a call of the function."""
    lock = call(None, id="lock", lockset=(COUNTER, OTHER))
    commit = settle(plan(SchedulerState(), event(lock)))
    (message,) = commit.outgoing
    assert commit.state == SchedulerState(locked_by="o1")
    assert message.target == InstanceRef(instance_id="@counter@other", execution_id=None)
    assert isinstance(message.event, EventRaised)
    assert message.event.name == "op"
    forwarded = RequestMessage.from_json_text(message.event.input)
    assert forwarded == replace(lock, position=1, is_typed=True)


def test_requests_of_the_lock_holder_go_first() -> None:
    """Others wait until it releases the lock."""
    state = SchedulerState(locked_by="o1", queue=(signal(1),))
    chosen = plan(state, event(signal(2)), event(call("get")))
    assert operation_names(chosen) == ["get"]
    assert [request.input for request in chosen.state.queue] == ['"1"', '"2"']


@pytest.mark.parametrize(("holder", "locked_by"), [("o1", None), ("o2", "o1")])
def test_only_the_holder_releases_a_lock(holder: str, locked_by: str | None) -> None:
    """Then the waiting requests go on."""
    state = SchedulerState(locked_by="o1", queue=(signal(1),))
    release = EventRaised(timestamp=NOW, name="release", input=f'{{"parent":"{holder}","id":"lock"}}')
    chosen = plan(state, release)
    assert chosen.state.locked_by == locked_by
    assert len(chosen.operations) == (locked_by is None)


@pytest.mark.parametrize(("name", "text"), [("op", "{}"), ("op", None), ("release", "7"), ("release", None)])
def test_an_unreadable_event_is_refused_and_the_others_run(name: str, text: str | None) -> None:
    """The engine reports it."""
    corrupt = EventRaised(timestamp=NOW, name=name, input=text)
    chosen = plan(SchedulerState(), corrupt, event(signal(1)))
    assert operation_names(chosen) == ["add"]
    assert [(refusal.event, refusal.reason[:8]) for refusal in chosen.refusals] == [(corrupt, "it is no")]


def test_a_call_without_a_caller_gets_no_answer() -> None:
    """There is nobody to answer."""
    assert settle(plan(SchedulerState(), event(signal(1, signal=False)))).outgoing == ()


def test_an_entity_signals_others_in_order() -> None:
    """With labels that its state remembers, and ids that differ from batch to batch."""
    result = {
        "entityExists": True,
        "entityState": "1",
        "results": [{"isError": False, "result": "1"}],
        "signals": [{"target": OTHER.to_json(), "name": "add", "input": '"1"'}] * 2,
    }
    chosen = plan(SchedulerState(), event(signal(1)))
    commit = settle(chosen, json.dumps(result))
    requests = [
        RequestMessage.from_json_text(message.event.input)
        for message in commit.outgoing
        if isinstance(message.event, EventRaised)
    ]
    assert {message.target.instance_id for message in commit.outgoing} == {"@counter@other"}
    assert all(request.signal and request.is_typed and request.request_time for request in requests)
    assert {(request.parent, request.parent_execution) for request in requests} == {("@counter@k", None)}
    assert requests[1].predecessor == requests[0].timestamp
    assert commit.state.sorter.last_sent == {"@counter@other": requests[1].timestamp}
    later = apply_result(chosen, json.dumps(result), entity_id=COUNTER, execution_id="run2", now=NOW)
    assert {message.event for message in later.outgoing}.isdisjoint(message.event for message in commit.outgoing)


@st.composite
def traffic(draw: st.DrawFn) -> tuple[list[RequestMessage], list[Sequence[RequestMessage]]]:
    """Requests of several orchestrations, and how they arrive: shuffled, some twice, in batches."""
    senders = {name: SendLabels() for name in "abc"}
    sent = []
    for number, name in enumerate(draw(st.lists(st.sampled_from("abc"), max_size=12))):
        timestamp, predecessor = senders[name].label("@counter@k", NOW + timedelta(seconds=number))
        sent.append(
            RequestMessage(
                op="add",
                signal=draw(st.booleans()),
                input=f'"{2**number}"',
                id=f"{name}{number}",
                parent=name,
                parent_execution="x",
                timestamp=timestamp,
                predecessor=predecessor,
            )
        )
    again = draw(st.lists(st.sampled_from(sent), max_size=4)) if sent else []
    arrived = draw(st.permutations([*sent, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(arrived)), max_size=4)))
    return sent, [arrived[start:end] for start, end in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]


@given(traffic(), st.integers(1, 4), st.data())
def test_every_operation_is_applied_once_despite_duplicates_and_crashes(
    sent_and_batches: tuple[list[RequestMessage], list[Sequence[RequestMessage]]], limit: int, data: st.DataObject
) -> None:
    """Reordered, doubled, delivered again after a crash: the sum is right and each call is answered once."""
    sent, batches = sent_and_batches
    text: str | None = None
    answers: list[str] = []
    inbox = [[event(request) for request in batch] for batch in batches]
    while inbox:
        events = inbox.pop(0)
        chosen = plan(SchedulerState.from_json_text(text), *events, limit=limit, minutes=30)
        assert len(chosen.operations) <= limit
        if data.draw(st.booleans(), label="the host dies before the commit"):
            chosen = plan(SchedulerState.from_json_text(text), *events, limit=limit, minutes=30)
        commit = settle(chosen)
        text = commit.state.to_json_text()
        for message in commit.outgoing:
            assert isinstance(message.event, EventRaised)
            if message.event.name == "continue":
                inbox.append([message.event])
            else:
                answers.append(message.event.name)
        if len(inbox) < 8 and data.draw(st.booleans(), label="the host dies after the commit"):
            inbox.append([item for item in events if item.name == "op"])
    state = SchedulerState.from_json_text(text)
    assert json.loads(state.state or "0") == 2 ** len(sent) - 1
    assert sorted(answers) == sorted(request.id for request in sent if not request.signal)
    assert (state.queue, state.suspended) == ((), False)
