"""Finds the operation of the durable HTTP API for a path. Pure.

The templates and their order are `HttpApiHandler.cs`'s; literals ignore case. A path is matched
after decoding, so an encoded slash in an id never matches as intended, as on the real host.
"""

from dataclasses import dataclass
from enum import Enum


class Verb(Enum):
    """The values of `operation` in `instances/{id}/{operation}`; the value is the path segment in lower case."""

    TERMINATE = "terminate"
    SUSPEND = "suspend"
    RESUME = "resume"
    REWIND = "rewind"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance:
    """POST orchestrators/{name}[/{id}]."""

    name: str
    instance_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInstance:
    """GET instances/{id}."""

    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInstances:
    """GET instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeInstance:
    """DELETE instances/{id}."""

    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeInstances:
    """DELETE instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInstance:
    """POST instances/{id}/{operation}."""

    instance_id: str
    verb: Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseEvent:
    """POST instances/{id}/raiseEvent/{name}."""

    instance_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntity:
    """GET entities/{name}/{key}; the key `$` stands for the empty one."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntities:
    """GET entities[/{name}]."""

    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEntity:
    """POST entities/{name}/{key}?op=, or DELETE, which is the operation `delete` without input."""

    name: str
    key: str
    delete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePrimary:
    """POST makeprimary."""


Route = (
    StartInstance
    | ReadInstance
    | ListInstances
    | PurgeInstance
    | PurgeInstances
    | ChangeInstance
    | RaiseEvent
    | ReadEntity
    | ListEntities
    | SignalEntity
    | MakePrimary
)


def match_route(method: str, path: str) -> Route | None:
    """The operation for a method and a decoded path below the API's base, None for a 404."""
    kind, *rest = path.strip("/").split("/")
    if not all(rest):
        return None
    match kind.lower(), rest:
        case "orchestrators", [name, *more] if method == "POST" and len(more) <= 1:
            return StartInstance(name=name, instance_id=more[0] if more else None)
        case "entities", parts if len(parts) <= 2:
            return _entity_route(method, parts)
        case "instances", parts:
            return _instance_route(method, parts)
        case "makeprimary", [] if method == "POST":
            return MakePrimary()
        case _:
            return None


def _instance_route(method: str, parts: list[str]) -> Route | None:
    match method, parts:
        case "GET", []:
            return ListInstances()
        case "GET", [instance_id]:
            return ReadInstance(instance_id=instance_id)
        case "DELETE", []:
            return PurgeInstances()
        case "DELETE", [instance_id]:
            return PurgeInstance(instance_id=instance_id)
        case "POST", [instance_id, operation] if operation.lower() in _VERBS:
            return ChangeInstance(instance_id=instance_id, verb=_VERBS[operation.lower()])
        case "POST", [instance_id, operation, name] if operation.lower() == "raiseevent":
            return RaiseEvent(instance_id=instance_id, name=name)
        case _:
            return None


def _entity_route(method: str, parts: list[str]) -> Route | None:
    match method, parts:
        case "GET", []:
            return ListEntities(name=None)
        case "GET", [name]:
            return ListEntities(name=name)
        case "GET", [name, key]:
            return ReadEntity(name=name, key=_entity_key(key))
        case (("POST" | "DELETE"), [name, key]):
            return SignalEntity(name=name, key=_entity_key(key), delete=method == "DELETE")
        case _:
            return None


_VERBS = {verb.value: verb for verb in Verb}


def _entity_key(segment: str) -> str:
    return "" if segment == "$" else segment
