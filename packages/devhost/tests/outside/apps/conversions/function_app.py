"""Functions that tell what they were given, and functions that give back a value by its name."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
HUB = {"connection": "", "event_hub_name": "hub"}
BUS = {"connection": "", "queue_name": "q"}
BASE = {"connection": "", "database_name": "d", "container_name": "c"}
KAFKA = {"topic": "t", "broker_list": "b"}
SQL = {"connection_string_setting": "S", "command_text": "t"}


class Seen(Exception):
    """What a function was given: a failure is the one answer that every function may have."""


class Weight:
    """An activity's own class."""

    @staticmethod
    def to_json(_weight: Weight) -> str:
        """As the SDK asks for it."""
        return "heavy"

    @staticmethod
    def from_json(_text: str) -> Weight:
        """The way back."""
        return Weight()


def _shown(value: Any, depth: int = 3) -> str:
    """The value, or what an object of the SDK shows of itself."""
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{', '.join(_shown(each, depth) for each in value)}]"
    if isinstance(value, dict):
        return f"dict {sorted(value.items(), key=str)!r}"  # protobuf keeps no order
    if not type(value).__module__.startswith("azure.") or depth == 0:
        return f"{type(value).__name__} {value!r}"
    parts = {"body": _called(value, "get_body"), "json": _called(value, "get_json"), "read": _called(value, "read")}
    for name in dir(type(value)):
        if not name.startswith("_") and isinstance(getattr(type(value), name), property):
            parts[name] = _called(value, name)
    told = ", ".join(f"{name}={part}" for name, part in sorted(parts.items()) if part is not None)
    return f"{type(value).__name__}({told})"


def _called(value: Any, name: str) -> str | None:
    if not hasattr(type(value), name):
        return None
    try:
        found = getattr(value, name)
        return _shown(dict(found) if name in ("headers", "params") else found() if callable(found) else found, 1)
    except Exception as error:  # how it fails is told too
        return f"{type(error).__name__}: {error}"


TRIGGERS: dict[str, Callable[..., Any]] = {
    "http": app.route(trigger_arg_name="x"),
    "queue": app.queue_trigger(arg_name="x", queue_name="in", connection=""),
    "blob": app.blob_trigger(arg_name="x", path="a/b", connection=""),
    "timer": app.timer_trigger(arg_name="x", schedule="0 0 * * * *"),
    "grid": app.event_grid_trigger(arg_name="x"),
    "hub": app.event_hub_message_trigger(arg_name="x", **HUB),
    "bus": app.service_bus_queue_trigger(arg_name="x", **BUS),
    "cosmos": app.cosmos_db_trigger(arg_name="x", **BASE),
    "kafka": app.kafka_trigger(arg_name="x", **KAFKA),
    "activity": app.activity_trigger(input_name="x"),
    "unknown": app.generic_trigger(arg_name="x", type="someBrandNewTrigger"),
}
INPUTS: dict[str, Callable[..., Any]] = {
    "blob_in": app.blob_input(arg_name="x", path="a/b", connection=""),
    "table_in": app.table_input(arg_name="x", table_name="t", connection=""),
    "cosmos_in": app.cosmos_db_input(arg_name="x", **BASE),
    "sql_in": app.sql_input(arg_name="x", **SQL),
    "client": app.generic_input_binding(arg_name="x", type="durableClient"),
    "unknown_in": app.generic_input_binding(arg_name="x", type="someBrandNew"),
}
OUTPUTS: dict[str, Callable[[str], Callable[..., Any]]] = {
    "http_out": lambda name: app.generic_output_binding(arg_name=name, type="http"),
    "queue_out": lambda name: app.queue_output(arg_name=name, queue_name="q", connection=""),
    "blob_out": lambda name: app.blob_output(arg_name=name, path="a/b", connection=""),
    "table_out": lambda name: app.table_output(arg_name=name, table_name="t", connection=""),
    "grid_out": lambda name: app.event_grid_output(arg_name=name, topic_endpoint_uri="u", topic_key_setting="k"),
    "hub_out": lambda name: app.event_hub_output(arg_name=name, **HUB),
    "bus_out": lambda name: app.service_bus_queue_output(arg_name=name, **BUS),
    "cosmos_out": lambda name: app.cosmos_db_output(arg_name=name, **BASE),
    "kafka_out": lambda name: app.kafka_output(arg_name=name, **KAFKA),
    "sql_out": lambda name: app.sql_output(arg_name=name, **SQL),
    "unknown_out": lambda name: app.generic_output_binding(arg_name=name, type="someBrandNew"),
}
ANNOTATIONS: dict[str, Any] = {"plain": None, "str": str, "bytes": bytes}
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - one without a zone
VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None, "text": lambda: "é", "empty": lambda: "", "json": lambda: '{"a": 1}',
    "half": lambda: "a\ud83dz", "bytes": lambda: b"\xff", "array": lambda: bytearray(b"\xfe"), "no": lambda: False,
    "yes": lambda: True, "int": lambda: 5, "largest": lambda: 2**63 - 1, "large": lambda: 2**63,
    "float": lambda: 1.5, "nan": lambda: float("nan"), "list": lambda: ["a", 1, None], "texts": lambda: ["a", "b"],
    "blobs": lambda: [b"a"], "tuple": lambda: ("a", "b"), "dict": lambda: {"a": [1, "é"]}, "set": lambda: {1},
    "odd": lambda: {"a": {1}}, "nothing": list, "object": object, "stream": lambda: io.BytesIO(b"abc"),
    "time": lambda: WHEN, "weight": Weight,
    "message": lambda: func.QueueMessage(id="1", body="é"),
    "messages": lambda: [func.QueueMessage(body="a"), "b"],
    "document": lambda: func.Document.from_dict({"id": "1"}),
    "documents": lambda: func.DocumentList([func.Document.from_dict({"id": "1"})]),
    "row": lambda: func.SqlRow.from_dict({"id": 1}),
    "event": lambda: func.EventGridOutputEvent(
        id="1", data={"a": 1}, subject="s", event_type="t", event_time=WHEN, data_version="1"
    ),
    "hub": lambda: func.EventHubEvent(body=b"x"),
    "input": lambda: func.blob.InputStream(data=b"x"),
    "response": lambda: func.HttpResponse("hü", status_code=201, headers={"X-A": "1", "x-b": "é"}),
    "typed": lambda: func.HttpResponse(b"\xff", mimetype="application/x", charset="latin-1"),
    "html": lambda: func.HttpResponse("<p>", mimetype="text/html", headers={"Content-Type": "text/x"}),
    "bare": lambda: func.HttpResponse(status_code=204),
    "cookies": lambda: _with_cookies(
        "a=1; Max-Age=60; Path=/x; Secure; HttpOnly; SameSite=Lax", "b=2; Domain=x.org; SameSite=Strict",
        "c=3; SameSite=None", "d=4; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "e=f g", 'h="i j"', "k=1; l=2",
    ),
    "late": lambda: _with_cookies("a=1; Expires=soon"),
    "old": lambda: _with_cookies("a=1; Max-Age=soon"),
}  # fmt: skip


