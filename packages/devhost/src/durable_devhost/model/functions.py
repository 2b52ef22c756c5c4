"""What a function app is to devhost: its functions with their bindings, and the catalog in which they are looked up.

Built once by `indexing` and never changed. Names of functions and durable names are compared without regard to
case, as the durable extension does (`FunctionName.cs`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from durable_devhost.retry_policy import RetryPolicy


class TriggerType(StrEnum):
    """The triggers that devhost runs, by the type that the SDK writes into a binding."""

    HTTP = "httpTrigger"
    QUEUE = "queueTrigger"
    TIMER = "timerTrigger"
    ORCHESTRATION = "orchestrationTrigger"
    ACTIVITY = "activityTrigger"
    ENTITY = "entityTrigger"
    BLOB = "blobTrigger"
    EVENT_GRID = "eventGridTrigger"
    OTHER = "other"
    """Any other type: such functions are indexed and can be called by hand, but nothing listens for them."""


_KINDS: Mapping[str, TriggerType] = {kind.value: kind for kind in TriggerType if kind is not TriggerType.OTHER}
_NOUNS = {TriggerType.ACTIVITY: "activity", TriggerType.ORCHESTRATION: "orchestrator", TriggerType.ENTITY: "entity"}
_FOREVER = "As on Azure, the instance that called it waits for ever; terminate it."
_CONSEQUENCES = {
    TriggerType.ACTIVITY: _FOREVER,
    TriggerType.ORCHESTRATION: _FOREVER,
    TriggerType.ENTITY: "As on Azure, a call waits for ever, and a signal fails the instance.",
}


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
class Function:
    """One function of the app.

    `durable_name` is the registered name of an orchestrator, activity or entity and None for the others; an entity's is
    in lower case.
    """

    name: str
    trigger: Binding
    inputs: tuple[Binding, ...] = ()
    outputs: tuple[Binding, ...] = ()
    durable_name: str | None = None
    retry_policy: RetryPolicy | None = None
    script_file: Path
    line: int | None = None
    streams: bool = False
    """Whether request and response flow while the function runs (azurefunctions-extensions-http-fastapi)."""

    @property
    def kind(self) -> TriggerType:
        """What starts this function; OTHER for a trigger that devhost has no listener for."""
        return _KINDS.get(self.trigger.type, TriggerType.OTHER)

    @property
    def where(self) -> str:
        """The place of the definition, for messages: `folder/file.py:12`."""
        return f"{self.script_file}:{self.line}" if self.line else str(self.script_file)


class FunctionCatalog:
    """All functions that run, in the order in which the app declared them.

    `disabled` are the names of those left out because of an `AzureWebJobs.<Name>.Disabled` setting; `off` are the
    durable functions among them, by kind and durable name: the host knows those, but does not run them. `idle` are the
    disabled functions that could run: nothing triggers them, but who asks for it by hand may have them run.
    """

    def __init__(
        self,
        functions: Iterable[Function],
        disabled: Iterable[str] = (),
        off: Iterable[tuple[TriggerType, str]] = (),
        idle: Iterable[Function] = (),
    ) -> None:
        self.functions = tuple(functions)
        self.disabled = tuple(disabled)
        self.idle = tuple(idle)
        self._off = {(kind, name.lower()): name for kind, name in off}
        self._by_name = {function.name.lower(): function for function in (*self.idle, *self.functions)}
        self._durable = {
            (function.kind, function.durable_name.lower()): function
            for function in self.functions
            if function.durable_name is not None
        }

    def get(self, name: str) -> Function | None:
        """The function of that name, also one that is idle."""
        return self._by_name.get(name.lower())

    def of(self, kind: TriggerType) -> tuple[Function, ...]:
        """The functions with that kind of trigger."""
        return tuple(function for function in self.functions if function.kind is kind)

    def durable(self, kind: TriggerType, name: str) -> Function | None:
        """The orchestrator, activity or entity registered under that durable name."""
        return self._durable.get((kind, name.lower()))

    def orchestrator(self, name: str) -> Function | None:
        """The orchestrator registered under that durable name."""
        return self.durable(TriggerType.ORCHESTRATION, name)

    def activity(self, name: str) -> Function | None:
        """The activity registered under that durable name."""
        return self.durable(TriggerType.ACTIVITY, name)

    def entity(self, name: str) -> Function | None:
        """The entity registered under that durable name."""
        return self.durable(TriggerType.ENTITY, name)

    def is_off(self, kind: TriggerType, durable_name: str) -> bool:
        """Whether there is such a durable function, but a setting keeps it from running."""
        return (kind, durable_name.lower()) in self._off

    def explain(self, kind: TriggerType, durable_name: str) -> str | None:
        """Why nothing runs when that durable function is called, with what was probably meant; None where it runs."""
        if (kind, durable_name.lower()) in self._durable:
            return None
        noun = _NOUNS[kind]
        if self.is_off(kind, durable_name):
            fails = "each of its operations fails" if kind is TriggerType.ENTITY else "the call fails"
            return (
                f"The {noun} '{durable_name}' is disabled by AzureWebJobs.NAME.Disabled, so {fails}. "
                "Take the setting out, or do not call it."
            )
        known = {name.lower(): name for name in self._names(kind)}
        near = get_close_matches(durable_name.lower(), known, n=1)
        meant = f" Did you mean '{known[near[0]]}'?" if near else f" It has {_joined(list(known.values()))}."
        return f"The app has no {noun} '{durable_name}'.{meant} {_CONSEQUENCES[kind]}"

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
        names = (function.durable_name for function in self.of(kind) if function.durable_name is not None)
        return (*names, *(name for (off_kind, _), name in self._off.items() if off_kind is kind))


def _joined(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none at all"
