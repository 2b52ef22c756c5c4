"""The actions of an orchestrator: what the SDK's executor emits, as a closed union.

The SDK writes each action as a JSON object with a number for its type (`azure.durable_functions.models.actions`,
version 1.7; schema version 3). Reading them here keeps the decider free of dictionaries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from durable_devhost.model.timestamps import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and after which pause an activity or sub-orchestration is retried (Python offers no more)."""

    first_interval_ms: int
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity:
    """Run an activity on `input`, a JSON text."""

    name: str
    input: str
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSubOrchestrator:
    """Run another orchestration and wait for it; without an id one is made from the parent's execution id."""

    name: str
    input: str
    instance_id: str | None = None
    version: str | None = None
    retry: RetryPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTimer:
    """Wake up at `fire_at`. `ordinal` numbers the timers of an execution, so that a cancellation finds its timer."""

    fire_at: datetime
    is_cancelled: bool
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForEvent:
    """Wait for an external event of this name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntity:
    """Ask the entity with the scheduler id `entity` and wait for its answer; `input` is a JSON text."""

    entity: str
    operation: str
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEntity:
    """Send the entity with the scheduler id `entity` an operation and go on."""

    entity: str
    operation: str
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHttp:
    """Send an HTTP request and wait for the response; `request` is the SDK's JSON object."""

    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueAsNewWith:
    """Start again with `input`, a JSON text, and an empty history."""

    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenAny:
    """Do all of these and go on when the first one is done."""

    actions: tuple["Action", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenAll:
    """Do all of these and go on when all of them are done."""

    actions: tuple["Action", ...]


Action = (
    CallActivity
    | CallSubOrchestrator
    | CreateTimer
    | WaitForEvent
    | CallEntity
    | SignalEntity
    | CallHttp
    | ContinueAsNewWith
    | WhenAny
    | WhenAll
)


class UnknownAction(ValueError):
    """The SDK emitted an action that this host does not know."""


def read_action(value: Mapping[str, Any], next_ordinal: Callable[[], int]) -> Action:
    """Read one action and its children; `next_ordinal` is called once for each timer, depth first.

    Raises UnknownAction for a type outside 0 to 9, 11 and 12, and KeyError when a field is missing.
    """
    number = value["actionType"]
    match number:
        case 11:
            return WhenAny(actions=_read_children(value, next_ordinal))
        case 12:
            return WhenAll(actions=_read_children(value, next_ordinal))
        case 5:
            return CreateTimer(
                fire_at=parse_time(value["fireAt"]),
                is_cancelled=bool(value.get("isCanceled")),
                ordinal=next_ordinal(),
            )
    reader = _READERS.get(number)
    if reader is None:
        raise UnknownAction(f"The SDK asked for an action of type {number!r}, which devhost does not know.")
    return reader(value)


def _read_children(value: Mapping[str, Any], next_ordinal: Callable[[], int]) -> tuple[Action, ...]:
    return tuple(read_action(child, next_ordinal) for child in value["compoundActions"])


def _read_retry(value: Mapping[str, Any]) -> RetryPolicy | None:
    options = value.get("retryOptions")
    if options is None:
        return None
    return RetryPolicy(
        first_interval_ms=options["firstRetryIntervalInMilliseconds"], max_attempts=options["maxNumberOfAttempts"]
    )


def _activity(value: Mapping[str, Any]) -> Action:
    return CallActivity(name=value["functionName"], input=value["input"], retry=_read_retry(value))


def _sub_orchestrator(value: Mapping[str, Any]) -> Action:
    return CallSubOrchestrator(
        name=value["functionName"],
        input=value["input"],
        instance_id=value.get("instanceId") or None,
        version=value.get("version"),
        retry=_read_retry(value),
    )


_READERS: Mapping[int, Callable[[Mapping[str, Any]], Action]] = {
    0: _activity,
    1: _activity,
    2: _sub_orchestrator,
    3: _sub_orchestrator,
    4: lambda value: ContinueAsNewWith(input=value["input"]),
    6: lambda value: WaitForEvent(name=value["externalEventName"]),
    7: lambda value: CallEntity(entity=value["instanceId"], operation=value["operation"], input=value["input"]),
    8: lambda value: CallHttp(request=value["httpRequest"]),
    9: lambda value: SignalEntity(entity=value["instanceId"], operation=value["operation"], input=value["input"]),
}
