"""What user code sees of a payload, and what the host stores of its results."""

import io
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.dispatch.bindings import (
    blob_argument,
    blob_content,
    encode_return,
    http_result,
    queue_messages,
    trigger_argument,
    trigger_data,
)
from durable_devhost.model.functions import Binding, Function

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")
QUEUE = Binding(type="queue", name="out", direction="out")
BLOB = Binding(type="blob", name="target", direction="out")


def _queue_function(build, annotation: type) -> Function:
    app = func.FunctionApp()

    def one(msg): ...

    one.__annotations__["msg"] = annotation
    app.queue_trigger(arg_name="msg", queue_name="orders", connection="")(one)
    return build(app)


def test_a_queue_message_carries_its_metadata(build):
    """The SDK's class, with times parsed."""
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    metadata = {"Id": "7", "DequeueCount": 2, "InsertionTime": when, "NextVisibleTime": None, "PopReceipt": "p"}
    message = trigger_argument(_queue_function(build, func.QueueMessage), "hé", metadata)
    assert (message.get_body(), message.id, message.dequeue_count, message.pop_receipt) == ("hé".encode(), "7", 2, "p")
    assert (message.insertion_time, message.time_next_visible) == (when, None)


@pytest.mark.parametrize(("wanted", "expected"), [(str, "hé"), (bytes, "hé".encode())])
def test_a_queue_parameter_annotated_with_text_or_bytes_gets_the_body(build, wanted, expected):
    """The worker's generic conversion."""
    assert trigger_argument(_queue_function(build, wanted), "hé".encode(), {}) == expected
    assert trigger_argument(_queue_function(build, wanted), "hé", {}) == expected


def test_a_timer_request_has_its_state(build):
    """Built from the JSON of the host's TimerInfo."""
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="tick", schedule="0 * * * * *")
    def one(tick: func.TimerRequest): ...

    tick = trigger_argument(build(app), {"IsPastDue": True, "ScheduleStatus": None, "Schedule": {"a": 1}}, {})
    assert (tick.past_due, tick.schedule_status, tick.schedule) == (True, {}, {"a": 1})


@pytest.mark.parametrize(("text", "expected"), [('{"a": 1}', {"a": 1}), ("null", None), ("not json", "not json")])
def test_an_activity_sees_decoded_json_or_the_bare_text(build, text, expected):
    """The SDK falls back to the raw string."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def one(x): ...

    function = build(app)
    assert trigger_argument(function, text, {}) == expected


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("é", '"\\u00e9"'), ({"a": [1]}, '{"a": [1]}')])
def test_an_activitys_result_is_the_sdks_json(build, value, expected):
    """Compact form and unescaped letters are the task hub's business."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def one(x): ...

    assert encode_return(build(app), value) == expected


def test_a_blob_input_is_a_stream_without_name_and_length():
    """Recorded: the body `None|None|stored: hällo`."""
    stream = blob_argument("hällo".encode(), func.InputStream)
    assert (stream.name, stream.length, stream.read()) == (None, None, "hällo".encode())
    assert (blob_argument(None, func.InputStream), blob_argument(b"x", str), blob_argument(b"x", bytes)) == (
        None,
        "x",
        b"x",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", ["plain"]),
        ('{"body": "coded ü", "dequeue": 1}', ['{\n  "body": "coded ü",\n  "dequeue": 1\n}']),
        ('{"body": "coded \\u00fc"}', ['{\n  "body": "coded ü"\n}']),
        ("{not json}", ["{not json}"]),
        ('["a", {"b": 1}, 2]', ["a", '{\n  "b": 1\n}', "2"]),
        (b"\xff", [b"\xff"]),
        (["a", '{"b": 1}'], ["a", '{"b": 1}']),
    ],
)
def test_queue_outputs_become_messages_as_recorded(value, expected):
    """A text holding a JSON object is re-written indented; a list is one message an element."""
    assert queue_messages(QUEUE, value) == expected


def test_a_queue_output_of_an_impossible_type_is_refused():
    """The converter's NotImplementedError says nothing."""
    with pytest.raises(TypeError, match="the queue output 'out' cannot take a value of type int"):
        queue_messages(QUEUE, 3)


@pytest.mark.parametrize("value", ["é", "é".encode(), bytearray("é".encode()), io.BytesIO("é".encode())])
def test_blob_outputs_take_text_bytes_and_files(value):
    """Text is UTF-8."""
    assert blob_content(BLOB, value) == "é".encode()


def test_an_http_output_takes_a_response_or_text_only():
    """Everything else is a 500 on the real host."""
    assert http_result("x") == "x"
    with pytest.raises(TypeError, match="not NoneType"):
        http_result(None)


def test_expressions_may_refer_to_the_properties_of_a_json_message_and_to_its_metadata(build):
    """`{queueTrigger}` is the whole text."""
    data = trigger_data(_queue_function(build, func.QueueMessage), '{"id": 5}', {"DequeueCount": 1})
    assert data == {"id": 5, "DequeueCount": 1, "queueTrigger": '{"id": 5}'}
    assert trigger_data(_queue_function(build, func.QueueMessage), b"\xff", {}) == {"queueTrigger": "\ufffd"}


def test_expressions_may_refer_to_route_query_body_and_headers(build):
    """A route parameter beats the query, which beats the body."""
    app = func.FunctionApp()

    @app.route(route="{a}")
    def one(req: func.HttpRequest) -> str: ...

    request = func.HttpRequest(
        "POST", "http://x/", headers={"X-Id": "7"}, params={"a": "query", "b": "query"}, route_params={"a": "route"},
        body=b'{"a": "body", "b": "body", "c": "body"}',
    )  # fmt: skip
    data = trigger_data(build(app), request, {})
    assert (data["a"], data["b"], data["c"], data["headers"]) == ("route", "query", "body", {"x-id": "7"})
