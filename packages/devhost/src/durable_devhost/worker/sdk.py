"""Which SDK the app has installed, what of it cannot run, and what differs from version to version."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections import namedtuple
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

FUNCTIONS = "azure-functions"
DURABLE = "azure-functions-durable"
_OLDEST_FUNCTIONS = (1, 11)  # the first with the v2 model out of preview
_OLDEST_DURABLE = (1, 2)  # the first with DFApp; 1.2.0 needs azure-functions 1.11.3, later ones 1.12
_OTHER_DURABLE = (2,)  # its executor speaks another protocol
_UTC_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_WRAPPING_MODULES = ("azure.durable_functions.orchestrator", "azure.durable_functions.entity")


def installed_versions() -> dict[str, str | None]:
    """The versions of the two packages, None for one that is not installed."""
    return {name: _version(name) for name in (FUNCTIONS, DURABLE)}


def refusal(packages: dict[str, str | None]) -> str | None:
    """Why an app cannot run with these packages, as a sentence that says what to do; None where it can."""
    functions, durable = packages[FUNCTIONS], packages[DURABLE]
    if functions is None and not _can_import("azure.functions"):
        return (
            f"azure-functions is not installed in {sys.executable}. Install what the app needs there: "
            f"{sys.executable} -m pip install -r requirements.txt"
        )
    if functions is not None and _numbers(functions) < _OLDEST_FUNCTIONS:
        return f"azure-functions {functions} is installed in {sys.executable}; devhost runs 1.11 and later."
    if durable is not None and not _OLDEST_DURABLE <= _numbers(durable) < _OTHER_DURABLE:
        other = "" if _numbers(durable) < _OLDEST_DURABLE else " 2.x talks to its host by gRPC, which devhost does not."
        return (
            f"azure-functions-durable {durable} is installed in {sys.executable}; devhost runs 1.2 to 1.7.{other} For "
            f"local runs: {sys.executable} -m pip install 'azure-functions-durable>=1.2,<2'"
        )
    return None


def unfit() -> str:
    """What to do where the two packages do not fit each other, for example durable 1.3.0, which misses one it needs."""
    packages = installed_versions()
    return (
        f"{DURABLE} {packages[DURABLE]} does not work beside {FUNCTIONS} {packages[FUNCTIONS]}. Take versions that "
        f"fit, devhost runs 1.2 to 1.7: {sys.executable} -m pip install -U '{DURABLE}<2' {FUNCTIONS}"
    )


def app_class() -> Any:
    """The class that every app is an instance of: FunctionRegister, which azure-functions 1.11 does not have."""
    import azure.functions as func

    return getattr(func, "FunctionRegister", None) or func.FunctionApp


def retry_policy(function: Any) -> dict[str, Any] | None:
    """What `@app.retry` was given, as a dictionary of texts; azure-functions has it since 1.18."""
    settings: Callable[[str], dict[str, Any] | None] | None = getattr(function, "get_settings_dict", None)
    return settings("retry_policy") if settings is not None else None


def unwrap_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """The user's function inside the wrapper that the durable SDK puts around orchestrators, entities and clients."""
    for attribute in ("orchestrator_function", "entity_function", "client_function"):
        inner: Callable[..., Any] | None = getattr(function, attribute, None)
        if inner is not None:
            return inner
    # azure-functions-durable 1.2 sets none of these: its wrappers hold the user's function in their closure only. What
    # libraries for tracing wrap around that wrapper leads to it by `__wrapped__`.
    wrapper = inspect.unwrap(function)
    free = getattr(getattr(wrapper, "__code__", None), "co_freevars", ())
    if getattr(wrapper, "__module__", "") in _WRAPPING_MODULES and "fn" in free:
        found: Callable[..., Any] = wrapper.__closure__[free.index("fn")].cell_contents
        return found
    return function


def read_times_quickly() -> None:
    """Let the SDK read the host's timestamps without dateutil, whose guessing takes half the time of a step.

    The result is the same, to the time zone's class; a text of any other form goes to dateutil as before.
    """
    from azure.durable_functions.models.history import HistoryEvent

    module = vars(sys.modules[HistoryEvent.__module__])
    slowly: Callable[[str], datetime] = module["dt_parse"]
    zone = slowly("2000-01-01T00:00:00Z").tzinfo  # which class it is depends on dateutil and on the machine

    def quickly(text: str) -> datetime:
        found = _UTC_TIME.fullmatch(text)
        if found is None:
            return slowly(text)
        moment = datetime.fromisoformat(found[1])
        return moment.replace(microsecond=int((found[2] or "0")[:6].ljust(6, "0")), tzinfo=zone)

    if getattr(slowly, "__module__", "") == "dateutil.parser._parser":
        module["dt_parse"] = quickly


def make_payload_types_once() -> None:
    """Let the SDK's executor share the class that it makes anew for each execution, which takes as long as a step."""
    from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

    module = vars(sys.modules[TaskOrchestrationExecutor.__module__])
    made: dict[tuple[str, ...], Any] = {}

    def once(name: str, fields: Sequence[str]) -> Any:
        key = (name, *fields)
        if key not in made:
            made[key] = namedtuple(name, fields)
        return made[key]

    if module.get("namedtuple") is namedtuple:
        module["namedtuple"] = once


def session_closer() -> Callable[[], Awaitable[None]] | None:
    """What closes the HTTP session that durable clients share since azure-functions-durable 1.5; None without one."""
    module = sys.modules.get("azure.durable_functions.models.utils.http_utils")
    closer: Callable[[], Awaitable[None]] | None = getattr(module, "_close_session", None)
    return closer


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _can_import(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
