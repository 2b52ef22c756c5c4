"""Which names and routes the Functions host refuses. Pure.

The rules are those of azure-functions-host from 4.1038 on (`Utility.cs`, `WorkerFunctionMetadataProvider.cs`,
`ScriptHost.cs`). The host leaves such a function out and goes on with the others.
"""

import re
from collections.abc import Iterator, Sequence

from durable_devhost.model.functions import Binding, Function

_FUNCTION = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)
_BINDING = re.compile(r"(?!.*__)[a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return")
_RESERVED_NAME = "host"
_RESERVED_ROUTES = ("admin", "runtime")


def name_problems(function_name: str, bindings: Sequence[Binding]) -> Iterator[str]:
    """What is wrong with the function's own name, the names of its bindings and its route, one sentence each."""
    if not _FUNCTION.fullmatch(function_name) or function_name.lower() == _RESERVED_NAME:
        yield (
            f"'{function_name}' is no name for a function: it begins with an ASCII letter, goes on with letters, "
            "digits, '_' and '-', has at most 128 of them, and is not 'host'"
        )
    seen: set[str] = set()
    for binding in bindings:
        if not _BINDING.fullmatch(binding.name):
            yield (
                f"'{binding.name}' is no name for a binding: it has ASCII letters, digits and single '_', begins with "
                "no digit, and is at most 128 long"
            )
        if binding.name.lower() in seen:
            yield f"it has more than one binding with the name '{binding.name}'"
        seen.add(binding.name.lower())
        if binding.type == "httpTrigger" and _route(function_name, binding).startswith(_RESERVED_ROUTES):
            yield f"the route '{binding.text('route')}' begins like one of the host's own, which are admin and runtime"


def route_conflicts(functions: Sequence[Function]) -> Iterator[str]:
    """Functions that share a route and a method with an earlier one; no methods means all of them."""
    earlier: list[Function] = []
    for function in functions:
        if function.trigger.type != "httpTrigger":
            continue
        for other in earlier:
            if _conflict(function, other):
                yield (
                    f"{function.where} {function.name}: its route is that of {other.name} too ({other.where}); give "
                    "one of them another route, or other methods"
                )
        earlier.append(function)


def _conflict(one: Function, other: Function) -> bool:
    if _route(one.name, one.trigger) != _route(other.name, other.trigger):
        return False
    methods, others = _methods(one.trigger), _methods(other.trigger)
    return not methods or not others or bool(methods & others)


def _route(function_name: str, trigger: Binding) -> str:
    return (trigger.text("route") or function_name).strip("/").lower()


def _methods(trigger: Binding) -> frozenset[str]:
    found = trigger.properties.get("methods") or ()
    return frozenset(map(str, found))
