"""What user code sees of a payload."""

import json
from typing import List  # noqa: UP035 - as apps must write it

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.inputs import input_argument, trigger_argument
from packages.devhost.tests.worker.driver import http, text

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


def _queue_function(build, annotation: type) -> Function:
    app = func.FunctionApp()

    def one(msg): ...

    one.__annotations__["msg"] = annotation
    app.queue_trigger(arg_name="msg", queue_name="orders", connection="")(one)
    return build(app)


def _function(kind: str, **types: type) -> Function:
    return Function(name="one", call=print, trigger=Binding(type=kind, name="x"), parameter_types=types)


def test_a_request_arrives_complete():
    """Method, URL, headers in any case, both kinds of parameters, body."""
    request = trigger_argument(_function("httpTrigger"), http("post", b'{"a": 1}', id="7"), {})
    assert isinstance(request, func.HttpRequest)
    assert (request.method, request.url, request.headers["X-Test"]) == ("POST", "http://localhost/api/x", "1")
    assert (request.params["q"], request.route_params["id"], request.get_json()) == ("1", "7", {"a": 1})


def test_a_queue_message_carries_its_metadata(build):
    """The SDK's class, with times parsed."""
    metadata = {
        "Id": text("7", "string"), "DequeueCount": text(2, "int"), "PopReceipt": text("p", "string"),
        "InsertionTime": text("2026-01-02T03:04:05+00:00", "string"), "NextVisibleTime": None,
    }  # fmt: skip
    message = trigger_argument(_queue_function(build, func.QueueMessage), text("hé", "string"), metadata)
    assert (message.get_body(), message.id, message.dequeue_count, message.pop_receipt) == ("hé".encode(), "7", 2, "p")
    assert (message.insertion_time.isoformat(), message.time_next_visible) == ("2026-01-02T03:04:05+00:00", None)


@pytest.mark.parametrize("wanted", [str, bytes])
def test_a_parameter_annotated_with_text_or_bytes_gets_the_body_as_the_host_sends_it(build, wanted):
    """Recorded: the annotation converts nothing, except for triggers of durable functions."""
    function = _queue_function(build, wanted)
    assert trigger_argument(function, text(b"\xff", "bytes"), {}) == b"\xff"
    assert trigger_argument(function, text("hé", "string"), {}) == "hé"
    assert trigger_argument(_function("cosmosDBTrigger", x=wanted), text("hé"), {}) == "hé"


def test_a_timer_request_has_its_state():
    """From the JSON of the host's TimerInfo."""
    info = {"IsPastDue": True, "ScheduleStatus": None, "Schedule": {"a": 1}}
    tick = trigger_argument(_function("timerTrigger"), text(json.dumps(info)), {})
    assert (tick.past_due, tick.schedule_status, tick.schedule) == (True, {}, {"a": 1})


@pytest.mark.parametrize(
    ("given", "expected"), [('{"a": 1}', {"a": 1}), ("null", None), ("not json", "not json"), ('"x"', "x")]
)
def test_an_activity_gets_decoded_json_or_the_text(build, given, expected):
    """The SDK falls back to the raw string; the annotation makes no difference."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def one(x: str): ...

    assert trigger_argument(build(app), text(given), {}) == expected


def test_a_blob_input_is_a_stream_without_name_and_length():
    """Recorded: the body `None|None|stored: hällo`."""
    blob = Binding(type="blob", name="source")
    content = text("hällo", "string")
    stream = input_argument(blob, content, func.InputStream)
    assert (stream.name, stream.length, stream.read()) == (None, None, "hällo".encode())
    assert (input_argument(blob, None, func.InputStream), input_argument(blob, content, str)) == (None, "hällo")
    assert input_argument(blob, content, bytes) == "hällo"  # recorded: only data_type="binary" makes bytes
    assert input_argument(blob, text(b"\xff", "bytes"), str) == b"\xff"


def test_a_blob_trigger_has_name_and_properties():
    """From the host's metadata."""
    metadata = {"BlobTrigger": text("in/a.txt", "string"), "Uri": text("http://x/in/a.txt", "string"),
                "Properties": text('{"Length": 5}')}  # fmt: skip
    stream = trigger_argument(_function("blobTrigger"), text(b"hello", "bytes"), metadata)
    assert (stream.name, stream.uri, stream.length, stream.read()) == ("in/a.txt", "http://x/in/a.txt", 5, b"hello")


def test_other_triggers_are_decoded_by_the_library():
    """Event Grid, Service Bus, Event Hub, Cosmos DB."""
    grid = {"id": "1", "topic": "t", "subject": "s", "eventType": "e", "eventTime": "2026-01-02T03:04:05Z",
            "dataVersion": "1", "data": {"a": 1}}  # fmt: skip
    event = trigger_argument(_function("eventGridTrigger"), text(json.dumps(grid)), {})
    assert (event.id, event.get_json()) == ("1", {"a": 1})
    bus = {"UserProperties": text("{}"), "MessageId": text("m1", "string")}
    assert trigger_argument(_function("serviceBusTrigger"), text("x", "string"), bus).message_id == "m1"
    hub = trigger_argument(_function("eventHubTrigger"), text("x", "string"), {"SystemProperties": text("{}")})
    assert hub.get_body() == b"x"
    many = {"SystemPropertiesArray": text('[{"PartitionKey": "a"}, {"PartitionKey": "b"}]')}
    events = trigger_argument(_function("eventHubTrigger"), text([b"x", b"y"], "collection_bytes"), many)
    assert [(each.get_body(), each.partition_key) for each in events] == [(b"x", "a"), (b"y", "b")]
    documents = trigger_argument(_function("cosmosDBTrigger"), text('[{"id": "1"}]'), {})
    assert [document["id"] for document in documents] == ["1"]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("eventHubTrigger", func.EventHubEvent), ("serviceBusTrigger", func.ServiceBusMessage),
     ("kafkaTrigger", func.KafkaEvent)],
)  # fmt: skip
def test_a_function_run_by_hand_needs_no_metadata(kind, wanted):
    """Two converters refuse a payload without any; a batch has one event."""
    one = trigger_argument(_function(kind, x=wanted), text('{"a": 1}'), {})
    (same,) = trigger_argument(_function(kind, x=List[wanted]), text("x", "string"), {})  # noqa: UP006
    assert isinstance(one, wanted)
    assert (one.get_body(), same.get_body()) == (b'{"a": 1}', b"x")


@pytest.mark.parametrize("kind", ["string", "json", "bytes"])
def test_an_unknown_binding_type_gets_the_plain_value(kind):
    """JSON stays text."""
    assert trigger_argument(_function("someBrandNewTrigger"), text("x", kind), {}) == "x"


def test_the_error_names_the_converter_that_cannot_read_the_value():
    """Recorded from the worker's library: that of Event Grid accepts JSON only."""
    with pytest.raises(TypeError, match="unsupported combination of TypedData field 'string' and expected binding"):
        trigger_argument(_function("eventGridTrigger"), text("x", "string"), {})


@pytest.mark.parametrize("wanted", [str, bytes])
def test_a_request_in_a_parameter_of_text_or_bytes_fails_each_call(wanted):
    """The real worker loads such a function."""
    with pytest.raises(ValueError, match="unexpected type of data received for the \"generic\" binding : 'http'"):
        trigger_argument(_function("httpTrigger", x=wanted), http(), {})


def test_a_value_that_does_not_fit_is_an_error():
    """It fails the invocation, not the worker."""
    with pytest.raises(ValueError, match="unexpected type of data"):
        input_argument(Binding(type="blob", name="source"), text(5, "int"), None)
