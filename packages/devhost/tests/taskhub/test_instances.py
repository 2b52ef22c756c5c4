"""The Instances table on the emulator: recorded rows, races, lists."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from durable_devhost.model.history import ExecutionStarted, InstanceRef, RuntimeStatus
from durable_devhost.model.instances import InstanceFilter, InstanceRecord
from durable_devhost.model.messages import Message, encode
from durable_devhost.storage.tables import Row, TableService, read_row, write_row
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.instances import from_row, to_row

WHEN = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)
LARGE = json.dumps("é" * 40_000, ensure_ascii=False)


def pending_record(instance_id: str = "i", **changes: Any) -> InstanceRecord:
    """An instance that was just started."""
    values: dict[str, Any] = {
        "instance_id": instance_id,
        "execution_id": "e1",
        "name": "flow",
        "version": "",
        "status": RuntimeStatus.PENDING,
        "input": "1",
        "created_time": WHEN,
        "last_updated_time": WHEN,
        "generation": 0,
    }
    return InstanceRecord(**{**values, **changes})


async def stored_row(hub: TaskHub, tables: TableService, instance_id: str = "i") -> Row:
    """The row as it lies in the table."""
    row = await tables.get(hub.names.instances, instance_id, "")
    assert row is not None
    return row


def test_every_recorded_row_is_written_as_the_real_host_wrote_it(recorded_rows: dict[str, Any]) -> None:
    """Columns, types, and the text null."""
    for plain in recorded_rows["instances"]:
        exact = {k: v[:26] + "0Z" if f"{k}@odata.type" in plain else v for k, v in plain.items()}

        assert json.loads(write_row(to_row(from_row(read_row(plain)), "TruthHub"))) == exact


async def test_an_unknown_instance_has_no_record(hub: TaskHub) -> None:
    """None, not an error."""
    assert await hub.instances.get("i") is None


async def test_a_record_reads_back_with_its_etag(hub: TaskHub) -> None:
    """The hub's name and the missing tags are filled in."""
    etag = await hub.instances.insert(pending_record())

    assert await hub.instances.get("i") == pending_record(etag=etag, task_hub_name=hub.names.hub, tags="null")


async def test_a_merge_changes_only_the_given_columns(hub: TaskHub) -> None:
    """And adds the row of a sub-orchestration, which has none before its first commit."""
    await hub.instances.merge(pending_record())
    etag = await hub.instances.merge(
        InstanceRecord(instance_id="i", status=RuntimeStatus.COMPLETED, output="2", custom_status="null")
    )

    assert await hub.instances.get("i") == pending_record(
        status=RuntimeStatus.COMPLETED,
        output="2",
        custom_status="null",
        etag=etag,
        task_hub_name=hub.names.hub,
        tags="null",
    )


async def test_a_start_over_an_ended_instance_replaces_its_row(hub: TaskHub) -> None:
    """With the etag that was read; the old output is gone."""
    etag = await hub.instances.insert(pending_record(status=RuntimeStatus.COMPLETED, output="2"))

    await hub.instances.replace(pending_record(generation=1), etag)

    found = await hub.instances.get("i")
    assert found is not None
    assert (found.output, found.generation) == (None, 1)
    with pytest.raises(LostRace):
        await hub.instances.replace(pending_record(), etag)


async def test_one_of_two_starts_with_one_id_wins(hub: TaskHub) -> None:
    """One inserts, the other gets an error."""
    await hub.instances.insert(pending_record())

    with pytest.raises(LostRace):
        await hub.instances.insert(pending_record())


async def test_a_deleted_row_is_gone(hub: TaskHub) -> None:
    """The first deletion returns True."""
    await hub.instances.insert(pending_record())

    assert await hub.instances.delete("i") is True
    assert await hub.instances.delete("i") is False
    assert await hub.instances.get("i") is None


