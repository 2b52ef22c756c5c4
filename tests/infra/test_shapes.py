"""An object fits what it is given to, or a sentence says where it does not."""

import pytest
from checking.facts import Shape
from checking.parsing import parse
from checking.shapes import Fit

SHAPE = Shape.read(
    {
        "type": "object",
        "properties": {
            "name": {"type": "string", "required": True},
            "size": {"type": "int", "allowed": [1, 2]},
            "on": {"type": "bool"},
            "anything": {"type": "any"},
            "list": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
            "tags": {"type": "object", "open": True, "properties": {}},
            "config": {
                "type": "object",
                "by": "kind",
                "variants": {"a": {"type": "object", "properties": {"kind": {"type": "string"}, "x": {"type": "int"}}}},
            },
        },
    }
)


def mismatches(value, before=""):
    """What is said of a value."""
    document = parse("x.bicep", f"{before}\nvar given = {value}\n".encode())
    held = document.variable("given")
    return [each.text for each in Fit(document=document).mismatches(held, SHAPE, "it")]


@pytest.mark.parametrize(
    "value",
    [
        "{ name: 'a', size: 2, on: true, anything: [1], list: [{ id: 'b' }], tags: { x: 1 } }",
        "{ name: other, size: f(), on: a == b, list: [for x in y: { id: x }] }",
        "{ name: 'a', size: null, config: { kind: 'a', x: 1 } }",
        "union({ name: 'a' }, c ? { on: true } : {})",
        "{ name: 'a', list: concat([{ id: 'b' }], more) }",
        "{ '${key}': 'a' }",
    ],
)
def test_what_fits(value):
    """What is computed is believed, and what may be missing may be null."""
    assert [] == mismatches(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{ size: 1 }", "it lacks name, which is required; add it"),
        ("{ name: 'a', sise: 1 }", "it has no sise; did you mean size?"),
        ("{ name: 'a', zzz: 1 }", "it has no zzz; look it up, or leave it out"),
        ("{ name: 4 }", "it.name is a number here and must be a string"),
        ("{ name: 'a', size: 3 }", "it.size cannot be 3; it is one of 1, 2"),
        ("{ name: 'a', size: true }", "it.size is true or false here and must be a number"),
        ("{ name: 'a', list: {} }", "it.list is an object here and must be a list"),
        ("{ name: 'a', list: [{ ids: 'b' }] }", "it.list[] has no ids; did you mean id?"),
        ("{ name: 'a', list: [for x in y: { ids: x }] }", "it.list[] has no ids; did you mean id?"),
        ("{ name: 'a', on: c ? true : 'no' }", "it.on is a string here and must be true or false"),
        ("{ name: 'a', config: { kind: 'b' } }", "it.config.kind has no b; look it up, or leave it out"),
        ("{ name: 'a', config: { kind: 'a', y: 1 } }", "it.config(a) has no y; look it up, or leave it out"),
        ("union({ name: 'a' }, { sise: 1 })", "it has no sise; did you mean size?"),
        ("{ name: 'a', list: concat([{ ids: 'b' }], more) }", "it.list[] has no ids; did you mean id?"),
        ("'text'", "it is a string here and must be an object"),
    ],
)
def test_what_does_not_fit(value, said):
    """Each with the path, and with what was probably meant."""
    assert [said] == mismatches(value)


def test_a_variable_is_looked_up_where_it_is_used():
    """Otherwise a variable would hide every mistake."""
    assert ["it.list[] has no ids; did you mean id?"] == mismatches(
        "{ name: 'a', list: held }", "var held = [{ ids: 1 }]"
    )
