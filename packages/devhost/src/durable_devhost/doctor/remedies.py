"""Carry out a way out: let an instance go on, end it, or delete it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

from durable_devhost.clock import Clock
from durable_devhost.doctor.findings import Finding, Remedy
from durable_devhost.doctor.lost import Again, Kind, answer_of, scheduled_again
from durable_devhost.durable.damage import Fault, terminated_record
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ports import App, ExecutionLost
from durable_devhost.durable.sessions import record_after
from durable_devhost.errors import DevhostError
from durable_devhost.model.history import ExecutionStarted, ExecutionTerminated, InstanceRef
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.hub import TaskHub

_REASON = "ended by durable-devhost doctor"

Replaying = tuple[App, Callable[[], Scheduler]]
"""The app in a worker, and what makes a scheduler for one replay."""


class Remedies:
    """The ways out of one hub. `load_app` runs the app in a worker; that is only done where a replay is needed."""

    def __init__(self, hub: TaskHub, clock: Clock, load_app: Callable[[], Awaitable[Replaying]]) -> None:
        self._hub = hub
        self._clock = clock
        self._load_app = load_app
        self._replaying: Replaying | None = None

    async def carry_out(self, remedy: Remedy, finding: Finding) -> str:
        """Do it and say in a sentence what was done; raises DevhostError where it cannot be done."""
        match remedy:
            case Remedy.REQUEUE:
                return await self._requeue(finding)
            case Remedy.TERMINATE:
                return await self._terminate(finding)
            case Remedy.PURGE:
                rows = await self._hub.purge(finding.instance_id, with_messages=True)
                return f"purged, with {rows} {'row' if rows == 1 else 'rows'} of history"

    async def _terminate(self, finding: Finding) -> str:
        event = ExecutionTerminated(timestamp=self._clock.now(), reason=_REASON)
        if finding.damage.fault is Fault.LOST_MESSAGES:
            target = InstanceRef(instance_id=finding.instance_id, execution_id=None)
            await self._hub.queues.send_control(Message(event=event, target=target))
            return "it will end as soon as the app is started"
        await self._hub.instances.merge(terminated_record(finding.instance_id, event))
        return "terminated; what there is of its history stays until it is purged"

    async def _requeue(self, finding: Finding) -> str:
        match finding.damage.fault:
            case Fault.NO_RECORD:
                return await self._write_row(finding.instance_id)
            case Fault.LOST_MESSAGES:
                return await self._send_lost(finding)
            case _:
                return await self._start_again(finding.instance_id)

    async def _write_row(self, instance_id: str) -> str:
        stored = await self._hub.history.read(instance_id)
        record = record_after(stored.events, self._hub.names.hub)
        if record is None:
            raise DevhostError(f"The history of '{instance_id}' has no start any more; nothing was changed.")
        await self._hub.instances.merge(replace(record, custom_status="null"))
        return "its row is there again; it goes on when the app is started"

    async def _start_again(self, instance_id: str) -> str:
        record = await self._hub.instances.get(instance_id)
        if record is None or not record.name:
            raise DevhostError(f"The row of '{instance_id}' does not name an orchestrator; nothing was changed.")
        instance = InstanceRef(instance_id=instance_id, execution_id=record.execution_id or uuid4().hex)
        started = ExecutionStarted(
            timestamp=record.created_time or self._clock.now(),
            instance=instance,
            name=record.name,
            input=record.input,
            version=record.version,
            generation=record.generation or 0,
        )
        await self._hub.queues.send_control(Message(event=started, target=instance))
        return "its start message is sent again; it begins when the app is started"

    async def _send_lost(self, finding: Finding) -> str:
        again = await self._scheduled_again(finding)
        for _, message, is_work_item in again:
            send = self._hub.queues.send_work_item if is_work_item else self._hub.queues.send_control
            await send(message)
        answers = [answer async for answer in self._answers(finding)]
        for answer in answers:
            await self._hub.queues.send_control(answer)
        sent = len(again) + len(answers)
        if missing := len(finding.lost_messages) - sent:
            raise DevhostError(
                f"{sent} messages are sent again and {missing} cannot be, as the orchestrator does not ask for them "
                "any more, or is suspended. Terminate or purge it."
            )
        return f"{sent} {'message is' if sent == 1 else 'messages are'} sent again; it goes on when the app is started"

    async def _scheduled_again(self, finding: Finding) -> list[Again]:
        wanted = {each.task_id for each in finding.lost_messages if each.kind is not Kind.ANSWER}
        if not wanted:
            return []
        if self._replaying is None:
            self._replaying = await self._load_app()
        app, new_scheduler = self._replaying
        history = (await self._hub.history.read(finding.instance_id)).events
        started = next(event for event in history if isinstance(event, ExecutionStarted))
        execution = app.execution(started, is_quiet=True)
        if execution is None:
            raise DevhostError(f"The app has no orchestrator '{started.name}'; nothing was changed.")
        try:
            return await scheduled_again(
                execution, history, new_scheduler(), wanted, self._clock.now(), lambda: uuid4().hex
            )
        except ExecutionLost:
            self._replaying = None
            raise DevhostError(
                "The app's process died while it replayed the orchestrator; nothing was changed."
            ) from None
        finally:
            execution.close()

    async def _answers(self, finding: Finding) -> AsyncIterator[Message]:
        for each in finding.lost_messages:
            if each.kind is Kind.ANSWER:
                child = await self._hub.history.read(each.name)
                if (answer := answer_of(child.events, self._clock.now())) is not None:
                    yield answer
