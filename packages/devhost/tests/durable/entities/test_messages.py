"""Entity messages have the recorded form, and senders label them in an order that replay reproduces."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.entities.labels import UNSET, ticks_of
from durable_devhost.durable.entities.messages import (
    CorruptRequest,
    EntityId,
    RequestMessage,
    ResponseMessage,
    SendLabels,
    request_event_name,
    request_guid,
    round_trip_text,
)

NOW = datetime(2026, 11, 21, 4, 30, 19, 150331, tzinfo=UTC)
TYPE = (
    '"$type":"Microsoft.Azure.WebJobs.Extensions.DurableTask.RequestMessage, '
    'Microsoft.Azure.WebJobs.Extensions.DurableTask"'
)
ANSWER = (
    '"$type":"Microsoft.Azure.WebJobs.Extensions.DurableTask.ResponseMessage, '
    'Microsoft.Azure.WebJobs.Extensions.DurableTask"'
)
SIGNAL = (
    "{" + TYPE + r',"op":"add","signal":true,"input":"\"5\"","id":"7d7cc0f6-3a76-54e5-a62c-ed8f8138f2f5",'
    r'"parent":"e1","parentExecution":"0a32e72b-f102-4049-a176-dcc96cc23201",'
    r'"Timestamp":"2026-11-21T04:30:19.1503316Z","Predecessor":"0001-01-01T00:00:00",'
    r'"requestTime":"2026-11-21T04:30:19.1678152+00:00"}'
)
CALL = (
    "{" + TYPE + r',"op":"get","input":"\"null\"","id":"621a2d46-f878-5c2b-bbd3-820fe8646e79",'
    r'"parent":"e1","parentExecution":"0a32e72b-f102-4049-a176-dcc96cc23201",'
    r'"Timestamp":"2026-11-21T04:30:19.4296792Z","Predecessor":"2026-11-21T04:30:19.1503317",'
    r'"requestTime":"2026-11-21T04:30:19.449731+00:00"}'
)
CLIENT_SIGNAL = (
    r'{"op":"add","signal":true,"input":"\"3\"","id":"febf7de3-d52b-4572-99de-78da39c77d30",'
    r'"Timestamp":"0001-01-01T00:00:00","Predecessor":"0001-01-01T00:00:00"}'
)


@pytest.mark.parametrize("text", [SIGNAL, CALL, CLIENT_SIGNAL], ids=["signal", "call", "client"])
def test_a_recorded_request_is_written_back_equal(text: str) -> None:
    """Nothing is lost and every property stays in its place."""
    assert RequestMessage.from_json_text(text).to_json_text() == text


def test_a_client_signal_is_written_as_recorded() -> None:
    """No type, no sender, no labels, no time."""
    request = RequestMessage.from_client(op="add", input='"3"', id="febf7de3-d52b-4572-99de-78da39c77d30")
    assert request.to_json_text() == CLIENT_SIGNAL


def test_an_orchestration_signal_is_written_as_recorded() -> None:
    """The order of the properties is part of the format."""
    request = RequestMessage(
        op="add",
        signal=True,
        input='"5"',
        id="7d7cc0f6-3a76-54e5-a62c-ed8f8138f2f5",
        parent="e1",
        parent_execution="0a32e72b-f102-4049-a176-dcc96cc23201",
        timestamp="2026-11-21T04:30:19.1503316Z",
        is_typed=True,
    )
    sent = request.sent_at(datetime(2026, 11, 21, 4, 30, 19, 167815, tzinfo=UTC))
    assert sent.to_json_text() == SIGNAL.replace("1678152", "167815")


def test_only_the_four_tolerated_properties_come_before_the_id() -> None:
    """Otherwise the storage provider would take the answers for out of order."""
    request = RequestMessage(
        op="x",
        signal=True,
        input="1",
        id="i",
        parent="p",
        parent_execution="e",
        due=NOW,
        lockset=(EntityId(name="A", key="K"),),
        position=1,
        request_time="t",
        is_typed=True,
    )
    assert list(json.loads(request.to_json_text())) == [
        *("$type", "op", "signal", "input", "id", "parent", "parentExecution", "due"),
        *("Timestamp", "Predecessor", "lockset", "pos", "requestTime"),
    ]
    assert RequestMessage.from_json_text(request.to_json_text()) == request
    assert request.is_lock_request


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "null",
        "[1]",
        "{}",
        '{"id":7}',
        '{"id":"i","op":3}',
        '{"id":"i","due":"soon"}',
        '{"id":"i","Timestamp":"noon"}',
        '{"id":"i","lockset":[{}]}',
    ],
)
def test_a_broken_request_raises_one_error_class(text: str | None) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(CorruptRequest, match=r"it is no"):
        RequestMessage.from_json_text(text)


def test_the_event_of_a_scheduled_request_names_its_due_time() -> None:
    """In .NET's round-trip format."""
    request = RequestMessage.from_client(op="add", input=None, id="i", due=NOW + timedelta(days=6))
    assert request.deliver_at(NOW) == request.due
    assert request_event_name(request.deliver_at(NOW)) == "op@2026-11-27T04:30:19.1503310Z"


def test_a_request_far_ahead_travels_in_steps() -> None:
    """A queue hides a message for a week at most."""
    request = RequestMessage.from_client(op="add", input=None, id="i", due=NOW + timedelta(days=30))
    assert request.deliver_at(NOW) == NOW + timedelta(days=3)


