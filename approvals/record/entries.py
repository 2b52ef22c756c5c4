"""Entries: what somebody, or time, did to a proposal. They are added to its record and never changed.

Each kind is a frozen class, and `Entry` is any of them; `approvals.record.wire` has their JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from approvals.record.documents import Attachment


class Kind(StrEnum):
    """What was done."""

    SUBMITTED = "submitted"
    CHECKED = "checked"
    STAGE_OPENED = "stageOpened"
    DECIDED = "decided"
    STAGE_CLOSED = "stageClosed"
    COMMENTED = "commented"
    COMMENTS_SENT = "commentsSent"
    DELEGATED = "delegated"
    REASSIGNED = "reassigned"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    CHANGES_REQUESTED = "changesRequested"
    RESUBMITTED = "resubmitted"
    ATTACHED = "attached"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class Via(StrEnum):
    """By which way it came, which is how far one can trust the name beside it."""

    PERSON = "person"
    """Somebody who was signed in."""
    SYSTEM = "system"
    """Another system with a function key, which vouches for the person that it names."""
    LINK = "link"
    """Whoever held a decision link, which was sent to that person alone."""
    QUEUE = "queue"
    """A message on approval-queue; its sender vouches."""
    EVENT = "event"
    """A durable event that an operator raised."""
    CLOCK = "clock"
    """Time went by."""
    WORKFLOW = "workflow"
    """The workflow itself: checks, or its own failure."""


Json = dict[str, Any]
"""A JSON object that stays as it was written, as hashes are over it and older ones have fewer keys."""

YesOrNo = Literal["approve", "reject"]
"""What an answer counts as."""

Closing = Literal["approved", "rejected", "expired"]
"""How a stage ends."""

Ending = Literal["approved", "rejected", "withdrawn", "expired", "failed"]
"""How a review ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody whose answer is waited for."""

    seat: str
    """Whom the policy names; what counts for quorum, required people and veto, whoever answers in the end."""
    person: str
    """Who is to answer now."""
    on_behalf_of: str | None = None
    """Who delegated it; None where nobody did, or it was reassigned for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What all entries share."""

    kind: ClassVar[Kind]

    number: int
    """Its place, from 1."""
    at: datetime
    """In UTC; never before the entry before it, whatever the clocks of the hosts say."""
    by: str
    """The person; `Greenlight` for what time and the workflow do."""
    via: Via
    document: str
    """SHA-256 of the document as it was then, in hex; what a decision was about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(_Entry):
    """The author handed the proposal in: its words, its files, and the policy that it is decided by."""

    kind = Kind.SUBMITTED

    proposal_id: str
    title: str
    summary: str
    cost: float
    """In `currency`."""
    currency: str
    department: str | None
    policy_name: str
    policy: Json
    policy_hash: str | None = None
    """SHA-256 in hex of `policy`; the first records do not have it."""
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(_Entry):
    """The checks of the document came through, and the stages were chosen."""

    kind = Kind.CHECKED

    findings: tuple[str, ...]
    stages: tuple[Json, ...]
    void: tuple[int, ...] | None = None
    """The entries of approvals that were given before these findings could be seen; None: there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOpened(_Entry):
    """People are asked."""

    kind = Kind.STAGE_OPENED

    stage: str
    index: int
    """Of the stage in the plan, from 0."""
    round: int
    asked: tuple[Asked, ...]
    deadline: datetime
    rung: int
    """0: the approvers; above: a rung of the ladder of escalations, where it opens again after changes."""
    reminders: int
    """How many of the planned reminders had been sent before."""
    early: Mapping[int, str]
    """The early answers that count for it: the number of each one's entry, with the seat it takes."""
    needed: int | None = None
    """As with `Escalated`, where it opens again on a rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(_Entry):
    """Somebody gave an answer."""

    kind = Kind.DECIDED

    stage: str | None
    """None while it is early."""
    round: int
    decision: str
    """The word, as it was given."""
    effect: YesOrNo
    comment: str
    seat: str | None
    """None while it is early."""
    on_behalf_of: str | None
    decision_id: str | None
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageClosed(_Entry):
    """A stage was decided, or its time ran out."""

    kind = Kind.STAGE_CLOSED

    stage: str
    index: int
    outcome: Closing
    decided_by: str
    """Who gave the answer that decided it, or `nobody`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(_Entry):
    """Somebody said something that decides nothing."""

    kind = Kind.COMMENTED

    comment: str
    letter: bool | None = None
    """Whether people are told of it at once; False: with others, a little later. None: they are not."""
    after_end: bool | None = None
    """True for a note on a proposal that has ended; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsSent(_Entry):
    """People are told of comments that were held back, so that they get one letter."""

    kind = Kind.COMMENTS_SENT

    comments: tuple[int, ...]
    """The numbers of their entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _HandedOver(_Entry):
    """A task went from one person to another."""

    stage: str
    seat: str
    owner: str
    """Who had the task."""
    to: str
    on_behalf_of: str | None
    """In whose stead the new one answers; None where the task is theirs: given for good, or back with its owner."""
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated(_HandedOver):
    """Somebody lets another one answer in their stead."""

    kind = Kind.DELEGATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(_HandedOver):
    """A task was given to somebody else for good."""

    kind = Kind.REASSIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(_Entry):
    """Those who had not answered were asked once more."""

    kind = Kind.REMINDED

    stage: str
    people: tuple[str, ...]
    planned: int
    """How many of the planned reminders are done with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(_Entry):
    """Time ran out, and the next rung is asked."""

    kind = Kind.ESCALATED

    stage: str
    rung: int
    """From 1."""
    asked: tuple[Asked, ...]
    missing: tuple[str, ...]
    """Who did not answer in time."""
    deadline: datetime
    needed: int | None = None
    """How many of those who are asked now must say yes; None, as it was once: one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRequested(_Entry):
    """Somebody handed the proposal back to its author."""

    kind = Kind.CHANGES_REQUESTED

    stage: str
    comment: str
    until: datetime
    """When the author's time is up."""
    on_behalf_of: str | None
    link_id: str | None
    decision_id: str | None = None
    """None where it came without one, or before entries had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmitted(_Entry):
    """The author handed the proposal in again."""

    kind = Kind.RESUBMITTED

    changed: Json
    """The new values of title, summary, cost, currency and department; what is not in it stayed as it was."""
    document_changed: bool
    """Whether the document is another one than was checked, so that the review begins anew."""
    round: int
    comment: str
    answers_kept: bool | None = None
    """True where the policy lets answers outlive such a change; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached(_Entry):
    """The author added a file, or put another in the place of the one with its name."""

    kind = Kind.ATTACHED

    attachment: Attachment
    replaced: bool
    round: int | None = None
    """The round that the document is of from then on; None: what comes of it is up to the resubmission.

    The first records have None throughout: with them a round began wherever a stage had been open before.
    """
    answers_kept: bool | None = None
    """As with `Resubmitted`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(_Entry):
    """The author took the proposal back."""

    kind = Kind.WITHDRAWN

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(_Entry):
    """The review is over."""

    kind = Kind.ENDED

    outcome: Ending
    decided_by: str
    """Who decided, or `nobody`."""
    word: str
    """The answer that decided it, as it was given; the outcome's own word where there was none."""
    reason: str | None


Entry = (
    Submitted
    | Checked
    | StageOpened
    | Decided
    | StageClosed
    | Commented
    | CommentsSent
    | Delegated
    | Reassigned
    | Reminded
    | Escalated
    | ChangesRequested
    | Resubmitted
    | Attached
    | Withdrawn
    | Ended
)
"""One line of a record."""
