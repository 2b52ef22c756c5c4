"""A Bicep value fits its schema, or a sentence says where it does not."""

import pytest
from checking.parsing import parse
from checking.schemas import mismatches, schema_of

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "size": {"type": "integer", "enum": [1, 2]},
        "on": {"type": "boolean"},
        "anything": {},
        "list": {
            "type": "array",
            "items": {"type": "object", "properties": {"id": {"type": "string"}}, "additionalProperties": False},
        },
        "tags": {"type": "object"},
        "config": {
            "type": "object",
            "discriminator": {
                "propertyName": "kind",
                "mapping": {
                    "a": {
                        "properties": {"kind": {"type": "string"}, "x": {"type": "integer"}},
                        "additionalProperties": False,
                    }
                },
            },
        },
    },
}


def said_of(value, before=""):
    """What is said of a value."""
    document = parse("x.bicep", f"{before}\nvar given = {value}\n".encode())
    return [each.text for each in mismatches(document, document.variable("given"), SCHEMA, "it")]


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
def test_a_valid_value_has_no_mismatch(value):
    """A computed value is accepted, and an optional one may be null."""
    assert [] == said_of(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{ size: 1 }", "it: 'name' is a required property"),
        ("{ name: 'a', sise: 1 }", "it.sise: there is no sise; did you mean size?"),
        ("{ name: 'a', zzz: 1 }", "it.zzz: there is no zzz; look it up, or leave it out"),
        ("{ name: 4 }", "it.name: 4 is not of type 'string'"),
        ("{ name: 'a', size: 3 }", "it.size: 3 is not one of [1, 2]"),
        ("{ name: 'a', on: 1 }", "it.on: 1 is not of type 'boolean'"),
        ("{ name: 'a', list: {} }", "it.list: {} is not of type 'array'"),
        ("{ name: 'a', list: [{ ids: 'b' }] }", "it.list[].ids: there is no ids; did you mean id?"),
        ("{ name: 'a', list: [for x in y: { ids: x }] }", "it.list[].ids: there is no ids; did you mean id?"),
        ("{ name: 'a', on: c ? true : 'no' }", "it.on: 'no' is not of type 'boolean'"),
        ("{ name: 'a', config: { kind: 'b' } }", "it.config.kind: 'b' is not one of ['a']"),
        ("{ name: 'a', config: { kind: 'a', y: 1 } }", "it.config.y: there is no y; look it up, or leave it out"),
        ("union({ name: 'a' }, { sise: 1 })", "it.sise: there is no sise; did you mean size?"),
        ("{ name: 'a', list: concat([{ ids: 'b' }], more) }", "it.list[].ids: there is no ids; did you mean id?"),
        ("'text'", "it: 'text' is not of type 'object'"),
    ],
)
def test_an_invalid_value_has_a_mismatch(value, said):
    """With its path, and with what was probably meant."""
    assert [said] == said_of(value)


def test_a_variable_is_resolved_where_it_is_used():
    """Otherwise it would hide every mistake."""
    assert ["it.list[].ids: there is no ids; did you mean id?"] == said_of(
        "{ name: 'a', list: held }", "var held = [{ ids: 1 }]"
    )


def test_a_mismatch_has_the_line_of_the_wrong_value():
    """Not the one of the module or of the list around it."""
    document = parse("x.bicep", b"var given = {\n  name: 'a'\n  list: [\n    {\n      ids: 'b'\n    }\n  ]\n}\n")
    assert [5] == [each.line for each in mismatches(document, document.variable("given"), SCHEMA, "it")]


@pytest.mark.parametrize(
    ("declared", "schema"),
    [
        ("param p string", {"type": "string"}),
        ("param p int?", {"type": "integer"}),
        ("param p string[]", {"type": "array"}),
        ("param p ('a' | 'b')?", {"type": "string", "enum": ["a", "b"]}),
        ("@allowed([512, 2048])\nparam p int", {"type": "integer", "enum": [512, 2048]}),
        ("@minValue(1)\n@maxValue(9)\nparam p int", {"type": "integer", "minimum": 1, "maximum": 9}),
        ("param p somebodys", {}),
    ],
)
def test_a_parameter_gives_its_schema(declared, schema):
    """Type, choices and range; an imported type accepts anything here."""
    (parameter,) = parse("x.bicep", f"{declared}\n".encode()).parameters
    assert schema == schema_of(parameter)


@pytest.mark.parametrize("value", ["param", "c ? false : false", "!true", "union(a, b)"])
def test_a_plain_value_must_not_depend_on_a_parameter_or_condition(value):
    """Even if each side of a condition would be valid."""
    document = parse("x.bicep", f"var given = {{ closed: {value} }}\n".encode())
    schema = {"properties": {"closed": {"plain": True}}}
    assert [each.text for each in mismatches(document, document.variable("given"), schema, "it")] == [
        "it.closed: must be said in plain words, not by a parameter or a condition"
    ]
