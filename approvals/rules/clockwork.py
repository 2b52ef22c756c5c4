"""How a review is carried out in time: what one execution of its workflow is given, finds, and hands to the next.

The record decides; this is only the clockwork beside it. An execution looks at the record, waits once, and starts the
workflow anew with a `Turn`. Nothing in a turn is needed to know where a review stands: it holds how far people have
been told and outcomes counted, and answers that came as events and are not in the record yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from approvals.attachments import StoredAttachment
from approvals.decision import Decision
from approvals.findings import Sum
from approvals.forms import AsTuple
from approvals.identifiers import InstanceId
from approvals.instants import Instant, read_instant
from approvals.rules.progress import counts, next_wake
from approvals.rules.state import Checking, Review
from approvals.validation import Boundary, Line

WAKE = "Wake"
"""The event that makes the workflow look at the record again; what it carries is not looked at."""

LONGEST_WAIT = timedelta(days=6)
"""Above that the SDK splits a timer into slices, which it cannot cancel."""

MOST_TROUBLES = 30
"""After so many looks in a row that failed, about a day, the review has failed for good. The same for letters."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_EARLIEST = timedelta(seconds=2)
"""By how much a durable timer may fire before its time: the storage provider cuts its delay to whole seconds."""

Count = Annotated[int, Field(ge=0)]


class EventDecision(Boundary):
    """A decision that came as an event."""

    id: Line
    """Made when it was heard; the record takes the same one down once."""
    decision: Decision


class Turn(Boundary):
    """What one execution begins with. The first is given the proposal's id alone."""

    proposal_id: InstanceId
    told: Count = 0
    """Number of the entry up to which people have been told."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What the counters have been told of this review so far."""
    heard: Annotated[tuple[EventDecision, ...], AsTuple] = ()
    """Events to take down first."""
    rejected: Annotated[tuple[str, ...], AsTuple] = ()
    """What was wrong with the form of events that the last execution heard."""
    reached: Instant | None = None
    """What the last execution's timer was set to, where it was the timer that ended the wait."""
    refused: Count = 0
    """How many events could not be used."""
    last_refusal: str | None = None
    """Why the last of them could not: a word of the record's, or what was wrong with its form. Holds no name."""
    troubles: Count = 0
    """How many looks in a row have failed."""
    untold: Count = 0
    """How many times in a row some letter could not be sent."""

    def time(self, now: datetime) -> datetime:
        """Return what time it is for the record: a timer that fired a moment early counts as punctual.

        Else the review would be looked at again and again until its time has really come.
        """
        return max(now, min(read_instant(self.reached), now + _EARLIEST)) if self.reached else now

    def informed(self, step: "Step") -> "Turn":
        """Return the turn with what the list knows beyond it: a workflow that is started anew has told nobody yet."""
        counted = {name: max(count, self.counted.get(name, 0)) for name, count in step.counted.items()}
        return self.model_copy(update={"told": max(self.told, step.told), "counted": {**self.counted, **counted}})

    def after_look(self, *, failed: bool) -> "Turn":
        """Return the turn after the record was looked at, or could not be."""
        return self.model_copy(update={"troubles": self.troubles + 1 if failed else 0})

    def after_telling(self, told: int, entries: int) -> "Turn":
        """Return the turn after letters went out up to entry `told`, of `entries`; in the end the rest is let go."""
        if told >= entries:
            return self.model_copy(update={"told": told, "untold": 0})
        if self.untold + 1 >= MOST_TROUBLES:
            return self.model_copy(update={"told": entries, "untold": 0})
        return self.model_copy(update={"told": max(self.told, told), "untold": self.untold + 1})

    def with_refusal(self, reason: str) -> "Turn":
        """Return the turn after an event that could not be used."""
        return self.model_copy(update={"refused": self.refused + 1, "last_refusal": reason})

    def holds(self, decision: Decision) -> bool:
        """Say whether an event is one that this turn began with.

        The host delivers the event that ended a wait once more to the next execution (see orchestrators/review.py).
        """
        return any(each.decision == decision for each in self.heard)

    @property
    def pause(self) -> timedelta | None:
        """How long to wait after something failed: a minute, twice that each time, at most an hour."""
        times = max(self.troubles, self.untold)
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(times - 1, 10)) if times else None


