"""Calls the user's functions: sync ones in a thread pool, async ones on the loop, inputs filled and outputs stored."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from devhost.clock import Clock
from devhost.dispatch.outcome import Outcome
from devhost.dispatch.ports import BindingStore
from devhost.model.functions import Binding, Function

Result = TypeVar("Result")


class Invoker(AbstractAsyncContextManager["Invoker"]):
    """The one door to user code. Leaving the context waits for the pool's threads.

    `client_json` gives the text of a durable client binding (it may carry a task hub and a connection of its own).
    """

    def __init__(
        self, *, store: BindingStore, client_json: Callable[[Binding], str], clock: Clock, threads: int | None = None
    ) -> None: ...

    async def invoke(
        self,
        function: Function,
        *,
        trigger_value: Any,
        trigger_metadata: Mapping[str, Any] | None = None,
        binding_data: Mapping[str, Any] | None = None,
        invocation_id: str | None = None,
    ) -> Outcome:
        """Run a function once; never raises for what user code does.

        `trigger_value`: HTTP a `func.HttpRequest`; queue the message as `bytes` or `str`; timer the TimerInfo as a
        dict; activity and entity their text. `trigger_metadata`: plain values under the host's names (queue: `Id`,
        `DequeueCount`, `InsertionTime`, `ExpirationTime`, `NextVisibleTime`, `PopReceipt`; times may be datetimes).
        Binding data for `{name}` expressions is derived from the two; `binding_data` adds to it.
        """
        raise NotImplementedError

    async def invoke_activity(
        self, function: Function, input_text: str, *, invocation_id: str | None = None
    ) -> Outcome:
        """Run an activity on its JSON text (or bare string); `Returned.value` is JSON text."""
        raise NotImplementedError

    async def invoke_entity(self, function: Function, payload: str, *, invocation_id: str | None = None) -> Outcome:
        """Run one batch of entity operations; payload and `Returned.value` are the SDK's JSON."""
        raise NotImplementedError

    async def run_in_pool(self, step: Callable[[], Result], function_name: str, invocation_id: str) -> Result:
        """Run a step that may run user code (an orchestrator's episode) in the pool; what it raises comes through."""
        raise NotImplementedError
