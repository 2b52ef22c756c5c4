"""The time zone of timer schedules: `WEBSITE_TIME_ZONE`, as in the plans of Azure on Linux."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

SETTING = "WEBSITE_TIME_ZONE"
_PLANS = "on Azure that works on Linux in Premium and dedicated plans, not in Consumption and Flex Consumption"


def time_zone(app_settings: Mapping[str, str]) -> tuple[tzinfo, str | None]:
    """The zone, and a sentence about it if the setting exists; UTC without it, whatever this machine's zone is.

    A name that Linux does not know, such as those of Windows, means UTC, as on Azure.
    """
    name = (app_settings.get(SETTING) or "").strip()
    if not name:
        return UTC, None
    try:
        return ZoneInfo(name), f"The schedules of timers count in {name} ({SETTING}); {_PLANS}."
    except (OSError, ValueError, KeyError):  # a folder, a path, and ZoneInfoNotFoundError
        return UTC, (
            f"{SETTING} is '{name}', which Linux does not know, so the schedules of timers count in UTC, as on Azure. "
            "Write a name of the tz database, like Europe/Berlin."
        )