class ReviewInput(Boundary):
    """The input of ApprovalWorkflow for a proposal with a record."""

    review: Turn


class Step(Boundary):
    """What a look at the record found: the result of AdvanceReview. Small, and without names."""

    next: Literal["check", "wait", "ended"]
    """What there is to do: check the document, wait, or nothing more."""
    status: str
    stage: str | None
    """The name that the policy gives the open stage."""
    deadline: Instant | None
    """When the open stage's time is up, or the author's for changes."""
    wake_at: Instant | None
    """When time alone will change something."""
    ended_at: Instant | None
    entries: int
    round: int
    document: str
    """The hash of the document to be checked."""
    counts: dict[str, int]
    attachments: Annotated[tuple[StoredAttachment, ...], AsTuple] = ()
    """What is to be checked."""
    told: Count = 0
    """Number of the entry up to which the list knows that people have been told, where that is news to the workflow."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What the counters were told up to there."""

    def uncounted(self, counted: Mapping[str, int]) -> dict[str, int]:
        """Return what has to be added to each counter."""
        return {name: more for name, count in self.counts.items() if (more := count - counted.get(name, 0)) > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a workflow says that it is, in its custom status, which is stored together with what it has done.

    Nothing else tells that: an activity may have run for a workflow whose host died before it knew of it.
    """

    entries: int
    """Number of the entry up to which it has seen the record, told people and counted; 0 where it does not say."""
    untold: bool
    """Whether some letter up to there could not be sent; the workflow tries it again by itself."""

    @classmethod
    def read(cls, custom_status: object) -> "Progress":
        """Read what `shown` wrote, or whatever else is there."""
        fields = custom_status if isinstance(custom_status, dict) else {}
        entries = fields.get("entries")
        return cls(entries=entries if isinstance(entries, int) else 0, untold=bool(fields.get("untold")))

    def holds(self, entries: int) -> bool:
        """Say whether everything up to that entry is done with."""
        return self.entries >= entries and not self.untold


def shown(turn: Turn, step: Step) -> dict[str, Any]:
    """Return the custom status: where the review stands; no names, and nothing that anybody wrote.

    `entries` is not ahead of what was done about them: while a document is checked it is what was told before.
    """
    entries = turn.told if step.next == "check" else step.entries
    status = {"status": step.status, "stage": step.stage, "deadline": step.deadline, "entries": entries}
    if turn.untold:
        status["untold"] = turn.untold
    if turn.refused:
        status |= {"refusedEvents": turn.refused, "lastRefusal": turn.last_refusal}
    return status


def until(now: datetime, turn: Turn, step: Step | None) -> datetime:
    """Return until when to wait at most: for the record, for what is tried again, or six days.

    `step` is None where the look failed.
    """
    times = [now + LONGEST_WAIT]
    if turn.pause:
        times.append(now + turn.pause)
    if step and step.wake_at:
        times.append(read_instant(step.wake_at))
    if step and step.next == "check":
        times.append(now)
    return min(times)


def step_of(review: Review, *, told: int = 0, counted: Mapping[str, int] | None = None) -> Step:
    """Return what the workflow needs to know of a review that is settled, and of what the list knows."""
    checking = isinstance(review.phase, Checking)
    wake, deadline = next_wake(review), review.deadline
    files = [
        StoredAttachment(
            blob=each.blob,
            name=each.blob.rpartition("/")[2],  # not what people call it: this goes into the history
            content_type=each.content_type,
            size=each.size,
        )
        for each in review.attachments
    ]
    return Step(
        next="ended" if review.final else "check" if checking else "wait",
        status=review.status.value,
        stage=review.open_stage.name if review.open_stage else None,
        deadline=deadline.isoformat() if deadline and not review.final else None,
        wake_at=wake.isoformat() if wake else None,
        ended_at=review.end.at.isoformat() if review.end else None,
        entries=review.number,
        round=review.round,
        document=review.document,
        counts=counts(review),
        attachments=tuple(files) if checking else (),
        told=told,
        counted=dict(counted or {}),
    )


def findings_of(total: Sum) -> tuple[str, ...]:
    """Return the words by which a policy knows findings: what they sum up to, and each check that found something."""
    return (total.outcome, *sorted({each.check for each in total.findings if each.severity != "ok"}))


UNCHECKED: tuple[str, ...] = ("incomplete",)
"""The findings where the checks could not be carried out at all."""
