"""Renews modules.json: parameters, as JSON Schemas, and outputs of the Azure Verified Modules that infra/ uses.

Run it after a module's version has changed: `git clone https://github.com/Azure/bicep-registry-modules` with tags, then
`python infra/facts/collect.py <clone>`. The checker reads only modules.json and needs neither the clone nor a network.
"""

import argparse
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent
REFERENCE = re.compile(r"'br/public:(avm/[\w/-]+):([\d.]+)'")

LEFT_OUT = frozenset({"slots"})
"""The whole site once more; Flex Consumption has none."""

TYPES = {"int": "integer", "bool": "boolean"}
"""Names of templates and of JSON Schema, where they differ."""

Json = Mapping[str, Any]

RESOURCES: dict[str, Any] = json.loads((FACTS / "resources.json").read_text())


def main() -> None:
    """Collect what the Bicep files beside this folder refer to; says how many modules that were."""
    parser = argparse.ArgumentParser(description="Renew infra/facts/modules.json.")
    parser.add_argument("clone", type=Path, help="a clone of Azure/bicep-registry-modules, with its tags")
    clone = parser.parse_args().clone
    found = {match.groups() for file in FACTS.parent.rglob("*.bicep") for match in REFERENCE.finditer(file.read_text())}
    facts = {f"{path}:{version}": interface(template(clone, path, version)) for path, version in sorted(found)}
    (FACTS / "modules.json").write_text(to_json(facts), encoding="utf-8")
    print(f"{len(facts)} modules written to {FACTS / 'modules.json'}")


def template(clone: Path, path: str, version: str) -> Json:
    """Return the compiled module as it was at its version's tag."""
    shown = subprocess.run(
        ["git", "-C", str(clone), "show", f"{path}/{version}:{path}/main.json"], capture_output=True, check=True
    )
    compiled: Json = json.loads(shown.stdout)
    return compiled


def interface(compiled: Json) -> dict[str, Any]:
    """Reduce a compiled module to what callers must know."""
    definitions = compiled.get("definitions", {})
    declared = {name: each for name, each in compiled["parameters"].items() if name not in LEFT_OUT}
    return {
        "outputs": sorted(compiled.get("outputs", {})),
        "required": sorted(name for name, each in declared.items() if _is_required(each, definitions)),
        "parameters": {name: _schema(each, definitions) for name, each in declared.items()},
    }


def to_json(facts: Mapping[str, Json]) -> str:
    """Return the file: a line for each parameter, so that a new version is a readable difference."""
    modules = []
    for module, known in facts.items():
        lines = [f"   {json.dumps(name)}: {json.dumps(shape)}" for name, shape in sorted(known["parameters"].items())]
        outputs, required = (json.dumps(known[each]) for each in ("outputs", "required"))
        modules.append(
            f' {json.dumps(module)}: {{\n  "outputs": {outputs},\n  "required": {required},\n  "parameters": {{\n'
            + ",\n".join(lines)
            + "\n  }\n }"
        )
    return "{\n" + ",\n".join(modules) + "\n}\n"


def _is_required(declared: Json, definitions: Json) -> bool:
    return not ("defaultValue" in declared or _resolved(declared, definitions).get("nullable"))


def _resolved(declared: Json, definitions: Json) -> dict[str, Any]:
    """Follow references to named types; what is said at the place of use wins."""
    merged = dict(declared)
    while reference := merged.pop("$ref", None):
        merged = dict(definitions[str(reference).rpartition("/")[2]]) | merged
    return merged


def _schema(declared: Json, definitions: Json) -> dict[str, Any]:
    """Return type, allowed values and parts; a type without parts takes anything."""
    resolved = _resolved(declared, definitions)
    if derived := _of_resource_type(resolved):
        return derived
    kind = str(resolved.get("type", "any")).lower().removeprefix("secure")
    schema: dict[str, Any] = {} if kind == "any" else {"type": TYPES.get(kind, kind)}
    if "allowedValues" in resolved:
        schema["enum"] = resolved["allowedValues"]
    if kind == "array" and isinstance(resolved.get("items"), dict):
        schema["items"] = _schema(resolved["items"], definitions)
    if "discriminator" in resolved:
        variants = resolved["discriminator"]
        mapping = {name: _schema(each, definitions) for name, each in variants["mapping"].items()}
        schema["discriminator"] = {"propertyName": variants["propertyName"], "mapping": mapping}
    elif parts := resolved.get("properties"):
        schema["properties"] = {name: _schema(each, definitions) for name, each in parts.items()}
        if required := [name for name, each in parts.items() if _is_required(each, definitions)]:
            schema["required"] = required
        if resolved.get("additionalProperties") in (None, False):
            schema["additionalProperties"] = False
    return schema


def _of_resource_type(resolved: Json) -> dict[str, Any] | None:
    """Return what resources.json knows of a part that the module hands on to a resource type as it is."""
    source = resolved.get("metadata", {}).get("__bicep_resource_derived_type!", {}).get("source", "")
    kind, _, path = str(source).partition("#")
    known = {name.partition("@")[0]: schema for name, schema in RESOURCES.items()}.get(kind.partition("@")[0])
    for step in path.split("/"):
        known = known.get(step) if known else None
    return dict(known) if known else None


if __name__ == "__main__":
    main()
