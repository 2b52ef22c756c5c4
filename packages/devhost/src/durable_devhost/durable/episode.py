"""What one episode wants stored and sent: the input of a commit."""

from dataclasses import dataclass
from datetime import datetime

from durable_devhost.model.history import HistoryEvent
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.taskhub.history import Tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A message to send; work items go to the activities' queue, all others to the target's control queue.

    `due` hides the message until then: timers and scheduled entity requests.
    """

    message: Message
    is_work_item: bool = False
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """The outcome of one episode.

    `events` are the rows to write from `first_row` on, under `etag` (None: there must be no sentinel yet) and `tail`.
    `record` is the Instances row to write, None if a query would show nothing new; `is_new_record` says that it
    replaces any existing row.
    """

    instance_id: str
    execution_id: str
    first_row: int
    events: tuple[HistoryEvent, ...]
    etag: str | None
    tail: Tail
    postings: tuple[Posting, ...] = ()
    record: InstanceRecord | None = None
    is_new_record: bool = False
