"""Tests of what a timer remembers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.model.schedule import parse_schedule
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.timer_status import CONTAINER, ScheduleMonitor, ScheduleStatus, resume
from packages.devhost.tests.lossy import losing

HOURLY = parse_schedule("0 0 * * * *")
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ran(at: datetime) -> ScheduleStatus:
    """The status of an hourly timer that ran at that time."""
    return ScheduleStatus(last=at, next=HOURLY.next_after(at), last_updated=at)


def test_a_new_timer_waits_for_its_first_occurrence() -> None:
    """The status stores it, so that it is not missed."""
    found = resume(None, HOURLY, NOON)
    assert (found.status.last, found.status.next, found.is_past_due) == (None, NOON + HOUR, False)


def test_a_missed_occurrence_is_past_due() -> None:
    """However many there were."""
    assert resume(ran(NOON), HOURLY, NOON + HOUR / 2).is_past_due is False
    assert resume(ran(NOON), HOURLY, NOON + 5 * HOUR / 2).is_past_due is True
    never_ran = resume(None, HOURLY, NOON).status
    assert resume(never_ran, HOURLY, NOON + 2 * HOUR).is_past_due is True


def test_a_status_from_the_future_is_ignored() -> None:
    """Otherwise a timer would rest until real time reached the virtual time of before."""
    found = resume(ran(NOON + 72 * HOUR), HOURLY, NOON)
    assert (found.status.last, found.status.next, found.is_past_due) == (None, NOON + HOUR, False)


@given(minutes=st.integers(0, 10**5))
def test_a_changed_schedule_is_never_past_due(minutes: int) -> None:
    """The stored status belongs to the old schedule."""
    now = NOON + timedelta(minutes=minutes)
    found = resume(ran(NOON), parse_schedule("0 7 3 * * *"), now)
    assert not found.is_past_due
    assert found.status.next >= now


@given(last=st.datetimes(datetime(2000, 1, 2), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is the next argument
def test_a_status_reads_back_from_its_json(last: datetime) -> None:
    """To the microsecond."""
    assert ScheduleStatus.from_dict(ran(last).to_dict()) == ran(last)
    fresh = ScheduleStatus(next=last)
    assert ScheduleStatus.from_dict(fresh.to_dict()) == fresh


def test_the_json_of_the_extension_is_read() -> None:
    """Seven fraction digits and an offset."""
    content = {
        "Last": "2024-01-01T12:00:00.1234567+02:00",
        "Next": "2024-01-01T13:00:00+02:00",
        "LastUpdated": "0001-01-01T00:00:00+00:00",
    }
    status = ScheduleStatus.from_dict(content)
    assert status.last == datetime(2024, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
    assert status.last_updated is None


async def test_the_status_is_stored_where_the_extension_stores_it(blobs: BlobService, name: str) -> None:
    """In azure-webjobs-hosts, below the host's id."""
    monitor = ScheduleMonitor(blobs=blobs, host_id=name, function_name="Daily")
    assert await monitor.read() is None
    await monitor.write(ran(NOON))
    assert await monitor.read() == ran(NOON)
    assert await blobs.get(CONTAINER, f"timers/{name}/Host.Functions.Daily/status") == (
        b'{"Last":"2024-01-01T12:00:00+00:00","Next":"2024-01-01T13:00:00+00:00","LastUpdated":"2024-01-01T12:00:00+00:00"}'
    )


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"Last": 1, "Next": 2}', b"\xff"])
async def test_a_corrupt_status_restarts_the_schedule(
    blobs: BlobService, name: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """With a warning that names the blob."""
    monitor = ScheduleMonitor(blobs=blobs, host_id=name, function_name="Daily")
    await monitor.write(ran(NOON))
    await blobs.put(CONTAINER, monitor.blob_name, content)
    assert await monitor.read() is None
    assert monitor.blob_name in caplog.text


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_a_status_is_stored_despite_a_short_storage_failure(
    azurite: Any, name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise a timer would not catch up, or would run twice."""
    refused: list[str] = []

    def answers(request: web.Request) -> web.Response | None:
        if f"{name}/" not in request.path or refused.count(request.method) == 2:
            return None
        refused.append(request.method)
        return web.Response(status=status)

    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, answers=answers) as text,
        Transport(StorageAccount.parse(text), retry_delays=()) as transport,
    ):
        monitor = ScheduleMonitor(
            blobs=BlobService(transport), host_id=name, function_name="Daily", retry_delays=(0, 0)
        )
        await monitor.write(ran(NOON))
        assert await monitor.read() == ran(NOON)
    assert (refused, caplog.records) == (["PUT", "PUT", "GET", "GET"], [])
