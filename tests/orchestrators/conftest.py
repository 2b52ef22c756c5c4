"""A small driver that runs an orchestrator through the SDK's own executor, as a host would: episode after episode.

It keeps the history, hands out task ids in the order in which actions appear, and checks after each episode that the
host, which works through the actions strictly in order, could have reached every action that Python has asked for.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrators.approval import approval_workflow

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WITH_RETRY, TIMER, EVENT, ENTITY, SIGNAL, WHEN_ANY = 1, 5, 6, 7, 9, 11


@dataclass
class Task:
    """One action that has been scheduled: an activity, a timer or a signal."""

    id: int
    action: dict[str, Any]
    done: bool = False


@dataclass
class Run:
    """One instance of an orchestrator under test."""

    handle: Callable[[str], str]
    input: Any
    instance_id: str = "proposal-1"
    now: datetime = START
    history: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    _next_id: int = 0
    _retry_timers: dict[int, Task] = field(default_factory=dict)

    # What the world does

    def begin(self, *early: dict[str, Any]) -> None:
        """Start the instance; `early` are events that are there before its first step."""
        started = {
            "EventType": 0, "OrchestrationInstance": {"InstanceId": self.instance_id}, "Name": "under test",
            "Version": None, "Input": None,
        }  # fmt: skip
        self._episode(started, *early)

    def raised(self, payload: Any, event: str = "ApprovalEvent", *, by_client: bool = False) -> dict[str, Any]:
        """Return an external event, as the HTTP API delivers it or as the Python client does: as JSON text."""
        text = json.dumps(payload)
        self.events[event.casefold()] = self.events.get(event.casefold(), 0) + 1
        return {"EventType": 15, "Name": event, "Input": json.dumps(text) if by_client else text}

    def event(self, payload: Any, event: str = "ApprovalEvent", *, by_client: bool = False) -> None:
        """Deliver one external event in an episode of its own."""
        self._episode(self.raised(payload, event, by_client=by_client))

    def together(self, *events: dict[str, Any]) -> None:
        """Deliver several events in one episode."""
        self._episode(*events)

    def completed(self, activity: str, result: Any) -> dict[str, Any]:
        """Return the completion of the open call of an activity."""
        task = self._open_activity(activity)
        task.done = True
        return {"EventType": 5, "TaskScheduledId": task.id, "Result": json.dumps(result)}

    def complete(self, activity: str, result: Any = None) -> None:
        """Complete an activity; without `result` it answers with its input, as the recording activities do."""
        self._episode(self.completed(activity, self.asked(activity) if result is None else result))

    def fail(self, activity: str) -> None:
        """Let the open call of an activity fail; where it is called with retries, their timer is set."""
        task = self._open_activity(activity)
        again = task.action["actionType"] == WITH_RETRY
        task.done = not again
        self._episode({"EventType": 6, "TaskScheduledId": task.id, "Reason": "no luck", "Details": "storage is down"})
        if again:
            self._retry_timers[self._take_id()] = task

    def fire_retry(self) -> None:
        """Let the timer behind a failed call fire: the call is made again, or was the last."""
        timer_id, task = self._retry_timers.popitem()
        self._episode({"EventType": 11, "TimerId": timer_id, "FireAt": self.now.isoformat()})
        if not self.error:
            task.id = self._take_id()

    def fail_for_good(self, activity: str, attempts: int = 5) -> None:
        """Let the open call of an activity fail in each of its attempts."""
        for _ in range(attempts - 1):
            self.fail(activity)
            self.fire_retry()
        self.fail(activity)
        timer_id, task = self._retry_timers.popitem()
        task.done = True
        self._episode({"EventType": 11, "TimerId": timer_id, "FireAt": self.now.isoformat()})

    def reply(self, operation: str, result: Any) -> None:
        """Let the entity answer the open call of an operation."""
        task = next(t for t in self.tasks if t.action.get("operation") == operation and not t.done)
        task.done = True
        self._episode({"EventType": 15, "Name": f"call-{task.id}", "Input": json.dumps({"result": json.dumps(result)})})

    def pass_time(self, **span: float) -> None:
        """Let time pass; the timers that become due fire, cancelled ones too, as their messages stay in the queue."""
        self.now += timedelta(**span)
        due = [t for t in self.tasks if t.action["actionType"] == TIMER and not t.done and _fire_at(t) <= self.now]
        for task in due:
            task.done = True
            self._episode({"EventType": 11, "TimerId": task.id, "FireAt": task.action["fireAt"]})

    # What the workflow has done

    @property
    def done(self) -> bool:
        """Whether it has ended well."""
        return bool(self.state.get("isDone"))

    @property
    def output(self) -> Any:
        """What it returned."""
        return self.state.get("output")

    @property
    def status(self) -> dict[str, Any]:
        """Its custom status."""
        return self.state["customStatus"]

    @property
    def open_timers(self) -> list[datetime]:
        """When the timers fire that would keep the instance from ending."""
        timers = (t for t in self.tasks if t.action["actionType"] == TIMER)
        return [_fire_at(t) for t in timers if not t.done and not t.action["isCanceled"]]

    @property
    def counted(self) -> list[str]:
        """The counters that were told to add one, in order."""
        signals = (t.action for t in self.tasks if t.action["actionType"] == SIGNAL)
        return [a["instanceId"].removeprefix("@counter@") for a in signals if a["operation"] == "add"]

    @property
    def called(self) -> list[str]:
        """The activities that were called, in order."""
        return [t.action["functionName"] for t in self.tasks if "functionName" in t.action]

    @property
    def operations(self) -> list[tuple[str, Any]]:
        """The operations that entities were called with, in order, with their inputs."""
        calls = (t.action for t in self.tasks if t.action["actionType"] == ENTITY)
        return [(action["operation"], json.loads(action["input"])) for action in calls]

    def asked(self, activity: str) -> Any:
        """Return the input of the last call of an activity."""
        return json.loads(
            next(t.action["input"] for t in reversed(self.tasks) if t.action.get("functionName") == activity)
        )

    # How an episode goes

    def _episode(self, *events: dict[str, Any]) -> None:
        assert self.error is None, self.error
        self.now += timedelta(milliseconds=10)
        for event in ({"EventType": 12}, *events):
            self._append(event)
        try:
            self.state = json.loads(self.handle(self._payload()))
        except Exception as error:
            text, marker, state = str(error).partition("\n\n$OutOfProcData$:")
            if not marker:
                raise
            self.error, self.state = text, json.loads(state)
        self._schedule()
        self._append({"EventType": 13})
        assert not self._out_of_reach(), "the host would never get to these actions"
        races = [action for action in self.state["actions"][0] if action["actionType"] == WHEN_ANY]
        assert WITH_RETRY not in [action["actionType"] for action in _atoms(races)], "the host would number them anew"

    def _payload(self) -> str:
        return json.dumps(
            {
                "history": self.history, "input": json.dumps(self.input), "instanceId": self.instance_id,
                "isReplaying": False, "parentInstanceId": None, "upperSchemaVersion": 1, "upperSchemaVersionNew": 2,
                "longRunningTimerIntervalDuration": "3.00:00:00", "maximumShortTimerDuration": "6.00:00:00",
            }
        )  # fmt: skip

    def _append(self, event: dict[str, Any]) -> None:
        common = {"EventId": -1, "IsPlayed": False, "Timestamp": self.now.isoformat().replace("+00:00", "Z")}
        self.history.append({**common, **event})

    def _schedule(self) -> None:
        """Give ids to the actions that are new; those that were there keep theirs, now perhaps cancelled."""
        actions = list(_atoms(self.state["actions"][0]))
        for task, action in zip(self.tasks, actions, strict=False):
            assert task.action | {"isCanceled": None} == action | {"isCanceled": None}, "the replay went another way"
            task.action = action
        for action in actions[len(self.tasks) :]:
            self.tasks.append(Task(id=self._take_id(), action=action))
            match action["actionType"]:
                case 0 | 1:
                    self._append({"EventType": 4, "EventId": self.tasks[-1].id, "Name": action["functionName"]})
                case 5:
                    self._append({"EventType": 10, "EventId": self.tasks[-1].id, "FireAt": action["fireAt"]})
                case 7 | 9:
                    request = json.dumps({"id": f"call-{self.tasks[-1].id}"})
                    self._append({"EventType": 14, "EventId": self.tasks[-1].id, "Name": "op", "Input": request})

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _open_activity(self, name: str) -> Task:
        return next(t for t in self.tasks if t.action.get("functionName") == name and not t.done)

    def _out_of_reach(self) -> list[dict[str, Any]]:
        """Return the actions behind one that, for the host, has not ended."""
        tasks, events = iter(self.tasks), dict(self.events)
        actions = self.state["actions"][0]
        for index, action in enumerate(actions):
            if not self._ended(action, tasks, events):
                return actions[index + 1 :]
        return []

    def _ended(self, action: dict[str, Any], tasks: Iterator[Task], events: dict[str, int]) -> bool:
        match action["actionType"]:
            case 11 | 12:
                # A list, so that each child takes its task, also behind one that decides.
                ended = [self._ended(child, tasks, events) for child in action["compoundActions"]]
                return any(ended) if action["actionType"] == WHEN_ANY else all(ended)
            case 6:
                name = action["externalEventName"].casefold()
                events[name] = events.get(name, 0) - 1
                return events[name] >= 0
            case 9:
                next(tasks)
                return True
            case _:
                task = next(tasks)
                return task.done or bool(task.action.get("isCanceled"))


def _atoms(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the actions that get an id, depth first, as both sides number them."""
    for action in actions:
        if "compoundActions" in action:
            yield from _atoms(action["compoundActions"])
        elif action["actionType"] != EVENT:
            yield action


def _fire_at(task: Task) -> datetime:
    return datetime.fromisoformat(task.action["fireAt"])


@pytest.fixture(autouse=True)
def _strict_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode payloads as the app's settings ask."""
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")


@pytest.fixture
def drive() -> Callable[..., Run]:
    """Return a function that makes a run of a registered orchestrator; `begin` starts it."""

    def make(orchestrator: Any, argument: Any, **fields: Any) -> Run:
        return Run(handle=orchestrator._function.get_user_function(), input=argument, **fields)

    return make


@pytest.fixture
def turn(drive):
    """Return a function that makes a turn, with these fields in its input, and begins it."""

    def make(*early, **fields):
        run = drive(approval_workflow, {"review": {"proposalId": "proposal-1", **fields}})
        run.begin(*(run.raised(payload, event) for event, payload in early))
        return run

    return make
