"""The zone in which schedules count."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from durable_devhost.time_zones import time_zone


def test_schedules_use_utc_wherever_the_machine_is() -> None:
    """As on Azure, without a message."""
    assert time_zone({"TZ": "Europe/Berlin"}) == (UTC, None)


def test_a_name_of_the_tz_database_is_accepted() -> None:
    """The notice names the plans in which Azure accepts it."""
    zone, said = time_zone({"WEBSITE_TIME_ZONE": "Europe/Berlin"})
    assert zone == ZoneInfo("Europe/Berlin")
    assert said is not None
    assert "not in Consumption and Flex Consumption" in said


@pytest.mark.parametrize(
    "name", ["W. Europe Standard Time", "Europe", "../passwd", "/etc/passwd", "Mars/Olympus", "\0"]
)
def test_a_name_that_linux_does_not_know_means_utc(name: str) -> None:
    """Also a Windows name; the sentence says what to write."""
    zone, said = time_zone({"WEBSITE_TIME_ZONE": name})
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == datetime(2026, 7, 1, tzinfo=UTC).utcoffset()
    assert said is not None
    assert "like Europe/Berlin" in said
