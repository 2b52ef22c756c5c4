"""Jobs that are watched: how they stand, when they are looked at, and what is told when the watch is over.

A watch outlives its history: after some polls the workflow starts itself anew and carries on what it must still know.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from approvals.forms import Form
from approvals.instants import Instant, read_instant
from approvals.validation import Boundary, Line

A_DAY_IN_SECONDS = 86_400
A_YEAR_IN_MINUTES = 525_600
LONGEST_DETAIL = 200

Seconds = Annotated[float, Field(ge=1, le=A_DAY_IN_SECONDS)]

_NOT_IN_KEYS = re.compile(r"[/\\#?%!\x00-\x1f\x7f-\x9f]")
"""What the keys of a table may not hold, `%`, which some clients decode, and `!`, which marks what was replaced."""


class JobStatus(Boundary):
    """How a job stands; the result of GetJobStatus."""

    state: Literal["running", "completed", "failed", "unknown"]
    detail: Annotated[str, Field(max_length=LONGEST_DETAIL)] = ""

    @property
    def ended(self) -> Literal["completed", "failed"] | None:
        """How the job has ended, None while it has not."""
        return self.state if self.state in ("completed", "failed") else None


UNKNOWN = JobStatus(state="unknown", detail="the job is not on record")


class Alert(Boundary):
    """What is told at the end of a watch: the input of SendAlert."""

    instance_id: str
    job_id: Line
    outcome: Literal["completed", "failed", "expired"]
    detail: str
    polls: int


class SentAlert(Alert):
    """A row of the table `Alerts`."""

    alerted_at: str


class MonitorForm(Form):
    """Which job is watched, how often it is looked at, and for how long."""

    example: ClassVar = {"jobId": "footbridge-works", "pollSeconds": 30, "expiresAfterMinutes": 60}

    job_id: Annotated[Line, Field(description="the job's id; whoever runs the job writes its state under this id")]
    poll_seconds: Annotated[Seconds, Field(description="from one look to the next, in seconds")] = 30.0
    growth: Annotated[
        float, Field(ge=1, le=10, description="each interval is so many times the one before: 1 is steady, 2 doubles")
    ] = 1.0
    longest_poll_seconds: Annotated[Seconds, Field(description="the interval grows no longer than this")] = float(
        A_DAY_IN_SECONDS
    )
    expires_after_minutes: Annotated[
        float, Field(gt=0, le=A_YEAR_IN_MINUTES, description="when the watch is given up, in minutes after its start")
    ] = 60.0

    @model_validator(mode="after")
    def _longest_is_not_shorter(self) -> Self:
        if self.longest_poll_seconds < self.poll_seconds:
            raise ValueError("longestPollSeconds must not be less than pollSeconds")
        return self


class CarriedWatch(Boundary):
    """What one generation of the workflow hands to the next."""

    polls: Annotated[int, Field(ge=0)]
    interval_seconds: Seconds
    expires_at: Instant


class MonitorState(MonitorForm):
    """The input of MonitorJobStatus: a form as it was posted, or one with what an earlier generation carried over."""

    carried: CarriedWatch | None = None

    def watch(self, now: datetime) -> "Watch":
        """Begin the watch, or go on with it.

        Whatever was carried over, the watch ends no later than one that begins now, and polls no faster than its form.
        """
        expires = now + timedelta(minutes=self.expires_after_minutes)
        interval = self.poll_seconds
        polls = 0
        if self.carried:
            expires = min(expires, read_instant(self.carried.expires_at))
            interval = min(max(interval, self.carried.interval_seconds), self.longest_poll_seconds)
            polls = self.carried.polls
        return Watch(form=self, polls=polls, interval=interval, expires=expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A watch on its way: polls so far, seconds until the next one, and when it is given up."""

    form: MonitorForm
    polls: int
    interval: float
    expires: datetime

    def polled(self) -> "Watch":
        """Return the watch after one more look at the job."""
        return replace(self, polls=self.polls + 1)

    def outcome(self, job: JobStatus, now: datetime) -> Literal["completed", "failed", "expired"] | None:
        """Say how the watch ends with this look, None where it goes on. An end seen at the last moment counts."""
        return job.ended or ("expired" if now >= self.expires else None)

    def next_poll(self, now: datetime) -> datetime:
        """Return when to look next: after the interval, or at the expiry where that comes first."""
        return min(now + timedelta(seconds=self.interval), self.expires)

    def grown(self) -> "Watch":
        """Return the watch with its next interval."""
        return replace(self, interval=min(self.interval * self.form.growth, self.form.longest_poll_seconds))

    def carry_over(self) -> MonitorState:
        """Return the input of the next generation."""
        fields = self.form.model_dump(exclude={"carried"})
        carried = CarriedWatch(polls=self.polls, interval_seconds=self.interval, expires_at=self.expires.isoformat())
        return MonitorState(**fields, carried=carried)


def read_job(state: object, detail: object) -> JobStatus:
    """Read what another system wrote into a job's row; a word that is none of ours is no end, and is told."""
    match str(state).strip().casefold():
        case "running" | "completed" | "failed" as known:
            return JobStatus(state=known, detail=_shortened(str(detail or "")))
        case other:
            return JobStatus(state="unknown", detail=_shortened(f"the state on record is {other[:40]!r}"))


def _shortened(text: str) -> str:
    return " ".join(text.split())[:LONGEST_DETAIL]


def job_key(job_id: str) -> str:
    """Return the row key of a job: its id, each character that keys may not hold as `!` and two hexadecimal digits.

    Other systems write these rows, so the rule is one that is easy to repeat: `works/2026` is under `works!2F2026`.
    """
    return _NOT_IN_KEYS.sub(lambda found: f"!{ord(found[0]):02X}", job_id)
