"""What the app's Python says of its surroundings: settings that it reads, queues that it binds, functions that it has.

Everything is read from the syntax tree; nothing is imported or run.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

_READERS = frozenset({"get", "getenv", "pop", "setdefault"})
_NAMES = ("name", "activity", "orchestration", "entity_name")


class NoPython(Exception):
    """A file of the app cannot be read; the text names file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is said."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What was found in all files."""

    settings: Mapping[str, Place]
    """Names of settings that are read."""
    unclear: tuple[Place, ...]
    """Reads whose name is put together at run time."""
    connections: Mapping[str, Place]
    queues: Mapping[str, Place]
    """Queues of triggers and outputs."""
    functions: frozenset[str]
    """Names of functions, activities, orchestrations and entities."""
    texts: str
    """All of the code without its docstrings, for what is looked up word for word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What was found in one file, with lines."""

    reads: tuple[tuple[str | None, int], ...]
    """Settings; None for a name that is put together."""
    handed: tuple[tuple[str, int], ...]
    """Functions that are given the whole environment."""
    bound: tuple[tuple[str, str, int], ...]
    """Keyword, value and line of what decorators say."""
    names: Mapping[str, frozenset[str]]
    """Names of settings that stand in each function."""
    text: str
    """The code without docstrings, which describe what a program says without saying it."""


def read_code(texts: Mapping[str, str]) -> Code:
    """Look through the app's files, given by their paths; raises `NoPython`."""
    modules = {file: read_module(file, text) for file, text in texts.items()}
    settings, unclear = dict[str, Place](), list[Place]()
    connections, queues, functions = dict[str, Place](), dict[str, Place](), set[str]()
    for file, module in modules.items():
        for name, line in (*module.reads, *_read_by_others(module, modules)):
            place = Place(file=file, line=line)
            if name is None:
                unclear.append(place)
            else:
                settings.setdefault(name, place)
        for keyword, value, line in module.bound:
            if keyword == "connection":
                connections.setdefault(value, Place(file=file, line=line))
            elif keyword == "queue_name":
                queues.setdefault(value, Place(file=file, line=line))
            elif keyword in _NAMES:
                functions.add(value)
    return Code(
        settings=settings,
        unclear=tuple(unclear),
        connections=connections,
        queues=queues,
        functions=frozenset(functions),
        texts="\n".join(module.text for module in modules.values()),
    )


def _read_by_others(module: Module, modules: Mapping[str, Module]) -> Iterator[tuple[str, int]]:
    """Yield the settings that a function reads which is given the whole environment, wherever it is."""
    for function, line in module.handed:
        for other in modules.values():
            yield from ((name, line) for name in sorted(other.names.get(function, ())))


@cache
def read_module(file: str, text: str) -> Module:
    """Look through one file; raises `NoPython`."""
    try:
        tree = ast.parse(text, file)
    except SyntaxError as error:
        raise NoPython(f"{file}:{error.lineno}: is no Python: {error.msg}") from None
    constants = _constants(tree)
    reads, handed, bound = list[tuple[str | None, int]](), list[tuple[str, int]](), list[tuple[str, str, int]]()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=attr, value=of), args=[name, *_]) if _is_reader(attr, of):
                reads.append((_constant(name, constants), node.lineno))
            case ast.Subscript(value=of, slice=name) if _is_environment(of):
                reads.append((_constant(name, constants), node.lineno))
            case ast.Call(func=ast.Name(id=function), args=args) if any(map(_is_environment, args)):
                handed.append((function, node.lineno))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                bound += _said_by_decorators(node, constants)
            case _:
                pass
    names = {each.name: _setting_names(each) for each in tree.body if isinstance(each, ast.FunctionDef)}
    return Module(
        reads=tuple(reads), handed=tuple(handed), bound=tuple(bound), names=names, text=_without_docstrings(tree, text)
    )


def _without_docstrings(tree: ast.Module, text: str) -> str:
    lines: list[str] = text.splitlines()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    lines[number - 1] = ""
            case _:
                pass
    return "\n".join(lines)


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the module's names for strings."""
    found = dict[str, str]()
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                found[name] = text
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                found[name] = text
            case _:
                pass
    return found


def _constant(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return constants.get(name)
        case _:
            return None


def _is_reader(attr: str, of: ast.expr) -> bool:
    return attr in _READERS and (_is_environment(of) or (attr == "getenv" and _is_os(of)))


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


def _is_environment(node: ast.expr) -> bool:
    """Say whether this is os.environ, or environ as it is when imported by its name."""
    if isinstance(node, ast.Attribute):
        return node.attr == "environ" and _is_os(node.value)
    return isinstance(node, ast.Name) and node.id == "environ"


def _said_by_decorators(
    node: ast.FunctionDef | ast.AsyncFunctionDef, constants: Mapping[str, str]
) -> Iterator[tuple[str, str, int]]:
    for call in node.decorator_list:
        for each in call.keywords if isinstance(call, ast.Call) else ():
            value = _constant(each.value, constants)
            if each.arg and value:
                yield each.arg, value, call.lineno


def _setting_names(function: ast.FunctionDef) -> frozenset[str]:
    constants = (node.value for node in ast.walk(function) if isinstance(node, ast.Constant))
    return frozenset(each for each in constants if isinstance(each, str) and is_setting_name(each))


def is_setting_name(text: str) -> bool:
    """Say whether a text is written as settings are."""
    return len(text) > 3 and "_" in text and text.replace("_", "").isalnum() and text == text.upper()
