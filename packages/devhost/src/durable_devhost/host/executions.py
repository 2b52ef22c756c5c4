"""An orchestrator's execution as the engine sees it, run by a worker."""

import json
from collections.abc import Sequence
from typing import Any

from durable_devhost.dispatch.pool import SessionLost, WorkerPool
from durable_devhost.durable.actions import UnknownAction
from durable_devhost.durable.ports import ExecutionLost
from durable_devhost.durable.script import Script, read_script
from durable_devhost.model.functions import Function
from durable_devhost.model.history import ExecutionStarted, HistoryEvent
from durable_devhost.model.wire import SPEC_OF, to_json
from durable_devhost.wire.events import READ_BY_SDK


class WorkerExecution:
    """Fits `durable.ports.Execution`. The first step begins a session in a worker, the others go to the same one."""

    def __init__(
        self, pool: WorkerPool, function: Function, started: ExecutionStarted, *, is_quiet: bool = False
    ) -> None:
        self._pool = pool
        self._function = function
        self._started = started
        self._is_quiet = is_quiet
        self._session = ""
        self._next_ordinal = 0

    async def advance(self, events: Sequence[HistoryEvent]) -> Script:
        """Feed the next events; raises ExecutionLost where the worker is gone."""
        begins = not self._session
        self._session = self._session or self._pool.new_session()
        message = {
            "kind": "advance",
            "name": self._function.name,
            "begin": self._begin() if begins else None,
            "events": [to_json(event) for event in events if begins or SPEC_OF[type(event)].number in READ_BY_SDK],
        }
        name = f"orchestrator {self._function.name} ({self._started.instance.instance_id})"
        try:
            answer = await self._pool.advance(self._session, message, name, begins=begins)
        except SessionLost:
            raise ExecutionLost from None
        try:
            return read_script(answer, self._take_ordinal)
        except (UnknownAction, KeyError, ValueError) as error:
            return Script(is_done=True, error=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Let the worker forget the session."""
        if self._session:
            self._pool.drop(self._session)

    def _begin(self) -> dict[str, Any]:
        parent = self._started.parent
        return {
            "function": self._function.name,
            "instance_id": self._started.instance.instance_id,
            "parent_instance_id": parent.instance.instance_id if parent else None,
            "input": _as_json(self._started.input),
            "is_quiet": self._is_quiet,
        }

    def _take_ordinal(self) -> int:
        self._next_ordinal += 1
        return self._next_ordinal - 1


def _as_json(text: str | None) -> str | None:
    """The input as JSON text: what is stored, or a JSON string of it where it is no JSON."""
    if text is None:
        return None
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text)
    return text
