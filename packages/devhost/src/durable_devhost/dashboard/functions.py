"""The first page: the app's functions, with routes to click and buttons that run what has no route. Pure."""

from durable_devhost.dashboard.markup import Child, Markup, table, tag
from durable_devhost.dashboard.page import button, form, page
from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType

_DETAILS = {TriggerType.QUEUE: "queueName", TriggerType.TIMER: "schedule", TriggerType.BLOB: "path"}
_RUNNABLE = frozenset(
    {TriggerType.TIMER, TriggerType.QUEUE, TriggerType.BLOB, TriggerType.EVENT_GRID, TriggerType.OTHER}
)
_INPUTS = {TriggerType.BLOB: "Path of a blob, or its content", TriggerType.EVENT_GRID: "Event, JSON"}


def functions_page(catalog: FunctionCatalog, prefix: str, token: str) -> str:
    """All functions that run, and those that are disabled and can be run by hand."""
    rows = [_row(each, prefix, token) for each in catalog.functions]
    idle = [_row(each, prefix, token) for each in catalog.idle]
    heads = ("name", "trigger", "where it is called", "run")
    return page(
        "Functions",
        table("Functions of the app", heads, rows),
        table("Disabled functions, which run by hand alone", heads, idle) if idle else None,
        place="",
    )


def _row(function: Function, prefix: str, token: str) -> tuple[Child, ...]:
    trigger = function.trigger.type.removesuffix("Trigger")
    return (function.durable_name or function.name, trigger, _place(function, prefix), _run(function, token))


def _place(function: Function, prefix: str) -> Child:
    if function.kind is not TriggerType.HTTP:
        return function.trigger.text(_DETAILS.get(function.kind, "")) or function.where
    parts = (prefix.strip("/"), (function.trigger.text("route") or "").strip("/"))
    path = "/" + "/".join(part for part in parts if part)
    methods = [str(method) for method in function.trigger.properties.get("methods") or ()]
    shown: Child = tag("code", path)
    if "{" not in path and (not methods or "GET" in methods):
        shown = tag("a", path, href=path)
    return (", ".join(methods) or "any method", " ", shown)


def _run(function: Function, token: str) -> Markup | None:
    if function.kind not in _RUNNABLE:
        return None
    label = _INPUTS.get(function.kind, "Message")
    given = None if function.kind is TriggerType.TIMER else tag("label", label, tag("textarea", name="input", rows=1))
    return form("run", token, given, button(f"Run {function.name}"), function=function.name)
