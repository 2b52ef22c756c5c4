"""Bicep becomes data, also where the grammar sees it differently from the compiler."""

import pytest
from checking.parsing import parse
from checking.syntax import Array, Call, Choice, Constant, Member, Name, Object, Other, Text


def read(source):
    """The document of a text."""
    return parse("x.bicep", source.encode())


def value(expression):
    """The value of one variable."""
    document = read(f"var x = {expression}\n")
    assert () == document.errors
    return document.variable("x")


def test_plain_values_are_parsed():
    """Strings with interpolation, numbers, booleans, null, lists and objects."""
    assert Text(line=1, literal="it's", pieces=("it's",)) == value(r"'it\'s'")
    assert Text(line=1, literal=None, pieces=("a", "b"), parts=(Name(line=1, symbol="n"),)) == value("'a${n}b'")
    assert (Constant(line=1, value=4), Constant(line=1, value=True)) == (value("4"), value("true"))
    assert Constant(line=1, value=None) == value("null")
    assert Array(line=1, items=(Constant(line=1, value=1),)) == value("[1]")
    held = value("{ a: 1, 'b c': 2, '${k}': 3 }")
    assert ["a", "b c", None] == [each.name for each in held.properties]
    assert Constant(line=1, value=2) == held.get("b c")


def test_a_multi_line_string_begins_after_its_first_line_break():
    """As in the compiler."""
    assert "one\ntwo\n" == value("'''\none\ntwo\n'''").literal


@pytest.mark.parametrize("expression", ["a ?? b.c.d", "(a ?? b.c.d)", "!b.c.d", "f(e => b.c.d)", "a && !(b.c.d)"])
def test_a_dot_belongs_to_the_operand_before_it(expression):
    """The grammar reads `a ?? b.c` as `(a ?? b).c`; an overlooked member would not be checked."""
    inner = Member(line=1, of=Member(line=1, of=Name(line=1, symbol="b"), name="c"), name="d")
    document = read(f"var x = {expression}\n")
    assert inner in list(document.walk())


def test_a_dot_after_parentheses_belongs_to_all_of_them():
    """Here compiler and grammar agree."""
    held = value("(a ?? b).c")
    assert isinstance(held, Member)
    assert isinstance(held.of, Other)


def test_calls_conditions_and_safe_access_are_parsed():
    """Also a call on the operand of an operator."""
    assert Call(line=1, function="f", arguments=(Name(line=1, symbol="a"),)) == value("f(a)")
    assert Call(line=1, function="listKeys", arguments=(), on=Name(line=1, symbol="a")) == value("a.listKeys()")
    assert Call(line=1, function="f", arguments=()) in value("a || f()").parts
    assert isinstance(value("a ? b : c"), Choice)
    assert Member(line=1, of=Member(line=1, of=Name(line=1, symbol="m"), name="outputs"), name="id") == value(
        "m.?outputs.?id"
    )


def test_declarations_of_a_file_are_parsed():
    """Parameters with their decorators, resources, modules, loops and conditions."""
    document = read(
        "targetScope = 'subscription'\n"
        "@description('d')\n@allowed(['a', 'b'])\nparam p string = 'a'\n"
        "@minValue(2)\n@maxValue(9)\nparam n int\nparam q ('x' | 'y')?\n"
        "resource r 'T/t@1' existing = {\n  name: p\n}\n"
        "module m 'm.bicep' = [for (one, i) in p: if (n > 1) {\n  name: one\n}]\n"
        "output o string = r.name\n"
    )
    p, n, q = document.parameters
    assert ("subscription", ()) == (document.scope, document.errors)
    assert (["a", "b"], False) == ([each.literal for each in p.allowed], p.required)
    assert (2, 9, True, False) == (n.least, n.most, n.required, q.required)
    r, m = document.declared
    assert ("resource", "T/t@1", True) == (r.kind, r.target, r.existing)
    assert ("module", "m.bicep", False) == (m.kind, m.target, m.existing)
    assert isinstance(m.body, Object)
    assert Name(line=12, symbol="p") in m.around
    assert {"one", "i"} == document.bound


def test_an_unreadable_part_is_reported_with_its_line():
    """The rest is still read."""
    document = read("var a = 1\nvar b = {\n  c 4\n}\n")
    assert [3] == sorted({line for line, _ in document.errors})
    assert Constant(line=1, value=1) == document.variable("a")
