"""The durable HTTP API: what is purged, listed, and asked of entities, compared with recorded responses."""

import json
from typing import Any

import pytest

from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.history import EventRaised, RuntimeStatus
from durable_devhost.model.instances import InstanceFilter, InstancePage
from durable_devhost.triggers.management.api import CONTINUATION
from packages.devhost.tests.triggers.front import JSON, Front, assert_empty

JSON_TYPE = "application/json; charset=utf-8"
SCHEDULER = '{"exists":true,"state":"7","sorter":{}}'


async def test_a_purge_answers_the_number_of_deleted_instances(front: Front) -> None:
    """Recorded; a second purge deletes none."""
    front.bench.put("i", RuntimeStatus.COMPLETED)
    assert '{"instancesDeleted":1}' == (await front.ask("DELETE", "instances/i")).text
    assert_empty(await front.ask("DELETE", "instances/i"), 404)


async def test_a_purge_of_a_running_instance_is_412(front: Front) -> None:
    """The recorded text, as a JSON string."""
    await front.bench.client.start("hello", instance_id="x")
    front.bench.put("x", RuntimeStatus.RUNNING)
    answer = await front.ask("DELETE", "instances/x")
    expected = (
        '"Only orchestrations in a terminal state can be purged, '
        'but the orchestration with instance ID x has status Running"'
    )
    assert (412, expected) == (answer.status, answer.text)


async def test_a_purge_by_filter_needs_the_start_of_the_period(front: Front) -> None:
    """Recorded."""
    answer = await front.ask("DELETE", "instances")
    assert (400, "\"Please provide value for 'createdTimeFrom' parameter.\"") == (answer.status, answer.text)


async def test_a_purge_by_filter_without_matches_is_404(front: Front) -> None:
    """Recorded."""
    path = "instances?createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Completed"
    front.bench.put("done", RuntimeStatus.COMPLETED)
    front.bench.put("live", RuntimeStatus.RUNNING)
    assert '{"instancesDeleted":1}' == (await front.ask("DELETE", path)).text
    assert_empty(await front.ask("DELETE", path), 404)


async def test_a_list_has_pages_and_includes_entities(front: Front) -> None:
    """The header is present only while there is more."""
    front.bench.put("@counter@k", RuntimeStatus.RUNNING, input=SCHEDULER)
    front.bench.put("b", RuntimeStatus.RUNNING)
    front.bench.put("c", RuntimeStatus.COMPLETED)
    first = await front.ask("GET", "instances?top=1&runtimeStatus=Running")
    rest = await front.ask(
        "GET", "instances?top=1&runtimeStatus=Running", headers={CONTINUATION: first.headers[CONTINUATION]}
    )
    assert [["@counter@k"], ["b"]] == [[each["instanceId"] for each in page.json] for page in (first, rest)]
    assert json.loads(SCHEDULER) == first.json[0]["input"]
    assert CONTINUATION not in rest.headers


async def test_an_empty_list_is_an_empty_array(front: Front) -> None:
    """Recorded."""
    answer = await front.ask("GET", "instances?createdTimeFrom=2999-01-01T00:00:00Z")
    assert (200, JSON_TYPE, "[]") == (answer.status, answer.headers["Content-Type"], answer.text)


async def test_the_state_of_an_entity_is_the_body(front: Front) -> None:
    """Recorded; a deleted one still reads null."""
    front.bench.put("@counter@k", RuntimeStatus.RUNNING, input=SCHEDULER)
    front.bench.put("@counter@", RuntimeStatus.RUNNING, input='{"state":"null","sorter":{}}')
    assert ["7", "null"] == [(await front.ask("GET", f"entities/Counter/{key}")).text for key in ("k", "$")]


async def test_entities_are_listed_with_their_states(front: Front) -> None:
    """Recorded; entities of another name are not in the list."""
    front.bench.put("@counter@k", RuntimeStatus.RUNNING, input=SCHEDULER)
    front.bench.put("@lamp@k", RuntimeStatus.RUNNING, input=SCHEDULER)
    answer = await front.ask("GET", "entities/Counter?fetchState=true")
    entry = {"entityId": {"name": "counter", "key": "k"}, "lastOperationTime": "2026-11-21T05:03:18.307513Z"}
    assert json.dumps([{**entry, "state": 7}]) == json.dumps(answer.json)


@pytest.mark.parametrize(
    ("body", "headers", "stored"),
    [
        ('"5"', JSON, '"5"'),
        ("3", JSON, "3"),
        ("null", JSON, "null"),
        ("plain", {"Content-Type": "text/plain"}, '"plain"'),
        (None, None, None),
    ],
)
async def test_a_signal_passes_its_body_as_json_text(
    front: Front, body: str | None, headers: Any, stored: str | None
) -> None:
    """A body of any type but application/json becomes a string."""
    assert_empty(await front.ask("POST", "entities/Counter/k?op=add", body=body, headers=headers), 202)
    (message,) = front.bench.engine.posted
    assert isinstance(message.event, EventRaised)
    request = json.loads(message.event.input or "")
    assert ("add", stored) == (request["op"], request.get("input"))


async def test_a_delete_of_an_entity_is_an_operation(front: Front) -> None:
    """Recorded."""
    assert_empty(await front.ask("DELETE", "entities/Counter/k"), 202)
    (message,) = front.bench.engine.posted
    assert isinstance(message.event, EventRaised)
    assert '{"op":"delete","signal":true,"id":' in (message.event.input or "")


async def test_an_invalid_signal_is_refused(front: Front) -> None:
    """Recorded for the unknown entity, whose answer has only a message."""
    unknown = await front.ask("POST", "entities/Nope/k?op=add", body="3")
    bad_json = await front.ask("POST", "entities/Counter/k?op=add", body="{")
    bad_key = await front.ask("POST", "entities/Counter/a%23b?op=add", body="3")
    expected = (
        "The function 'nope' doesn't exist, is disabled, or is not an entity function. "
        "Additional info: The following are the known entity functions: 'Counter'."
    )
    assert (400, {"Message": expected}) == (unknown.status, unknown.json)
    assert (400, "Invalid JSON content") == (bad_json.status, bad_json.json["Message"])
    assert (400, "System.ArgumentException") == (bad_key.status, bad_key.json["ExceptionType"])
    assert [] == front.bench.engine.posted


async def test_a_host_is_always_the_primary_one(front: Front) -> None:
    """There is no second one."""
    assert_empty(await front.ask("POST", "makeprimary"), 200)


async def test_a_request_for_another_hub_is_refused(front: Front) -> None:
    """The answer names the hub of this host."""
    answer = await front.ask("GET", "instances/i?taskHub=Other&connection=Storage")
    assert 400 == answer.status
    assert "runs only the task hub 'TruthHub' on the connection 'Storage'" in answer.json["Message"]


async def test_unreachable_storage_is_500(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the sentence that the console shows."""

    async def query(wanted: InstanceFilter, **_: Any) -> InstancePage:
        raise StorageUnavailable(f"Nothing answers ({wanted.id_prefix}).")

    monkeypatch.setattr(front.bench.hub.instances, "query", query)
    answer = await front.ask("GET", "instances?instanceIdPrefix=p")
    assert (500, "Nothing answers (p).") == (answer.status, answer.json["ExceptionMessage"])


async def test_half_a_surrogate_pair_does_not_break_an_answer(front: Front) -> None:
    """JSON can hold it, UTF-8 cannot."""
    front.bench.put("i", RuntimeStatus.COMPLETED, output='"\\ud800"')
    assert "�" == (await front.ask("GET", "instances/i")).json["output"]
