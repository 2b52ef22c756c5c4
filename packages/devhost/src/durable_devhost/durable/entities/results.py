"""The JSON that the Python SDK's entity function takes and returns: one batch of operations, and what became of them.

The function gets and gives JSON texts within JSON: states, inputs and results are strings that hold JSON themselves
(`azure.durable_functions.entity`, `OutOfProcResult` in the extension's `TaskEntityShim.cs`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from durable_devhost.dotnet.payloads import as_newtonsoft
from durable_devhost.durable.entities.messages import EntityId, RequestMessage, ResponseMessage
from durable_devhost.durable.entities.scheduler import SchedulerState
from durable_devhost.json_text import compact


class BrokenResult(ValueError):
    """What the entity function returned is no result of the batch; nothing was changed, the batch may run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySignal:
    """A signal that an operation wants sent."""

    target: EntityId
    name: str
    input: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityResult:
    """What an entity function returned for a batch: the entity as it is now, and a response for each operation."""

    exists: bool
    state: str | None
    responses: tuple[ResponseMessage, ...]
    signals: tuple[EntitySignal, ...]


def entity_payload(entity_id: EntityId, state: SchedulerState, operations: Sequence[RequestMessage]) -> str:
    """The batch as the Python SDK's entity function takes it."""
    return compact(
        {
            "self": entity_id.to_json(),
            "exists": state.exists,
            "state": state.state,
            "batch": [
                {"name": request.op, "input": request.input, "isSignal": request.signal} for request in operations
            ],
        }
    )


def failed_result(payload: str, error: str) -> str:
    """What stands for the result of a batch that could not run or ran over `functionTimeout`.

    Each operation fails with `error`, the state stays, as the extension's `TaskEntityShim` has it. `error` is JSON
    text, but for a timeout, whose text the SDK knows.
    """
    given = json.loads(payload)
    return compact(
        {
            "entityExists": given["exists"],
            "entityState": given["state"],
            "results": [{"isError": True, "duration": 0, "result": error} for _ in given["batch"]],
            "signals": [],
        }
    )


def read_result(text: str | None, operations: int) -> EntityResult:
    """Read what the function returned for that many operations; raises BrokenResult."""
    value = _parse_result(text)
    try:
        result = EntityResult(
            exists=bool(value["entityExists"]),
            state=_text_or_none(value["entityState"]),
            responses=tuple(
                ResponseMessage(result=_text_or_none(item.get("result")), is_error=bool(item.get("isError")))
                for item in value["results"]
            ),
            signals=tuple(
                EntitySignal(target=EntityId.from_json(item["target"]), name=item["name"], input=item.get("input"))
                for item in value.get("signals") or ()
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenResult(f"The entity function returned no result of a batch: {error!r}.") from error
    if len(result.responses) != operations:
        raise BrokenResult(f"The entity function returned {len(result.responses)} results for {operations} operations.")
    return result


def _parse_result(text: str | None) -> Any:
    try:
        return json.loads(text or "")
    except ValueError as error:
        raise BrokenResult(f"The entity function returned no JSON: {error}.") from error


def _text_or_none(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no JSON text")
    return None if value is None else as_newtonsoft(value)
