"""Finds the HTTP function for a request: route templates are matched with paths, in order of precedence. Pure.

Paths are decoded (`durable_devhost.triggers.paths`); one with an empty segment matches no route.

Rules and order are those of ASP.NET Core attribute routing (learn.microsoft.com, "Routing in ASP.NET Core"; source
`RoutePrecedence` and `RoutePatternMatcher`): a literal segment comes before a mixed or constrained one, that before a
plain parameter, that before a catch-all. Verbs are a constraint, so a verb that no route takes is "not found".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from durable_devhost.triggers.templates import Parameter, Part, Template, Text

Target = TypeVar("Target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Target]):
    """A template, its verbs (None: all) and its target."""

    template: Template
    methods: frozenset[str] | None
    target: Target


class RouteTable(Generic[Target]):
    """All routes, in order of precedence; among equals the one declared first wins."""

    def __init__(self, routes: Iterable[Route[Target]]) -> None:
        self._routes = sorted(routes, key=lambda route: precedence(route.template))

    def find(self, method: str, path: str) -> tuple[Target, Mapping[str, str]] | None:
        """Return the target for a request with its route parameters; None means 404, whatever the reason."""
        for route in self._routes:
            if route.methods is not None and method.upper() not in route.methods:
                continue
            if (values := match_template(route.template, path)) is not None:
                return route.target, values
        return None


def match_template(template: Template, path: str) -> dict[str, str] | None:
    """Return the parameters of `path`, or None if the template does not match.

    A parameter that the path leaves out and that has no default has no key. A catch-all keeps the trailing slash.
    """
    pieces = _split(path)
    if not all(pieces):
        return None
    values: dict[str, str] = {}
    for index, parts in enumerate(template.segments):
        if isinstance(last := parts[-1], Parameter) and last.catch_all and index < len(pieces):
            pieces[index:] = ["/".join(pieces[index:]) + ("/" if path.endswith("/") else "")]
        if not _match_segment(parts, pieces[index] if index < len(pieces) else None, values):
            return None
    return values if len(pieces) <= len(template.segments) else None


def precedence(template: Template) -> tuple[int, ...]:
    """Sort key: one digit for each segment, smaller first; a template that is a prefix of a longer one comes first."""
    return tuple(_rank(parts) for parts in template.segments)


def _split(path: str) -> list[str]:
    trimmed = path.removeprefix("/").removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _fold(text: str) -> str:
    """Lower case, character by character, so that positions do not change."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _match_segment(parts: Sequence[Part], piece: str | None, values: dict[str, str]) -> bool:
    match parts:
        case [Text(text=text)]:
            return piece is not None and _fold(piece) == _fold(text)
        case [Parameter() as parameter]:
            return _match_parameter(parameter, piece, values)
        case _ if piece:
            return _match_mixed(parts, piece, values)
        case _:
            return False


def _match_parameter(parameter: Parameter, piece: str | None, values: dict[str, str]) -> bool:
    if piece is None:
        if parameter.default is not None:
            values[parameter.name] = parameter.default
            return parameter.accepts(parameter.default)
        return parameter.optional or (parameter.catch_all and not parameter.constraints)
    values[parameter.name] = piece
    return parameter.accepts(values[parameter.name])


def _match_mixed(parts: Sequence[Part], piece: str, values: dict[str, str]) -> bool:
    """Match a segment such as `{name}.{ext?}`: whole, or without its optional end and the full stop before it."""
    if _match_parts(parts, piece, values):
        return True
    match parts:
        case [*rest, Text(text="."), Parameter(optional=True)] if not piece.endswith("."):
            return _match_parts(rest, piece, values)
        case _:
            return False


def _match_parts(parts: Sequence[Part], piece: str, values: dict[str, str]) -> bool:
    """Match the literals from right to left, each as far right as possible, without backtracking, as ASP.NET does."""
    found: dict[str, str] = {}
    folded, end, pending = _fold(piece), len(piece), None
    for part in reversed(parts):
        match part:
            case Parameter():
                pending = part
            case Text(text=text):
                at = folded.rfind(_fold(text), 0, end - (1 if pending else 0))
                if at < 0 or (pending is None and at + len(text) != end):
                    return False
                if pending is not None:
                    found[pending.name] = piece[at + len(text) : end]
                end, pending = at, None
    if pending is not None:
        found[pending.name] = piece[:end]
    elif end != 0:
        return False
    parameters = {part.name: part for part in parts if isinstance(part, Parameter)}
    if not all(value and parameters[name].accepts(value) for name, value in found.items()):
        return False
    values.update(found)
    return True


def _rank(parts: Sequence[Part]) -> int:
    match parts:
        case [Text()]:
            return 1
        case [Parameter(catch_all=True) as parameter]:
            return 4 if parameter.constraints else 5
        case [Parameter() as parameter]:
            return 2 if parameter.constraints else 3
        case _:
            return 2
