"""Turns Bicep text into the data of syntax.py, with tree-sitter; what cannot be read is told with its line."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from checking.syntax import (
    Array,
    Assigned,
    Call,
    Choice,
    Constant,
    Declared,
    Document,
    Loop,
    Member,
    Name,
    Object,
    Other,
    Parameter,
    Property,
    Text,
    Value,
)

_ESCAPES = {"\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\$": "$"}


@cache
def parse(file: str, source: bytes) -> Document:
    """Read one file; `file` is how findings name it."""
    root = _parser().parse(source).root_node
    return Document(
        file=file,
        errors=tuple(_errors(root)),
        scope=next((_plain(_value_of(node)) for node in _of(root, "target_scope_assignment")), "resourceGroup"),
        parameters=tuple(_parameters(root)),
        variables=tuple(map(_assigned, _of(root, "variable_declaration"))),
        outputs=tuple(map(_assigned, _of(root, "output_declaration"))),
        declared=tuple(_declared(node) for node in _of(root, "resource_declaration", "module_declaration")),
        bound=frozenset(_bound(root)),
    )


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bicep.language()))


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _words(node: Node) -> str:
    return (node.text or b"").decode("utf-8")


def _of(node: Node, *types: str) -> Iterator[Node]:
    return (child for child in node.named_children if child.type in types)


def _named(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in ("comment", "diagnostic_comment")]


def _errors(node: Node) -> Iterator[tuple[int, str]]:
    if node.is_missing:
        yield _line(node), f"{node.type!r} is missing"
    elif node.type == "ERROR":
        yield _line(node), f"not understood: {_words(node)[:40]!r}"
    elif node.has_error:
        for child in node.children:
            yield from _errors(child)


def _bound(node: Node) -> Iterator[str]:
    """Yield the names that loops and lambdas give to what they go through."""
    if node.type == "for_statement":
        first = _named(node)[0]
        yield from (_words(each) for each in (_named(first) if first.type == "for_loop_parameters" else [first]))
    elif node.type == "lambda_expression":
        first = _named(node)[0]
        yield from (_words(each) for each in ([first] if first.type == "identifier" else _named(first)))
    for child in node.named_children:
        yield from _bound(child)


def _symbol(node: Node) -> str:
    return _words(next(_of(node, "identifier")))


def _value_of(node: Node) -> Value:
    """Return what stands behind the equals sign."""
    return _expression(_named(node)[-1])


def _assigned(node: Node) -> Assigned:
    return Assigned(name=_symbol(node), line=_line(node), value=_value_of(node))


def _plain(value: Value) -> str:
    return value.literal or "" if isinstance(value, Text) else ""


def _parameters(root: Node) -> Iterator[Parameter]:
    decorators: dict[str, Value] = {}
    for node in _named(root):
        if node.type == "decorators":
            decorators = dict(_decorators(node))
            continue
        if node.type == "parameter_declaration":
            equals = any(child.type == "=" for child in node.children)
            allowed = decorators.get("allowed")
            yield Parameter(
                name=_symbol(node),
                line=_line(node),
                type=_words(next(_of(node, "type"))),
                default=_value_of(node) if equals else None,
                allowed=allowed.items if isinstance(allowed, Array) else (),
                least=_number(decorators.get("minValue")),
                most=_number(decorators.get("maxValue")),
            )
        decorators = {}


def _decorators(node: Node) -> Iterator[tuple[str, Value]]:
    for each in _of(node, "decorator"):
        call = _expression(_named(each)[0])
        if isinstance(call, Call) and call.arguments:
            yield call.function, call.arguments[0]


def _number(value: Value | None) -> int | None:
    return value.value if isinstance(value, Constant) and type(value.value) is int else None


def _declared(node: Node) -> Declared:
    symbol, target, *_, content = _named(node)
    around = list[Value]()
    while content.type in ("if_statement", "for_statement"):
        *_, outer, content = _named(content)
        around.append(_expression(outer))
    body = _expression(content)
    return Declared(
        kind="module" if node.type == "module_declaration" else "resource",
        symbol=_words(symbol),
        line=_line(node),
        target=_plain(_expression(target)),
        existing=any(child.type == "existing" for child in node.children),
        body=body if isinstance(body, Object) else None,
        around=tuple(around),
    )


def _expression(node: Node) -> Value:
    """Return an expression as data."""
    line, inner = _line(node), _named(node)
    match node.type:
        case "string":
            return _text(node)
        case "number":
            return Constant(line=line, value=int(_words(node)))
        case "boolean" | "null":
            return Constant(line=line, value={"true": True, "false": False}.get(_words(node)))
        case "object":
            return Object(line=line, properties=tuple(_property(each) for each in inner))
        case "array":
            return Array(line=line, items=tuple(_expression(each) for each in inner))
        case "identifier":
            return Name(line=line, symbol=_words(node))
        case "parenthesized_expression" if len(inner) == 1:
            held = _expression(inner[0])
            return replace(held, loose=False) if isinstance(held, Other) else held
        case "ternary_expression" if len(inner) == 3:
            condition, yes, no = (_expression(each) for each in inner)
            return Choice(line=line, condition=condition, yes=yes, no=no)
        case "for_statement":
            return Loop(line=line, over=_expression(inner[-2]), body=_expression(inner[-1]))
        case "member_expression":
            name = _words(inner[-1])
            return _applied(_expression(inner[0]), lambda of: Member(line=line, of=of, name=name))
        case "subscript_expression":
            key = _expression(inner[-1])
            return _applied(_expression(inner[0]), lambda of: Other(line=line, parts=(of, key)))
        case "call_expression":
            arguments = tuple(_expression(each) for each in _named(inner[-1]))
            return _applied(_expression(inner[0]), lambda called: _call(line, called, arguments))
        case "lambda_expression":
            return Other(line=line, parts=(_expression(inner[-1]),), loose=True)
        case _:
            parts = tuple(_expression(each) for each in inner)
            return Other(line=line, parts=parts, loose=node.type in ("binary_expression", "unary_expression"))


def _applied(target: Value, apply: Callable[[Value], Value]) -> Value:
    """Return what stands before a dot, bracket or parenthesis with that applied to it.

    The grammar takes `a ?? b.c` for `(a ?? b).c`; in Bicep the dot binds closer, so it goes to the last operand.
    """
    if isinstance(target, Other) and target.loose and target.parts:
        return replace(target, parts=(*target.parts[:-1], _applied(target.parts[-1], apply)))
    return apply(target)


def _call(line: int, called: Value, arguments: tuple[Value, ...]) -> Value:
    match called:
        case Name(symbol=symbol):
            return Call(line=line, function=symbol, arguments=arguments)
        case Member(of=of, name=name):
            return Call(line=line, function=name, arguments=arguments, on=of)
        case _:
            return Other(line=line, parts=(called, *arguments))


def _property(node: Node) -> Property:
    key, *rest = _named(node)
    name = _words(key) if key.type == "identifier" else _text(key).literal if key.type == "string" else None
    value = _expression(rest[-1]) if rest else Other(line=_line(node), parts=())
    return Property(line=_line(node), name=name, value=value)


def _text(node: Node) -> Text:
    pieces, parts = [""], list[Value]()
    for child in node.named_children:
        if child.type == "interpolation":
            parts += [_expression(each) for each in _named(child)]
            pieces.append("")
        else:
            words = _words(child)
            pieces[-1] += _ESCAPES.get(words, words) if child.type == "escape_sequence" else words
    if not parts and _words(node).startswith("'''"):
        pieces = [pieces[0].removeprefix("\n")]
    return Text(line=_line(node), literal=None if parts else pieces[0], pieces=tuple(pieces), parts=tuple(parts))
