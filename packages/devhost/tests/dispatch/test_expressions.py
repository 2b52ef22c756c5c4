"""Binding expressions are filled in as the WebJobs SDK does it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dispatch.expressions import UnknownExpression, has_expression, resolve

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
GUID = UUID("0123456789abcdef0123456789abcdef")


def _resolve(template: str, **data: object) -> str:
    return resolve(template, data, now=NOW, new_guid=lambda: GUID)


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
        ("{datetime:yyyy/MM/dd-HHmmss.fff}", "2026/01/02-030405.678"),
        ("{sys.utcNow}", "2026-01-02T03:04:05Z"),
        ("plain", "plain"),
    ],
)
def test_an_expression_is_replaced_by_what_the_trigger_knows(template, expected):
    """Names without regard to case, dots into objects, built-in ones for time and random ids."""
    data = {"name": "a b", "count": 3, "flag": True, "inner": {"deep": "x"}, "headers": {"X-Id": "7"}}
    assert _resolve(template, **data) == expected


def test_an_object_is_written_as_indented_json():
    """As JObject.ToString() does."""
    assert _resolve("{body}", body={"ü": [1]}) == '{\n  "ü": [\n    1\n  ]\n}'


@pytest.mark.parametrize("template", ["{nope}", "{name.deeper}", "{inner.nope}"])
def test_an_unknown_name_is_refused_in_the_real_hosts_words(template):
    """A typing error must not write to a strange blob."""
    with pytest.raises(UnknownExpression, match=r"No value for named parameter '.*'\."):
        _resolve(template, name="x", inner={})


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_text_without_braces_is_left_alone(text):
    """Nothing else has a meaning."""
    assert not has_expression(text)
    assert _resolve(text) == text
