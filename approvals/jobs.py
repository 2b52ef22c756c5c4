"""Monitored jobs: their states, when they are polled, and the alert at the end.

A monitor may run for long, so that its history would grow: after some polls the workflow continues as new and passes
its progress on.
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
"""Characters that table keys must not contain; `%`, which some clients decode; and `!`, which marks a replacement."""


class JobStatus(Boundary):
    """The state of a job: the result of GetJobStatus."""

    state: Literal["running", "completed", "failed", "unknown"]
    detail: Annotated[str, Field(max_length=LONGEST_DETAIL)] = ""

    @property
    def end_state(self) -> Literal["completed", "failed"] | None:
        """How the job ended; None while it is running."""
        return self.state if self.state in ("completed", "failed") else None


# Constructed without a check, as with a check its validator would be built when the app starts.
UNKNOWN = JobStatus.model_construct(state="unknown", detail="the job is not on record")


class Alert(Boundary):
    """The alert at the end of monitoring: the input of SendAlert."""

    instance_id: str
    job_id: Line
    outcome: Literal["completed", "failed", "expired"]
    detail: str
    polls: int


class SentAlert(Alert):
    """A row of the table `Alerts`."""

    alerted_at: str


class MonitorForm(Form):
    """The job to monitor, how often to poll it, and for how long."""

    example: ClassVar = {"jobId": "footbridge-works", "pollSeconds": 30, "expiresAfterMinutes": 60}

    job_id: Annotated[
        Line, Field(description="the job's id; the system that runs the job writes its state under this id")
    ]
    poll_seconds: Annotated[Seconds, Field(description="seconds from one poll to the next")] = 30.0
    growth: Annotated[
        float, Field(ge=1, le=10, description="factor from one interval to the next: 1 keeps it, 2 doubles it")
    ] = 1.0
    longest_poll_seconds: Annotated[Seconds, Field(description="the longest interval, in seconds")] = float(
        A_DAY_IN_SECONDS
    )
    expires_after_minutes: Annotated[
        float, Field(gt=0, le=A_YEAR_IN_MINUTES, description="minutes after its start at which monitoring stops")
    ] = 60.0

    @model_validator(mode="after")
    def _longest_is_not_shorter(self) -> Self:
        if self.longest_poll_seconds < self.poll_seconds:
            raise ValueError("longestPollSeconds must not be less than pollSeconds")
        return self


class CarriedWatch(Boundary):
    """What one run of the workflow passes to the next (continue-as-new)."""

    polls: Annotated[int, Field(ge=0)]
    interval_seconds: Seconds
    expires_at: Instant


class MonitorState(MonitorForm):
    """The input of MonitorJobStatus: the posted form, and what an earlier run (before continue-as-new) passed on."""

    carried: CarriedWatch | None = None

    def watch(self, now: datetime) -> "Watch":
        """Start monitoring, or continue it.

        Whatever an earlier run passed on, monitoring ends no later than if it started now, and polls no faster than its
        form says.
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
    """The progress of monitoring: the polls so far, the seconds until the next one, and when monitoring stops."""

    form: MonitorForm
    polls: int
    interval: float
    expires: datetime

    def after_poll(self) -> "Watch":
        """Return the progress after one more poll."""
        return replace(self, polls=self.polls + 1)

    def outcome(self, job: JobStatus, now: datetime) -> Literal["completed", "failed", "expired"] | None:
        """Return how monitoring ends with this poll; None if it continues. An end seen at the last moment counts."""
        return job.end_state or ("expired" if now >= self.expires else None)

    def next_poll(self, now: datetime) -> datetime:
        """Return the time of the next poll: after the interval, or at the expiry if that is earlier."""
        return min(now + timedelta(seconds=self.interval), self.expires)

    def with_next_interval(self) -> "Watch":
        """Return the progress with its next interval."""
        return replace(self, interval=min(self.interval * self.form.growth, self.form.longest_poll_seconds))

    def carry_over(self) -> MonitorState:
        """Return the input of the next run (continue-as-new)."""
        fields = self.form.model_dump(exclude={"carried"})
        carried = CarriedWatch(polls=self.polls, interval_seconds=self.interval, expires_at=self.expires.isoformat())
        return MonitorState(**fields, carried=carried)


def read_job(state: object, detail: object) -> JobStatus:
    """Read the state that another system wrote into a job's row. An unknown word does not end the job."""
    match str(state).strip().casefold():
        case "running" | "completed" | "failed" as known:
            return JobStatus(state=known, detail=_shortened(str(detail or "")))
        case other:
            return JobStatus(state="unknown", detail=_shortened(f"the state on record is {other[:40]!r}"))


def _shortened(text: str) -> str:
    return " ".join(text.split())[:LONGEST_DETAIL]


def job_key(job_id: str) -> str:
    """Return the row key of a job: its id, with each forbidden character as `!` and two hexadecimal digits.

    Other systems write these rows, so the rule is easy to implement: the key of `works/2026` is `works!2F2026`.
    """
    return _NOT_IN_KEYS.sub(lambda found: f"!{ord(found[0]):02X}", job_id)
