"""Tests of the query as ASP.NET reads it."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.triggers.query_strings import query_parameter, query_parameters


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        ("", {}),
        ("a=1&a=2", {"a": "1,2"}),
        ("A=1&a=2&b", {"A": "1,2"}),
        ("a=&a=2", {"a": "2"}),
        ("a=b=c&=d&&e=", {"a": "b=c", "": "d"}),
        ("a=%20x+y&b=+", {"a": " x y", "b": " "}),
        ("a=%ff&b=%C3%A9&c=%", {"a": "%ff", "b": "é", "c": "%"}),
        ("a%2Fb=c%2Fd%26e", {"a/b": "c/d&e"}),
        ("a=%2B", {"a": "+"}),
        ("a;b=1", {"a;b": "1"}),
    ],
)
def test_a_query_is_read_as_asp_net_reads_it(raw: str, parameters: dict[str, str]) -> None:
    """Names without regard to case, what is no UTF-8 as it came, and nothing that is empty."""
    assert query_parameters(raw) == parameters


def test_one_parameter_is_found_whatever_its_case() -> None:
    """The key of a caller, for example."""
    assert query_parameter("x=1&CODE=k", "code") == "k"
    assert query_parameter("code=", "code") is None


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.dictionaries(TEXT.map(str.lower), TEXT))
def test_every_query_that_was_encoded_comes_back(parameters: dict[str, str]) -> None:
    """With any characters."""
    assert query_parameters(urlencode(parameters)) == parameters
