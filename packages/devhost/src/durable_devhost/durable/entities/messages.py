"""What is said between orchestrations, clients and entities: requests, responses, and the labels that keep their order.

Property names and their order are those that extension 3.15 wrote (`EntityScheduler/RequestMessage.cs`): the storage
provider looks for a request's `id` while it reads, and accepts only `$type`, `op`, `signal` and `input` before it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category
from uuid import UUID, uuid5

from durable_devhost.durable.entities.labels import UNSET, next_label, ticks_in, ticks_of
from durable_devhost.json_text import compact
from durable_devhost.model.timestamps import format_time, parse_time

REORDER_WINDOW = timedelta(minutes=30)
"""How long an entity waits for a message that was overtaken (`entityMessageReorderWindowInMinutes`)."""

CLEAN_UP_PAUSE = timedelta(seconds=10)
"""By how much more than the window time must pass before labels are cleaned up again."""

REQUEST_EVENT = "op"
RELEASE_EVENT = "release"
CONTINUE_EVENT = "continue"

_EXTENSION = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
_GUIDS = UUID("9e952959-5e33-4daf-827f-2fa12937b875")
_LONGEST_DELAY = timedelta(days=6)
_DELAY_STEP = timedelta(days=3)


class CorruptRequest(ValueError):
    """The text of an entity event is no request; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityId:
    """Which entity: the class name, in lower case whatever was given, and the key, whose case counts."""

    name: str
    key: str

    def __post_init__(self) -> None:
        if not self.name or "@" in self.name:
            raise ValueError(f"{self.name!r} cannot name an entity: it must not be empty nor hold an '@'.")
        object.__setattr__(self, "name", self.name.lower())

    @property
    def scheduler_id(self) -> str:
        """The instance id under which the entity is stored: `@name@key`."""
        return f"@{self.name}@{self.key}"

    @property
    def is_key_valid(self) -> bool:
        """Whether a client may signal this key: no `/`, `\\`, `#`, `?` and no control characters."""
        return not any(character in "/\\#?" or category(character) == "Cc" for character in self.key)

    @classmethod
    def parse(cls, scheduler_id: str) -> "EntityId":
        """Read `@name@key`; the key may hold more `@`. Raises ValueError for any other text."""
        start, *rest = scheduler_id.split("@", 2)
        if start or len(rest) != 2:
            raise ValueError(f"{scheduler_id!r} is no entity id: it must look like @name@key.")
        return cls(name=rest[0], key=rest[1])

    @staticmethod
    def is_one(instance_id: str) -> bool:
        """Whether an instance id is an entity's; a lone `@` in front makes none."""
        return instance_id.startswith("@") and instance_id.find("@", 2) > 0

    def to_json(self) -> dict[str, str]:
        """The object that lock sets, signal targets and the HTTP API use."""
        return {"name": self.name, "key": self.key}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "EntityId":
        """Read such an object; raises KeyError when a part is missing."""
        return cls(name=value["name"], key=value["key"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMessage:
    """An operation to run, or a lock to take (then `lockset` is not None), as it travels to an entity.

    `input` is JSON text; for the Python SDK it is the JSON literal of another JSON text. `parent` is the sender's
    instance id, None for a client; `parent_execution` is None for clients and for entities. `timestamp` and
    `predecessor` are labels (see `durable.entities.labels`). `is_typed` tells whether the text begins with
    `$type`, as it does unless a client sent it.
    """

    op: str | None
    id: str
    signal: bool = False
    input: str | None = None
    parent: str | None = None
    parent_execution: str | None = None
    due: datetime | None = None
    timestamp: str = UNSET
    predecessor: str = UNSET
    lockset: tuple[EntityId, ...] | None = None
    position: int = 0
    request_time: str | None = None
    is_typed: bool = False

    @classmethod
    def from_client(cls, *, op: str, input: str | None, id: str, due: datetime | None = None) -> "RequestMessage":
        """The signal of a client, which is not ordered and tells no sender; `input` is compact JSON text."""
        return cls(op=op, id=id, signal=True, input=input, due=due)

    @property
    def is_lock_request(self) -> bool:
        """Whether this asks for a lock; only .NET orchestrations do."""
        return self.lockset is not None

    def sent_at(self, now: datetime) -> "RequestMessage":
        """The same request with the clock time of its sending, which orchestrations and entities note."""
        return replace(self, request_time=format_time(now).replace("Z", "+00:00"))

    def deliver_at(self, now: datetime) -> datetime | None:
        """When the queue shall show it, None for at once.

        More than six days ahead are done in steps of three, for a queue hides a message for a week at most
        (`AzureStorageDurabilityProvider.cs`); the entity sends a request on that comes too early.
        """
        if self.due is None or self.due - now <= _LONGEST_DELAY:
            return self.due
        return now + _DELAY_STEP

    def to_json(self) -> dict[str, Any]:
        """The properties in their order, without `$type` and without those that have their default value."""
        value: dict[str, Any] = {
            "op": self.op,
            "signal": self.signal or None,
            "input": self.input,
            "id": self.id,
            "parent": self.parent,
            "parentExecution": self.parent_execution,
            "due": None if self.due is None else format_time(self.due),
            "Timestamp": self.timestamp,
            "Predecessor": self.predecessor,
            "lockset": None if self.lockset is None else [entity.to_json() for entity in self.lockset],
            "pos": self.position or None,
            "requestTime": self.request_time,
        }
        return {name: item for name, item in value.items() if item is not None}

    def to_json_text(self) -> str:
        """The request as an event carries it."""
        value = self.to_json()
        return compact({"$type": _type_name("RequestMessage"), **value} if self.is_typed else value)

    @classmethod
    def from_json(cls, value: Any) -> "RequestMessage":
        """Read the properties; raises CorruptRequest."""
        try:
            lockset, due = value.get("lockset"), value.get("due")
            request = cls(
                op=_text(value, "op"),
                id=_text(value, "id") or _missing("id"),
                signal=bool(value.get("signal")),
                input=_text(value, "input"),
                parent=_text(value, "parent"),
                parent_execution=_text(value, "parentExecution"),
                due=None if due is None else parse_time(due),
                timestamp=value.get("Timestamp", UNSET),
                predecessor=value.get("Predecessor", UNSET),
                lockset=None if lockset is None else tuple(EntityId.from_json(entity) for entity in lockset),
                position=value.get("pos", 0),
                request_time=_text(value, "requestTime"),
                is_typed="$type" in value,
            )
            ticks_of(request.timestamp), ticks_of(request.predecessor)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptRequest(f"it is no entity request: {type(error).__name__} {error}") from error
        return request

    @classmethod
    def from_json_text(cls, text: str | None) -> "RequestMessage":
        """Read what an event carries; raises CorruptRequest."""
        try:
            value = json.loads(text or "")
        except ValueError as error:
            raise CorruptRequest(f"it is no JSON: {error}") from error
        return cls.from_json(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMessage:
    """What an entity answers; `result` is JSON text, of the error's text where `is_error`."""

    result: str | None
    is_error: bool = False

    def to_json_text(self) -> str:
        """The response as an event carries it; out-of-process errors always have the type `Error`."""
        value = {"$type": _type_name("ResponseMessage"), "result": self.result}
        return compact({**value, "exceptionType": "Error"} if self.is_error else value)

    @classmethod
    def from_json_text(cls, text: str) -> "ResponseMessage":
        """Read a response; raises ValueError where the text is no JSON object."""
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError("an entity's response must be a JSON object")
        return cls(result=value.get("result"), is_error=value.get("exceptionType") is not None)


class SendLabels:
    """The sender's side of the order: the last label that went to each destination.

    Labels depend on nothing but the calls made so far, so that an orchestration's replay gives the same ones; `observe`
    takes over those that a history or an entity's state recorded. A window of zero switches labels off.
    """

    def __init__(
        self,
        window: timedelta = REORDER_WINDOW,
        *,
        last_sent: Mapping[str, str] | None = None,
        horizon: str = UNSET,
    ) -> None:
        self._window = window
        self.last_sent = dict(last_sent or {})
        """Destination (scheduler id) → last label."""
        self.horizon = horizon
        """What was sent before this label is forgotten."""

    def label(self, destination: str, now: datetime) -> tuple[str, str]:
        """The (timestamp, predecessor) of one more message; each timestamp is later than the one before it."""
        if not self._window:
            return UNSET, UNSET
        timestamp = format_time(now)
        self._clean_up(now)
        predecessor = self.last_sent.get(destination, UNSET)
        if ticks_of(timestamp) <= ticks_of(predecessor):
            timestamp = next_label(predecessor)
        self.last_sent[destination] = timestamp
        return timestamp, predecessor

    def observe(self, destination: str, timestamp: str) -> None:
        """Take over the label of a message that was sent earlier, whatever `label` gave for it; UNSET tells nothing."""
        if timestamp != UNSET:
            self.last_sent[destination] = timestamp

    def _clean_up(self, now: datetime) -> None:
        present = ticks_of(format_time(now))
        if ticks_of(self.horizon) + ticks_in(self._window + CLEAN_UP_PAUSE) >= present:
            return
        self.horizon = format_time(now - self._window)
        oldest = ticks_of(self.horizon)
        self.last_sent = {to: last for to, last in self.last_sent.items() if ticks_of(last) >= oldest}


def request_event_name(due: datetime | None) -> str:
    """The name of the event that carries a request: `op`, or `op@<time>` for one to be delivered at `due`."""
    return REQUEST_EVENT if due is None else f"{REQUEST_EVENT}@{round_trip_text(due)}"


def request_guid(instance_id: str, now: datetime, counter: int) -> str:
    """The id of an orchestration's request: the same on each replay (`DurableOrchestrationContext.cs: NewGuid`).

    `now` is the orchestration's current time, `counter` how many ids this execution made before.
    """
    return str(uuid5(_GUIDS, f"{instance_id}_{round_trip_text(now)}_{counter}"))


def round_trip_text(when: datetime) -> str:
    """The time in .NET's `o` format: UTC with always seven fraction digits and a `Z`."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "0Z"


def _text(value: Mapping[str, Any], name: str) -> str | None:
    item = value.get(name)
    if item is not None and not isinstance(item, str):
        raise TypeError(f"{name} must be text")
    return item


def _missing(name: str) -> str:
    raise KeyError(name)


def _type_name(name: str) -> str:
    return f"{_EXTENSION}.{name}, {_EXTENSION}"
