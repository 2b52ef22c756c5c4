"""The user's functions as the durable engine wants them: its `App` port, on the catalog and the invoker."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome as Invocation
from durable_devhost.dispatch.outcome import Returned
from durable_devhost.durable.ports import Failed, Orchestrator, Outcome, Succeeded
from durable_devhost.model.functions import FunctionCatalog

Result = TypeVar("Result")


class AppFunctions:
    """Looks functions up in the catalog and runs them through the invoker. Fits `durable_devhost.durable.ports.App`."""

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker) -> None:
        self._catalog = catalog
        self._invoker = invoker

    def has_orchestrator(self, name: str) -> bool:
        """Whether an orchestrator is registered under `name`."""
        return self._catalog.orchestrator(name) is not None

    def has_activity(self, name: str) -> bool:
        """Whether an activity is registered under `name`."""
        return self._catalog.activity(name) is not None

    def has_entity(self, name: str) -> bool:
        """Whether an entity is registered under `name`."""
        return self._catalog.entity(name) is not None

    def known_orchestrators(self) -> Sequence[str]:
        """The durable names of all orchestrators."""
        return self._catalog.known_orchestrators()

    def known_entities(self) -> Sequence[str]:
        """The durable names of all entities."""
        return self._catalog.known_entities()

    def orchestrator(self, name: str) -> Orchestrator | None:
        """The undecorated orchestrator function, which the SDK's executor drives."""
        function = self._catalog.orchestrator(name)
        if function is None:
            return None
        return Orchestrator(
            name=function.durable_name or function.name,
            function=function.orchestrator_function,
            input_type=function.input_type,
        )

    async def run_activity(self, name: str, input_text: str, instance_id: str) -> Outcome:
        """Run an activity on its JSON text."""
        function = self._catalog.activity(name)
        if function is None:
            return Failed(message=f"Activity function '{name}' does not exist.", stack="")
        return _outcome(await self._invoker.invoke_activity(function, input_text, instance_id=instance_id))

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        """Run one batch of entity operations."""
        function = self._catalog.entity(name)
        if function is None:
            return Failed(message=f"Entity function '{name}' does not exist.", stack="")
        return _outcome(await self._invoker.invoke_entity(function, payload, instance_id=instance_id))

    async def run_episode(self, step: Callable[[], Result], name: str, instance_id: str) -> Result:
        """Run one step of an orchestrator in the thread kept for that; log records carry the instance id."""
        return await self._invoker.run_episode(step, name, instance_id)


def _outcome(invocation: Invocation) -> Outcome:
    if isinstance(invocation, Returned):
        return Succeeded(text=invocation.value)
    return Failed(message=invocation.message, stack=invocation.stack)
