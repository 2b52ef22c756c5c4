"""Holds a Bicep object against what its module or resource type takes, as deep as both are known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from checking.facts import Shape
from checking.syntax import Array, Call, Choice, Constant, Document, Loop, Name, Object, Text, Value

_JSON_TYPES = {
    "string": "a string",
    "int": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Where something does not fit, and why not."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Compares values of one file, whose variables are looked up where they are used."""

    document: Document

    def mismatches(self, value: Value, shape: Shape, where: str) -> Iterator[Mismatch]:
        """Yield what does not fit. Both sides of a condition must; what is computed is believed."""
        match value:
            case Choice(yes=yes, no=no):
                yield from self.mismatches(yes, shape, where)
                yield from self.mismatches(no, shape, where)
            case Name(symbol=symbol) if (held := self.document.variable(symbol)) is not None:
                yield from self.mismatches(held, shape, where)
            case Call(function="union", arguments=arguments):
                yield from self._each_part(arguments, shape, where)
            case Call(function="concat", arguments=arguments):
                for each in arguments:
                    yield from self.mismatches(each, shape, where)
            case Constant(value=None) if not shape.required:
                return
            case Object():
                yield from self._object(value, shape, where)
            case Array(items=items):
                yield from _wrong_type(value, shape, where, "array")
                for each in items if shape.items else ():
                    assert shape.items
                    yield from self.mismatches(each, shape.items, f"{where}[]")
            case Loop(body=body):
                yield from _wrong_type(value, shape, where, "array")
                if shape.items:
                    yield from self.mismatches(body, shape.items, f"{where}[]")
            case Text() | Constant():
                yield from _scalar(value, shape, where)
            case _:
                return

    def _each_part(self, parts: tuple[Value, ...], shape: Shape, where: str) -> Iterator[Mismatch]:
        """Check the parts of a union; what one of them lacks another may have."""
        for each in parts:
            yield from self.mismatches(each, _without_demands(shape), where)

    def _object(self, value: Object, shape: Shape, where: str) -> Iterator[Mismatch]:
        if shape.by is not None:
            yield from self._variant(value, shape, where)
            return
        yield from _wrong_type(value, shape, where, "object")
        if shape.properties is None:
            return
        for given in value.properties:
            if given.name is None:
                continue
            known = shape.properties.get(given.name)
            if known is not None:
                yield from self.mismatches(given.value, known, f"{where}.{given.name}")
            elif not shape.open:
                yield Mismatch(line=given.line, text=_unknown(given.name, where, shape.properties))
        names = {each.name for each in value.properties}
        for name, known in shape.properties.items():
            if known.required and name not in names and None not in names:
                yield Mismatch(line=value.line, text=f"{where} lacks {name}, which is required; add it")

    def _variant(self, value: Object, shape: Shape, where: str) -> Iterator[Mismatch]:
        said = value.get(shape.by or "")
        if not (isinstance(said, Text) and said.literal):
            return
        variant = shape.variants.get(said.literal)
        if variant is None:
            yield Mismatch(line=said.line, text=_unknown(said.literal, f"{where}.{shape.by}", shape.variants))
        else:
            yield from self.mismatches(value, variant, f"{where}({said.literal})")


def _without_demands(shape: Shape) -> Shape:
    """Return the shape with nothing required at its top."""
    if shape.properties is None:
        return shape
    return replace(shape, properties={name: replace(each, required=False) for name, each in shape.properties.items()})


def _scalar(value: Text | Constant, shape: Shape, where: str) -> Iterator[Mismatch]:
    match value:
        case Text(literal=literal):
            kind: str = "string"
            given: object = literal
        case Constant(value=bool() as given):
            kind = "bool"
        case Constant(value=given):
            kind = "int"
    yield from _wrong_type(value, shape, where, kind)
    if given is not None and shape.allowed and shape.type == kind and given not in shape.allowed:
        choices = ", ".join(str(each) for each in shape.allowed)
        yield Mismatch(line=value.line, text=f"{where} cannot be {given!r}; it is one of {choices}")


def _wrong_type(value: Value, shape: Shape, where: str, kind: str) -> Iterator[Mismatch]:
    if shape.type in _JSON_TYPES and shape.type != kind:
        yield Mismatch(
            line=value.line, text=f"{where} is {_JSON_TYPES[kind]} here and must be {_JSON_TYPES[shape.type]}"
        )


def _unknown(name: str, where: str, known: Mapping[str, Shape]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"{where} has no {name}" + (f"; did you mean {close[0]}?" if close else "; look it up, or leave it out")
