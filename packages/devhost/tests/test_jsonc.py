"""JSON as people write it: comments and trailing commas pass, and mistakes are found where they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.jsonc import parse_object

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
TREES = st.recursive(SCALARS, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=8)


@given(st.dictionaries(st.text(), TREES, max_size=4))
def test_plain_json_keeps_its_meaning(value: dict[str, Any]) -> None:
    """Slashes, stars and commas inside a text are no comments."""
    assert parse_object(json.dumps(value, ensure_ascii=False, indent=1), "host.json") == value


def test_comments_and_trailing_commas_are_accepted() -> None:
    """Both kinds of comments, anywhere, and a byte order mark."""
    text = """\ufeff{ // the host
        "url": "http://x/*y*/", /* two
        lines */ "list": [1, 2, /* last */ ],
    }"""
    assert {"url": "http://x/*y*/", "list": [1, 2]} == parse_object(text, "host.json")


def test_a_mistake_is_reported_with_file_line_and_column() -> None:
    """Comments above it do not shift it."""
    with pytest.raises(SettingsError, match=r"app/host\.json is no valid JSON: .* line 4, position \d+\. Correct"):
        parse_object('{\n/* one\ntwo */ "a": 1,\n  "b"  2\n}', "app/host.json")


def test_single_quotes_and_unquoted_names_are_accepted() -> None:
    """As by the real host, which reads the file with Newtonsoft."""
    assert parse_object("{version: '2.0', 'logging': {}}", "host.json") == {"version": "2.0", "logging": {}}


@pytest.mark.parametrize("text", ["", "{} x", "{'a': 1", "{'a' 1}"])
def test_text_that_newtonsoft_refuses_is_refused(text: str) -> None:
    """An empty file, text after the object, a truncated object."""
    with pytest.raises(SettingsError, match=r"^host\.json is no valid JSON: "):
        parse_object(text, "host.json")


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null"])
def test_only_an_object_is_accepted(text: str) -> None:
    """A list is valid JSON, but no host.json."""
    with pytest.raises(SettingsError, match=r"^host\.json must hold a JSON object"):
        parse_object(text, "host.json")
