"""The state of a review."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from approvals.policy.policy import Policy, Stage
from approvals.record.documents import Attachment, policy_version
from approvals.record.entries import AskedPerson, ChangesRequested, Closing, Ending, Kind, Via, YesOrNo
from approvals.reserved_names import NOBODY
from approvals.rules.revisions import Revision


class Status(StrEnum):
    """The status of a proposal, in the words of the API."""

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
"""The final statuses."""

ON_BEHALF = frozenset({Via.SYSTEM, Via.QUEUE, Via.EVENT})
"""Channels through which a trusted system acts on behalf of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A recorded decision."""

    number: int
    """The number of its entry."""
    person: str
    seat: str | None
    """None while it is early: its stage has not opened yet."""
    on_behalf_of: str | None
    word: str
    """The word of the answer, unchanged."""
    comment: str
    effect: YesOrNo
    at: datetime
    via: Via
    round: int
    stage: int | None
    """Index of the stage that it counts for; None while it is early."""
    document: str
    decision_id: str | None
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedStage:
    """How a stage ended, for people who answer too late."""

    index: int
    round: int
    outcome: Closing
    by: str
    """Who gave the deciding answer, or `nobody`."""
    began_at: datetime
    at: datetime

    @property
    def is_by_deadline(self) -> bool:
        """Whether a deadline decided it."""
        return self.by == NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """The document is being checked; the stages are not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStage:
    """A stage is open for answers."""

    index: int
    plan: Stage
    """The stage in the policy."""
    began_at: datetime
    """When the stage opened, before any escalation."""
    opened_at: datetime
    """When the current people were asked: at the stage's opening, or at the last escalation."""
    deadline: datetime
    rung: int
    """0: the approvers; above: a rung of the escalation, from 1."""
    asked: tuple[AskedPerson, ...]
    reminders: int = 0
    """How many of the planned reminders have been sent."""
    last_reminder: datetime | None = None
    """The last reminder, planned or requested."""
    needed: int = 1
    """On a rung: how many of the people asked must say yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """How a stage continues after a request for changes if the document was not changed."""

    stage: OpenStage
    remaining: timedelta
    """The rest of its window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenStages:
    """No stage is open: the next one opens immediately, or the review ends."""

    resumed: Pause | None = None
    """The stage that continues; None if a new one starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitingChanges:
    """The author has to change the proposal; the stage's deadline is paused."""

    pause: Pause
    until: datetime
    by: str
    """Who asked for the changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalStarted:
    """The author has withdrawn the proposal; the entry of its end is not written yet."""

    by: str
    reason: str
    missing_changes: AwaitingChanges | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedReview:
    """The review has ended."""

    outcome: Ending
    by: str
    """Who decided, or `nobody`."""
    word: str
    """The word of the deciding answer; the outcome's own word if there was none."""
    reason: str | None
    at: datetime
    missing_changes: AwaitingChanges | None
    """Requested changes that were never submitted."""


