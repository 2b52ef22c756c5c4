"""Data of a review's workflow: what one execution gets, what it finds, and what it passes to the next execution.

The record is the source of truth; the workflow only keeps time. One execution reads the record, waits once, and
continues as new with a `Turn`. The state of the review does not depend on the turn. The turn has how far letters were
sent and outcomes were counted, and answers that came as events and are not in the record yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from approvals.attachments import StoredAttachment
from approvals.decision import Decision
from approvals.findings import ChecksSummary
from approvals.forms import AsTuple
from approvals.identifiers import InstanceId
from approvals.instants import Instant, read_instant
from approvals.rules.progress import counts, next_wake
from approvals.rules.state import Checking, Review
from approvals.validation import Boundary, Line

WAKE = "Wake"
"""The event that makes the workflow read the record again. Its content is ignored."""

LISTENED_FOR = 4
"""Of the next entries, those whose events the workflow waits for: if one is lost, the next one wakes it."""

LONGEST_WAIT = timedelta(days=6)
"""The SDK splits a longer timer into slices, which it cannot cancel."""

MOST_TROUBLES = 30
"""After so many failed reads of the record in a row, about a day, the review fails. The same number for letters."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_EARLIEST = timedelta(seconds=2)
"""How much too early a durable timer may fire: the storage provider rounds its delay down to whole seconds."""

Count = Annotated[int, Field(ge=0)]


def wake_for(entry: int) -> str:
    """Return the name of the event that makes a workflow read the record again that has not seen this entry.

    Whoever adds an entry raises it. A workflow waits for those of the entries after the last one that it has seen. So
    it does not hear one again that the host delivers once more (see orchestrators/review.py), or that came while it
    was reading the entry.
    """
    return f"{WAKE}-{entry}"


def wakes_after(entry: int) -> tuple[str, ...]:
    """Return the events that a workflow waits for that has seen the record up to an entry."""
    return (WAKE, *(wake_for(entry + place) for place in range(1, LISTENED_FOR + 1)))


def woken_by(entry: int, are_heard: Sequence[bool]) -> int:
    """Return the last entry whose event was heard, by which of `wakes_after(entry)` were.

    0 if none was, or if the plain one was: whoever raises that thinks that an event was lost.
    """
    last = max((place for place, is_heard in enumerate(are_heard) if is_heard), default=0)
    return entry + last if last and not are_heard[0] else 0


class EventDecision(Boundary):
    """A decision that came as an event."""

    id: Line
    """Made when the event was received, so that the decision is recorded once."""
    decision: Decision


class Turn(Boundary):
    """The input of one execution. The first execution gets only the proposal's id."""

    proposal_id: InstanceId
    told: Count = 0
    """Number of the entry up to which letters were sent."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What was added to the counters for this review so far."""
    heard: Annotated[tuple[EventDecision, ...], AsTuple] = ()
    """Decisions from events that must be recorded first."""
    rejected: Annotated[tuple[str, ...], AsTuple] = ()
    """Errors in events that the last execution received."""
    woken_by: Count = 0
    """Number of the last entry whose event ended the wait; 0 if something else did, or if entries may be missing."""
    reached: Instant | None = None
    """The time of the last execution's timer, if the timer ended the wait."""
    refused: Count = 0
    """How many events were refused."""
    last_refusal: str | None = None
    """Why the last of them was refused: a code of the rules, or the error in its form. It contains no name."""
    troubles: Count = 0
    """How many reads of the record have failed in a row."""
    untold: Count = 0
    """How many times in a row a letter could not be sent."""

    def time(self, now: datetime) -> datetime:
        """Return the time for the record: a timer that fired slightly early counts as punctual.

        Otherwise the workflow would read the record again and again until the deadline has really passed.
        """
        return max(now, min(read_instant(self.reached), now + _EARLIEST)) if self.reached else now

    def after_carrying_out(self, told: int, counted: Mapping[str, int], entries: int) -> "Turn":
        """Return the turn after a look at so many entries that has told people and counters as well."""
        turn = self.model_copy(update={"counted": dict(counted)})
        return turn.after_telling(max(self.told, told), entries)

    def with_listed_values(self, step: "Step") -> "Turn":
        """Return the turn with the newer values of the list of proposals: a restarted workflow does not know them."""
        counted = {name: max(count, self.counted.get(name, 0)) for name, count in step.counted.items()}
        return self.model_copy(update={"told": max(self.told, step.told), "counted": {**self.counted, **counted}})

    def after_look(self, *, failed: bool) -> "Turn":
        """Return the turn after the record was read, or could not be read."""
        return self.model_copy(update={"troubles": self.troubles + 1 if failed else 0})

    def after_telling(self, told: int, entries: int) -> "Turn":
        """Return the turn after letters were sent up to entry `told` of `entries`. After many failures it gives up."""
        if told >= entries:
            return self.model_copy(update={"told": told, "untold": 0})
        if self.untold + 1 >= MOST_TROUBLES:
            return self.model_copy(update={"told": entries, "untold": 0})
        return self.model_copy(update={"told": max(self.told, told), "untold": self.untold + 1})

    def with_refusal(self, reason: str) -> "Turn":
        """Return the turn after an event was refused."""
        return self.model_copy(update={"refused": self.refused + 1, "last_refusal": reason})

    def holds(self, decision: Decision) -> bool:
        """Say whether a decision is one that this turn started with.

        The host delivers the event that ended a wait to the next execution once more (see orchestrators/review.py).
        """
        return any(each.decision == decision for each in self.heard)

    @property
    def pause(self) -> timedelta | None:
        """How long to wait after a failure: a minute, doubled each time, at most an hour."""
        times = max(self.troubles, self.untold)
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(times - 1, 10)) if times else None


