"""Validates Bicep against JSON Schemas, as far as its values are known before it is deployed.

The validation is that of jsonschema. This module turns Bicep's expressions into what jsonschema reads, and adds
what JSON does not have: values that are computed, conditions, and objects of which only a part is known.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]

from checking.syntax import Array, Call, Choice, Constant, Document, Loop, Name, Object, Parameter, Text, Value

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
Check = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

_TYPES = {"string": "string", "int": "integer", "bool": "boolean", "array": "array", "object": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Where a value does not fit its schema, and why not."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _OneOf:
    """What a value may turn out to be; nothing at all where it is computed. Each has to fit."""

    values: tuple[Any, ...] = ()


class _Part(dict[str, Any]):
    """An object that gets further properties from elsewhere, so that none is missed."""


def mismatches(document: Document, value: Value, schema: Schema, where: str) -> Iterator[Mismatch]:
    """Yield what in a value of `document` does not fit. `where` is how the value is named to people."""
    reading = _Reading(document=document)
    instance = reading.instance(value, ())
    for error in _VALIDATOR(dict(schema)).iter_errors(instance):
        path = tuple(error.absolute_path)
        known = next(path[:length] for length in range(len(path), -1, -1) if path[:length] in reading.lines)
        place = where + "".join("[]" if isinstance(each, int) else f".{each}" for each in path)
        yield Mismatch(line=reading.lines[known], text=f"{place}: {error.message}")


def schema_of(parameter: Parameter) -> Schema:
    """Return what a parameter of a Bicep file takes: its type, the values that are allowed, and its range."""
    plain = parameter.type.removesuffix("?")
    allowed = (
        re.findall(r"'([^']*)'", plain) if plain.startswith("(") else [_constant(each) for each in parameter.allowed]
    )
    told = {
        "type": "array" if plain.endswith("[]") else "string" if plain.startswith("(") else _TYPES.get(plain),
        "enum": allowed or None,
        "minimum": parameter.least,
        "maximum": parameter.most,
    }
    return {keyword: each for keyword, each in told.items() if each is not None}


def _constant(value: Value) -> object:
    match value:
        case Text(literal=literal):
            return literal
        case Constant(value=constant):
            return constant
        case _:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Turns the values of one file into instances, and keeps the line of each."""

    document: Document
    lines: dict[Path, int] = field(default_factory=dict)

    def instance(self, value: Value, path: Path, *, part: bool = False) -> Any:
        """Return JSON, with `_OneOf` where a value is not known; `part`: an object is not all there is."""
        self.lines.setdefault(path, value.line)
        match value:
            case Text(literal=str(literal)):
                return literal
            case Constant(value=int() as constant):
                return constant
            case Choice(yes=yes, no=no):
                return _OneOf(tuple(self.instance(each, path, part=part) for each in (yes, no)))
            case Name(symbol=symbol) if (held := self.document.variable(symbol)) is not None:
                return self.instance(held, path, part=part)
            case Call(function="union", arguments=arguments):
                return _OneOf(tuple(self.instance(each, path, part=True) for each in arguments))
            case Call(function="concat", arguments=arguments):
                return _OneOf(tuple(self.instance(each, path) for each in arguments))
            case Array(items=items):
                return [self.instance(each, (*path, index)) for index, each in enumerate(items)]
            case Loop(body=body):
                return [self.instance(body, (*path, 0))]
            case Object():
                return self._object(value, path, part=part)
            case _:
                return _OneOf()

    def _object(self, value: Object, path: Path, *, part: bool) -> dict[str, Any]:
        """Return the properties whose names are known; one that is null is as good as left out."""
        named = [(each.name, each) for each in value.properties if each.name is not None]
        self.lines.update({(*path, name): each.line for name, each in named if (*path, name) not in self.lines})
        properties = {
            name: self.instance(each.value, (*path, name)) for name, each in named if not _is_null(each.value)
        }
        return _Part(properties) if part or len(named) < len(value.properties) else properties


def _is_null(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


def _each(check: Check) -> Callable[[Any, Any, Any, Any], Iterator[ValidationError]]:
    """Let a keyword of JSON Schema look at everything that a value may turn out to be."""

    def checked(validator: Any, rule: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, _OneOf):
            for value in instance.values:
                yield from checked(validator, rule, value, schema)
        else:
            yield from check(validator, rule, instance, schema) or ()

    return checked


def _plain(_validator: Any, _rule: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Refuse what depends on something else: it would have to be proved for each value of that."""
    if isinstance(instance, _OneOf):
        yield ValidationError("must be said in plain words, not by a parameter or a condition")


def _required(validator: Any, rule: list[str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, _Part):
        yield from Draft202012Validator.VALIDATORS["required"](validator, rule, instance, schema) or ()


def _additional(_validator: Any, rule: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Name each unknown property with the known one that is most like it; all schemas here say false or nothing."""
    known = schema.get("properties", {})
    for name in instance if isinstance(instance, dict) and rule is False else ():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "look it up, or leave it out"
            yield ValidationError(f"there is no {name}; {hint}", path=[name])


def _discriminator(validator: Any, rule: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Validate an object as the variant that it says it is: the keyword of templates, which JSON Schema lacks."""
    name, variants = rule["propertyName"], rule["mapping"]
    said = instance.get(name) if isinstance(instance, dict) else None
    if isinstance(said, str):
        yield from validator.descend(said, {"enum": list(variants)}, path=name)
        yield from validator.descend(instance, variants.get(said, {}))


_VALIDATOR: Any = extend(
    Draft202012Validator,
    {
        keyword: _each(check)
        for keyword, check in (
            Draft202012Validator.VALIDATORS
            | {"required": _required, "additionalProperties": _additional, "discriminator": _discriminator}
        ).items()
    }
    | {"plain": _plain},
)
