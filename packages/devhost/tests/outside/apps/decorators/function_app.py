"""A function for each decorator of the library, with what it demands and no more."""

import inspect
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df

app = df.DFApp()
TAKEN = {"arg_name": "x", "trigger_arg_name": "x", "input_name": "x", "client_name": "x", "context_name": "context"}
VALUES = {"path": "in/{name}", "schedule": "0 0 * * * *", "queue_name": "orders", "type": "someBrandNew"}
MORE = {"event_grid_output": {"connection": "value"}}
NO_BINDING = {
    "function_name",
    "retry",
    "register_functions",
    "register_blueprint",
    "get_functions",
    "function_builders",
}


def _demanded(decorator: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(decorator).parameters
    wanted = {name for name, each in parameters.items() if each.default is each.empty}
    given = {name: VALUES.get(name, "value") for name in wanted - {"kwargs", "args"}}
    return {**given, **{name: value for name, value in TAKEN.items() if name in parameters}}


def _made(name: str, parameter: str) -> Callable[..., Any]:
    def with_x(x): ...

    def with_context(context): ...

    def beside_x(msg, x): ...

    function: Callable[..., Any] = {"x": with_x, "context": with_context}.get(parameter, beside_x)
    function.__name__ = function.__qualname__ = name
    return function


for name in sorted(dir(type(app))):
    is_trigger = name.endswith("_trigger") or name in ("route", "schedule")
    if (
        name.startswith("_")
        or name in NO_BINDING
        or not (is_trigger or name.endswith(("_input", "_output", "_binding")))
    ):
        continue
    decorator = getattr(app, name)
    demanded = {**_demanded(decorator), **MORE.get(name, {})}
    if is_trigger:
        function = _made(name, "context" if "context_name" in demanded else "x")
        decorator(**demanded)(function)
    else:
        triggered = app.queue_trigger(arg_name="msg", queue_name="orders", connection="")
        triggered(decorator(**demanded)(_made(name, "beside")))
