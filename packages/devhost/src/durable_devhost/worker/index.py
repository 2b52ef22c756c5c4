"""Lists the functions that the app registered: for the host as plain values, for the worker as callables."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from durable_devhost.worker import asgi, sdk
from durable_devhost.worker.converters import converted_as, has_implicit_output
from durable_devhost.worker.functions import RETURN_NAME, Binding, Function, read_binding
from durable_devhost.worker.signatures import (
    is_async,
    parameter_types,
    signature_hints,
    signature_problems,
    wants_context,
)

_DURABLE = ("orchestrationTrigger", "activityTrigger", "entityTrigger")


@dataclass(frozen=True)
class Index:
    """`entries` is for the host; `functions` are the callable ones, by name.

    `complaint` is the SDK's own reason for not returning its functions; the entries are complete even then, so that
    every mistake of the app is reported at once.
    """

    entries: list[dict[str, Any]]
    functions: dict[str, Function]
    complaint: str | None


def index_app(app: Any, folder: Path) -> Index:
    """Read all declarations of the app's decorators; functions with problems are listed but cannot be called."""
    declared, complaint = _registered(app)
    entries: list[dict[str, Any]] = []
    functions: dict[str, Function] = {}
    for one in declared:
        entry, function = _read(one, folder)
        entries.append(entry)
        if function is not None:
            functions[function.name] = function
    return Index(entries=entries, functions=functions, complaint=complaint)


def _registered(app: Any) -> tuple[list[Any], str | None]:
    """The result of get_functions(), or all builders and the SDK's error.

    It may be called only once: newer versions keep a table of the names.
    """
    try:
        return list(app.get_functions()), None
    except (ValueError, KeyError) as error:
        return [builder._function for builder in app._function_builders], str(error)


def _read(declared: Any, folder: Path) -> tuple[dict[str, Any], Function | None]:
    raw: list[dict[str, Any]] = [json.loads(text) for text in declared.get_raw_bindings()]
    bindings = tuple(read_binding(each) for each in raw)
    name = declared.get_function_name() or ""
    user = declared.get_user_function()
    trigger = _trigger(declared.get_trigger(), bindings)
    problems = list(signature_problems(user, bindings)) if trigger else []
    file, line = _source(user, folder)
    entry = {
        "name": name,
        "bindings": raw,
        "trigger": {"name": trigger.name, "type": trigger.type} if trigger else None,
        "file": str(file),
        "line": line,
        "is_async": is_async(user),
        "wants_context": wants_context(user, bindings),
        "problems": problems,
        "hints": [] if problems else list(signature_hints(user, bindings)),
        "retry": sdk.retry_policy(declared),
        "streams": trigger is not None and not problems and _is_web(trigger, user),
    }
    return entry, None if trigger is None or problems else _function(name, user, trigger, bindings)


def _trigger(declared: Any, bindings: tuple[Binding, ...]) -> Binding | None:
    if declared is None:
        return None
    return next((b for b in bindings if (b.name, b.type) == (declared.name, declared.type)), None)


def _function(name: str, user: Callable[..., Any], trigger: Binding, bindings: tuple[Binding, ...]) -> Function:
    is_durable = trigger.type in _DURABLE
    has_explicit_return = any(b.name == RETURN_NAME for b in bindings)
    implicit = [b for b in bindings if has_implicit_output(b.type)]
    return Function(
        name=name,
        call=user,
        trigger=trigger,
        inputs=tuple(b for b in bindings if not b.is_output and b is not trigger),
        outputs=tuple(b for b in bindings if b.is_output),
        is_async=is_async(user),
        wants_context=wants_context(user, bindings),
        has_return=has_explicit_return or bool(implicit),
        is_durable=is_durable,
        is_web=_is_web(trigger, user),
        implicit_return=implicit[-1] if implicit and not is_durable and not has_explicit_return else None,
        parameter_types=parameter_types(user),
    )


def _is_web(trigger: Binding, user: Callable[..., Any]) -> bool:
    wanted = parameter_types(user).get(trigger.name)
    return asgi.is_enabled() and converted_as(trigger.type, wanted) == "httpTrigger"


def _source(function: Callable[..., Any], folder: Path) -> tuple[Path, int | None]:
    """File (relative to the app if it lies in it) and line of the user's function."""
    code = getattr(inspect.unwrap(sdk.unwrap_function(function)), "__code__", None)
    if code is None:
        return Path(getattr(function, "__module__", "?")), None
    path = Path(code.co_filename)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path), code.co_firstlineno
