"""The user's functions as the durable engine wants them: its `App` port, on catalog, invoker and workers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal
from uuid import uuid4

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome as Invocation
from durable_devhost.dispatch.outcome import Returned, TimedOut
from durable_devhost.dispatch.pool import WorkerPool
from durable_devhost.dotnet.times import time_span
from durable_devhost.durable.entities.results import failed_result
from durable_devhost.durable.failures import absent_activity, absent_entity, failure_reason, timeout_details
from durable_devhost.durable.ports import Failed, Outcome, Succeeded
from durable_devhost.host.executions import WorkerExecution
from durable_devhost.model.functions import FunctionCatalog, TriggerType
from durable_devhost.model.history import ExecutionStarted
from durable_devhost.model.traces import CallTrace, Trace

_KINDS = {
    "activity": TriggerType.ACTIVITY, "orchestrator": TriggerType.ORCHESTRATION, "entity": TriggerType.ENTITY,
}  # fmt: skip


class AppFunctions:
    """Looks functions up in the catalog and has them run. Fits `durable.ports.App`. `catalog` changes with a reload."""

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker, pool: WorkerPool) -> None:
        self.catalog = catalog
        self._invoker = invoker
        self._pool = pool

    def has_orchestrator(self, name: str) -> bool:
        """Whether an orchestrator is registered under `name`, also one that is disabled."""
        return self._knows(TriggerType.ORCHESTRATION, name)

    def has_activity(self, name: str) -> bool:
        """Whether an activity is registered under `name`, also one that is disabled."""
        return self._knows(TriggerType.ACTIVITY, name)

    def has_entity(self, name: str) -> bool:
        """Whether an entity is registered under `name`, also one that is disabled."""
        return self._knows(TriggerType.ENTITY, name)

    def explain(self, kind: Literal["activity", "orchestrator", "entity"], name: str) -> str | None:
        """Why nothing runs when that function is called; None where it runs."""
        return self.catalog.explain(_KINDS[kind], name)

    def is_off(self, orchestrator: str) -> bool:
        """Whether an orchestrator is registered under the name and disabled."""
        return self.catalog.is_off(TriggerType.ORCHESTRATION, orchestrator)

    def known_orchestrators(self) -> Sequence[str]:
        """The durable names of all orchestrators."""
        return self.catalog.known_orchestrators()

    def known_entities(self) -> Sequence[str]:
        """The durable names of all entities."""
        return self.catalog.known_entities()

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> WorkerExecution | None:
        """A new execution of an orchestrator function, in a worker."""
        function = self.catalog.orchestrator(started.name)
        return WorkerExecution(self._pool, function, started, is_quiet=is_quiet) if function else None

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None = None) -> Outcome:
        """Run an activity on its JSON text; where its worker dies it runs again."""
        function = self.catalog.activity(name)
        if function is None:
            why = "is disabled" if self.catalog.is_off(TriggerType.ACTIVITY, name) else "does not exist"
            reason, details = absent_activity(name, why)
            return Failed(message=reason, stack="", details=details)
        outcome = await _again_after_a_death(
            lambda: self._invoker.invoke(
                function,
                trigger_value=input_text,
                instance_id=instance_id,
                trace=_of_activity(trace, name, instance_id) if trace is not None else None,
            )
        )
        if not isinstance(outcome, TimedOut):
            return _as_engine_has_it(outcome)
        details = timeout_details(outcome.message, time_span(outcome.limit), outcome.invocation_id, outcome.method)
        return Failed(message=failure_reason(name, outcome.message), stack="", details=details)

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        """Run one batch of entity operations; where its worker dies it runs again.

        Where no such function runs, each operation fails.
        """
        function = self.catalog.entity(name)
        if function is None:
            error = absent_entity(name, self.known_entities(), self.known_orchestrators())
            return Succeeded(text=failed_result(payload, error))
        outcome = await _again_after_a_death(
            lambda: self._invoker.invoke(function, trigger_value=payload, instance_id=instance_id)
        )
        if isinstance(outcome, TimedOut):
            return Succeeded(text=failed_result(payload, outcome.message))
        return _as_engine_has_it(outcome)

    def _knows(self, kind: TriggerType, name: str) -> bool:
        return self.catalog.is_off(kind, name) or self.catalog.durable(kind, name) is not None


def _of_activity(scheduling: Trace, name: str, instance_id: str) -> CallTrace:
    """What an activity is told of its trace: a span of its own, and whose it is (DurableTask.Core `TraceHelper`)."""
    attributes = {
        "durabletask.type": "activity", "durabletask.task.name": name, "durabletask.task.instance_id": instance_id,
    }  # fmt: skip
    return CallTrace(span=scheduling.span(uuid4().hex[:16]), attributes=attributes)


async def _again_after_a_death(run: Callable[[], Awaitable[Invocation]]) -> Invocation:
    """Ends in any case: a worker that dies too often ends the host."""
    while True:
        outcome = await run()
        if isinstance(outcome, Returned) or not outcome.worker_died:
            return outcome


def _as_engine_has_it(outcome: Invocation) -> Outcome:
    if isinstance(outcome, Returned):
        return Succeeded(text=outcome.value)
    return Failed(message=outcome.message, stack=outcome.stack)