class ReviewInput(Boundary):
    """The input of ApprovalWorkflow for a proposal with a record."""

    review: Turn


class Step(Boundary):
    """The result of reading the record (AdvanceReview): small, and without names."""

    next: Literal["check", "wait", "ended"]
    """The next action: check the document, wait, or none."""
    status: str
    stage: str | None
    """The open stage's name in the policy."""
    deadline: Instant | None
    """The deadline of the open stage, or of the author for changes."""
    wake_at: Instant | None
    """When the next timer is due."""
    ended_at: Instant | None
    entries: int
    round: int
    document: str
    """The hash of the document to be checked."""
    counts: dict[str, int]
    attachments: Annotated[tuple[StoredAttachment, ...], AsTuple] = ()
    """The files to check."""
    told: Count = 0
    """Number of the entry up to which letters were sent, by the list of proposals, if the workflow may not know it."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What was added to the counters up to that entry."""

    def missing_counts(self, counted: Mapping[str, int]) -> dict[str, int]:
        """Return what must still be added to each counter."""
        return {name: more for name, count in self.counts.items() if (more := count - counted.get(name, 0)) > 0}


class LookResult(Boundary):
    """The result of a look at the record."""

    step: Step | None
    """None if there is no record."""
    told: Count | None = None
    """Number of the entry up to which letters were sent; None if the workflow has to see to letters and counters."""
    counted: Annotated[dict[str, Count], Field(default_factory=dict)]
    """What the counters were told of this review by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a workflow is, by its custom status, which is stored together with the workflow's state.

    Only the custom status shows it: an activity may have run for a workflow whose host died before it got the result.
    """

    entries: int
    """Number of the entry up to which it has read the record, sent letters and counted; 0 if it is not given."""
    untold: bool
    """Whether a letter up to there could not be sent. The workflow tries it again by itself."""

    @classmethod
    def read(cls, custom_status: object) -> "Progress":
        """Read the custom status that `to_custom_status` wrote, or any other value."""
        fields = custom_status if isinstance(custom_status, dict) else {}
        entries = fields.get("entries")
        return cls(entries=entries if isinstance(entries, int) else 0, untold=bool(fields.get("untold")))

    def holds(self, entries: int) -> bool:
        """Say whether everything up to that entry is done."""
        return self.entries >= entries and not self.untold


def to_custom_status(turn: Turn, step: Step) -> dict[str, Any]:
    """Return the custom status: the state of the review without names and without texts of people.

    `entries` never counts entries that are not processed yet: during the checks it is the number of the last letters.
    """
    entries = turn.told if step.next == "check" else step.entries
    status = {"status": step.status, "stage": step.stage, "deadline": step.deadline, "entries": entries}
    if turn.untold:
        status["untold"] = turn.untold
    if turn.refused:
        status |= {"refusedEvents": turn.refused, "lastRefusal": turn.last_refusal}
    return status


def until(now: datetime, turn: Turn, step: Step | None) -> datetime:
    """Return until when to wait at most: until the next timer of the record, until the next attempt, or six days.

    `step` is None if the record could not be read.
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
    """Return what the workflow needs from a settled review, and from the list of proposals."""
    checking = isinstance(review.phase, Checking)
    wake, deadline = next_wake(review), review.deadline
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
        attachments=files_of(review) if checking else (),
        told=told,
        counted=dict(counted or {}),
    )


def files_of(review: Review) -> tuple[StoredAttachment, ...]:
    """Return the files of a document as they are checked."""
    return tuple(
        StoredAttachment(
            blob=each.blob,
            name=each.blob.rpartition("/")[2],  # not the file's name: this value is stored in the history
            content_type=each.content_type,
            size=each.size,
        )
        for each in review.attachments
    )


def findings_of(total: ChecksSummary) -> tuple[str, ...]:
    """Return findings in the words of policies: the summary, and each check that found something."""
    return (total.outcome, *sorted({each.check for each in total.findings if each.severity != "ok"}))


UNCHECKED: tuple[str, ...] = ("incomplete",)
"""The findings if the checks could not be carried out at all."""
