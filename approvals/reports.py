"""Reports: how long stages take, where proposals wait, who is overdue, and how proposals ended, month by month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median, quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedProposal:
    """What a report needs of one proposal."""

    proposal_id: str
    status: str
    submitted_at: datetime
    ended_at: datetime | None
    stage: str
    """The open stage; empty where none is open."""
    asked_at: datetime | None
    deadline: datetime | None
    waiting_for: tuple[str, ...]
    stage_hours: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """How long a stage was open, over all proposals that have left it. Hours."""

    stage: str
    count: int
    median: float
    percentile_90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A stage in which proposals wait now."""

    stage: str
    count: int
    oldest: datetime
    """Since when the one has been waiting that waits the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Somebody whose time is up for some proposals."""

    person: str
    count: int
    oldest: datetime
    """The deadline that passed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """How many proposals ended in a month, by outcome; and how many were handed in."""

    month: str
    """As `2026-11`, in UTC."""
    submitted: int
    outcomes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it."""

    stages: tuple[StageTimes, ...]
    waiting: tuple[Waiting, ...]
    overdue: tuple[Overdue, ...]
    months: tuple[Month, ...]
    proposals: int


OUTCOMES = ("approved", "rejected", "withdrawn", "expired", "failed")


def report(proposals: Iterable[ReportedProposal], *, now: datetime, months: int = 12) -> Report:
    """Add proposals up; the latest `months` months, this one last, also where nothing happened in them."""
    rows = tuple(proposals)
    return Report(
        stages=_stage_times(rows),
        waiting=_waiting_people(rows, now),
        overdue=_overdue(rows, now),
        months=_months(rows, now, months),
        proposals=len(rows),
    )


def _stage_times(rows: Sequence[ReportedProposal]) -> tuple[StageTimes, ...]:
    hours = dict[str, list[float]]()
    for row in rows:
        for stage, took in row.stage_hours:
            hours.setdefault(stage, []).append(took)
    times = (
        StageTimes(stage=stage, count=len(took), median=median(took), percentile_90=_percentile_90(took))
        for stage, took in hours.items()
    )
    return tuple(sorted(times, key=lambda each: (-each.count, each.stage)))


def _percentile_90(values: Sequence[float]) -> float:
    """Return the value that nine tenths do not exceed; of one value that value."""
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]


def _waiting_people(rows: Sequence[ReportedProposal], now: datetime) -> tuple[Waiting, ...]:
    since = dict[str, list[datetime]]()
    for row in rows:
        if row.stage:
            since.setdefault(row.stage, []).append(row.asked_at or now)
    found = (Waiting(stage=stage, count=len(times), oldest=min(times)) for stage, times in since.items())
    return tuple(sorted(found, key=lambda each: (-each.count, each.oldest)))


def _overdue(rows: Sequence[ReportedProposal], now: datetime) -> tuple[Overdue, ...]:
    late = dict[str, list[datetime]]()
    for row in rows:
        if row.deadline is not None and row.deadline <= now:
            for person in row.waiting_for:
                late.setdefault(person, []).append(row.deadline)
    found = (Overdue(person=person, count=len(times), oldest=min(times)) for person, times in late.items())
    return tuple(sorted(found, key=lambda each: (each.oldest, each.person)))


def _months(rows: Sequence[ReportedProposal], now: datetime, count: int) -> tuple[Month, ...]:
    submitted = Counter(_month(row.submitted_at) for row in rows)
    ended = Counter((_month(row.ended_at), row.status) for row in rows if row.ended_at)
    names = [_month_before(now, back) for back in reversed(range(count))]
    return tuple(
        Month(
            month=name,
            submitted=submitted[name],
            outcomes=tuple((outcome, ended[name, outcome]) for outcome in OUTCOMES),
        )
        for name in names
    )


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def _month_before(now: datetime, back: int) -> str:
    year, month = divmod(now.year * 12 + now.month - 1 - back, 12)
    return f"{year:04d}-{month + 1:02d}"