async def test_large_texts_are_urls_in_the_row_and_texts_in_the_record(hub: TaskHub, tables: TableService) -> None:
    """Input and output."""
    await hub.instances.insert(pending_record(input=LARGE))
    await hub.instances.merge(InstanceRecord(instance_id="i", output=LARGE))

    row = await stored_row(hub, tables)
    assert f"/{hub.names.large_messages}/i/history-" in str(row["Output"])
    found = await hub.instances.get("i")
    assert found is not None
    assert (found.input, found.output) == (LARGE, LARGE)


async def test_the_blob_of_the_history_is_reused(hub: TaskHub, tables: TableService) -> None:
    """The text has no second copy."""
    url = hub.large_messages.url(
        await hub.large_messages.put_column("i", "0" * 16, "ExecutionCompleted", "Result", LARGE)
    )

    await hub.instances.merge(InstanceRecord(instance_id="i", output=LARGE), {LARGE: url})

    assert (await stored_row(hub, tables))["Output"] == url
    assert await hub.large_messages.purge("i") == 1


async def test_the_blob_of_a_start_message_is_its_input(hub: TaskHub) -> None:
    """The real host refers to a large input in this way until the first commit, perhaps with another port."""
    event = ExecutionStarted(
        timestamp=WHEN, instance=InstanceRef(instance_id="i", execution_id="e"), name="flow", input=LARGE
    )
    message = Message(event=event, target=event.instance)
    name = await hub.large_messages.put_message(message, encode(message))
    url = hub.large_messages.url(name).replace("127.0.0.1:", "127.0.0.1:1")
    await hub.instances.insert(pending_record(input=url))

    found = await hub.instances.get("i")

    assert found is not None
    assert found.input == LARGE


@pytest.mark.parametrize("text", ["https://example.org/x", "http://", "http://h/{container}/nothing.json.gz"])
async def test_a_text_that_only_looks_like_a_reference_is_unchanged(hub: TaskHub, text: str) -> None:
    """The reason of a termination may be any URL."""
    reason = text.replace("{container}", hub.names.large_messages)
    await hub.instances.insert(pending_record(output=reason))

    found = await hub.instances.get("i")

    assert found is not None
    assert found.output == reason


async def test_a_list_is_ordered_by_id_and_has_pages(hub: TaskHub) -> None:
    """The continuation leads to the next page."""
    for instance_id in ("c", "a/1", "a", "b"):
        await hub.instances.insert(pending_record(instance_id))

    first = await hub.instances.query(InstanceFilter(), page_size=3)
    second = await hub.instances.query(InstanceFilter(), page_size=3, continuation=first.continuation)

    assert [record.instance_id for record in first.records + second.records] == ["a", "a/1", "b", "c"]
    assert second.continuation is None


async def test_a_list_can_be_filtered(hub: TaskHub) -> None:
    """By id, by status, by time, and without the inputs."""
    await hub.instances.insert(pending_record("a^1"))
    await hub.instances.insert(pending_record("a^2", status=RuntimeStatus.FAILED))
    await hub.instances.insert(pending_record("b", created_time=WHEN + timedelta(hours=1)))

    async def ids(**wanted: Any) -> list[str]:
        page = await hub.instances.query(InstanceFilter(**wanted))
        return [record.instance_id for record in page.records]

    assert await ids() == ["a^1", "a^2", "b"]
    assert await ids(id_prefix="a^") == ["a^1", "a^2"]
    assert await ids(statuses=frozenset({RuntimeStatus.FAILED, RuntimeStatus.TERMINATED})) == ["a^2"]
    assert await ids(created_from=WHEN + timedelta(seconds=1)) == ["b"]
    assert await ids(created_from=WHEN, created_to=WHEN) == ["a^1", "a^2"]
    assert await ids(id_prefix="a^", statuses=frozenset({RuntimeStatus.PENDING}), created_to=WHEN) == ["a^1"]
    page = await hub.instances.query(InstanceFilter(with_input=False))
    assert [(record.input, record.name) for record in page.records] == [(None, "flow")] * 3
