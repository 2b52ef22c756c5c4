"""Times in words: when something was, and how long it still takes. Every function takes the current time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from approvals.words.wording import span


def moment(text: str) -> datetime:
    """Read an instant as the API writes it; raises ValueError without a time zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} does not say in which time zone")
    return instant


def clock_time(instant: datetime, *, seconds: bool = False) -> str:
    """Return an instant in the time zone of the reader, as short as is clear."""
    return instant.astimezone().strftime("%d %b %Y %H:%M:%S" if seconds else "%a %d %b %Y, %H:%M")


def distance(instant: datetime, now: datetime) -> str:
    """Say how far off an instant is: `in 2 days 3 hours`, `5 minutes ago`."""
    return f"in {span(instant - now)}" if instant > now else f"{span(now - instant)} ago"


def present(view: Mapping[str, Any]) -> datetime:
    """Return the current time for a proposal: that of the app's clock if it is given, which may be virtual."""
    told = view.get("now")
    return moment(told) if told else max(datetime.now(UTC), moment(view["updatedAt"]))
