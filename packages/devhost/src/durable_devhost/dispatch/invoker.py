"""Runs the app's functions in a worker: fetches inputs before, stores outputs after."""

from collections.abc import Callable, Mapping
from random import uniform
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID, uuid4

from durable_devhost.clock import Clock
from durable_devhost.dispatch.bindings import (
    Value,
    blob_content,
    blob_input,
    breaks,
    metadata_values,
    queue_messages,
    trigger_argument,
    trigger_data,
    unsupported_binding,
)
from durable_devhost.dispatch.connection import CallOverdue, Message, WorkerGone
from durable_devhost.dispatch.exchange import Exchange
from durable_devhost.dispatch.expressions import has_expression, resolve
from durable_devhost.dispatch.outcome import Attempt, Invocation, Outcome, Raised, Returned, failed_by, timed_out
from durable_devhost.dispatch.ports import BindingStore, InvocationObserver
from durable_devhost.dispatch.tables import rows_value, table_operations, table_query
from durable_devhost.dispatch.traces import Traces
from durable_devhost.model.blob_urls import blob_place
from durable_devhost.model.functions import Binding, Function, TriggerType
from durable_devhost.model.traces import CallTrace
from durable_devhost.retry_policy import FACTORS
from durable_devhost.settings import Telemetry

_DURABLE = frozenset({TriggerType.ORCHESTRATION, TriggerType.ACTIVITY, TriggerType.ENTITY})


class Workers(Protocol):
    """Where user code runs; `dispatch.pool.WorkerPool` fits."""

    async def invoke(self, message: Mapping[str, Any], name: str, exchange: Exchange | None = None) -> Message:
        """Run a function and return the worker's answer; raises WorkerGone, CallOverdue."""
        ...


