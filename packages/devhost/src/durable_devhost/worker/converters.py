"""The conversions between stored values and what user code sees, one class for each type of binding.

They are the SDK's own. A type that the SDK does not know, and a parameter that is annotated with `str` or `bytes`, has
the worker's generic one (`bindings/meta.py`, `bindings/generic.py`, `functions.py` of azure-functions-python-worker).
"""

from __future__ import annotations

import json
from typing import Any

from azure.functions import get_binding_registry
from azure.functions.meta import Datum

_GENERIC = "generic"


class GenericConverter:
    """The real worker's treatment of a type that the SDK does not know: text, bytes, and JSON for outputs."""

    @staticmethod
    def check_input_type_annotation(annotation: Any) -> bool:
        """An input is text or bytes; TypeError for an annotation that is no class."""
        return issubclass(annotation, (str, bytes))

    @staticmethod
    def check_output_type_annotation(annotation: Any) -> bool:
        """An output is text or bytes; TypeError for an annotation that is no class."""
        return issubclass(annotation, (str, bytes, bytearray))

    @staticmethod
    def decode(data: Datum | None, *, trigger_metadata: Any) -> Any:  # noqa: ARG004 - as all converters have it
        """The value unchanged, JSON as text; ValueError for any other kind, such as an HTTP request."""
        if data is None or data.type is None:
            return None
        if data.type not in ("string", "bytes", "json"):
            raise ValueError(f'unexpected type of data received for the "generic" binding : {data.type!r}')
        return data.value

    @staticmethod
    def encode(value: Any, *, expected_type: Any) -> Datum:  # noqa: ARG004 - as above
        """Text and bytes unchanged, lists and dictionaries as JSON, numbers; NotImplementedError for the rest."""
        if isinstance(value, str):
            return Datum(value, "string")
        if isinstance(value, (bytes, bytearray)):
            return Datum(bytes(value), "bytes")
        if value is None:
            return Datum(None, None)
        if isinstance(value, (dict, list)):
            return Datum(json.dumps(value), "json")
        if isinstance(value, int):
            return Datum(int(value), "int")
        if isinstance(value, float):
            return Datum(value, "double")
        raise NotImplementedError


def converted_as(binding_type: str, annotation: Any) -> str:
    """The type that decides a parameter's conversion: `generic` if it is annotated with `str` or `bytes`.

    Bindings with an implicit return value keep their own.
    """
    return _GENERIC if annotation in (str, bytes) and not has_implicit_output(binding_type) else binding_type


def converter(binding_type: str) -> Any:
    """The converter class for `queueTrigger`, `blob`, `generic` and so on."""
    return _registered(binding_type) or GenericConverter


def has_implicit_output(binding_type: str) -> bool:
    """Whether the return value belongs to this binding, as with durable functions and every unknown type."""
    found = _registered(binding_type)
    if found is None:
        return binding_type != "durableClient"
    implicit = getattr(found, "has_implicit_output", None)
    return bool(implicit and implicit())


def _registered(binding_type: str) -> Any:
    return get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]
