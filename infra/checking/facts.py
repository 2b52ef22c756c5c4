"""What is known of the outside: modules, resource types and roles, as they lie in infra/facts/."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from checking.schemas import Schema

FOLDER = Path(__file__).resolve().parents[1] / "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a module takes and gives."""

    parameters: Schema
    outputs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that infra/facts/ says."""

    modules: Mapping[str, Interface]
    """By `avm/res/…:version`."""
    resources: Mapping[str, Schema]
    """By `Provider/type@version`."""
    roles: Mapping[str, str]
    """Names of built-in roles by their ids."""
    functions: frozenset[str]
    """What Bicep itself has."""
    host: Schema
    """What host.json may say."""
    hardening: Mapping[str, Schema]
    """What accounts, apps and vaults must say, by `avm/res/…` without the version."""


@cache
def read_facts(folder: Path = FOLDER) -> Facts:
    """Read the files, once a process."""
    modules, resources, roles, functions, host, hardening = (
        _json(folder / f"{name}.json")
        for name in ("modules", "resources", "roles", "functions", "host.schema", "hardening")
    )
    return Facts(
        modules={
            name: interface(known["parameters"], known["required"], known["outputs"]) for name, known in modules.items()
        },
        resources=resources,
        roles={guid: name for name, guid in roles.items()},
        functions=frozenset(functions),
        host=host,
        hardening=hardening,
    )


def interface(parameters: Mapping[str, Schema], required: list[str], outputs: list[str]) -> Interface:
    """Return what a module with these parameters takes, and nothing besides."""
    told = {"type": "object", "properties": parameters, "required": required, "additionalProperties": False}
    return Interface(parameters=told, outputs=frozenset(outputs))


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
