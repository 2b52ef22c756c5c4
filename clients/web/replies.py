"""What the API answers with, as models: answers are built with them or tested against them, and documented by them."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from approvals.record.verdict import State
from approvals.rules.state import Status
from approvals.validation import Boundary
from gateways.proposal_rows import IndexRow
from services.review_changes import Done

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 in UTC."""


class Reply(Boundary):
    """Base of them all; the OpenAPI document says of each field what its docstring here says."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class SubmissionReply(Reply):
    """A proposal is on record, and its review has begun."""

    proposal_id: str
    instance_id: str
    """Of the durable workflow that carries it out; for operators."""


class VerbReply(Reply):
    """What was asked for is on record."""

    proposal_id: str
    status: Status
    entry: int
    """Number of the entry in the record."""
    repeated: bool
    """It was on record before; nothing has changed."""
    round: int
    document: str
    """SHA-256 in hex of what is decided on now."""
    waiting_for: tuple[str, ...]
    """Who is to answer now."""
    deadline: Time | None

    @classmethod
    def of(cls, done: Done) -> Self:
        """Return the answer for what was taken down."""
        review = done.review
        return cls(
            proposal_id=review.proposal_id,
            status=review.status,
            entry=done.number,
            repeated=done.repeated,
            round=review.round,
            document=review.document,
            waiting_for=tuple(each.person for each in review.waiting_for),
            deadline=review.stage.deadline.isoformat() if review.stage else None,
        )


class RungPreview(Reply):
    """Whom a stage would be escalated to, and how long they would have."""

    to: tuple[str, ...]
    window_hours: float


class StagePreview(Reply):
    """A stage that a proposal would go through."""

    name: str
    kind: str
    rule: str
    needed: int
    """How many must say yes."""
    approvers: tuple[str, ...]
    required: tuple[str, ...]
    anyone: bool
    """Whether the approvers stand for a body, of which systems may name any member."""
    window_hours: float
    deadline: Time
    """Where all that comes before is answered at once."""
    escalate_to: tuple[RungPreview, ...]
    on_timeout: str
    latest_end: Time
    """Whatever people do, it is over by then, if nobody asks for changes."""


class WayPreview(Reply):
    """The stages after certain findings."""

    findings: tuple[tuple[str, ...], ...]
    """Any of these leads this way: each the sum of the checks, then those checks that have something to say."""
    stages: tuple[StagePreview, ...]


class PreviewReply(Reply):
    """Who would have to approve a proposal; nothing was handed in."""

    policy: str
    policy_version: str
    policy_hash: str
    keep_answers_on: tuple[str, ...]
    """What the author may change afterwards without making answers void."""
    now: Time
    """The deadlines are those of a proposal that is handed in at this time."""
    stages: tuple[StagePreview, ...]
    """Where the checks of its documents pass."""
    other_ways: tuple[WayPreview, ...]
    """Where they do not, and the policy then asks others."""


class ProposalLine(Reply):
    """A proposal in the list. The list may be some moments late; the proposal itself never is."""

    proposal_id: str
    title: str
    author: str
    department: str | None
    cost: float
    currency: str
    status: str
    stage: str | None
    """The stage that is open."""
    waiting_for: tuple[str, ...]
    submitted_at: Time
    deadline: Time | None

    @classmethod
    def of(cls, row: IndexRow) -> Self:
        """Return what the list shows of a row."""
        return cls(
            proposal_id=row.proposal_id,
            title=row.title,
            author=row.author,
            department=row.department,
            cost=row.cost,
            currency=row.currency,
            status=row.status,
            stage=row.stage or None,
            waiting_for=row.waiting_for,
            submitted_at=row.submitted_at.isoformat(),
            deadline=row.deadline.isoformat() if row.deadline else None,
        )


class ProposalList(Reply):
    """A page of proposals, the newest first."""

    proposals: tuple[ProposalLine, ...]
    """May be fewer than asked for, or none, while there is a token."""
    continuation_token: str | None
    """Ask with it for the next page; null at the end."""


class AttachmentView(Reply):
    """A file of a proposal."""

    name: str
    content_type: str
    size: int
    sha256: str


class AnswerView(Reply):
    """A decision that is in force."""

    person: str
    on_behalf_of: str | None
    decision: str
    comment: str
    document: str
    """SHA-256 in hex of what was decided on; an earlier one where the policy keeps answers over such changes."""
    at: Time
    via: str
    entry: int


class AskedView(Reply):
    """Somebody who is asked."""

    person: str
    on_behalf_of: str | None


class StageView(Reply):
    """A stage of the plan, and how far it is."""

    name: str
    kind: str
    rule: str
    needed: int
    """How many must say yes."""
    state: str
    """`waiting`, `open`, or how it ended."""
    approvers: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    rung: int | None = None
    """0: the approvers are asked; above: whom it was escalated to. Of the open stage alone."""
    asked: tuple[AskedView, ...] | None = None
    """Of the open stage alone."""


class EarlyAnswerView(AnswerView):
    """An answer that waits for its stage; it counts there, if the document is still the same."""


class GivenAnswerView(AnswerView):
    """An answer that was in force at the end."""

    stage: str | None
    """Where it counted; null where it was early and its stage never opened."""


class ChangesView(Reply):
    """Changes that the author is asked for."""

    asked_by: str
    until: Time


class OutcomeView(Reply):
    """How it ended."""

    decision: str | None
    """The word that was used. Of several the policy's own: one yes with conditions makes it a yes with conditions."""
    decided_by: str | None
    decided_at: Time
    reason: str | None
    answers: tuple[GivenAnswerView, ...]
    silent_stages: tuple[str, ...]
    """Those in which nobody's answer but the end of the time counted as a yes."""


