"""What the worker gets of a payload, and what the host stores of its results."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.dispatch.bindings import (
    blob_content,
    blob_input,
    breaks,
    left_out,
    metadata_values,
    queue_messages,
    trigger_argument,
    trigger_data,
    unsupported_binding,
)
from durable_devhost.model.functions import Binding, Function


def _function(kind: str) -> Function:
    trigger = Binding(type=kind, name="x", direction="in")
    return Function(name="one", trigger=trigger, script_file=Path("function_app.py"))


REQUEST: dict[str, Any] = {
    "type": "http", "method": "POST", "url": "http://x/", "headers": [["x-id", "7"]],
    "params": {"a": "query", "b": "query"}, "route_params": {"a": "route"},
    "body": b'{"a": "body", "b": "body", "c": "body"}',
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("httpTrigger", REQUEST, REQUEST),
        ("queueTrigger", "hé", {"type": "string", "value": "hé"}),
        ("queueTrigger", b"\xff", {"type": "bytes", "value": b"\xff"}),
        ("activityTrigger", '{"a": 1}', {"type": "json", "value": '{"a": 1}'}),
        ("entityTrigger", "{}", {"type": "json", "value": "{}"}),
        ("orchestrationTrigger", "{}", {"type": "json", "value": "{}"}),
        ("blobTrigger", "hé", {"type": "bytes", "value": "hé".encode()}),
        ("blobTrigger", b"\xff", {"type": "bytes", "value": b"\xff"}),
        ("eventHubTrigger", "[1]", {"type": "json", "value": "[1]"}),
        ("eventHubTrigger", "plain", {"type": "string", "value": "plain"}),
    ],
)
def test_a_payload_becomes_the_kind_of_value_that_the_sdk_converter_expects(kind, given, expected):
    """A request is one already; for a trigger without a listener the kind is guessed from the text."""
    assert trigger_argument(_function(kind), given) == expected


def test_a_timer_state_becomes_json():
    """In the form of the host's TimerInfo."""
    state = {"IsPastDue": True, "ScheduleStatus": None, "Schedule": {"a": 1}}
    value = trigger_argument(_function("timerTrigger"), state)
    assert (value["type"], json.loads(value["value"])) == ("json", state)


def test_metadata_values_are_texts_numbers_or_json():
    """Missing values are left out; times are in ISO form."""
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = {"Id": "7", "DequeueCount": 2, "InsertionTime": when, "NextVisibleTime": None, "Sys": {"a": [1]}}
    assert metadata_values(given) == {
        "Id": {"type": "string", "value": "7"},
        "DequeueCount": {"type": "int", "value": 2},
        "InsertionTime": {"type": "string", "value": "2026-01-02T03:04:05+00:00"},
        "Sys": {"type": "json", "value": '{"a": [1]}'},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", ["plain"]),
        ("", [""]),
        ('{"body": "coded ü", "dequeue": 1}', ['{\n  "body": "coded ü",\n  "dequeue": 1\n}']),
        ('{"body": "coded \\u00fc"}', ['{\n  "body": "coded ü"\n}']),
        ("{not closed", ["{not closed"]),
        ("[urgent] call", ["[urgent] call"]),
        ('"q"', ['"q"']),
        ("{'a': 1.0}", ['{\n  "a": 1.0\n}']),
        ("  [1]  ", ["1"]),
        ("[true, null, 1.0]", ["True", "", "1"]),
        ('["a", {"b": 1}, 2]', ["a", '{\n  "b": 1\n}', "2"]),
        ('["a", "{\\"b\\": 1}"]', ["a", '{"b": 1}']),
        ('{"at":"2020-01-02T03:04:05+02:00"}', ['{\n  "at": "2020-01-02T01:04:05+00:00"\n}']),
        ('["2020-01-02T03:04:05Z"]', ["01/02/2020 03:04:05"]),
    ],
)
def test_json_text_for_a_queue_is_formatted_again(value, expected):
    """As .NET does it: an object is indented, a list becomes one message for each element."""
    assert queue_messages({"type": "string", "value": value}) == expected


@pytest.mark.parametrize("value", ["{hello}", "[urgent] call [today]", "[" * 65 + "]" * 65])
def test_text_for_a_queue_that_is_invalid_json_fails_the_invocation(value):
    """Recorded: no message is put into the queue."""
    with pytest.raises(ValueError, match="must be JSON, here as on Azure: "):
        queue_messages({"type": "string", "value": value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [('["a", "{bad", ""]', ["a", "{bad", ""]), ('["2020-01-02T03:04:05Z"]', ["2020-01-02T03:04:05Z"])],
)
def test_a_list_of_texts_is_one_unchanged_message_each(value, expected):
    """The SDK sends it as JSON; dates in it stay text."""
    assert queue_messages({"type": "json", "value": value}) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [("json", '{"id": null, "body": "m1"}', '{\n  "id": null,\n  "body": "m1"\n}'),
     ("json", '[{"body": "m1"}]', '{\n  "body": "m1"\n}'), ("int", 5, "5"), ("double", 1.0, "1")],
)  # fmt: skip
def test_objects_and_numbers_are_printed_as_dotnet_does(kind, value, expected):
    """A func.QueueMessage comes as an object with its body; a number comes from an `Out[str]`."""
    assert queue_messages({"type": kind, "value": value}) == [expected]


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [(None, {"type": "string", "value": "hé"}), ("BINARY", {"type": "bytes", "value": "hé".encode("utf-16")})],
)
def test_a_blob_is_text_unless_its_binding_says_binary(data_type, expected):
    """Recorded: a byte order mark is obeyed."""
    properties = {} if data_type is None else {"dataType": data_type}
    binding = Binding(type="blob", name="blob", direction="in", properties=properties)
    assert blob_input(binding, "hé".encode("utf-16")) == expected


