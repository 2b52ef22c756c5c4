"""What a function app is to devhost: its functions with their bindings, and the catalog in which they are looked up.

Built once by `indexing` and never changed. Names of functions and durable names are compared without regard to
case, as the durable extension does (`FunctionName.cs`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal


class TriggerType(StrEnum):
    """The triggers that devhost runs, by the type that the SDK writes into a binding."""

    HTTP = "httpTrigger"
    QUEUE = "queueTrigger"
    TIMER = "timerTrigger"
    ORCHESTRATION = "orchestrationTrigger"
    ACTIVITY = "activityTrigger"
    ENTITY = "entityTrigger"


INPUT_TYPES = frozenset({"blob", "durableClient"})
OUTPUT_TYPES = frozenset({"http", "queue", "blob"})
RETURN_NAME = "$return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One trigger, input or output of a function.

    `properties` are the keys of the SDK's binding dictionary without type, name and direction: `queueName`, `path`,
    `schedule`, `connection` (a setting's name, as written) and so on. `%SETTING%` is resolved in them. `route` has no
    slash around it, `methods` is a list in capitals and absent when every method is taken, `authLevel` is one of
    `anonymous`, `function`, `admin`.
    """

    type: str
    name: str
    direction: Literal["in", "out"]
    properties: Mapping[str, Any] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        """The property as text; None where it is absent or empty."""
        value = self.properties.get(key)
        return str(value) if value not in (None, "") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how soon the host repeats a failed invocation (`@app.retry`).

    A `max_retry_count` of -1 means for ever. `delay` is for `fixed_delay`, the other two for `exponential_backoff`.
    """

    strategy: Literal["fixed_delay", "exponential_backoff"]
    max_retry_count: int
    delay: timedelta = timedelta()
    minimum: timedelta = timedelta()
    maximum: timedelta = timedelta()

    def wait_before(self, retry: int) -> timedelta:
        """How long to wait before the retry of that number (the first is 1)."""
        if self.strategy == "fixed_delay":
            return self.delay
        doublings = min(retry - 1, 32)
        return min(self.minimum * (1 << doublings), self.maximum)


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The user's function inside the wrapper that the durable SDK puts around orchestrators, entities and clients."""
    for attribute in ("orchestrator_function", "entity_function", "client_function"):
        inner: Callable[..., Any] | None = getattr(function, attribute, None)
        if inner is not None:
            return inner
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the app.

    `callable` is what is invoked: the user's own function or the SDK's wrapper around it (orchestrator, entity, durable
    client). `durable_name` is the registered name of an orchestrator, activity or entity and None for the others; an
    entity's is in lower case. `wants_context` says that there is a `context` parameter for a `func.Context`, and
    `has_return` that a returned value is allowed. `parameter_types` holds the annotations of bound parameters, the `T`
    of an `Out[T]`.
    """

    name: str
    trigger: Binding
    inputs: tuple[Binding, ...] = ()
    outputs: tuple[Binding, ...] = ()
    callable: Callable[..., Any]
    is_async: bool = False
    wants_context: bool = False
    has_return: bool = False
    parameter_types: Mapping[str, Any] = field(default_factory=dict)
    durable_name: str | None = None
    retry_policy: RetryPolicy | None = None
    script_file: Path
    line: int | None = None

    @property
    def kind(self) -> TriggerType:
        """What starts this function."""
        return TriggerType(self.trigger.type)

    @property
    def user_function(self) -> Callable[..., Any]:
        """The function as the user wrote it, without the SDK's wrapper."""
        return unwrapped(self.callable)

    @property
    def orchestrator_function(self) -> Callable[..., Any]:
        """The generator function that the SDK's executor runs; AttributeError where this is no orchestrator."""
        inner: Callable[..., Any] = self.callable.orchestrator_function  # type: ignore[attr-defined]
        return inner

    @property
    def input_type(self) -> Any:
        """The `input_type` that an orchestrator declared in its decorator, or None."""
        return getattr(self.callable, "_df_input_type", None)

    @property
    def where(self) -> str:
        """The place of the definition, for messages: `folder/file.py:12`."""
        return f"{self.script_file}:{self.line}" if self.line else str(self.script_file)


class FunctionCatalog:
    """All functions that run, in the order in which the app declared them.

    `disabled` are the names of those left out because of an `AzureWebJobs.<Name>.Disabled` setting.
    """

    def __init__(self, functions: Iterable[Function], disabled: Iterable[str] = ()) -> None:
        self.functions = tuple(functions)
        self.disabled = tuple(disabled)
        self._by_name = {function.name.lower(): function for function in self.functions}
        self._durable = {
            (function.kind, function.durable_name.lower()): function
            for function in self.functions
            if function.durable_name is not None
        }

    def get(self, name: str) -> Function | None:
        """The function of that name."""
        return self._by_name.get(name.lower())

    def of(self, kind: TriggerType) -> tuple[Function, ...]:
        """The functions with that kind of trigger."""
        return tuple(function for function in self.functions if function.kind is kind)

    def orchestrator(self, name: str) -> Function | None:
        """The orchestrator registered under that durable name."""
        return self._durable.get((TriggerType.ORCHESTRATION, name.lower()))

    def activity(self, name: str) -> Function | None:
        """The activity registered under that durable name."""
        return self._durable.get((TriggerType.ACTIVITY, name.lower()))

    def entity(self, name: str) -> Function | None:
        """The entity registered under that durable name."""
        return self._durable.get((TriggerType.ENTITY, name.lower()))

    def known_orchestrators(self) -> tuple[str, ...]:
        """The durable names of all orchestrators as they were declared."""
        return self._names(TriggerType.ORCHESTRATION)

    def known_activities(self) -> tuple[str, ...]:
        """The durable names of all activities as they were declared."""
        return self._names(TriggerType.ACTIVITY)

    def known_entities(self) -> tuple[str, ...]:
        """The durable names of all entities as they were declared."""
        return self._names(TriggerType.ENTITY)

    def _names(self, kind: TriggerType) -> tuple[str, ...]:
        return tuple(function.durable_name for function in self.of(kind) if function.durable_name is not None)
