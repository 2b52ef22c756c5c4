"""A function for each kind of binding with each annotation: what a worker takes and what it refuses."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import typing
from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()


class Context:
    """Not the worker's, but called as it is."""


class Out:
    """As above."""


class Shape(typing.TypedDict):
    """A dictionary, to checkers."""

    side: int


class Size(enum.Enum):
    """An enumeration."""

    SMALL = 1


@dataclasses.dataclass
class Parcel:
    """A class of the app's own."""

    weight: int


class Text(str):
    """Text of the app's own."""


class Described(typing.Protocol):
    """A protocol."""

    def describe(self) -> str: ...


T = typing.TypeVar("T")
Named = typing.NewType("Named", str)
PLAIN = (
    str, bytes, bytearray, int, float, bool, dict, list, tuple, set, object, None, type, Text, Parcel, Shape, Size,
    Described, Context, Out, T, Named, Any, typing.NoReturn,
)  # fmt: skip
GENERIC = (
    list[str], dict[str, Any], tuple[int, ...], typing.List, typing.List[str], typing.List[bytes], typing.List[int],  # noqa: UP006
    typing.Dict, typing.Dict[str, Any], typing.Tuple, typing.Tuple[int], typing.Set[str], typing.Optional[str],  # noqa: UP006, UP045
    typing.Optional[func.HttpRequest], typing.Union[str, bytes], str | None, typing.Callable, typing.Callable[..., int],  # noqa: UP007, UP045
    typing.Iterable[str], typing.Sequence[str], typing.Mapping[str, int], typing.Iterable[bytes],
    collections.abc.Iterable, collections.abc.Sequence[str], typing.Literal["a"], typing.Annotated[str, "note"],
    typing.ClassVar[int],
    typing.Type[str], typing.Generic, typing.Awaitable[str], "str", "dict[str, int]", "Missing",  # noqa: UP006
)  # fmt: skip
OF_THE_SDK = (
    func.HttpRequest, func.HttpResponse, func.QueueMessage, func.InputStream, func.TimerRequest, func.EventGridEvent,
    func.EventGridOutputEvent, func.EventHubEvent, func.ServiceBusMessage, func.Document, func.DocumentList,
    func.KafkaEvent, func.Context, func.SqlRow, func.SqlRowList, df.DurableOrchestrationClient,
    df.DurableOrchestrationContext,
)  # fmt: skip
OUTS = tuple(
    func.Out[each]  # type: ignore[valid-type]
    for each in (*PLAIN, *(one for one in GENERIC if not isinstance(one, str)), *OF_THE_SDK)
    if each not in (typing.ClassVar[int], typing.Generic, typing.NoReturn)
)
LISTS = tuple(typing.List[each] for each in OF_THE_SDK)  # type: ignore[valid-type] # noqa: UP006
LISTS_OUT = tuple(func.Out[each] for each in LISTS)  # type: ignore[valid-type]
ANNOTATIONS = (*PLAIN, *GENERIC, *OF_THE_SDK, *LISTS, func.Out, *OUTS, *LISTS_OUT)


def _name(kind: str, number: int) -> str:
    return f"{kind}_{number}"


def _declare(kind: str, number: int, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(x): ...

    one.__name__ = one.__qualname__ = _name(kind, number)
    one.__annotations__ = {"x": annotation}
    decorate(one)


def _with_trigger(kind: str, number: int, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(msg, x): ...

    one.__name__ = one.__qualname__ = _name(kind, number)
    one.__annotations__ = {"x": annotation}
    app.queue_trigger(arg_name="msg", queue_name="in", connection="")(decorate(one))


def _returning(kind: str, number: int, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(msg): ...

    one.__name__ = one.__qualname__ = _name(kind, number)
    one.__annotations__ = {"return": annotation}
    app.queue_trigger(arg_name="msg", queue_name="in", connection="")(decorate(one))


def _in_context(kind: str, number: int, annotation: Any, decorate: Callable[..., Any]) -> None:
    def one(msg, context): ...

    one.__name__ = one.__qualname__ = _name(kind, number)
    one.__annotations__ = {"context": annotation}
    decorate(one)


HUB = {"connection": "", "event_hub_name": "hub"}
BUS = {"connection": "", "queue_name": "q"}
BASE = {"connection": "", "database_name": "d", "container_name": "c"}
KAFKA = {"topic": "t", "broker_list": "b"}
SQL = {"connection_string_setting": "S"}
TRIGGERS = {
    "http": app.route(trigger_arg_name="x"),
    "queue": app.queue_trigger(arg_name="x", queue_name="in", connection=""),
    "blob": app.blob_trigger(arg_name="x", path="a/b", connection=""),
    "timer": app.timer_trigger(arg_name="x", schedule="0 0 * * * *"),
    "grid": app.event_grid_trigger(arg_name="x"),
    "hub": app.event_hub_message_trigger(arg_name="x", **HUB),
    "bus": app.service_bus_queue_trigger(arg_name="x", **BUS),
    "cosmos": app.cosmos_db_trigger(arg_name="x", **BASE),
    "kafka": app.kafka_trigger(arg_name="x", **KAFKA),
    "sql": app.sql_trigger(arg_name="x", table_name="t", **SQL),
    "activity": app.activity_trigger(input_name="x"),
    "warm": app.warm_up_trigger(arg_name="x"),
    "unknown": app.generic_trigger(arg_name="x", type="someBrandNewTrigger"),
}
INPUTS = {
    "blob_in": app.blob_input(arg_name="x", path="a/b", connection=""),
    "table_in": app.table_input(arg_name="x", table_name="t", connection=""),
    "cosmos_in": app.cosmos_db_input(arg_name="x", **BASE),
    "sql_in": app.sql_input(arg_name="x", command_text="q", **SQL),
    "client": app.generic_input_binding(arg_name="x", type="durableClient"),
    "unknown_in": app.generic_input_binding(arg_name="x", type="someBrandNew"),
}


def _outputs(name: str) -> dict[str, Callable[..., Any]]:
    return {
        "http_out": app.generic_output_binding(arg_name=name, type="http"),
        "queue_out": app.queue_output(arg_name=name, queue_name="q", connection=""),
        "blob_out": app.blob_output(arg_name=name, path="a/b", connection=""),
        "table_out": app.table_output(arg_name=name, table_name="t", connection=""),
        "grid_out": app.event_grid_output(arg_name=name, topic_endpoint_uri="u", topic_key_setting="k"),
        "hub_out": app.event_hub_output(arg_name=name, **HUB),
        "bus_out": app.service_bus_queue_output(arg_name=name, **BUS),
        "cosmos_out": app.cosmos_db_output(arg_name=name, **BASE),
        "kafka_out": app.kafka_output(arg_name=name, **KAFKA),
        "sql_out": app.sql_output(arg_name=name, command_text="t", **SQL),
        "unknown_out": app.generic_output_binding(arg_name=name, type="someBrandNew"),
    }


for number, annotation in enumerate(ANNOTATIONS):
    for kind, decorate in TRIGGERS.items():
        _declare(kind, number, annotation, decorate)
    for kind, decorate in {**INPUTS, **_outputs("x")}.items():
        _with_trigger(kind, number, annotation, decorate)
    for kind, decorate in _outputs("$return").items():
        _returning(f"{kind}_return", number, annotation, decorate)
    _in_context("context", number, annotation, app.queue_trigger(arg_name="msg", queue_name="in", connection=""))
