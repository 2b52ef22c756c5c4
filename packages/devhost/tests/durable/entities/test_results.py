"""What goes into an entity function and what comes out of it is the Python SDK's JSON."""

import json

import pytest

from durable_devhost.durable.entities.messages import EntityId, RequestMessage, ResponseMessage
from durable_devhost.durable.entities.results import (
    BrokenResult,
    EntityResult,
    EntitySignal,
    entity_payload,
    failed_result,
    read_result,
)
from durable_devhost.durable.entities.scheduler import SchedulerState

COUNTER = EntityId(name="Counter", key="k1")


def test_the_payload_has_the_form_that_the_sdk_reads() -> None:
    """Names in lower case, stored texts unchanged."""
    requests = [RequestMessage(op="add", id="1", input='"5"', signal=True), RequestMessage(op="get", id="2")]
    assert entity_payload(COUNTER, SchedulerState(), requests) == (
        '{"self":{"name":"counter","key":"k1"},"exists":false,"state":null,"batch":['
        r'{"name":"add","input":"\"5\"","isSignal":true},{"name":"get","input":null,"isSignal":false}]}'
    )


def test_the_result_of_the_sdk_is_read() -> None:
    """Its times are ignored."""
    text = json.dumps(
        {
            "entityExists": True,
            "entityState": "5",
            "results": [
                {"isError": False, "duration": 0, "startTime": 1795208816245, "result": "5"},
                {"isError": True, "duration": 0, "startTime": 1795208816245, "result": '"bad op"'},
            ],
            "signals": [{"target": {"name": "Log", "key": "k"}, "name": "note", "input": '"x"'}],
        }
    )
    assert read_result(text, 2) == EntityResult(
        exists=True,
        state="5",
        responses=(ResponseMessage(result="5"), ResponseMessage(result='"bad op"', is_error=True)),
        signals=(EntitySignal(target=EntityId(name="log", key="k"), name="note", input='"x"'),),
    )


def test_missing_signals_count_as_none() -> None:
    """Only state and results are required."""
    result = read_result('{"entityExists":false,"entityState":null,"results":[]}', 0)
    assert (result.exists, result.state, result.signals) == (False, None, ())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "returned no JSON"),
        ("{", "returned no JSON"),
        ("null", "returned no result of a batch"),
        ("{}", "returned no result of a batch"),
        ('{"entityExists":true,"entityState":5,"results":[]}', "5 is no JSON text"),
        ('{"entityExists":true,"entityState":null,"results":[1]}', "returned no result of a batch"),
        ('{"entityExists":true,"entityState":null,"results":[]}', "returned 0 results for 1 operations"),
    ],
)
def test_a_broken_result_is_a_one_sentence_error(text: str | None, sentence: str) -> None:
    """The engine shows it and tries again later."""
    with pytest.raises(BrokenResult, match=sentence):
        read_result(text, 1)


def test_a_batch_over_its_limit_fails_each_operation_and_keeps_the_state() -> None:
    """With the text of the timeout."""
    requests = [RequestMessage(op="add", id="1"), RequestMessage(op="get", id="2")]
    payload = entity_payload(COUNTER, SchedulerState(exists=True, state="5"), requests)
    assert read_result(failed_result(payload, "too long"), 2) == EntityResult(
        exists=True, state="5", responses=(ResponseMessage(result="too long", is_error=True),) * 2, signals=()
    )
