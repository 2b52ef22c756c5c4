"""Where a review stands."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from approvals.policy.policy import Policy, Stage
from approvals.record.documents import Attachment, policy_version
from approvals.record.entries import Asked, ChangesRequested, Closing, Ending, Kind, Via, YesOrNo
from approvals.reserved_names import NOBODY
from approvals.rules.revisions import Revision


class Status(StrEnum):
    """Where a proposal stands, in the API's words."""

    CHECKING = "checking"
    IN_REVIEW = "inReview"
    CHANGES_REQUESTED = "changesRequested"
    AWAITING_BUDGET = "awaitingBudget"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"


FINAL = frozenset({Status.APPROVED, Status.REJECTED, Status.WITHDRAWN, Status.EXPIRED, Status.FAILED})
"""Nothing follows these."""

VOUCHING = frozenset({Via.SYSTEM, Via.QUEUE, Via.EVENT})
"""Ways by which a trusted system names a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision that was taken down."""

    number: int
    """Of its entry."""
    person: str
    seat: str | None
    """None while it is early: the stage that it will count for has not opened."""
    on_behalf_of: str | None
    word: str
    """As it was given."""
    comment: str
    effect: YesOrNo
    at: datetime
    via: Via
    round: int
    stage: int | None
    """Index of the stage it counts for; None while it is early."""
    document: str
    decision_id: str | None
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedStage:
    """How a stage ended; for those who come late."""

    index: int
    round: int
    outcome: Closing
    by: str
    """Who gave the answer that decided it, or `nobody`."""
    began_at: datetime
    at: datetime

    @property
    def silent(self) -> bool:
        """Whether time decided it."""
        return self.by == NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """The document is being checked; which stages there will be is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStage:
    """A stage is being answered."""

    index: int
    plan: Stage
    """What the policy says of it."""
    began_at: datetime
    """When the stage opened, whoever has been asked since."""
    opened_at: datetime
    """When those were asked who are asked now: the stage's opening, or the last escalation."""
    deadline: datetime
    rung: int
    """0: the approvers; above: a rung of the ladder of escalations, from 1."""
    asked: tuple[Asked, ...]
    reminders: int = 0
    """How many of the planned reminders have been sent."""
    last_reminder: datetime | None = None
    """The last one, planned or asked for."""
    needed: int = 1
    """On a rung: how many of those who are asked must say yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What a stage goes on with after changes that left the document as it was."""

    stage: OpenStage
    remaining: timedelta
    """What was left of its window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenStages:
    """No stage is open: the next one opens at once, or the review ends."""

    resumed: Pause | None = None
    """The stage that goes on; None where one begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitingChanges:
    """The author is to change the proposal; the clock of the stage stands still."""

    pause: Pause
    until: datetime
    by: str
    """Who asked for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawing:
    """The author has taken it back, and its end is still to be written."""

    by: str
    reason: str
    unmet: AwaitingChanges | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """It has ended."""

    outcome: Ending
    by: str
    """Who decided, or `nobody`."""
    word: str
    """The answer that decided it, as it was given; the outcome's own word where there was none."""
    reason: str | None
    at: datetime
    unmet: AwaitingChanges | None
    """The changes that were asked for and never came."""


