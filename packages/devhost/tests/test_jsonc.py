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
def test_plain_json_means_what_it_always_means(value: dict[str, Any]) -> None:
    """Whatever a text holds, slashes, stars and commas in it are no comments."""
    assert parse_object(json.dumps(value, ensure_ascii=False, indent=1), "host.json") == value


def test_comments_and_trailing_commas_are_tolerated() -> None:
    """Both kinds of comments, in any place, and a byte order mark."""
    text = """\ufeff{ // the host
        "url": "http://x/*y*/", /* two
        lines */ "list": [1, 2, /* last */ ],
    }"""
    assert {"url": "http://x/*y*/", "list": [1, 2]} == parse_object(text, "host.json")


def test_a_mistake_is_named_with_file_line_and_column() -> None:
    """Comments above it do not move it."""
    with pytest.raises(SettingsError, match=r"app/host\.json is no valid JSON: .* line 4, position \d+\. Correct"):
        parse_object('{\n/* one\ntwo */ "a": 1,\n  "b"  2\n}', "app/host.json")


def test_single_quotes_and_names_without_quotes_pass() -> None:
    """As in the real host, which reads its file with Newtonsoft."""
    assert parse_object("{version: '2.0', 'logging': {}}", "host.json") == {"version": "2.0", "logging": {}}


@pytest.mark.parametrize("text", ["", "{} x", "{'a': 1", "{'a' 1}"])
def test_what_newtonsoft_refuses_is_refused(text: str) -> None:
    """An empty file, text behind the object, one that is cut."""
    with pytest.raises(SettingsError, match=r"^host\.json is no valid JSON: "):
        parse_object(text, "host.json")


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null"])
def test_only_an_object_will_do(text: str) -> None:
    """A list is valid JSON, but no host.json."""
    with pytest.raises(SettingsError, match=r"^host\.json must hold a JSON object"):
        parse_object(text, "host.json")
