"""What the threat model in docs/SECURITY.md keeps to: every threat has a row, and every row names tests that exist."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
THREATS = tuple(f"S{number}" for number in range(1, 23))
ROW = re.compile(r"^\| (S\d+) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::((?:\w+::)?\w+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One threat, what is done about it, and the tests that show it: pairs of file and name."""

    threat: str
    cells: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]


def read_rows(text: str) -> list[Row]:
    """The rows of the table, from the top."""
    return [
        Row(
            threat=name,
            cells=tuple(cell.strip() for cell in rest.split(" | ")),
            tests=tuple(TEST.findall(rest)),
        )
        for name, rest in ROW.findall(text)
    ]


def findings(text: str) -> Iterator[str]:
    """Say what is wrong with the table; nothing where all is well."""
    rows = read_rows(text)
    names = [row.threat for row in rows]
    if names != list(THREATS):
        yield f"the rows are {', '.join(names) or 'none'}; there must be {THREATS[0]} to {THREATS[-1]}, in order"
    for row in rows:
        if len(row.cells) != 3 or not all(row.cells):
            yield f"{row.threat}: the row has not three filled cells: threat, control, tests"
        if not row.tests:
            yield f"{row.threat}: no test is named"
        for file, test in row.tests:
            if test not in tests_in(file):
                yield f"{row.threat}: there is no {file}::{test}"


@cache
def tests_in(file: str) -> frozenset[str]:
    """The names of a file's tests, those of a class behind its name; none where there is no such file."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    names = set(_functions(tree))
    for node in tree.body:
        match node:
            case ast.ClassDef(name=owner):
                names |= {f"{owner}::{name}" for name in _functions(node)}
            case ast.Assign(targets=[ast.Name(id=owner)], value=ast.Attribute(attr="TestCase")):
                names.add(owner)  # hypothesis makes a test of a state machine in this way
    return frozenset(names)


def _functions(owner: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in owner.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name