class Invoker:
    """The only way to the app's functions, except orchestrators.

    `client_json` gives the text of a durable client binding (which may name its own task hub and connection),
    `new_factor` the random factor of an exponential backoff's next pause.
    """

    def __init__(
        self,
        workers: Workers,
        *,
        store: BindingStore,
        client_json: Callable[[Binding], str],
        clock: Clock,
        observer: InvocationObserver | None = None,
        new_guid: Callable[[], UUID] = uuid4,
        new_factor: Callable[[], float] = lambda: uniform(*FACTORS),
        telemetry: Telemetry = Telemetry.OFF,
    ) -> None:
        self._workers = workers
        self._store = store
        self._client_json = client_json
        self._clock = clock
        self._observer = observer
        self._new_guid = new_guid
        self._new_factor = new_factor
        self._traces = Traces(telemetry, new_guid)

    async def invoke(
        self,
        function: Function,
        *,
        trigger_value: Any,
        trigger_metadata: Mapping[str, Any] | None = None,
        invocation_id: str | None = None,
        instance_id: str = "",
        trace: CallTrace | None = None,
        exchange: Exchange | None = None,
    ) -> Outcome:
        """Run a function; never raises for errors of user code. It is retried by its retry policy, with any
        trigger, within the one delivery or request.

        `trigger_value`: HTTP the request as `triggers.requests` reads it; queue the message as `bytes` or `str`; blob
        its `bytes`; Event Grid the event's JSON; timer the TimerInfo as a dict; activity and entity their text.
        `trigger_metadata`: plain values under the host's names (queue: `Id`, `DequeueCount`, `InsertionTime`,
        `ExpirationTime`, `NextVisibleTime`, `PopReceipt`; blob: see `triggers.blobs.contents`; times may be datetimes).
        Binding data for `{name}` expressions is derived from the two. `trace` is what an orchestration has for
        its activity. Request and response of an HTTP function that streams flow through the `exchange`.
        """
        metadata = trigger_metadata or {}
        data = _BindingData(function, trigger_value, metadata, exchange)
        invocation = Invocation(
            id=invocation_id or str(self._new_guid()),
            function_name=function.name,
            instance_id=instance_id,
            trace=self._traces.of(function, trigger_value, trace),
        )
        # A streamed exchange cannot be repeated.
        policy = None if exchange else function.retry_policy
        attempt = Attempt(limit=policy.max_retry_count if policy else 0)
        while True:
            outcome = await self._observed(function, invocation, attempt, data)
            if not isinstance(outcome, Raised) or policy is None or not policy.allows(attempt.count + 1):
                return outcome
            attempt = Attempt(
                count=attempt.count + 1, limit=attempt.limit, message=outcome.message, stack=outcome.stack
            )
            wait = policy.wait_before(attempt.count, factor=self._new_factor())
            await self._clock.sleep_until(self._clock.now() + wait)

    async def _observed(
        self, function: Function, invocation: Invocation, attempt: Attempt, data: "_BindingData"
    ) -> Outcome:
        started = perf_counter()
        try:
            outcome = await self._attempt(function, invocation, attempt, data)
        except Exception as error:  # noqa: BLE001 - the top of an invocation: a binding that fails, fails it
            outcome = failed_by(error)
        if self._observer is not None:
            self._observer.invocation_ended(function, invocation, outcome, perf_counter() - started)
        return outcome

    async def _attempt(
        self, function: Function, invocation: Invocation, attempt: Attempt, data: "_BindingData"
    ) -> Outcome:
        message = {
            "kind": "invoke",
            "invocation": invocation.id,
            "function": function.name,
            "instance": invocation.instance_id,
            "trigger": trigger_argument(function, data.trigger_value),
            "inputs": {binding.name: await self._input(function, binding, data) for binding in function.inputs},
            "metadata": metadata_values(data.metadata),
            "trace": invocation.trace,
            "attempt": {
                "count": attempt.count, "limit": attempt.limit, "message": attempt.message, "stack": attempt.stack,
            },
            "streams": data.exchange is not None,
        }  # fmt: skip
        try:
            answer = await self._workers.invoke(message, _name(function, invocation), data.exchange)
        except WorkerGone:
            return Raised(
                type_name="WorkerGone", message="The worker ended while it ran this function.", worker_died=True
            )
        except CallOverdue as overdue:
            return timed_out(invocation, overdue.limit)
        if answer["kind"] == "raised":
            return Raised(type_name=answer["type_name"], message=answer["message"], stack=answer["stack"])
        return await self._store_outputs(function, answer, data)

    async def _input(self, function: Function, binding: Binding, data: "_BindingData") -> Value | None:
        if binding.type == "durableClient":
            return {"type": "string", "value": self._client_json(binding)}
        if binding.type == "table":
            return await self._rows(function, binding, data)
        if binding.type != "blob":
            raise unsupported_binding(binding, "input")
        container, name = self._blob_place(binding, data)
        content = await self._store.read_blob(binding.text("connection"), container, name)
        if content is None:
            return None
        value = blob_input(binding, content)
        if self._observer is not None and breaks(content, value):
            self._observer.advise(
                f"The blob '{binding.name}' of '{function.name}' was read as text, here as on Azure, and is none, so "
                'its bytes were lost: give its binding data_type="binary".'
            )
        return value

    async def _rows(self, function: Function, binding: Binding, data: "_BindingData") -> Value:
        if binding.text("rowKey") and self._observer is not None:
            self._observer.advise(
                f"The row_key of the table '{binding.name}' of '{function.name}' is passed over, here as on Azure: it "
                "gets all rows of the partition. Ask with filter=\"RowKey eq '...'\"."
            )
        query = table_query(binding, lambda text: self._resolved(text, data), data.values)
        return rows_value(await self._store.read_rows(binding.text("connection"), query))

    async def _store_outputs(self, function: Function, answer: Message, data: "_BindingData") -> Returned:
        outputs: Mapping[str, Value] = answer["outputs"]
        for binding in function.outputs:
            if binding.name in outputs:
                await self._write(binding, outputs[binding.name], data)
        result: Value | None = answer["result"]
        if function.kind in _DURABLE and result is not None:
            return Returned(value=result["value"], outputs=outputs)
        return Returned(value=result, outputs=outputs)

    async def _write(self, binding: Binding, value: Value, data: "_BindingData") -> None:
        connection = binding.text("connection")
        match binding.type:
            case "blob":
                container, name = self._blob_place(binding, data)
                await self._store.write_blob(connection, container, name, blob_content(value))
            case "queue":
                queue = self._resolved(binding.text("queueName") or "", data).lower()
                for message in queue_messages(value):
                    await self._store.enqueue(connection, queue, message)
            case "table":
                operations = table_operations(
                    value,
                    partition_key=self._resolved(binding.text("partitionKey") or "", data),
                    row_key=self._resolved(binding.text("rowKey") or "", data),
                )
                await self._store.write_rows(
                    connection, self._resolved(binding.text("tableName") or "", data), operations
                )
            case _:
                raise unsupported_binding(binding, "output")

    def _blob_place(self, binding: Binding, data: "_BindingData") -> tuple[str, str]:
        """The place of a blob; it may be a URL, for the `{data.url}` of an event (`BlobPath.cs`)."""
        path = self._resolved(binding.text("path") or "", data)
        if place := blob_place(path):
            return place
        container, _, name = path.partition("/")
        return container, name

    def _resolved(self, template: str, data: "_BindingData") -> str:
        if not has_expression(template):
            return template
        return resolve(
            template,
            data.values(),
            now=self._clock.now(),
            new_guid=self._new_guid,
            function_name=data.function_name,
        )


class _BindingData:
    """The trigger's data; parsed for expressions only if a binding has one."""

    def __init__(
        self, function: Function, trigger_value: Any, metadata: Mapping[str, Any], exchange: Exchange | None
    ) -> None:
        self.exchange = exchange
        self.trigger_value = trigger_value
        self.metadata = metadata
        self.function_name = function.name
        self._function = function

    def values(self) -> dict[str, Any]:
        return trigger_data(self._function, self.trigger_value, self.metadata)


def _name(function: Function, invocation: Invocation) -> str:
    whose = f" ({invocation.instance_id})" if invocation.instance_id else ""
    return f"{function.trigger.type.removesuffix('Trigger')} {function.name}{whose}"
