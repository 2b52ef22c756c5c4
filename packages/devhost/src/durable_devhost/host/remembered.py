"""Remembers of instances what storage does not keep: custom statuses before the last, and inputs of activities.

In memory and bounded, for as long as the host runs. The host is told of each episode that it has stored anyway, so this
costs no call of storage.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from durable_devhost.dashboard.sources import StatusChange
from durable_devhost.durable.episode import Episode
from durable_devhost.model.history import ExecutionStarted, TaskScheduled
from durable_devhost.model.instances import InstanceRecord

MOST_INSTANCES = 1000
MOST_CHANGES = 100
MOST_INPUTS = 1000
LONGEST_INPUT = 20_000
MOST_CHARACTERS = 8_000_000
"""Of all texts together; Python keeps one to four bytes for each."""

_UNSET = (None, "null")


@dataclass(slots=True)
class _Seen:
    """One instance: its last changes, and the inputs of one execution by the number of the task."""

    execution: str = ""
    is_over: bool = False
    changes: deque[StatusChange] = field(default_factory=deque)
    inputs: dict[int, str] = field(default_factory=dict)
    characters: int = 0


class Remembered:
    """What is known by instance. The instance of which nothing new was heard for longest goes first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._characters = 0

    def note(self, episode: Episode) -> None:
        """Take notice of an episode that is stored."""
        inputs, record = list(_inputs(episode)), episode.record
        seen = self._seen.get(episode.instance_id)
        if seen is None:
            if not inputs and (record is None or record.custom_status in _UNSET):
                return
            seen = self._seen[episode.instance_id] = _Seen()
        before = seen.characters
        if seen.execution != episode.execution_id:
            _begin_execution(seen, episode.execution_id)
        for task, text in inputs:
            if len(seen.inputs) < MOST_INPUTS:
                seen.inputs[task] = text
                seen.characters += len(text)
        if record is not None:
            _note_status(seen, record)
        self._characters += seen.characters - before
        self._seen.move_to_end(episode.instance_id)
        while len(self._seen) > 1 and (len(self._seen) > MOST_INSTANCES or self._characters > MOST_CHARACTERS):
            _, oldest = self._seen.popitem(last=False)
            self._characters -= oldest.characters

    def statuses(self, instance_id: str) -> tuple[StatusChange, ...]:
        """The changes of an instance's custom status, the oldest first: the last hundred at most."""
        seen = self._seen.get(instance_id)
        return tuple(seen.changes) if seen else ()

    def inputs(self, instance_id: str, execution_id: str | None) -> Mapping[int, str]:
        """The inputs of activities and sub-orchestrations of an execution, by the number of the task.

        Only the last execution is known, with its first thousand inputs, and none above `LONGEST_INPUT` characters.
        """
        seen = self._seen.get(instance_id)
        return seen.inputs if seen and seen.execution == execution_id else {}


def _inputs(episode: Episode) -> Iterator[tuple[int, str]]:
    for posting in episode.postings:
        match posting.message.event:
            case TaskScheduled(event_id=task, input=str(text)) if len(text) <= LONGEST_INPUT:
                yield task, text
            case ExecutionStarted(parent=parent, input=str(text)) if parent and len(text) <= LONGEST_INPUT:
                yield parent.task_id, text


def _begin_execution(seen: _Seen, execution: str) -> None:
    """Forget the inputs; the statuses go on, unless this is another instance under the same id."""
    seen.characters -= sum(map(len, seen.inputs.values()))
    seen.inputs = {}
    if seen.is_over:
        seen.characters = 0
        seen.changes.clear()
    seen.execution = execution


def _note_status(seen: _Seen, record: InstanceRecord) -> None:
    seen.is_over = record.status is not None and record.status.is_terminal
    before = seen.changes[-1].text if seen.changes else None
    now = None if record.custom_status in _UNSET else record.custom_status
    if now == before or record.last_updated_time is None:
        return
    if len(seen.changes) == MOST_CHANGES:
        seen.characters -= len(seen.changes.popleft().text or "")
    seen.changes.append(StatusChange(at=record.last_updated_time, text=now))
    seen.characters += len(now or "")
