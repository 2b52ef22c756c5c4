"""The SDK's own conversions between stored values and what user code sees, one class for each type of binding."""

from __future__ import annotations

from typing import Any

from azure.functions import get_binding_registry


def converter(binding_type: str) -> Any:
    """The converter class registered for `queueTrigger`, `blob` and so on; None for an unknown type."""
    return get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]


def has_implicit_output(binding_type: str) -> bool:
    """Whether the return value belongs to the trigger itself, as with durable functions."""
    implicit = getattr(converter(binding_type), "has_implicit_output", None)
    return bool(implicit and implicit())
