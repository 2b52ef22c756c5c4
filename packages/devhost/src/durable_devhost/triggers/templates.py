"""Route templates as ASP.NET writes them, parsed: `items/{id:int?}`, `files/{name}.{ext}`, `{*rest}`. Pure.

The grammar is that of ASP.NET Core's `TemplateParser`: doubled braces are literal ones, constraints follow colons, a
default follows an equals sign, an optional parameter ends with a question mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from durable_devhost.errors import AppError
from durable_devhost.triggers.constraints import Predicate, predicate

_CONSTRAINT = re.compile(r"(?P<name>[^(:=]+)(?:\((?P<argument>.*)\))?", re.DOTALL)
_BRACES = {"{{": "{", "}}": "}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Literal text of a segment."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter; `default` and `optional` say what happens if the path ends before it."""

    name: str
    constraints: tuple[Predicate, ...] = ()
    default: str | None = None
    optional: bool = False
    catch_all: bool = False

    def accepts(self, value: str) -> bool:
        """Whether every constraint accepts `value`."""
        return all(accepts(value) for accepts in self.constraints)


Part = Text | Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed route template: its segments, each a row of parts."""

    text: str
    segments: tuple[tuple[Part, ...], ...]


def parse_template(text: str) -> Template:
    """Parse a template such as `items/{id:int?}` or `files/{name}.{ext}`; AppError says what is wrong with it."""
    try:
        segments = tuple(_parse_segment(segment) for segment in _split_template(text.removeprefix("~/").strip("/")))
        _check(segments)
    except (ValueError, AppError) as problem:
        raise AppError(f"The route '{text}' is not valid: {str(problem).rstrip('.')}.") from None
    return Template(text=text, segments=segments)


def _split_template(text: str) -> list[str]:
    """Split at the slashes outside of braces."""
    segments, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "/" and depth == 0:
            segments.append(text[start:index])
            start = index + 1
    return [*segments, text[start:]] if text else []


def _parse_segment(text: str) -> tuple[Part, ...]:
    if not text:
        raise ValueError("it has an empty segment (two slashes in a row)")
    parts: list[Part] = []
    literal, index = "", 0
    while index < len(text):
        if text[index : index + 2] in _BRACES:
            literal += _BRACES[text[index : index + 2]]
            index += 2
        elif text[index] == "{":
            end = _closing_brace(text, index)
            parts += [Text(text=literal)] if literal else []
            parts.append(_parse_parameter(text[index + 1 : end]))
            literal, index = "", end + 1
        elif text[index] == "}":
            raise ValueError("a '}' has no '{' before it")
        else:
            literal += text[index]
            index += 1
    return (*parts, Text(text=literal)) if literal else tuple(parts)


def _closing_brace(text: str, start: int) -> int:
    """Return where the parameter that begins at `start` ends; doubled braces inside belong to a regex."""
    index = start + 1
    while index < len(text):
        if text[index : index + 2] in _BRACES:
            index += 2
        elif text[index] == "}":
            return index
        else:
            index += 1
    raise ValueError("a '{' is not closed")


def _parse_parameter(text: str) -> Parameter:
    for doubled, single in _BRACES.items():
        text = text.replace(doubled, single)
    stars = len(text) - len(text.lstrip("*"))
    text = text[stars:]
    optional = text.endswith("?")
    head, *constraint_texts = _split_constraints(text[:-1] if optional else text)
    head, default = _cut_default(head)
    if constraint_texts and default is None:
        constraint_texts[-1], default = _cut_default(constraint_texts[-1])
    if not head or stars > 2 or re.search(r"[/{}?*]", head):
        raise ValueError(f"'{head}' is no parameter name")
    if optional and (stars or default is not None):
        raise ValueError(f"parameter '{head}' cannot be optional and a catch-all or have a default as well")
    return Parameter(
        name=head,
        constraints=tuple(_parse_constraint(each) for each in constraint_texts),
        default=default,
        optional=optional,
        catch_all=bool(stars),
    )


def _split_constraints(text: str) -> list[str]:
    """Split at the colons outside of parentheses."""
    pieces, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == ":" and depth == 0:
            pieces.append(text[start:index])
            start = index + 1
    return [*pieces, text[start:]]


def _cut_default(text: str) -> tuple[str, str | None]:
    """Split `name=default` at the first equals sign outside of parentheses."""
    depth = 0
    for index, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "=" and depth == 0:
            return text[:index], text[index + 1 :]
    return text, None


def _parse_constraint(text: str) -> Predicate:
    found = _CONSTRAINT.fullmatch(text)
    if not found:
        raise ValueError(f"'{text}' is no constraint")
    return predicate(found["name"], found["argument"])


def _check(segments: Sequence[Sequence[Part]]) -> None:
    """Check the rules that concern more than one part."""
    seen: set[str] = set()
    for index, parts in enumerate(segments):
        for position, part in enumerate(parts):
            if not isinstance(part, Parameter):
                continue
            if part.name.lower() in seen:
                raise ValueError(f"parameter '{part.name}' appears twice")
            seen.add(part.name.lower())
            if part.catch_all and (len(parts) > 1 or index < len(segments) - 1):
                raise ValueError(f"the catch-all '{part.name}' must be the whole last segment")
            if position and isinstance(parts[position - 1], Parameter):
                raise ValueError(f"nothing stands between parameter '{part.name}' and the one before it")
            before = parts[position - 1] if position else None
            if part.optional and len(parts) > 1 and (position < len(parts) - 1 or before != Text(text=".")):
                raise ValueError(f"the optional parameter '{part.name}' must be the end of its segment, after a '.'")
