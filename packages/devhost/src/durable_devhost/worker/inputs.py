"""Turns the values of an `invoke` message into the arguments of the user's function, with the SDK's own converters."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from azure.functions.http import HttpRequest
from azure.functions.meta import Datum

from durable_devhost.worker.converters import converted_as, converter
from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.signatures import is_sdk_type, refusal_of

_COLLECTION = "collection_"
_DEMANDED = {"eventHubTrigger": "SystemProperties", "serviceBusTrigger": "UserProperties"}


def trigger_argument(function: Function, value: Mapping[str, Any] | None, metadata: Mapping[str, Any]) -> Any:
    """The trigger's argument; raises ValueError or TypeError if the value does not fit.

    A parameter annotated with a list gets a batch of one for a single event. One annotated with `str` or `bytes`
    gets the host's value, text or bytes: the annotation converts nothing (recorded).
    """
    kind, wanted = function.trigger.type, function.parameter_types.get(function.trigger.name)
    _refuse_sdk_types(function.trigger, wanted)
    kind = converted_as(kind, wanted)
    if kind == "httpTrigger" and value is not None and value["type"] == "http":
        return _request(value)
    decoded = _decoded(kind, value, _metadata(kind, metadata))
    return [decoded] if typing.get_origin(wanted) is list and not isinstance(decoded, list) else decoded


def input_argument(binding: Binding, value: Mapping[str, Any] | None, wanted: Any) -> Any:
    """The argument of an input: None if there is no value, the unchanged value for `str` and `bytes`.

    A blob becomes an InputStream without name and length (recorded).
    """
    _refuse_sdk_types(binding, wanted)
    return _decoded(converted_as(binding.type, wanted), value, {})


def _metadata(kind: str, given: Mapping[str, Any]) -> dict[str, Datum]:
    """The metadata for the converter, with fields that some require: a function run by hand has none."""
    metadata = {name: _datum(item) for name, item in given.items() if item}
    name = _DEMANDED.get(kind)
    if name is not None and name not in metadata and f"{name}Array" not in metadata:
        metadata[name] = Datum("{}", "json")
    return metadata


def _refuse_sdk_types(binding: Binding, wanted: Any) -> None:
    if is_sdk_type(wanted):
        raise NotImplementedError(refusal_of(binding, wanted))


def _datum(value: Mapping[str, Any]) -> Datum:
    kind = value["type"]
    if kind == "http":
        return Datum(value, kind)  # in a parameter of another kind, which refuses it
    content = value["value"]
    if kind.startswith(_COLLECTION):
        content = SimpleNamespace(**{kind[len(_COLLECTION) :]: content})  # the real worker has a protobuf message here
    return Datum(content, kind)


def _request(value: Mapping[str, Any]) -> HttpRequest:
    """The same as the SDK's converter makes of a request, without the steps between."""
    return HttpRequest(
        method=value["method"],
        url=value["url"],
        headers=dict(value["headers"]),
        params=value["params"],
        route_params=value["route_params"],
        body_type="bytes",
        body=value["body"],
    )


def _decoded(binding_type: str, value: Mapping[str, Any] | None, metadata: Mapping[str, Datum]) -> Any:
    chosen = converter(binding_type)
    try:
        return chosen.decode(None if value is None else _datum(value), trigger_metadata=metadata)
    except NotImplementedError:
        raise TypeError(
            f"unable to decode incoming TypedData: unsupported combination of TypedData field "
            f"{value and value['type']!r} and expected binding type {chosen}"
        ) from None
