"""From the values of an `invoke` message to what the user's parameters get, with the SDK's own converters."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from azure.functions.http import HttpRequest
from azure.functions.meta import Datum

from durable_devhost.worker import asgi
from durable_devhost.worker.converters import converter
from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.signatures import is_sdk_type, refusal_of

_COLLECTION = "collection_"
_DEMANDED = {"eventHubTrigger": "SystemProperties", "serviceBusTrigger": "UserProperties"}


def trigger_argument(function: Function, value: Mapping[str, Any] | None, metadata: Mapping[str, Any]) -> Any:
    """What the trigger's parameter gets; raises ValueError or TypeError where the value does not fit.

    A parameter annotated with a list gets a batch of one where there is one event. One annotated with `str` or `bytes`
    gets what the host sends, be it text or bytes: the annotation converts nothing (recorded).
    """
    if value is not None and value["type"] == "http":
        wanted = function.parameter_types.get(function.trigger.name)
        return asgi.request(value) if asgi.is_request(wanted) else _request(value)
    datum = _datum(value)
    wanted = function.parameter_types.get(function.trigger.name)
    _refuse_sdk_types(function.trigger, wanted)
    if wanted in (str, bytes) and not function.is_durable:
        return datum.value
    decoded = _decoded(function.trigger.type, datum, _metadata(function.trigger.type, metadata))
    return [decoded] if typing.get_origin(wanted) is list and not isinstance(decoded, list) else decoded


def input_argument(binding: Binding, value: Mapping[str, Any] | None, wanted: Any) -> Any:
    """What the parameter of an input gets: None where there is nothing, the value as it is for `str` and `bytes`.

    A blob becomes an InputStream without name and length (recorded).
    """
    _refuse_sdk_types(binding, wanted)
    if value is None:
        return None
    datum = _datum(value)
    return datum.value if wanted in (str, bytes) else _decoded(binding.type, datum, None)


def _metadata(kind: str, given: Mapping[str, Any]) -> dict[str, Datum]:
    """The metadata for the converter, with what some insist on: a function that is run by hand comes without."""
    metadata = {name: _datum(item) for name, item in given.items() if item}
    name = _DEMANDED.get(kind)
    if name is not None and name not in metadata and f"{name}Array" not in metadata:
        metadata[name] = Datum("{}", "json")
    return metadata


def _refuse_sdk_types(binding: Binding, wanted: Any) -> None:
    if is_sdk_type(wanted):
        raise NotImplementedError(refusal_of(binding, wanted))


def _request(value: Mapping[str, Any]) -> HttpRequest:
    return HttpRequest(
        method=value["method"],
        url=value["url"],
        headers=dict(value["headers"]),
        params=value["params"],
        route_params=value["route_params"],
        body_type="bytes",
        body=value["body"],
    )


def _datum(value: Mapping[str, Any] | None) -> Datum:
    if value is None:
        return Datum(None, None)
    kind, content = value["type"], value["value"]
    if kind.startswith(_COLLECTION):
        content = SimpleNamespace(**{kind[len(_COLLECTION) :]: content})  # the real worker has a protobuf message here
    return Datum(content, kind)


def _decoded(binding_type: str, datum: Datum, metadata: Mapping[str, Datum] | None) -> Any:
    """As the library does it for this type; the bare value where the library has no way for it."""
    decode = getattr(converter(binding_type), "decode", None)
    if decode is None:
        return datum.value
    try:
        return decode(datum, trigger_metadata=metadata)
    except NotImplementedError:
        return datum.value
