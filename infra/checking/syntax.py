"""Bicep as data: what a file declares, and the expressions in it, without anything about how they were parsed."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string. `literal` is None where parts of it are put in."""

    line: int
    literal: str | None
    pieces: tuple[str, ...]
    """What stands between the parts that are put in."""
    parts: tuple["Value", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number, true, false or null."""

    line: int
    value: int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One `name: value` of an object; `name` is None where it is put together."""

    line: int
    name: str | None
    value: "Value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """`{ … }`."""

    line: int
    properties: tuple[Property, ...]

    def get(self, name: str) -> "Value | None":
        """Return the value of a property, or None."""
        return next((each.value for each in self.properties if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """`[ … ]`."""

    line: int
    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`condition ? yes : no`."""

    line: int
    condition: "Value"
    yes: "Value"
    no: "Value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`[for … in over: body]`."""

    line: int
    over: "Value"
    body: "Value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A symbol."""

    line: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`of.name`, also `of.?name`."""

    line: int
    of: "Value"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`function(arguments)`; `on` is what a method is called on."""

    line: int
    function: str
    arguments: tuple["Value", ...]
    on: "Value | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Any other expression: only its parts are of interest."""

    line: int
    parts: tuple["Value", ...]
    loose: bool = False
    """Whether a dot behind it belongs to its last part alone."""


Value = Text | Constant | Object | Array | Choice | Loop | Name | Member | Call | Other


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`param`."""

    name: str
    line: int
    type: str
    default: Value | None
    allowed: tuple[Value, ...]
    least: int | None
    most: int | None

    @property
    def required(self) -> bool:
        """Whether a caller must give it."""
        return self.default is None and not self.type.endswith("?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """`var` or `output`."""

    name: str
    line: int
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """`resource` or `module`. `target` is the resource type with its version, or the module's path or reference."""

    kind: str
    symbol: str
    line: int
    target: str
    existing: bool
    body: Object | None
    around: tuple[Value, ...]
    """Conditions and lists that the body depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file. `bound` are the names that loops and lambdas give, which are no symbols of the file."""

    file: str
    errors: tuple[tuple[int, str], ...]
    scope: str
    parameters: tuple[Parameter, ...]
    variables: tuple[Assigned, ...]
    outputs: tuple[Assigned, ...]
    declared: tuple[Declared, ...]
    bound: frozenset[str]

    def variable(self, name: str) -> Value | None:
        """Return the value of a variable, or None."""
        return next((each.value for each in self.variables if each.name == name), None)

    def expressions(self) -> Iterator[Value]:
        """Yield every top-level expression of the file."""
        for parameter in self.parameters:
            if parameter.default is not None:
                yield parameter.default
        yield from (each.value for each in self.variables)
        yield from (each.value for each in self.outputs)
        for each in self.declared:
            yield from each.around
            if each.body is not None:
                yield each.body

    def walk(self) -> Iterator[Value]:
        """Yield every expression of the file, however deep."""
        for each in self.expressions():
            yield from walk(each)


def walk(value: Value) -> Iterator[Value]:
    """Yield an expression and everything in it."""
    yield value
    for part in parts_of(value):
        yield from walk(part)


def parts_of(value: Value) -> tuple[Value, ...]:
    """Return what an expression is directly made of."""
    match value:
        case Text(parts=parts) | Other(parts=parts) | Array(items=parts):
            return parts
        case Object(properties=properties):
            return tuple(each.value for each in properties)
        case Choice(condition=condition, yes=yes, no=no):
            return (condition, yes, no)
        case Loop(over=over, body=body):
            return (over, body)
        case Member(of=of):
            return (of,)
        case Call(arguments=arguments, on=on):
            return (*arguments, *(() if on is None else (on,)))
        case Constant() | Name():
            return ()
