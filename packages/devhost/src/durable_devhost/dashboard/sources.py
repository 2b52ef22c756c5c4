"""What the dashboard reads and does, as the host hands it over."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from durable_devhost.clock import Clock
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.mail.mailbox import Mailbox
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.settings import MessageEncoding
from durable_devhost.storage.queues import QueueService

Record = Mapping[str, Any]
"""One thing that the console told, as its JSON line has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A custom status that an instance got, as it is stored; `text` is None where it was taken away."""

    at: datetime
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQueue:
    """A queue and what it is for; `encoding` is how the texts of its messages are stored."""

    name: str
    purpose: str
    queues: QueueService
    encoding: MessageEncoding = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One host. Functions are called anew for each page, since a reload and the clock change what they give.

    `run` starts a function by its name with an input, and gives a sentence where that cannot be. `move` moves the
    virtual clock, and is None where time is real. `admits` says whether a key opens the dashboard, which without keys
    everybody may see. `statuses` gives the changes of an instance's custom
    status, and `inputs` the inputs of an execution's tasks by their number, as far as they are known since `since`, the
    start of the host. `mailbox` is None where the host catches no letters.
    """

    client: DurableClient
    clock: Clock
    catalog: Callable[[], FunctionCatalog]
    queues: Callable[[], Sequence[ShownQueue]]
    facts: Callable[[], Mapping[str, Any]]
    recent: Callable[[], Sequence[Record]]
    settings: Callable[[], Mapping[str, str]]
    run: Callable[[str, str], str]
    next_due: Callable[[], datetime | None]
    move: Callable[[timedelta], Awaitable[None]] | None
    admits: Callable[[str | None], bool]
    route_prefix: str
    statuses: Callable[[str], Sequence[StatusChange]]
    inputs: Callable[[str, str | None], Mapping[int, str]]
    since: datetime
    mailbox: Mailbox | None = None
