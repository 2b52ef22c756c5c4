"""Calls the user's functions: inputs filled, the call made where its kind belongs, outputs stored."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import azure.functions as func

from durable_devhost.clock import Clock
from durable_devhost.dispatch.bindings import (
    blob_argument,
    blob_content,
    encode_return,
    http_result,
    queue_messages,
    trigger_argument,
    trigger_data,
)
from durable_devhost.dispatch.expressions import has_expression, resolve
from durable_devhost.dispatch.invocation import Attempt, Invocation, InvocationContext, entered
from durable_devhost.dispatch.outcome import Outcome, Raised, Returned
from durable_devhost.dispatch.ports import BindingStore, InvocationObserver
from durable_devhost.dispatch.worker import Worker, raised
from durable_devhost.model.functions import RETURN_NAME, Binding, Function, RetryPolicy, TriggerType

Result = TypeVar("Result")
_DURABLE = frozenset({TriggerType.ORCHESTRATION, TriggerType.ACTIVITY, TriggerType.ENTITY})


class Output(func.Out[Any]):
    """What an output parameter gets: holds the last value set."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value; it is stored after the function has returned."""
        self._value = val

    def get(self) -> Any:
        """The value set last, None before."""
        return self._value


class Invoker(AbstractAsyncContextManager["Invoker"]):
    """The one door to user code; use it as a context manager, which starts and stops the threads.

    `client_json` gives the text of a durable client binding (it may carry a task hub and a connection of its own).
    `threads` is `PYTHON_THREADPOOL_THREAD_COUNT`; None leaves Python's default of min(32, CPUs + 4).
    """

    def __init__(
        self,
        *,
        store: BindingStore,
        client_json: Callable[[Binding], str],
        clock: Clock,
        threads: int | None = None,
        observer: InvocationObserver | None = None,
        new_guid: Callable[[], UUID] = uuid4,
    ) -> None:
        self._store = store
        self._client_json = client_json
        self._clock = clock
        self._observer = observer
        self._new_guid = new_guid
        self._worker = Worker(threads)

    async def __aenter__(self) -> Self:
        """Start the threads."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them: async functions are cancelled, sync ones waited for."""
        await self._worker.__aexit__(kind, error, trace)

    async def invoke(
        self,
        function: Function,
        *,
        trigger_value: Any,
        trigger_metadata: Mapping[str, Any] | None = None,
        binding_data: Mapping[str, Any] | None = None,
        invocation_id: str | None = None,
        instance_id: str = "",
    ) -> Outcome:
        """Run a function; never raises for what user code does. A timer function is tried again by its retry policy.

        `trigger_value`: HTTP a `func.HttpRequest`; queue the message as `bytes` or `str`; timer the TimerInfo as a
        dict; activity and entity their text. `trigger_metadata`: plain values under the host's names (queue: `Id`,
        `DequeueCount`, `InsertionTime`, `ExpirationTime`, `NextVisibleTime`, `PopReceipt`; times may be datetimes).
        Binding data for `{name}` expressions is derived from the two; `binding_data` adds to it.
        """
        metadata = trigger_metadata or {}
        data = _BindingData(function, trigger_value, metadata, binding_data or {})
        invocation = Invocation(
            id=invocation_id or str(self._new_guid()), function_name=function.name, instance_id=instance_id
        )
        policy = function.retry_policy if function.kind is TriggerType.TIMER else None
        attempt = Attempt(limit=policy.max_retry_count if policy else 0)
        with entered(invocation):
            while True:
                outcome = await self._observed(function, invocation, attempt, data)
                if not isinstance(outcome, Raised) or policy is None or not _may_retry(policy, attempt):
                    return outcome
                attempt = Attempt(
                    count=attempt.count + 1, limit=attempt.limit, message=outcome.message, stack=outcome.stack
                )
                await self._clock.sleep_until(self._clock.now() + policy.wait_before(attempt.count))

    async def invoke_activity(
        self, function: Function, input_text: str, *, invocation_id: str | None = None, instance_id: str = ""
    ) -> Outcome:
        """Run an activity on its JSON text (or bare string); `Returned.value` is the SDK's JSON text or None."""
        return await self.invoke(
            function, trigger_value=input_text, invocation_id=invocation_id, instance_id=instance_id
        )

    async def invoke_entity(
        self, function: Function, payload: str, *, invocation_id: str | None = None, instance_id: str = ""
    ) -> Outcome:
        """Run one batch of entity operations; payload and `Returned.value` are the SDK's JSON."""
        return await self.invoke(function, trigger_value=payload, invocation_id=invocation_id, instance_id=instance_id)

    async def run_episode(self, step: Callable[[], Result], function_name: str, invocation_id: str) -> Result:
        """Run one step of an orchestrator in a thread kept for that; what it raises comes through."""
        with entered(Invocation(id=invocation_id, function_name=function_name)):
            return await self._worker.run_episode(step)

    async def _observed(
        self, function: Function, invocation: Invocation, attempt: Attempt, data: "_BindingData"
    ) -> Outcome:
        started = perf_counter()
        try:
            outcome = await self._attempt(function, invocation, attempt, data)
        except Exception as error:  # noqa: BLE001 - the top of an invocation: a binding that fails, fails it
            outcome = raised(error)
        if self._observer is not None:
            self._observer.ended(function, invocation, outcome, perf_counter() - started)
        return outcome

    async def _attempt(
        self, function: Function, invocation: Invocation, attempt: Attempt, data: "_BindingData"
    ) -> Outcome:
        arguments = {function.trigger.name: trigger_argument(function, data.trigger_value, data.metadata)}
        for binding in function.inputs:
            arguments[binding.name] = await self._input(function, binding, data)
        outputs = {binding.name: Output() for binding in function.outputs if binding.name != RETURN_NAME}
        arguments |= outputs
        if function.wants_context:
            arguments["context"] = InvocationContext(invocation, attempt)
        call = partial(function.callable, **arguments)
        outcome = await (self._worker.run_async(call) if function.is_async else self._worker.run_sync(call))
        if isinstance(outcome, Raised):
            return outcome
        return await self._stored(function, outcome.value, outputs, data)

    async def _input(self, function: Function, binding: Binding, data: "_BindingData") -> Any:
        if binding.type == "durableClient":
            return self._client_json(binding)
        container, name = self._blob_place(binding, data)
        content = await self._store.read_blob(binding.text("connection"), container, name)
        return blob_argument(content, function.parameter_types.get(binding.name))

    async def _stored(
        self, function: Function, value: Any, outputs: Mapping[str, Output], data: "_BindingData"
    ) -> Returned:
        if value is not None and not function.has_return:
            raise RuntimeError(f"function {function.name!r} without a $return binding returned a non-None value")
        was_set = {name: output.get() for name, output in outputs.items() if output.get() is not None}
        result = encode_return(function, value) if function.kind in _DURABLE else None
        for binding in function.outputs:
            returned = binding.name == RETURN_NAME
            item = value if returned else was_set.get(binding.name)
            if item is None and not returned:
                continue
            if binding.type == "http":
                result = http_result(item)
            else:
                await self._write(binding, item, data)
        return Returned(value=result, outputs=was_set)

    async def _write(self, binding: Binding, value: Any, data: "_BindingData") -> None:
        connection = binding.text("connection")
        if binding.type == "blob":
            container, name = self._blob_place(binding, data)
            await self._store.write_blob(connection, container, name, blob_content(binding, value))
            return
        queue = self._resolved(binding.text("queueName") or "", data)
        for message in queue_messages(binding, value):
            await self._store.enqueue(connection, queue, message)

    def _blob_place(self, binding: Binding, data: "_BindingData") -> tuple[str, str]:
        container, _, name = self._resolved(binding.text("path") or "", data).partition("/")
        return container, name

    def _resolved(self, template: str, data: "_BindingData") -> str:
        if not has_expression(template):
            return template
        return resolve(template, data.values(), now=self._clock.now(), new_guid=self._new_guid)


class _BindingData:
    """What the trigger brought; parsed for expressions only when a binding has one."""

    def __init__(
        self, function: Function, trigger_value: Any, metadata: Mapping[str, Any], extra: Mapping[str, Any]
    ) -> None:
        self.trigger_value = trigger_value
        self.metadata = metadata
        self._function = function
        self._extra = extra

    def values(self) -> dict[str, Any]:
        return {**trigger_data(self._function, self.trigger_value, self.metadata), **self._extra}


def _may_retry(policy: RetryPolicy, attempt: Attempt) -> bool:
    return policy.max_retry_count < 0 or attempt.count < policy.max_retry_count
