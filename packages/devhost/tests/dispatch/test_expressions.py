"""Binding expressions are filled in as the WebJobs SDK does it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dispatch.expressions import BadExpression, has_expression, resolve

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
GUID = UUID("0123456789abcdef0123456789abcdef")


def _resolve(template: str, **data: object) -> str:
    return resolve(template, data, now=NOW, new_guid=lambda: GUID, function_name="work")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("in/{name}.txt", "in/a b.txt"),
        ("in/{NAME}", "in/a b"),
        ("{count}-{flag}", "3-True"),
        ("{inner.deep}", "x"),
        ("{headers.x-id}", "7"),
        ("{rand-guid}", "01234567-89ab-cdef-0123-456789abcdef"),
        ("{rand-guid:N}", "0123456789abcdef0123456789abcdef"),
        ("{DateTime}", "2026-01-02T03-04-05Z"),
        ("{datetime:yyyy/MM/dd-HHmmss}", "2026/01/02-030405"),
        ("{datetime:yyyy.MM}", "2026"),
        ("{sys.utcNow}", "2026-01-02T03-04-05Z"),
        ("{sys.utcNow:HHmmss.fff}", "030405.678"),
        ("{sys.randGuid:N}-{sys.methodName}", "0123456789abcdef0123456789abcdef-work"),
        ("{{name}}}}", "{name}}"),
        ("{name:N}{inner.number}{inner.nothing}", "a b1"),
        ("plain", "plain"),
    ],
)
def test_an_expression_is_replaced_with_trigger_data(template, expected):
    """Names ignore case, dots go into objects, and times and random ids are built in."""
    data = {
        "name": "a b",
        "count": 3,
        "flag": True,
        "inner": {"deep": "x", "number": 1.0, "nothing": None},
        "headers": {"X-Id": "7"},
    }
    assert _resolve(template, **data) == expected


def test_an_object_is_empty_text_and_a_field_hides_a_built_in_name():
    """The SDK prints plain values only, and looks at the trigger's data first."""
    assert _resolve("a{body}b", body={"c": 1}) == "ab"
    assert _resolve("{datetime}-{sys}", datetime="mine", sys="me") == "mine-me"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nope}", "No value for named parameter 'nope'."),
        ("{nope.deeper}", "No value for named parameter 'nope'."),
        ("{name.deeper}", "Error while accessing 'deeper': property doesn't exist."),
        ("{inner.nope}", "Error while accessing 'nope': property doesn't exist."),
        ("a{}", "Invalid template 'a{}'. The parameter name at position 2 is empty."),
        ("{ name }", "Invalid template '{ name }'. Invalid template expression ' name "),
        ("{x-id}", "Invalid template '{x-id}'. The parameter name 'x-id' is invalid."),
        ("{inner..deep}", "Illegal expression: System.String[]"),
        ("a}b", "Invalid template 'a}b'. Missing opening bracket at position 2."),
        ("{a", "Invalid template '{a'. Missing closing bracket at position 1."),
    ],
)
def test_an_invalid_or_unknown_expression_is_refused_in_the_words_of_the_real_host(template, said):
    """A typing error must not write to a wrong blob."""
    with pytest.raises(BadExpression) as raised:
        _resolve(template, name="x", inner={"deep": 1})
    assert str(raised.value) == said


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_text_without_braces_is_unchanged(text):
    """Only braces have a meaning."""
    assert not has_expression(text)
    assert _resolve(text) == text
