"""What an episode decided: new history events, messages to send, and possibly the end of the execution.

Effects are data. The decider creates them, the commit stores them, and only then are they carried out.
"""

from dataclasses import dataclass
from datetime import datetime

from durable_devhost.model.history import (
    EventRaised,
    HistoryEvent,
    InstanceRef,
    RuntimeStatus,
    TaskScheduled,
    TimerFired,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """An activity to run; the event carries its input, which the history row does not."""

    event: TaskScheduled


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerMessage:
    """A timer to set; its message stays invisible until `event.fire_at`."""

    event: TimerFired


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMessage:
    """An event for another instance: a sub-orchestration's start, an entity request, an answer to the parent.

    `from_decision` is true for starts, whose envelope carries an execution context; `due` delays the delivery.
    """

    target: InstanceRef
    event: HistoryEvent
    from_decision: bool = False
    due: datetime | None = None


Outgoing = WorkItem | TimerMessage | InstanceMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The execution ended; `result` is JSON text, or the plain failure text or termination reason."""

    status: RuntimeStatus
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuedAsNew:
    """The execution starts again with `input` (JSON text); `carried` are external events that came too late for it."""

    input: str
    carried: tuple[EventRaised, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """All decisions of one episode, in the order in which they are written."""

    events: tuple[HistoryEvent, ...] = ()
    outbox: tuple[Outgoing, ...] = ()
    end: Completed | ContinuedAsNew | None = None
