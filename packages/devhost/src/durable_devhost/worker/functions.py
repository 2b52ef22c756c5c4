"""The worker's view of a function of the app: what to call, and which parameter has which binding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from durable_devhost.worker.sdk import unwrap_function

RETURN_NAME = "$return"


@dataclass(frozen=True)
class Binding:
    """A trigger, input or output: its type as the SDK names it (`queueTrigger`, `blob`) and the parameter it fills."""

    type: str
    name: str
    is_output: bool = False


def read_binding(raw: Mapping[str, Any]) -> Binding:
    """The part of a binding that concerns the worker; the direction is a name or a number, by version of the SDK."""
    direction = str(raw.get("direction", "in")).lower()
    return Binding(type=str(raw["type"]), name=str(raw["name"]), is_output=direction in ("out", "1"))


@dataclass(frozen=True)
class Function:
    """One function that can be called.

    `call` is called: the user's own function or the SDK's wrapper around it. `is_web` says that it answers in
    the web application of the extension for FastAPI. `has_return` says that a returned value may be one, and
    `is_durable` that it is the trigger's own result, as JSON. `implicit_return` is a binding of a type that the SDK
    does not know, to which a returned value belongs, but nobody stores it. `parameter_types` holds the annotations of
    bound parameters, the `T` of an `Out[T]`.
    """

    name: str
    call: Callable[..., Any]
    trigger: Binding
    inputs: tuple[Binding, ...] = ()
    outputs: tuple[Binding, ...] = ()
    is_async: bool = False
    wants_context: bool = False
    has_return: bool = False
    is_durable: bool = False
    is_web: bool = False
    implicit_return: Binding | None = None
    parameter_types: Mapping[str, Any] = field(default_factory=dict)

    @property
    def orchestrator(self) -> Callable[..., Any]:
        """The user's generator function, which the SDK's executor runs."""
        return unwrap_function(self.call)

    @property
    def input_type(self) -> Any:
        """The `input_type` that an orchestrator declared in its decorator, or None."""
        return getattr(self.call, "_df_input_type", None)
