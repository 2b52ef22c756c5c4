"""Each workflow replays: from every prefix of its recorded history it asks for the same actions, in the same order."""

import importlib
import json
import pkgutil

import pytest

import orchestrators
from approvals.workflows import WORKFLOWS
from durable_devhost.clock import SystemClock
from durable_devhost.model.history import ExecutionStarted, OrchestratorCompleted
from durable_devhost.model.instances import InstanceFilter
from durable_devhost.model.wire import to_json
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from examples.neighbour import running_neighbour

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions"),
]

ANSWERS = {"ApprovalWorkflow": "ApprovalEvent", "BudgetApproval": "Approval"}
NEIGHBOUR = "http://localhost:7099"
MARKER = "\n\n$OutOfProcData$:"


@pytest.fixture(scope="module")
def app(app_alone):
    """A host of its own: every history in the hub is replayed."""
    return app_alone


def registered():
    """The functions that run the workflows, by durable name in lower case."""
    found = {}
    for info in pkgutil.iter_modules(orchestrators.__path__):
        module = importlib.import_module(f"orchestrators.{info.name}")
        for function in vars(module).values():
            if hasattr(function, "_function"):
                trigger = function._function.get_trigger()
                found[trigger.orchestration.casefold()] = function._function.get_user_function()
    return found


def state_after(handle, started, history):
    """What the SDK's own executor makes of a history: every action that was asked for, and the end if there is one."""
    payload = {
        "history": [to_json(event) for event in history], "instanceId": started.instance.instance_id,
        "input": json.loads(started.input), "isReplaying": False, "parentInstanceId": None,
        "upperSchemaVersion": 1, "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00", "maximumShortTimerDuration": "6.00:00:00",
    }  # fmt: skip
    try:
        state = json.loads(handle(json.dumps(payload)))
    except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception that carries the state
        state = json.loads(str(error).split(MARKER, 1)[1])
    return state


def asked(state):
    """The actions, without the one thing that may change later: whether a timer was cancelled."""
    return json.loads(json.dumps(state["actions"][0]).replace('"isCanceled": true', '"isCanceled": false'))


async def read_histories(connection, hub_name):
    """Every orchestration of the hub with the events of its last execution."""
    async with Transport(StorageAccount.parse(connection)) as transport:
        hub = await TaskHub.open(transport, hub_name, partition_count=4, clock=SystemClock())
        names = [record.instance_id async for record in all_instances(hub)]
        return {name: (await hub.history.read(name)).events for name in names if not name.startswith("@")}


async def all_instances(hub):
    """The rows of the Instances table."""
    page = await hub.instances.query(InstanceFilter())
    while True:
        for record in page.records:
            yield record
        if not page.continuation:
            return
        page = await hub.instances.query(InstanceFilter(), continuation=page.continuation)


def live_through(app, neighbour):
    """Run every workflow on its example, answered and unanswered, to its end."""
    app.put_row("Jobs", {"PartitionKey": "jobs", "RowKey": "footbridge-works", "State": "completed", "Detail": ""})
    started = {}
    for workflow in WORKFLOWS.values():
        example = json.loads(json.dumps(dict(workflow.form.example)).replace(NEIGHBOUR, neighbour.url))
        for _ in range(2 if workflow.name in ANSWERS else 1):
            started[app.begin(workflow.name, example)] = workflow.name
    answered = set()
    for instance, name in started.items():
        if name in ANSWERS and name not in answered:
            answered.add(name)
            app.until_shown(instance, state="waiting")
            app.raise_event(instance, ANSWERS[name], "no decision")
            app.raise_event(instance, ANSWERS[name], {"approved": True})
    whole = next(instance for instance, name in started.items() if name == "ProposalLifecycle")
    named, bare = {"approved": True, "approver": "Mara"}, True
    for state, event, answer in (
        ("in approval", "ApprovalEvent", named), ("in budget approval", "Approval", bare),
    ):  # fmt: skip
        part = app.until_shown(whole, state=state)["customStatus"]["instance"]
        app.until(lambda part=part: app.status(part))
        app.until_shown(part, state="waiting")
        app.raise_event(part, event, answer)
    app.until_shown(whole, state="carrying out")
    for _ in range(11):
        app.advance(hours=24)
    return {instance: (name, app.wait(instance)) for instance, name in started.items()}


@pytest.mark.timeout(120)
async def test_every_prefix_of_every_history_gives_the_same_actions(app):
    """Twice the same, and they include the recorded decisions."""
    with running_neighbour() as neighbour:
        ended = live_through(app, neighbour)
    assert {name: status["runtimeStatus"] for name, status in ended.values()} == dict.fromkeys(
        (workflow.name for workflow in WORKFLOWS.values()), "Completed"
    )
    info = app.info()
    histories = await read_histories(info["storage"]["connectionString"], info["hub"])
    handles = registered()
    replayed = set()
    for instance, events in histories.items():
        started = next(event for event in events if isinstance(event, ExecutionStarted))
        handle = handles[started.name.casefold()]
        before = []
        for end in [n for n, event in enumerate(events, 1) if isinstance(event, OrchestratorCompleted)]:
            state = state_after(handle, started, events[:end])
            assert state == state_after(handle, started, events[:end]), instance
            assert asked(state)[: len(before)] == before, (instance, end)
            before = asked(state)
        assert state.get("isDone"), (instance, state)
        replayed.add(started.name)
    assert replayed == {workflow.name for workflow in WORKFLOWS.values()}
    assert not [record for record in app.records if "nondetermin" in str(record).lower()]
