"""What the console can tell: one frozen value for each kind of line, the same for people and for machines."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, Self

from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.triggers.blobs.messages import function_id
from durable_devhost.triggers.blobs.webhook import PATH as BLOB_PATH
from durable_devhost.triggers.blobs.work import is_scanned
from durable_devhost.triggers.event_grid import PATH as EVENT_GRID_PATH

_DETAIL = {
    TriggerType.QUEUE: "queueName",
    TriggerType.TIMER: "schedule",
    TriggerType.BLOB: "path",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFunction:
    """One function in the start banner. `detail` is its URL, queue, path or schedule, empty for durable functions."""

    name: str
    kind: str
    detail: str = ""
    methods: tuple[str, ...] = ()
    listened: bool = True

    @classmethod
    def of(cls, function: Function, base_url: str, route_prefix: str) -> Self:
        """List a function under the name by which others call it: the durable name where it has one."""
        detail = function.trigger.text(_DETAIL.get(function.kind, "")) or ""
        methods: Sequence[str] = ()
        if function.kind is TriggerType.HTTP:
            parts = (base_url, route_prefix.strip("/"), function.trigger.text("route") or "")
            detail = "/".join(part for part in parts if part)
            methods = function.trigger.properties.get("methods") or ()
        if hook := _webhook(function):
            detail = " ".join(part for part in (detail, f"POST {base_url}{hook}") if part)
        return cls(
            name=function.durable_name or function.name,
            kind=function.trigger.type.removesuffix("Trigger"),
            detail=detail,
            methods=tuple(str(method) for method in methods),
        )

    @classmethod
    def not_listened(cls, function: Function, base_url: str) -> Self:
        """A function whose trigger devhost does not have: where it is, and how to call it."""
        return cls(
            name=function.name,
            kind=function.trigger.type.removesuffix("Trigger"),
            detail=f"{function.where}: POST {base_url}/admin/functions/{function.name}",
            listened=False,
        )


def _webhook(function: Function) -> str:
    """Where Event Grid posts what a function is for; empty for one that has no webhook."""
    if function.kind is TriggerType.EVENT_GRID:
        return f"{EVENT_GRID_PATH}?functionName={function.name}"
    if function.kind is TriggerType.BLOB and not is_scanned(function):
        return f"{BLOB_PATH}?functionName={function_id(function.name)}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The host answers. `url` has no slash at its end; `storage` names the account's place, never its key.

    `mail` is the page of the letters, and `pages` are those of the app with their addresses.
    """

    url: str
    app: str
    hub: str
    storage: str
    clock: str
    python: str = ""
    data: str = ""
    keys: str = ""
    debugger: str = ""
    dashboard: str = ""
    mail: str = ""
    pages: tuple[tuple[str, str], ...] = ()
    functions: tuple[ListedFunction, ...] = ()
    disabled: tuple[str, ...] = ()

    @staticmethod
    def list_functions(catalog: FunctionCatalog, url: str, route_prefix: str) -> tuple[ListedFunction, ...]:
        """The functions of a catalog as the banner lists them."""
        return tuple(
            ListedFunction.not_listened(function, url)
            if function.kind is TriggerType.OTHER
            else ListedFunction.of(function, url, route_prefix)
            for function in catalog.functions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationEnded:
    """An invocation ended. `error` is `ValueError: boom` where it failed, `stack` the user's own frames."""

    function: str
    kind: str
    invocation: str
    ms: float
    instance: str = ""
    error: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A request was answered. `function` is empty for a path that leads to none."""

    method: str
    path: str
    status: int
    ms: float
    function: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestrated:
    """An instance reached a status; `detail` is the failure text where there is one."""

    name: str
    instance: str
    status: str
    detail: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """A log record of the app or of a library; `invocation` and `function` are empty outside invocations."""

    level: str
    logger: str
    text: str
    function: str = ""
    invocation: str = ""
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNotice:
    """A sentence of devhost itself: a notice, a warning, or a failure with the details that explain it."""

    severity: Literal["notice", "warning", "failure"]
    text: str
    instance: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A letter came. `page` is where it is shown, `links` are those in it that lead to this host."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    page: str
    links: tuple[str, ...] = ()


Fact = Ready | InvocationEnded | Requested | Orchestrated | LogRecord | HostNotice | Mailed

_EVENT = {
    Ready: "ready",
    InvocationEnded: "invocation",
    Requested: "request",
    Orchestrated: "orchestration",
    LogRecord: "log",
    Mailed: "letter",
}


def as_record(fact: Fact, at: datetime) -> dict[str, Any]:
    """A fact as one flat JSON object: `time`, `event`, then its fields, without those that are empty."""
    event = fact.severity if isinstance(fact, HostNotice) else _EVENT[type(fact)]
    shown = {each.name: _plain(getattr(fact, each.name)) for each in fields(fact) if each.name != "severity"}
    kept = {name: value for name, value in shown.items() if value not in ("", [])}
    return {"time": at.isoformat().replace("+00:00", "Z"), "event": event, **kept}


def _plain(value: Any) -> Any:
    match value:
        case ListedFunction():
            shown = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
            return {name: item for name, item in shown.items() if item not in ("", [], True)}
        case tuple():
            return [_plain(each) for each in value]
        case float():
            return round(value, 3)
        case _:
            return value
