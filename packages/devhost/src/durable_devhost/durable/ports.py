"""The seams of the durable engine: what it needs of the app and of the console, and what its callers may ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from durable_devhost.durable.script import Script
from durable_devhost.model.history import ExecutionStarted, HistoryEvent, RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.messages import Message
from durable_devhost.model.traces import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """A function returned; `text` is its result as JSON text, None for nothing."""

    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A function raised: `message` is `ValueError: boom`, `stack` the user's own traceback.

    `details` are those of the stored event where the host itself has failed, which then has the bare message as reason.
    """

    message: str
    stack: str
    details: str | None = None


Outcome = Succeeded | Failed


class ExecutionLost(Exception):
    """The process that ran an orchestrator function has ended; its session is built again from the stored history."""


class Execution(Protocol):
    """One execution of an orchestrator function, in the hands of user code."""

    async def advance(self, events: Sequence[HistoryEvent]) -> Script:
        """Feed the next events of the history, in order, and return what that made the function ask for.

        The first call needs at least OrchestratorStarted and ExecutionStarted in front. Events after the function has
        ended change nothing. Raises ExecutionLost.
        """
        ...

    def close(self) -> None:
        """Let user code forget this execution."""
        ...


class Catalog(Protocol):
    """Which functions the app has; names are compared without regard to case."""

    def has_orchestrator(self, name: str) -> bool:
        """Whether an orchestrator is registered under `name`, also one that is disabled."""
        ...

    def has_activity(self, name: str) -> bool:
        """Whether an activity is registered under `name`, also one that is disabled."""
        ...

    def has_entity(self, name: str) -> bool:
        """Whether an entity is registered under `name`, also one that is disabled."""
        ...

    def explain(self, kind: Literal["activity", "orchestrator", "entity"], name: str) -> str | None:
        """Why nothing runs when that function is called, as a sentence for the console; None where it runs."""
        ...

    def is_off(self, orchestrator: str) -> bool:
        """Whether an orchestrator is registered under the name and disabled."""
        ...

    def known_orchestrators(self) -> Sequence[str]:
        """The durable names of all orchestrators, as they were declared."""
        ...

    def known_entities(self) -> Sequence[str]:
        """The durable names of all entities, as they were declared."""
        ...


class App(Catalog, Protocol):
    """The user's functions: what there is, and how to run it."""

    def execution(self, started: ExecutionStarted, *, is_quiet: bool = False) -> Execution | None:
        """A new execution of the orchestrator that `started` names, None where the app has none of that name.

        A quiet one logs nothing: it is there only to be compared.
        """
        ...

    async def run_activity(self, name: str, input_text: str, instance_id: str, trace: Trace | None) -> Outcome:
        """Run an activity on its JSON input; never raises for what user code does. `trace` is its scheduling's span."""
        ...

    async def run_entity(self, name: str, payload: str, instance_id: str) -> Outcome:
        """Run one batch of entity operations; the payload and the result are the SDK's JSON."""
        ...


class Observer(Protocol):
    """Who wants to know what happens to instances: the console."""

    def orchestration(
        self, name: str, instance_id: str, status: RuntimeStatus, detail: str | None = None, stack: str = ""
    ) -> None:
        """An instance reached `status`; a failed one has `detail`, its text, and `stack`, the user's own frames."""
        ...

    def trouble(self, text: str, instance_id: str | None = None) -> None:
        """Something is wrong that a person should read: a corrupt row, a message that cannot be handled."""
        ...


class InstanceExists(Exception):
    """A start hit an instance that is still alive."""

    def __init__(self, instance_id: str, status: RuntimeStatus) -> None:
        super().__init__(f"An Orchestration instance with the status {status} already exists.")
        self.instance_id = instance_id
        self.status = status


class Engine(Protocol):
    """What the durable client may ask of the engine.

    Each call returns when its effect is stored; where that takes long, when the message itself is.
    """

    async def start(self, started: ExecutionStarted, *, is_new: bool = False) -> None:
        """Start an orchestration; raises InstanceExists unless the old instance of that id may be replaced.

        `is_new` says that the id was made for this start, which saves looking for an old instance. The engine sets
        `started.generation`. An unknown function name is accepted and ends as a failed instance,
        as on the real host.
        """
        ...

    async def post(self, message: Message) -> None:
        """Deliver an event to an instance or entity; an event for an instance that is gone is dropped."""
        ...

    async def record(self, instance_id: str) -> InstanceRecord | None:
        """The instance's row as of its last commit, or None; sees every earlier `start` and `post`."""
        ...

    async def forget(self, instance_id: str) -> None:
        """Drop what is in memory of an instance whose rows were changed or purged behind the engine's back."""
        ...