Phase = Checking | BetweenStages | OpenStage | AwaitingChanges | Withdrawing | Over
"""Where a review stands: one of these, with what belongs to it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One proposal's review: what there always is, and its phase."""

    number: int
    """How many entries there are."""
    last_at: datetime
    proposal_id: str
    title: str
    summary: str
    author: str
    cost: float
    currency: str
    department: str | None
    policy_name: str
    policy: Policy
    policy_hash: str
    """SHA-256 in hex of the policy, as the record has it."""
    submitted_at: datetime
    attachments: tuple[Attachment, ...]
    document: str
    phase: Phase = field(default_factory=Checking)
    reviewed: str = ""
    """The document that was checked, and that answers are for."""
    round: int = 1
    round_began: int = 1
    """Number of the entry with which the round began."""
    revisions: tuple[Revision, ...]
    """The documents that there have been, this one last."""
    edited_at: datetime | None = None
    """When the author last put a file in the middle of the review; None once somebody has been asked about it."""
    findings: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    """The plan; empty until the checks are through."""
    next_stage: int = 0
    """Index of the stage that opens next, or is open."""
    answers: tuple[Answer, ...] = ()
    """In force: for this document."""
    decisions: tuple[Answer, ...] = ()
    """All that were ever taken down, so that a repeated one is known again."""
    wishes: tuple[ChangesRequested, ...] = ()
    """For changes, those that came with an id of their own, for the same reason."""
    spent_links: tuple[str, ...] = ()
    """Ids of the links by which something was done; each is good for once."""
    closed: tuple[ClosedStage, ...] = ()
    involved: tuple[str, ...] = ()
    """The author and everybody who was ever asked."""
    first_asked: tuple[tuple[str, int], ...] = ()
    """Who was ever asked, as `names.key` has them, with the number of the entry that was first to."""
    handed_over: tuple[tuple[str, Asked], ...] = ()
    """By name of the stage: the seats that somebody else has been given, who keeps them in rounds to come."""
    given: tuple[tuple[str, Asked], ...] = ()
    """By name of the stage: the seats that were delegated on, each as its giver had it, in the order of giving."""
    last_words: tuple[tuple[str, str], ...] = ()
    """Person and text of each one's latest comment, so that one delivered twice is known again."""
    acts: tuple[tuple[str, Kind], ...] = ()
    """Who did what, as often as it was done: names as `people.key` has them, and the kinds that limits.py names."""
    resubmission: str | None = None
    """The document as it was last resubmitted."""
    comments: int = 0
    comments_held: tuple[int, ...] = ()
    """Numbers of the comments that people have not been told of yet."""
    comments_told_at: datetime | None = None
    """When people were last told of comments."""
    escalations: int = 0

    @property
    def policy_version(self) -> str:
        """What the policy says that it is, or the beginning of its hash."""
        return policy_version(self.policy.version, self.policy_hash)

    @property
    def status(self) -> Status:
        """The phase in the API's words."""
        match self.phase:
            case Checking():
                return Status.CHECKING
            case BetweenStages() if self.edited_at:
                return Status.CHECKING
            case BetweenStages() | Withdrawing():
                return Status.IN_REVIEW
            case OpenStage(plan=plan):
                return Status.AWAITING_BUDGET if plan.kind == "budget" else Status.IN_REVIEW
            case AwaitingChanges():
                return Status.CHANGES_REQUESTED
            case Over(outcome=outcome):
                return Status(outcome)
            case never:
                assert_never(never)

    @property
    def final(self) -> bool:
        """Whether it is over."""
        return self.end is not None

    @property
    def end(self) -> Over | None:
        """How it ended; None before that."""
        return self.phase if isinstance(self.phase, Over) else None

    @property
    def stage(self) -> OpenStage | None:
        """The stage that is open."""
        return self.phase if isinstance(self.phase, OpenStage) else None

    @property
    def open_stage(self) -> Stage | None:
        """The plan of the stage that is open."""
        return self.stage.plan if self.stage else None

    @property
    def changes(self) -> AwaitingChanges | None:
        """What the author is to change; also in the end, where it was never done."""
        match self.phase:
            case AwaitingChanges() as changes:
                return changes
            case Withdrawing(unmet=unmet) | Over(unmet=unmet):
                return unmet
            case _:
                return None

    @property
    def deadline(self) -> datetime | None:
        """When the time is up of those who are asked, or the author's for changes."""
        if self.stage:
            return self.stage.deadline
        return self.changes.until if self.changes else None

    @property
    def waiting_for(self) -> tuple[Asked, ...]:
        """Those who are asked and have not answered."""
        if self.stage is None:
            return ()
        answered = {answer.seat for answer in self.stage_answers}
        return tuple(each for each in self.stage.asked if each.seat not in answered)

    @property
    def stage_answers(self) -> tuple[Answer, ...]:
        """The answers to the open stage, in their order."""
        index = self.stage.index if self.stage else None
        return tuple(answer for answer in self.answers if answer.stage == index is not None)

    @property
    def words(self) -> dict[str, Any]:
        """The part of the document that is not files."""
        return {
            "title": self.title,
            "summary": self.summary,
            "cost": self.cost,
            "currency": self.currency,
            "department": self.department,
        }
