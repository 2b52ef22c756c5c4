"""Entries: what people, timers and the workflow did to a proposal. Entries are only added, never changed.

Each kind of entry is a frozen class; `Entry` is their union; `approvals.record.wire` has their JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal

from approvals.record.documents import Attachment


class Kind(StrEnum):
    """What was done to the proposal."""

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
    """Through which channel it came, which tells how reliable the name beside it is."""

    PERSON = "person"
    """A person who was signed in."""
    SYSTEM = "system"
    """Another system with a function key, which is responsible for the name that it gives."""
    LINK = "link"
    """The holder of a decision link, which was sent only to that person."""
    QUEUE = "queue"
    """A message on approval-queue. Its sender is responsible for the name."""
    EVENT = "event"
    """A durable event that an operator raised."""
    CLOCK = "clock"
    """A timer: a reminder, a deadline."""
    WORKFLOW = "workflow"
    """The workflow itself: checks, or a failure."""


Json = dict[str, Any]
"""A JSON object that is stored unchanged, because a hash covers it and older ones have fewer keys."""

YesOrNo = Literal["approve", "reject"]
"""The effect of an answer."""

Closing = Literal["approved", "rejected", "expired"]
"""How a stage ends."""

Ending = Literal["approved", "rejected", "withdrawn", "expired", "failed"]
"""How a review ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPerson:
    """A person whose answer is needed."""

    seat: str
    """The person that the policy names. It counts for quorum, required people and veto, whoever answers in the end."""
    person: str
    """The person who has to answer now."""
    on_behalf_of: str | None = None
    """Who delegated the task; None if nobody did, or if it was reassigned permanently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The fields of all entries."""

    kind: ClassVar[Kind]

    number: int
    """The entry's position, from 1."""
    at: datetime
    """In UTC; never earlier than the entry before it, even if the hosts' clocks differ."""
    by: str
    """The person; `Greenlight` for timers and the workflow."""
    via: Via
    document: str
    """SHA-256 in hex of the document at that time: what a decision was about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(_Entry):
    """The author submitted the proposal: its texts, its files, and the policy that applies."""

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
    """SHA-256 in hex of `policy`. The first records do not have it."""
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(_Entry):
    """The checks of the document ended, and the stages were chosen."""

    kind = Kind.CHECKED

    findings: tuple[str, ...]
    stages: tuple[Json, ...]
    void: tuple[int, ...] | None = None
    """The entries of approvals that came before these findings and are invalid now; None: there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOpened(_Entry):
    """A stage was opened, and its people are asked."""

    kind = Kind.STAGE_OPENED

    stage: str
    index: int
    """The stage's index in the plan, from 0."""
    round: int
    asked: tuple[AskedPerson, ...]
    deadline: datetime
    rung: int
    """0: the approvers; above: a rung of the escalation, if the stage opens again after changes."""
    reminders: int
    """How many of the planned reminders were already sent."""
    early: Mapping[int, str]
    """The early answers that count for the stage: the number of each answer's entry, with its seat."""
    needed: int | None = None
    """As in `Escalated`, if the stage opens again on a rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(_Entry):
    """A person answered."""

    kind = Kind.DECIDED

    stage: str | None
    """None if the answer came early, before its stage was opened."""
    round: int
    decision: str
    """The word of the answer, unchanged."""
    effect: YesOrNo
    comment: str
    seat: str | None
    """None if the answer came early, before its stage was opened."""
    on_behalf_of: str | None
    decision_id: str | None
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageClosed(_Entry):
    """A stage was decided, or its deadline passed."""

    kind = Kind.STAGE_CLOSED

    stage: str
    index: int
    outcome: Closing
    decided_by: str
    """Who gave the deciding answer, or `nobody`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(_Entry):
    """A person commented without deciding."""

    kind = Kind.COMMENTED

    comment: str
    letter: bool | None = None
    """True: a letter about it is sent immediately; False: a little later, together with others; None: never."""
    after_end: bool | None = None
    """True for a note on a proposal that has ended; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsSent(_Entry):
    """One letter was sent about several comments that had been held back."""

    kind = Kind.COMMENTS_SENT

    comments: tuple[int, ...]
    """The numbers of their entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handover(_Entry):
    """A task passed from one person to another."""

    stage: str
    seat: str
    owner: str
    """Who had the task before."""
    to: str
    on_behalf_of: str | None
    """For whom the new person answers; None if the task is their own: reassigned, or taken back by its owner."""
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated(_Handover):
    """A person lets another person answer for them."""

    kind = Kind.DELEGATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned(_Handover):
    """A task was given to another person permanently."""

    kind = Kind.REASSIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded(_Entry):
    """People who had not answered were reminded."""

    kind = Kind.REMINDED

    stage: str
    people: tuple[str, ...]
    planned: int
    """How many of the planned reminders are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated(_Entry):
    """The deadline passed, and the next rung is asked."""

    kind = Kind.ESCALATED

    stage: str
    rung: int
    """From 1."""
    asked: tuple[AskedPerson, ...]
    missing: tuple[str, ...]
    """Who did not answer in time."""
    deadline: datetime
    needed: int | None = None
    """How many of the people asked now must say yes; None in old records, which means one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRequested(_Entry):
    """A person asked the author for changes."""

    kind = Kind.CHANGES_REQUESTED

    stage: str
    comment: str
    until: datetime
    """The author's deadline."""
    on_behalf_of: str | None
    link_id: str | None
    decision_id: str | None = None
    """None if none was given, or if the entry is from an older version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmitted(_Entry):
    """The author submitted the proposal again."""

    kind = Kind.RESUBMITTED

    changed: Json
    """The new values of title, summary, cost, currency and department; the others did not change."""
    document_changed: bool
    """Whether the document differs from the one that was checked, so that the review starts again."""
    round: int
    comment: str
    answers_kept: bool | None = None
    """True if the policy keeps answers after such a change; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached(_Entry):
    """The author added a file, or replaced the file with the same name."""

    kind = Kind.ATTACHED

    attachment: Attachment
    replaced: bool
    round: int | None = None
    """The round that the document belongs to from then on; None: the following resubmission decides it.

    The first records always have None: there a new round began if a stage had been open before.
    """
    answers_kept: bool | None = None
    """As in `Resubmitted`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(_Entry):
    """The author withdrew the proposal."""

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
    """The word of the deciding answer; the outcome's own word if there was none."""
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