def test_the_event_of_an_immediate_request_is_named_op() -> None:
    """It has no due time."""
    request = RequestMessage.from_client(op="add", input=None, id="i")
    assert request_event_name(request.deliver_at(NOW)) == "op"


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (ResponseMessage(result="7"), "{" + ANSWER + ',"result":"7"}'),
        (
            ResponseMessage(result='"entity exploded"', is_error=True),
            "{" + ANSWER + r',"result":"\"entity exploded\"","exceptionType":"Error"}',
        ),
    ],
    ids=["result", "error"],
)
def test_a_response_is_written_as_recorded(response: ResponseMessage, text: str) -> None:
    """And reads back as the same."""
    assert response.to_json_text() == text
    assert ResponseMessage.from_json_text(text) == response


def test_a_response_that_is_not_an_object_is_refused() -> None:
    """A list is no answer."""
    with pytest.raises(ValueError, match="must be a JSON object"):
        ResponseMessage.from_json_text("[]")


@pytest.mark.parametrize("text", ["@counter@k1", "@counter@a@b", "@counter@"])
def test_an_entity_id_reads_back(text: str) -> None:
    """The key is all that follows the second `@`."""
    assert EntityId.parse(text).scheduler_id == text


def test_an_entity_name_is_lower_case_and_its_key_is_unchanged() -> None:
    """Names ignore case, keys do not."""
    entity = EntityId(name="Counter", key="K1")
    assert entity.scheduler_id == "@counter@K1"
    assert EntityId.from_json(entity.to_json()) == entity == EntityId.parse("@COUNTER@K1")


@pytest.mark.parametrize("text", ["", "counter@k", "@counter", "@@k"])
def test_other_texts_are_no_entity_ids(text: str) -> None:
    """They raise ValueError."""
    with pytest.raises(ValueError, match=r"is no entity id|cannot name an entity"):
        EntityId.parse(text)


@pytest.mark.parametrize(
    ("key", "valid"), [("k", True), ("ü @:", True), ("a/b", False), ("a\\b", False), ("#", False), ("\x7f", False)]
)
def test_keys_with_forbidden_characters_are_detected(key: str, valid: bool) -> None:
    """Clients may not signal them."""
    assert EntityId(name="c", key=key).is_key_valid is valid


@pytest.mark.parametrize(("now", "counter"), [(NOW, 0), (NOW + timedelta(microseconds=1), 0), (NOW, 1)])
def test_request_ids_are_the_same_on_each_replay(now: datetime, counter: int) -> None:
    """They depend only on instance, time and counter."""
    guid = request_guid("e1", now, counter)
    assert guid == request_guid("e1", now, counter)
    assert guid != request_guid("e2", now, counter) != request_guid("e2", now, counter + 1)


def test_request_ids_equal_those_of_the_extension() -> None:
    """The second request of a recorded orchestration, made at a time without a seventh digit."""
    now = datetime(2026, 11, 21, 4, 36, 1, 494000, tzinfo=UTC)
    assert round_trip_text(now) == "2026-11-21T04:36:01.4940000Z"
    assert request_guid("pk-entity_calls-0", now, 1) == "63ff301e-51bc-5f5c-bafc-ed5d70e6a93c"


def test_the_first_message_has_no_predecessor_and_the_second_names_the_first() -> None:
    """Both were sent at one moment, a tick apart: the recorded pair."""
    labels = SendLabels()
    now = datetime(2026, 11, 21, 4, 36, 1, 494000, tzinfo=UTC)
    assert labels.label("@counter@kk", now) == ("2026-11-21T04:36:01.494Z", UNSET)
    assert labels.label("@counter@kk", now) == ("2026-11-21T04:36:01.4940001", "2026-11-21T04:36:01.494Z")
    assert labels.label("@counter@other", now) == ("2026-11-21T04:36:01.494Z", UNSET)


def test_a_window_of_zero_switches_labels_off() -> None:
    """Receivers then take messages in any order."""
    assert SendLabels(timedelta(0)).label("@c@k", NOW) == (UNSET, UNSET)


def test_labels_older_than_the_window_are_forgotten() -> None:
    """Their receiver has forgotten them too."""
    labels = SendLabels()
    labels.label("@c@old", NOW)
    labels.label("@c@young", NOW + timedelta(minutes=25))
    labels.label("@c@k", NOW + timedelta(minutes=31))
    assert set(labels.last_sent) == {"@c@young", "@c@k"}


MOMENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3).map(lambda seconds: NOW + timedelta(seconds=seconds))),
    max_size=20,
)


@given(MOMENTS)
def test_labels_to_one_destination_form_a_chain(sends: list[tuple[str, datetime]]) -> None:
    """Each is later than the one before it and names it, also when the clock goes back."""
    labels = SendLabels()
    last: dict[str, str] = {}
    for destination, now in sends:
        timestamp, predecessor = labels.label(destination, now)
        assert predecessor == last.get(destination, UNSET)
        assert ticks_of(timestamp) > ticks_of(predecessor)
        last[destination] = timestamp


@given(MOMENTS, st.integers(0, 20))
def test_labels_after_a_replay_continue_the_chain(sends: list[tuple[str, datetime]], cut: int) -> None:
    """Observing the recorded messages rebuilds the map."""
    live, rebuilt = SendLabels(), SendLabels()
    for destination, now in sends[:cut]:
        rebuilt.observe(destination, live.label(destination, now)[0])
    for destination, now in sends[cut:]:
        assert rebuilt.label(destination, now) == live.label(destination, now)


def test_a_recorded_label_wins_over_a_computed_one() -> None:
    """A history of the real host holds finer times than Python's."""
    labels = SendLabels()
    labels.label("@c@k", NOW)
    labels.observe("@c@k", "2026-11-21T04:30:19.1503316Z")
    labels.observe("@c@k", UNSET)
    assert labels.label("@c@k", NOW) == ("2026-11-21T04:30:19.1503317", "2026-11-21T04:30:19.1503316Z")
