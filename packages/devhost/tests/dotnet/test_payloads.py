"""Tests of what becomes of values on their way through the durable extension."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dotnet import payloads
from durable_devhost.dotnet.json_reader import JsonReaderError
from durable_devhost.dotnet.json_reader import parse as slowly

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_the_fast_writer_gives_the_same_text_as_newtonsofts_rules(value: object) -> None:
    """For every value that Python writes, also NaN and half a surrogate pair."""
    text = json.dumps(value)
    assert payloads.load(text) == _named(slowly(text))
    assert json.loads(payloads.as_newtonsoft(text)) == payloads.load(text)


def _named(value: object) -> object:
    """Numbers that JSON does not have by their names, as they are stored."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_named(item) for item in value]
    return {name: _named(item) for name, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("null", None),
        ('{ "a": [1, 2.50, "\\u00fc"] }', '{"a":[1,2.5,"ü"]}'),
        ("NaN", '"NaN"'),
        ('{"a": NaN, "b": [-Infinity]}', '{"a":"NaN","b":["-Infinity"]}'),
        ('"a\\ud83dz"', '"a�z"'),
        ('{"$type": "System.String"}', "{}"),
        ('["$type"]', '["$type"]'),
        ("12345678901234567890123", "12345678901234567890123"),
        ('"[[[[' + "[" * 70 + '"', '"[[[[' + "[" * 70 + '"'),
    ],
)
def test_a_result_is_stored_as_on_the_real_host(text: str, stored: str | None) -> None:
    """Recorded: an activity that returns None has no result instead of the text `null`."""
    assert payloads.result(text) == stored


@pytest.mark.parametrize("depth", [65, 100_000])
def test_more_than_64_levels_are_refused(depth: int) -> None:
    """With Newtonsoft's message; 64 pass."""
    assert payloads.result("[" * 64 + "]" * 64) == "[" * 64 + "]" * 64
    with pytest.raises(JsonReaderError, match="MaxDepth of 64 has been exceeded"):
        payloads.result("[" * depth + "]" * depth)


@pytest.mark.parametrize("text", ['{ "a": 1 }', "no JSON", '"NaN", he said', ""])
def test_a_text_that_needs_no_change_is_unchanged(text: str) -> None:
    """Blanks stay, because stored texts have them."""
    assert payloads.as_newtonsoft(text) == text