Phase = Checking | BetweenStages | OpenStage | AwaitingChanges | WithdrawalStarted | EndedReview
"""The phase of a review: one of these, with its own data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The review of one proposal: its data, and its phase."""

    number: int
    """The number of entries."""
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
    """SHA-256 in hex of the policy, as the record stores it."""
    submitted_at: datetime
    attachments: tuple[Attachment, ...]
    document: str
    phase: Phase = field(default_factory=Checking)
    reviewed: str = ""
    """The document that was checked and that the answers are about."""
    round: int = 1
    round_began: int = 1
    """Number of the entry that started the round."""
    revisions: tuple[Revision, ...]
    """All documents so far, the current one last."""
    edited_at: datetime | None = None
    """When the author last added a file during the review; None as soon as somebody was asked about it."""
    findings: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    """The plan; empty until the checks have ended."""
    next_stage: int = 0
    """Index of the open stage, or of the next one."""
    answers: tuple[Answer, ...] = ()
    """The valid answers, for the current document."""
    decisions: tuple[Answer, ...] = ()
    """All answers that were ever recorded, to recognise repeated ones."""
    change_requests: tuple[ChangesRequested, ...] = ()
    """Requests for changes that have a decision id, to recognise repeated ones."""
    spent_links: tuple[str, ...] = ()
    """Ids of the used links; each may be used once."""
    closed: tuple[ClosedStage, ...] = ()
    involved: tuple[str, ...] = ()
    """The author, and everybody who was ever asked."""
    first_asked: tuple[tuple[str, int], ...] = ()
    """Everybody who was ever asked, by `names.key`, with the number of the first entry that asked them."""
    handed_over: tuple[tuple[str, AskedPerson], ...] = ()
    """By name of the stage: the seats that were given to somebody else, who keeps them in later rounds."""
    seats_before_delegation: tuple[tuple[str, AskedPerson], ...] = ()
    """By name of the stage: delegated seats as they were before each delegation, in order."""
    latest_comments: tuple[tuple[str, str], ...] = ()
    """Each person's latest comment, to recognise one that is delivered twice."""
    acts: tuple[tuple[str, Kind], ...] = ()
    """Each action that limits.py counts: the person, by `names.key`, and the kind."""
    resubmission: str | None = None
    """The hash of the document that was resubmitted last."""
    comments: int = 0
    comments_held: tuple[int, ...] = ()
    """Numbers of the comments that no letter was sent about yet."""
    comments_told_at: datetime | None = None
    """When the last letter about comments was sent."""
    escalations: int = 0

    @property
    def policy_version(self) -> str:
        """The policy's own version, or the beginning of its hash."""
        return policy_version(self.policy.version, self.policy_hash)

    @property
    def status(self) -> Status:
        """The phase in the words of the API."""
        match self.phase:
            case Checking():
                return Status.CHECKING
            case BetweenStages() if self.edited_at:
                return Status.CHECKING
            case BetweenStages() | WithdrawalStarted():
                return Status.IN_REVIEW
            case OpenStage(plan=plan):
                return Status.AWAITING_BUDGET if plan.kind == "budget" else Status.IN_REVIEW
            case AwaitingChanges():
                return Status.CHANGES_REQUESTED
            case EndedReview(outcome=outcome):
                return Status(outcome)
            case never:
                assert_never(never)

    @property
    def final(self) -> bool:
        """Whether the review has ended."""
        return self.end is not None

    @property
    def end(self) -> EndedReview | None:
        """How the review ended; None before that."""
        return self.phase if isinstance(self.phase, EndedReview) else None

    @property
    def stage(self) -> OpenStage | None:
        """The open stage."""
        return self.phase if isinstance(self.phase, OpenStage) else None

    @property
    def open_stage(self) -> Stage | None:
        """The open stage in the policy."""
        return self.stage.plan if self.stage else None

    @property
    def changes(self) -> AwaitingChanges | None:
        """The open request for changes; after the end, a request that was never fulfilled."""
        match self.phase:
            case AwaitingChanges() as changes:
                return changes
            case WithdrawalStarted(missing_changes=missing_changes) | EndedReview(missing_changes=missing_changes):
                return missing_changes
            case _:
                return None

    @property
    def deadline(self) -> datetime | None:
        """The deadline of the people asked, or of the author for changes."""
        if self.stage:
            return self.stage.deadline
        return self.changes.until if self.changes else None

    @property
    def waiting_for(self) -> tuple[AskedPerson, ...]:
        """The people who are asked and have not answered."""
        if self.stage is None:
            return ()
        answered = {answer.seat for answer in self.stage_answers}
        return tuple(each for each in self.stage.asked if each.seat not in answered)

    @property
    def stage_answers(self) -> tuple[Answer, ...]:
        """The answers in the open stage, in order."""
        index = self.stage.index if self.stage else None
        return tuple(answer for answer in self.answers if answer.stage == index is not None)

    @property
    def words(self) -> dict[str, Any]:
        """The document without its files."""
        return {
            "title": self.title,
            "summary": self.summary,
            "cost": self.cost,
            "currency": self.currency,
            "department": self.department,
        }