def test_bytes_for_a_queue_are_one_unchanged_message():
    """Even if they look like JSON."""
    assert queue_messages({"type": "bytes", "value": b"[1]"}) == [b"[1]"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [("string", "é", "é".encode()), ("bytes", b"\xff", b"\xff"), ("json", '{"a": [1, "é"]}', '{"a":[1,"é"]}'.encode()),
     ("int", 258, b"\x02\x01\0\0"), ("int", -1, b"\xff\xff\xff\xff"), ("int", 2**32 + 1, b"\x01\0\0\0"),
     ("double", 1.0, b"\0\0\0\0\0\0\xf0\x3f")],
)  # fmt: skip
def test_blob_outputs_are_bytes(kind, value, expected):
    """Text is UTF-8, JSON is formatted again, and a number is the bytes that .NET holds in memory."""
    assert blob_content({"type": kind, "value": value}) == expected


def test_expressions_may_use_the_fields_and_metadata_of_a_json_message():
    """`{queueTrigger}` is the whole text, unless a field has that name. The message's times cannot be used."""
    queue = _function("queueTrigger")
    metadata = {"DequeueCount": 1, "Id": "m", "InsertionTime": datetime(2026, 1, 2, tzinfo=UTC)}
    text = '{"id": 5}'
    assert trigger_data(queue, text, metadata) == {
        "id": "5", "DequeueCount": 1, "InsertionTime": "", "queueTrigger": text,
    }  # fmt: skip
    assert trigger_data(queue, b"\xff", {}) == {"queueTrigger": "\ufffd"}
    assert trigger_data(queue, "[1]", {}) == {"queueTrigger": "[1]"}
    assert trigger_data(queue, '{"QueueTrigger": "own"}', {}) == {"QueueTrigger": "own"}


def test_plain_fields_are_printed_as_dotnet_prints_them_and_lists_are_ignored():
    """A date too, because Newtonsoft reads it as one."""
    text = '{"when": "2026-01-02T03:04:05Z", "yes": true, "one": 1.0, "in": {"a": [1]}, "list": [], "none": null,}'
    data = trigger_data(_function("queueTrigger"), text, {})
    del data["queueTrigger"]
    assert data == {"when": "01/02/2026 03:04:05", "yes": "True", "one": "1", "in": {"a": [1]}}


def test_expressions_may_use_route_query_body_and_headers():
    """A route parameter wins over the query, which wins over the body."""
    data = trigger_data(_function("httpTrigger"), REQUEST, {})
    assert (data["a"], data["b"], data["c"], data["headers"]) == ("route", "query", "body", {"x-id": "7"})
    assert data["query"] == {"a": "query", "b": "query"}
    of_its_own = {**REQUEST, "params": {"code": "k"}, "route_params": {}, "body": b'{"HEADERS": "own"}'}
    assert trigger_data(_function("httpTrigger"), of_its_own, {}) == {"query": {"code": "k"}, "HEADERS": "own"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("someTrigger", '{"id": 5}', {"id": "5", "name": "x"}),
        ("eventGridTrigger", '{"id": 5, "data": {"url": "u"}}', {"data": {"url": "u"}, "name": "x"}),
        ("blobTrigger", b'{"id": 5}', {"name": "x"}),
        ("timerTrigger", {}, {}),
        ("activityTrigger", '{"id": 5}', {}),
    ],
)
def test_the_binding_data_of_other_triggers_are_their_json_object_and_metadata(kind, value, expected):
    """A timer, an activity and an entity have none."""
    assert trigger_data(_function(kind), value, {"name": "x"}) == expected


def test_the_start_warns_about_unsupported_bindings():
    """The other functions run."""
    here = [Binding(type=kind, name=kind, direction="in") for kind in ("blob", "table", "durableClient")]
    there = [Binding(type=kind, name=kind, direction="out") for kind in ("http", "queue", "blob", "table")]
    none = Binding(type="cosmosDB", name="documents", direction="in")
    grid = Binding(type="eventGrid", name="event", direction="out")
    trigger = Binding(type="httpTrigger", name="req", direction="in")
    function = Function(
        name="f", trigger=trigger, inputs=(*here, none), outputs=(*there, grid), script_file=Path("a.py")
    )
    first, second = left_out(function)
    assert "no input binding of type cosmosDB, which 'documents' is" in first
    assert "no output binding of type eventGrid, which 'event' is" in second


def test_using_an_unsupported_binding_fails_and_says_what_to_do():
    """It fails at the call, not at the start, because the function may never be called here."""
    error = unsupported_binding(Binding(type="sql", name="row", direction="out"), "output")
    assert "no output binding of type sql, which 'row' is" in str(error)
    assert "leave it out" in str(error)


@pytest.mark.parametrize(
    ("content", "is_broken"),
    [(b"\x89PNG\r\n", True), (b"hello", False), ("h�".encode(), False), ("hé".encode("utf-16"), False), (b"", False)],
)
def test_only_a_blob_that_is_not_text_loses_bytes(content, is_broken):
    """A byte order mark is no loss, so nobody is warned about it."""
    binding = Binding(type="blob", name="blob", direction="in")
    assert breaks(content, blob_input(binding, content)) == is_broken
