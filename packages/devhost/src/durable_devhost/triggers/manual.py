"""Functions run out of turn, because somebody asked for it with `POST /admin/functions/{name}`."""

import asyncio
from typing import Any

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, TriggerType
from durable_devhost.triggers.requests import made_request

_REFUSED = {
    TriggerType.ORCHESTRATION: "an orchestrator; start it through a client function or the durable HTTP API",
    TriggerType.ENTITY: "an entity; signal it through a client function or the durable HTTP API",
}


class ManualRuns:
    """Takes functions to run and owns their tasks; `run` must be under way for them to begin."""

    def __init__(self, invoker: Invoker, in_flight: InFlight) -> None:
        self._invoker = invoker
        self._in_flight = in_flight
        self._wanted: asyncio.Queue[tuple[Function, str, int]] = asyncio.Queue()

    async def run(self) -> None:
        """Run what is asked for until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._invoke(*await self._wanted.get()))

    def refusal(self, function: Function) -> str | None:
        """Say why a function cannot be run this way; None when it can."""
        reason = _REFUSED.get(function.kind)
        return f"'{function.name}' is {reason}." if reason else None

    def start(self, function: Function, text: str) -> None:
        """Run a function soon with `text` as message, body or activity input; a timer function ignores it."""
        token = self._in_flight.enter(f"{function.trigger.type} {function.name} (manual)")
        self._wanted.put_nowait((function, text, token))

    async def _invoke(self, function: Function, text: str, token: int) -> None:
        try:
            await self._invoker.invoke(function, trigger_value=_trigger_value(function, text))
        finally:
            self._in_flight.leave(token)


def _trigger_value(function: Function, text: str) -> Any:
    match function.kind:
        case TriggerType.HTTP:
            return made_request(method="POST", url=f"/{function.trigger.text('route') or ''}", body=text.encode())
        case TriggerType.TIMER:
            return {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
        case _:
            return text
