"""What is known of the outside: modules, resource types and roles, as they lie in infra/facts/."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).resolve().parents[1] / "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a value must look like. `type` is any, string, int, bool, array or object."""

    type: str
    required: bool = False
    allowed: tuple[Any, ...] = ()
    properties: Mapping[str, "Shape"] | None = None
    """None where anything may stand."""
    open: bool = False
    """Whether other properties may stand beside the known ones."""
    items: "Shape | None" = None
    by: str | None = None
    """The property that says which of `variants` an object is."""
    variants: Mapping[str, "Shape"] = field(default_factory=dict)

    @classmethod
    def read(cls, known: Mapping[str, Any]) -> Self:
        """Read a shape as the files have it."""
        properties = known.get("properties")
        return cls(
            type=known["type"],
            required=known.get("required", False),
            allowed=tuple(known.get("allowed", ())),
            properties=None if properties is None else {name: cls.read(each) for name, each in properties.items()},
            open=known.get("open", False),
            items=cls.read(known["items"]) if "items" in known else None,
            by=known.get("by"),
            variants={name: cls.read(each) for name, each in known.get("variants", {}).items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a module takes and gives."""

    parameters: Shape
    outputs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that infra/facts/ says."""

    modules: Mapping[str, Interface]
    """By `avm/res/…:version`."""
    resources: Mapping[str, Shape]
    """By `Provider/type@version`."""
    roles: Mapping[str, str]
    """Names of built-in roles by their ids."""
    functions: frozenset[str]
    """What Bicep itself has."""


@cache
def read_facts(folder: Path = FOLDER) -> Facts:
    """Read the files, once a process."""
    modules, resources, roles = (_json(folder / f"{name}.json") for name in ("modules", "resources", "roles"))
    return Facts(
        modules={
            name: Interface(
                parameters=Shape.read({"type": "object", "properties": known["parameters"]}),
                outputs=frozenset(known["outputs"]),
            )
            for name, known in modules.items()
        },
        resources={name: Shape.read(known) for name, known in resources.items()},
        roles={guid: name for name, guid in roles.items()},
        functions=frozenset(json.loads((folder / "functions.json").read_text("utf-8"))),
    )


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
