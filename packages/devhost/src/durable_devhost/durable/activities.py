"""Runs activities: work items handed over in process first, the work-item queue for all others.

At most `slots` run at once. The result goes straight into the mailbox of the orchestration. In standard mode the work
item is deleted when that result is stored, so that a crash at any moment brings it back. In journal mode there is none:
the history says which activities are open.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable

from durable_devhost.clock import Clock
from durable_devhost.dotnet import payloads
from durable_devhost.dotnet.json_reader import JsonReaderError
from durable_devhost.durable.delivery import Delivery, StoredMessage
from durable_devhost.durable.failures import absent_activity, failure_details, failure_reason
from durable_devhost.durable.http_calls import call_http
from durable_devhost.durable.orchestrations.pending import HTTP_ACTIVITY
from durable_devhost.durable.ports import App, Failed, Outcome, Succeeded
from durable_devhost.inflight import InFlight
from durable_devhost.model.history import HistoryEvent, TaskCompleted, TaskFailed, TaskScheduled
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace

HELD_PER_SLOT = 3
"""How many work items are held for each slot, so that a free slot never waits for storage."""


class ActivityRunner:
    """The slots for activities and what waits for one."""

    def __init__(
        self, *, app: App, clock: Clock, in_flight: InFlight, slots: int, answer: Callable[[Delivery], None]
    ) -> None:
        self._app = app
        self._clock = clock
        self._in_flight = in_flight
        self._slots = slots
        self._answer = answer
        self._waiting: deque[tuple[Message, StoredMessage | None, int]] = deque()
        self._running = 0
        self._in_hand: set[_Task] = set()
        self._done: set[_Task] | None = set()
        self._is_paused = False
        self._tasks: asyncio.TaskGroup | None = None
        self.has_room = asyncio.Event()
        self.has_room.set()

    def room(self) -> int:
        """How many more work items may be held."""
        return max(0, self._slots * HELD_PER_SLOT - len(self._waiting) - self._running)

    def has(self, message: Message) -> bool:
        """Whether this activity waits for a slot, runs, or has run here before `forget_done`."""
        return _task(message) in self._in_hand or _task(message) in (self._done or ())

    def forget_done(self) -> None:
        """Nobody asks any more for activities that have ended: the histories of the start have been looked at."""
        self._done = None

    def hand_over(self, message: Message, hold: StoredMessage | None) -> None:
        """Run this work item as soon as a slot is free."""
        if self._is_paused:
            return
        event = message.event
        name = event.name if isinstance(event, TaskScheduled) else type(event).__name__
        token = self._in_flight.enter(f"activity {name} ({message.target.instance_id})")
        self._in_hand.add(_task(message))
        self._waiting.append((message, hold, token))
        self._fill()

    def pause(self) -> None:
        """Begin no more activities; those that wait come back from their queue, here or elsewhere."""
        self._is_paused = True
        for _, _, token in self._waiting:
            self._in_flight.leave(token)
        self._waiting.clear()

    async def run(self) -> None:
        """Own the running activities until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._fill()
            try:
                await asyncio.Event().wait()
            finally:
                self._tasks = None  # what is cancelled now makes room for nothing

    def _fill(self) -> None:
        while self._tasks is not None and self._waiting and self._running < self._slots:
            self._running += 1
            self._tasks.create_task(self._work(*self._waiting.popleft()))
        if self.room():
            self.has_room.set()
        else:
            self.has_room.clear()

    async def _work(self, message: Message, hold: StoredMessage | None, token: int) -> None:
        event = message.event
        assert isinstance(event, TaskScheduled)  # the pollers and the engine hand over nothing else
        try:
            outcome = await self._outcome(event, message.target.instance_id)
        finally:
            self._running -= 1
            self._in_hand.discard(_task(message))
            if self._done is not None:
                self._done.add(_task(message))
            self._fill()
        answer = Message(
            event=self._event(event, outcome), target=message.target, sender=message.sender, episode=message.episode
        )
        self._answer(Delivery(message=answer, hold=hold, token=token))

    async def _outcome(self, event: TaskScheduled, instance_id: str) -> Outcome:
        argument = event.input or "[]"
        if event.name == HTTP_ACTIVITY:
            return await call_http(argument)
        if not self._app.has_activity(event.name):
            reason, details = absent_activity(event.name, "does not exist")
            return Failed(message=reason, stack="", details=details)
        trace = Trace.of_history(event.parent_trace_context)
        return await self._app.run_activity(event.name, _first(argument), instance_id, trace)

    def _event(self, event: TaskScheduled, outcome: Outcome) -> HistoryEvent:
        now = self._clock.now()
        match _outcome_to_store(outcome):
            case Succeeded(text=text):
                return TaskCompleted(timestamp=now, task_id=event.event_id, result=text)
            case Failed(message=message, details=str() as details):
                return TaskFailed(timestamp=now, task_id=event.event_id, reason=message, details=details)
            case Failed(message=message, stack=stack):
                return TaskFailed(
                    timestamp=now,
                    task_id=event.event_id,
                    reason=failure_reason(event.name, message),
                    details=failure_details(message, stack),
                )


_Task = tuple[str, str | None, int]


def _task(message: Message) -> _Task:
    return message.target.instance_id, message.target.execution_id, message.event.event_id


def _outcome_to_store(outcome: Outcome) -> Outcome:
    """The outcome with its result as the host stores it; a result that the host cannot read is a failure."""
    if isinstance(outcome, Failed) or outcome.text is None:
        return outcome
    try:
        return Succeeded(text=payloads.result(outcome.text))
    except JsonReaderError as error:
        return Failed(message=str(error), stack="")


def _first(argument: str) -> str:
    """The activity's input: element 0 of the array, which is JSON text already (extension `DurableActivityContext`)."""
    values = json.loads(argument)
    if not values or values[0] is None:
        return "null"
    return values[0] if isinstance(values[0], str) else json.dumps(values[0])
