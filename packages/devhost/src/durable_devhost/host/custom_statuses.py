"""Remembers the custom statuses that instances had while this host ran, since storage has only the last one.

In memory and bounded: the host tells of each row that it writes anyway, which costs one comparison.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from durable_devhost.dashboard.sources import StatusChange
from durable_devhost.model.instances import InstanceRecord

MOST_INSTANCES = 1000
MOST_CHANGES = 100
MOST_CHARACTERS = 4_000_000
"""Of all statuses together; Python keeps one to four bytes for each."""

_UNSET = (None, "null")


@dataclass(slots=True)
class _Seen:
    """The last changes of one instance."""

    execution: str | None
    is_over: bool = False
    changes: deque[StatusChange] = field(default_factory=lambda: deque(maxlen=MOST_CHANGES))


class CustomStatuses:
    """The changes by instance. Those of the instance that has not changed for longest go first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._characters = 0

    def note(self, record: InstanceRecord) -> None:
        """Take notice of a row that is about to be written."""
        seen, text = self._seen.get(record.instance_id), record.custom_status
        if seen is None:
            if text in _UNSET:
                return
            seen = self._seen[record.instance_id] = _Seen(record.execution_id)
        elif seen.is_over and seen.execution != record.execution_id:
            self._forget(seen)  # another instance under the same id
        seen.execution = record.execution_id
        seen.is_over = record.status is not None and record.status.is_terminal
        before = seen.changes[-1].text if seen.changes else None
        now = None if text in _UNSET else text
        if now != before and record.last_updated_time is not None:
            self._add(record.instance_id, seen, StatusChange(at=record.last_updated_time, text=now))

    def of(self, instance_id: str) -> tuple[StatusChange, ...]:
        """The changes of an instance that are known, the oldest first: the last hundred at most."""
        seen = self._seen.get(instance_id)
        return tuple(seen.changes) if seen else ()

    def _add(self, instance_id: str, seen: _Seen, change: StatusChange) -> None:
        if len(seen.changes) == MOST_CHANGES:
            self._characters -= len(seen.changes[0].text or "")
        seen.changes.append(change)
        self._characters += len(change.text or "")
        self._seen.move_to_end(instance_id)
        while len(self._seen) > 1 and (len(self._seen) > MOST_INSTANCES or self._characters > MOST_CHARACTERS):
            _, oldest = self._seen.popitem(last=False)
            self._forget(oldest)

    def _forget(self, seen: _Seen) -> None:
        self._characters -= sum(len(each.text or "") for each in seen.changes)
        seen.changes.clear()
