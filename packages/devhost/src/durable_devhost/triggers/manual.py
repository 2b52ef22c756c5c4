"""Functions run on request, with `POST /admin/functions/{name}`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, TriggerType
from durable_devhost.triggers.blobs.contents import FoundBlob
from durable_devhost.triggers.requests import made_request

_REFUSED = {
    TriggerType.ORCHESTRATION: "an orchestrator; start it through a client function or the durable HTTP API",
    TriggerType.ENTITY: "an entity; signal it through a client function or the durable HTTP API",
}

FindBlob = Callable[[Function, str], Awaitable[FoundBlob | None]]
"""A blob function and a path to the blob; None for an invalid path."""


async def _without_status(_: Function) -> Mapping[str, Any]:
    return {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}


class ManualRuns:
    """Takes functions to run and owns their tasks, which begin while `run` runs.

    A blob function gets the blob at the given path, or the given text if it is no path. `timer_info` gives
    a timer function's TimerInfo.
    """

    def __init__(
        self,
        invoker: Invoker,
        in_flight: InFlight,
        find_blob: FindBlob,
        timer_info: Callable[[Function], Awaitable[Mapping[str, Any]]] = _without_status,
    ) -> None:
        self._invoker = invoker
        self._timer_info = timer_info
        self._find_blob = find_blob
        self._in_flight = in_flight
        self._wanted: asyncio.Queue[tuple[Function, str, Mapping[str, Any], int]] = asyncio.Queue()

    async def run(self) -> None:
        """Run requested functions until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._invoke(*await self._wanted.get()))

    def refusal(self, function: Function) -> str | None:
        """Say why a function cannot be run in this way; None if it can."""
        reason = _REFUSED.get(function.kind)
        return f"'{function.name}' is {reason}." if reason else None

    def start(self, function: Function, text: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Run a function soon with `text` as message, body or activity input; a timer function ignores it."""
        token = self._in_flight.enter(_entry(function))
        self._wanted.put_nowait((function, text, metadata or {}, token))

    async def deliver(self, function: Function, payload: str | bytes, metadata: Mapping[str, Any]) -> Outcome:
        """Run a function now and return its outcome; `metadata` is the trigger's data besides the payload."""
        with self._in_flight.work(_entry(function)):
            return await self._run(function, payload, metadata)

    async def _invoke(self, function: Function, text: str, metadata: Mapping[str, Any], token: int) -> None:
        try:
            await self._run(function, text, metadata)
        finally:
            self._in_flight.leave(token)

    async def _run(self, function: Function, payload: str | bytes, metadata: Mapping[str, Any]) -> Outcome:
        if function.kind is TriggerType.BLOB and isinstance(payload, str):
            found = await self._find_blob(function, payload)
            if found is not None:
                payload, metadata = found.content, {**found.metadata, **metadata}
        is_timer = function.kind is TriggerType.TIMER
        value = await self._timer_info(function) if is_timer else _trigger_value(function, payload)
        return await self._invoker.invoke(function, trigger_value=value, trigger_metadata=metadata)


def _entry(function: Function) -> str:
    return f"{function.trigger.type} {function.name} (manual)"


def _trigger_value(function: Function, payload: str | bytes) -> Any:
    match function.kind:
        case TriggerType.HTTP:
            return made_request(method="POST", url=f"/{function.trigger.text('route') or ''}", body=_as_bytes(payload))
        case TriggerType.ACTIVITY:
            return payload if isinstance(payload, str) else payload.decode(errors="replace")
        case _:
            return payload


def _as_bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
