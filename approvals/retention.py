"""Retention: which finished instances are old enough to be purged, and what is recorded about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from approvals.instants import read_instant
from approvals.validation import Invalid

FINISHED = ("Completed", "Failed", "Terminated")
"""The final states. Only a restart of the instance leaves them."""

USUAL_LIMIT = 500
MOST_DAYS = 36_500
MOST_AT_ONCE = 100_000
_LONGEST_OUTCOME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The retention settings: how long finished instances are kept, and how many are purged at a time."""

    days: int
    limit: int

    @property
    def purges(self) -> bool:
        """Whether instances are purged at all."""
        return self.days > 0

    def cutoff(self, now: datetime) -> datetime:
        """Return the time before which an instance must have ended to be purged."""
        return now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedInstance:
    """A finished instance, as the table `Audit` records it."""

    instance_id: str
    workflow: str
    status: str
    created: datetime
    last_updated: datetime
    outcome: str | None


def read_rule(settings: Mapping[str, str]) -> Rule:
    """Read RETENTION_DAYS (0 or missing: never purge) and RETENTION_LIMIT; raises `Invalid` that names the setting."""
    return Rule(
        days=_whole(settings, "RETENTION_DAYS", usual=0, least=0, most=MOST_DAYS),
        limit=_whole(settings, "RETENTION_LIMIT", usual=USUAL_LIMIT, least=1, most=MOST_AT_ONCE),
    )


def _whole(settings: Mapping[str, str], name: str, *, usual: int, least: int, most: int) -> int:
    text = settings.get(name, "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise Invalid(f"{name} must be a whole number from {least} to {most:,}, not {text[:40]!r}")
    return int(text)


def instance_to_purge(entry: Mapping[str, Any], cutoff: datetime) -> EndedInstance | None:
    """Read one entry of the hub's list of instances; None if it must not be purged.

    The hub filters its list by the time of creation, but an instance may have run for long and have ended only
    yesterday. Entities are in the list too; their ids begin with `@`.
    """
    instance_id, status = str(entry["instanceId"]), str(entry["runtimeStatus"])
    last_updated = read_instant(entry["lastUpdatedTime"])
    if status not in FINISHED or instance_id.startswith("@") or last_updated >= cutoff:
        return None
    return EndedInstance(
        instance_id=instance_id,
        workflow=str(entry.get("name") or ""),
        status=status,
        created=read_instant(entry["createdTime"]),
        last_updated=last_updated,
        outcome=outcome_of(entry.get("output")),
    )


def outcome_of(output: object) -> str | None:
    """Return the outcome in a workflow's output, None if it has none."""
    outcome = output.get("outcome") if isinstance(output, dict) else None
    return outcome[:_LONGEST_OUTCOME] if isinstance(outcome, str) else None