def _with_cookies(*cookies: str) -> func.HttpResponse:
    response = func.HttpResponse("x")
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


def _named(name: str, annotation: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__annotations__ = {} if annotation is None else {"x": annotation}
    return function


def _seeing_trigger(name: str, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(x):
        raise Seen(_shown(x))

    decorate(_named(name, annotation, one))


def _seeing_input(name: str, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(msg, x):
        raise Seen(_shown(x))

    triggered = app.queue_trigger(arg_name="msg", queue_name="in", connection="")
    triggered(decorate(_named(name, annotation, one)))


def _setting(name: str, annotation: Any, output: Callable[[str], Callable[..., Any]]) -> None:
    def one(msg, x):
        x.set(VALUES[msg.get_body().decode()]())

    out = None if annotation is None else func.Out[annotation]
    triggered = app.queue_trigger(arg_name="msg", queue_name="in", connection="")
    triggered(output("x")(_named(name, out, one)))


def _returning(name: str, decorate: Callable[..., Any]) -> None:
    def one(msg):
        return VALUES[msg.get_body().decode()]()

    app.queue_trigger(arg_name="msg", queue_name="in", connection="")(decorate(_named(name, None, one)))


def _returning_beside(name: str) -> None:
    def one(msg, x):
        return VALUES[msg.get_body().decode()]()

    beside = app.generic_input_binding(arg_name="x", type="someBrandNew")
    app.queue_trigger(arg_name="msg", queue_name="in", connection="")(beside(_named(name, None, one)))


for suffix, annotation in ANNOTATIONS.items():
    for kind, decorate in TRIGGERS.items():
        _seeing_trigger(f"see_{kind}_{suffix}", annotation, decorate)
    for kind, decorate in INPUTS.items():
        _seeing_input(f"see_{kind}_{suffix}", annotation, decorate)
    for kind, output in OUTPUTS.items():
        if kind != "http_out":
            _setting(f"set_{kind}_{suffix}", annotation, output)
for kind, output in OUTPUTS.items():
    _returning(f"return_{kind}", output("$return"))
_returning("return_nowhere", lambda function: function)
_returning_beside("return_beside_unknown")


@app.activity_trigger(input_name="x")
def work(x: str) -> Any:
    """An activity gives back the value that its input names."""
    return VALUES[x]()


@app.generic_trigger(arg_name="x", type="someBrandNewTrigger")
def unknown_work(x: str) -> Any:
    """A trigger of a type that the SDK does not know takes what is returned and drops it."""
    return VALUES[x]()


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    """An entity takes its batch and gives back states and results."""
    if context.operation_name == "fail":
        raise LookupError("no")
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(VALUES["list"]())