class ProposalView(Reply):
    """Where a proposal stands."""

    proposal_id: str
    instance_id: str
    status: Status
    title: str
    summary: str
    cost: float
    currency: str
    department: str | None
    author: str
    policy: str
    """Its name; `own` where it came with the proposal."""
    policy_version: str
    """What it says of itself, or the beginning of its hash."""
    policy_hash: str
    """SHA-256 in hex of the policy as the record has it."""
    submitted_at: Time
    updated_at: Time
    now: Time
    """The server's time, to which deadlines are near or far."""
    round: int
    document: str
    """SHA-256 of words and files in hex: what is decided on."""
    attachments: tuple[AttachmentView, ...]
    findings: tuple[str, ...]
    stages: tuple[StageView, ...]
    early_answers: tuple[EarlyAnswerView, ...]
    waiting_for: tuple[str, ...]
    deadline: Time | None
    comments: int
    escalations: int
    entries: int
    changes: ChangesView | None = None
    outcome: OutcomeView | None = None


class VerdictView(Reply):
    """Whether the record is what was written."""

    state: State
    ok: bool
    """It is whole: everything was checked."""
    entries: int
    authenticated: int
    """Number of the last entry that a key vouches for, with all before it."""
    head: str
    finding: str | None
    """What is wrong or was not checked, in a sentence."""
    line: int | None
    """Where, from 1."""


class AuditReply(Reply):
    """A proposal's record."""

    proposal_id: str
    head: str
    """The hash of the last entry: who keeps it can tell later whether anything was changed."""
    entries: tuple[dict[str, Any], ...]
    """Each with `prev` and `hash`, as it lies in storage."""
    verdict: VerdictView | None = None
    """With `verify=true`."""


class CounterReply(Reply):
    """A counter."""

    name: str
    value: int


class Problem(Reply):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    what_to_do: str
    code: str | None = None
    """One word for programs, where one status has several reasons."""
    errors: tuple[str, ...] | None = None
    """Every fault, where there may be several."""
    changes: tuple[str, ...] | None = None
    """With `documentChanged`: each change since what the answer is about, with who made it and when."""
    send_again: bool | None = None
    """With 503: whether the same may be sent again, under the same id, without being done twice."""
