"""What is stored of an entity: its state, and what its scheduler must remember from one batch to the next.

An entity is an instance whose every batch ends with continue-as-new; this is the input of its next execution. The JSON
leaves out what has its default value (extension `EntityScheduler/SchedulerState.cs`; recorded from 3.15).
"""

import json
from dataclasses import dataclass, field
from typing import Any

from durable_devhost.durable.entities.messages import RequestMessage
from durable_devhost.durable.entities.sorter import SorterState
from durable_devhost.json_text import compact


class CorruptState(ValueError):
    """The stored input of an entity is not what a scheduler writes; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerState:
    """An entity between two batches.

    `state` is JSON text; the text `null` is the state of an entity that was deleted or never set one. `queue` holds
    requests that were received but not run yet, `locked_by` the instance id of an orchestration that owns the entity.
    `suspended` says that the entity waits for its own `continue` event.
    """

    exists: bool = False
    state: str | None = None
    queue: tuple[RequestMessage, ...] = ()
    locked_by: str | None = None
    suspended: bool = False
    sorter: SorterState = field(default_factory=SorterState)

    def to_json_text(self) -> str:
        """The input of the entity's next execution."""
        value: dict[str, Any] = {
            "exists": self.exists or None,
            "state": self.state,
            "queue": [request.to_json() for request in self.queue] or None,
            "lockedBy": self.locked_by,
            "suspended": self.suspended or None,
            "sorter": self.sorter.to_json(),
        }
        return compact({name: item for name, item in value.items() if item is not None})

    @classmethod
    def from_json_text(cls, text: str | None) -> "SchedulerState":
        """Read the input of an execution; None (or JSON null) is a new entity. Raises CorruptState."""
        value = _parse(text)
        try:
            return cls(
                exists=bool(value.get("exists")),
                state=value.get("state"),
                queue=tuple(RequestMessage.from_json(request) for request in value.get("queue") or ()),
                locked_by=value.get("lockedBy"),
                suspended=bool(value.get("suspended")),
                sorter=SorterState.from_json(value.get("sorter") or {}),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptState(f"the entity's stored state cannot be read: {type(error).__name__} {error}") from error

    @property
    def custom_status(self) -> str:
        """What a status query shows of the entity: `{}` where it does not exist and nothing waits."""
        value = {
            "entityExists": self.exists or None,
            "queueSize": len(self.queue) or None,
            "lockedBy": self.locked_by,
        }
        return compact({name: item for name, item in value.items() if item is not None})


def entity_state(record_input: str | None) -> str | None:
    """The state (JSON text) in the input of an entity's Instances row, None where the entity does not exist.

    As in the real host a deleted entity still reads as the state `null`. Raises CorruptState.
    """
    state = _parse(record_input).get("state")
    return state if isinstance(state, str) else None


def _parse(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "null")
    except ValueError as error:
        raise CorruptState(f"the entity's stored state is no JSON: {error}") from error
    if not isinstance(value, dict | None):
        raise CorruptState(f"the entity's stored state must be a JSON object, but it is {str(text)[:50]}")
    return value or {}
