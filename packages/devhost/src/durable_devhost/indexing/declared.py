"""Turns the worker's declarations into devhost's own values: bindings, settings, retry policies. Pure."""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from durable_devhost.model.functions import Binding
from durable_devhost.retry_policy import RetryPolicy

_SETTING = re.compile(r"%([^%\s]+)%")
_RAW_KEYS = frozenset({"connection", "connectionName"})
_DURABLE_KEYS = {
    "orchestrationTrigger": "orchestration",
    "activityTrigger": "activity",
    "entityTrigger": "entityName",
}


def read_binding(given: Mapping[str, Any]) -> Binding:
    """One binding from the SDK's dictionary of it."""
    properties = {key: value for key, value in given.items() if key not in ("type", "name", "direction")}
    if "route" in properties:
        properties["route"] = str(properties["route"]).strip("/")
    if "methods" in properties:
        properties["methods"] = [str(method).upper() for method in properties["methods"]]
    if "authLevel" in properties:
        properties["authLevel"] = str(properties["authLevel"]).lower()
    direction = str(given.get("direction", "IN")).lower()
    return Binding(
        type=given["type"],
        name=given["name"],
        direction="out" if direction in ("out", "1") else "in",
        properties=properties,
    )


def resolve_settings(binding: Binding, settings: Mapping[str, str]) -> tuple[Binding, list[str]]:
    """The binding with every `%NAME%` replaced, and the names that are no app settings.

    Connection names are not replaced: they are themselves names of settings.
    """
    missing: list[str] = []

    def setting(match: re.Match[str]) -> str:
        name = match[1]
        if name not in settings:
            missing.append(name)
        return settings.get(name, match[0])

    def resolve(key: str, value: Any) -> Any:
        return _SETTING.sub(setting, value) if isinstance(value, str) and key not in _RAW_KEYS else value

    properties = {key: resolve(key, value) for key, value in binding.properties.items()}
    return Binding(type=binding.type, name=binding.name, direction=binding.direction, properties=properties), missing


def with_lower_queue(binding: Binding) -> Binding:
    """The binding with its queue's name in lower case, as the host makes it (`QueueTriggerAttributeBindingProvider`).

    A name with expressions is unchanged: formats in them depend on case, and the host lowers it after filling them in.
    """
    name = binding.text("queueName")
    if name is None or "{" in name:
        return binding
    return replace(binding, properties={**binding.properties, "queueName": name.lower()})


def read_retry_policy(given: Mapping[str, Any] | None) -> RetryPolicy | None:
    """The values of `@app.retry`, or None; ValueError if the real worker or host refuses them."""
    if given is None:
        return None
    strategy = given["strategy"]
    if strategy not in ("fixed_delay", "exponential_backoff"):
        raise ValueError(f"the retry strategy '{strategy}' is neither fixed_delay nor exponential_backoff")
    is_fixed = strategy == "fixed_delay"
    policy = RetryPolicy(
        strategy=strategy,
        max_retry_count=int(given["max_retry_count"]),
        delay=_interval(given, "delay_interval") if is_fixed else timedelta(),
        minimum=timedelta() if is_fixed else _interval(given, "minimum_interval"),
        maximum=timedelta() if is_fixed else _interval(given, "maximum_interval"),
    )
    if policy.fault:
        raise ValueError(policy.fault)
    return policy


def durable_name(trigger: Binding, function_name: str) -> str | None:
    """The name in the hub: the trigger's own attribute, else the function's name, as declared."""
    key = _DURABLE_KEYS.get(trigger.type)
    if key is None:
        return None
    return trigger.text(key) or function_name


def _interval(given: Mapping[str, Any], name: str) -> timedelta:
    """An interval of less than a day, in whole seconds: the worker reads it with strptime (`loader.py`)."""
    text = str(given.get(name) or "")
    try:
        read = time.strptime(text, "%H:%M:%S")
    except ValueError:
        raise ValueError(f"{name} of the retry policy is '{text}', which is not of the form HH:MM:SS") from None
    return timedelta(hours=read.tm_hour, minutes=read.tm_min, seconds=read.tm_sec)
