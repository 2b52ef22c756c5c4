"""Leases of partitions on the emulator: claims, renewals, and who loses."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from durable_devhost.storage.tables import ETAG, TableService, read_row, write_row
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.partitions import LEASE, PartitionLease

NOW = datetime(2026, 11, 21, 4, 30, 19, 507357, tzinfo=UTC)


def lease(**values: Any) -> PartitionLease:
    """A row as somebody left it."""
    return PartitionLease(queue="hub-control-02", **values)


@pytest.mark.parametrize(
    ("row", "free"),
    [
        (lease(), True),
        (lease(next_owner="me"), True),
        (lease(next_owner="other"), False),
        (lease(current_owner="other"), False),
        (lease(current_owner="other", expires_at=NOW), True),
        (lease(current_owner="other", expires_at=NOW + timedelta(seconds=1)), False),
    ],
)
def test_a_partition_is_free_without_an_owner_or_after_its_lease(row: PartitionLease, free: bool) -> None:
    """A lease without a time never ends."""
    assert row.can_be_claimed("me", NOW) is free


def test_the_name_of_a_queue_gives_the_partition() -> None:
    """Its last two digits."""
    assert lease().partition == 2


async def test_a_new_hub_has_a_free_row_for_each_partition(hub: TaskHub) -> None:
    """In order."""
    rows = await hub.partitions.read()

    assert [row.partition for row in rows] == [0, 1, 2, 3]
    assert all(row.can_be_claimed("me", NOW) for row in rows)


async def test_an_unknown_row_is_ignored_and_named(hub: TaskHub, tables: TableService) -> None:
    """Whoever wrote it."""
    foreign = [f"{hub.names.hub.lower()}-control-xx", "note", "other-control-00"]
    for key in foreign:
        await tables.insert(hub.names.partitions, {"PartitionKey": "", "RowKey": key})
    named: list[str] = []

    rows = await hub.partitions.read(named.append)

    assert [row.partition for row in rows] == [0, 1, 2, 3]
    assert sorted(named) == sorted(foreign)
    assert rows == await hub.partitions.read()


async def test_a_claimed_row_equals_that_of_the_real_host(
    hub: TaskHub, tables: TableService, recorded_rows: dict[str, Any]
) -> None:
    """The same columns with the same types."""
    [plain] = recorded_rows["partitions"]
    first = (await hub.partitions.read())[0]

    await hub.partitions.claim(first, "vm", NOW)

    row = await tables.get(hub.names.partitions, "", hub.names.control(0))
    assert row is not None
    written = json.loads(write_row({name: value for name, value in row.items() if name not in (ETAG, "Timestamp")}))
    assert {name: type(value) for name, value in written.items()} == {
        name: type(value) for name, value in plain.items()
    }
    assert read_row(written)["ExpiresAt"] == NOW + LEASE


async def test_only_one_of_two_claims_wins(hub: TaskHub) -> None:
    """The other gets an error."""
    first = (await hub.partitions.read())[0]
    claimed = await hub.partitions.claim(first, "me", NOW)

    with pytest.raises(LostRace):
        await hub.partitions.claim(first, "other", NOW)

    assert (await hub.partitions.read())[0] == claimed


async def test_a_renewal_keeps_the_time_of_the_claim(hub: TaskHub) -> None:
    """It can also mark the partition as being given up."""
    claimed = await hub.partitions.claim((await hub.partitions.read())[0], "me", NOW)
    later = NOW + timedelta(seconds=10)

    renewed = await hub.partitions.renew(claimed, later, is_draining=True)

    assert (renewed.owned_since, renewed.last_renewal, renewed.expires_at) == (NOW, later, later + LEASE)
    assert (await hub.partitions.read())[0] == renewed
    assert renewed.is_draining


async def test_all_partitions_are_kept_with_one_request(hub: TaskHub) -> None:
    """And none where one of them has changed hands."""
    mine = [await hub.partitions.claim(row, "me", NOW) for row in await hub.partitions.read()]
    later = NOW + timedelta(seconds=10)
    kept = await hub.partitions.renew_all(mine, later)
    assert kept == await hub.partitions.read()
    assert {lease.expires_at for lease in kept} == {later + LEASE}

    await hub.partitions.ask(kept[1], "other")
    with pytest.raises(LostRace):
        await hub.partitions.renew_all(kept, later + LEASE)
    assert {lease.last_renewal for lease in await hub.partitions.read()} == {later}


async def test_a_released_partition_is_free_at_once(hub: TaskHub) -> None:
    """Its times stay, its owner is removed."""
    claimed = await hub.partitions.claim((await hub.partitions.read())[0], "me", NOW)

    await hub.partitions.release(claimed)

    [row, *_] = await hub.partitions.read()
    assert (row.current_owner, row.owned_since) == (None, NOW)
    assert row.can_be_claimed("other", NOW)
