"""The API's responses as models: responses are built with them or tested against them, and documented from them."""

from typing import Annotated, Any, Self

from pydantic import Field

from approvals.described import Described
from approvals.record.verdict import State
from approvals.rules.state import Status
from gateways.proposal_rows import IndexRow
from services.review_changes import VerbRecorded

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 in UTC."""


class SubmissionReply(Described):
    """The proposal is recorded, and its review has started."""

    proposal_id: str
    instance_id: str
    """The id of its durable workflow; for operators."""


class VerbReply(Described):
    """The action is recorded."""

    proposal_id: str
    status: Status
    entry: int
    """Number of the entry in the record."""
    repeated: bool
    """Whether it was recorded before; then nothing has changed."""
    round: int
    document: str
    """SHA-256 in hex of the current document."""
    waiting_for: tuple[str, ...]
    """The people who have to answer now."""
    deadline: Time | None

    @classmethod
    def of(cls, done: VerbRecorded) -> Self:
        """Return the response for a recorded action."""
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


class RungPreview(Described):
    """The people that a stage would be escalated to, and how long they would have."""

    to: tuple[str, ...]
    window_hours: float


class StagePreview(Described):
    """A stage that a proposal would go through."""

    name: str
    kind: str
    rule: str
    needed: int
    """How many people must say yes."""
    approvers: tuple[str, ...]
    required: tuple[str, ...]
    anyone: bool
    """Whether the approvers represent a group, of which systems may name any member."""
    window_hours: float
    deadline: Time
    """The deadline if all earlier stages are answered immediately."""
    escalate_to: tuple[RungPreview, ...]
    on_timeout: str
    latest_end: Time
    """The latest end of the stage if nobody asks for changes."""


class WayPreview(Described):
    """The stages after certain findings."""

    findings: tuple[tuple[str, ...], ...]
    """Each one leads to these stages. It has the summary of the checks, then the checks that found something."""
    stages: tuple[StagePreview, ...]


class PreviewReply(Described):
    """Who would have to approve a proposal; nothing was submitted."""

    policy: str
    policy_version: str
    policy_hash: str
    keep_answers_on: tuple[str, ...]
    """What the author may change later while the answers stay valid."""
    now: Time
    """The deadlines are for a proposal that is submitted at this time."""
    stages: tuple[StagePreview, ...]
    """The stages if the checks of its documents pass."""
    other_ways: tuple[WayPreview, ...]
    """Other possible stages if the checks find something."""


class ProposalLine(Described):
    """A proposal in the list. The list may be slightly out of date; the proposal itself never is."""

    proposal_id: str
    title: str
    author: str
    department: str | None
    cost: float
    currency: str
    status: str
    stage: str | None
    """The open stage."""
    waiting_for: tuple[str, ...]
    submitted_at: Time
    deadline: Time | None

    @classmethod
    def of(cls, row: IndexRow) -> Self:
        """Return the line for a row."""
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


class ProposalList(Described):
    """A page of proposals, newest first."""

    proposals: tuple[ProposalLine, ...]
    """May be fewer than requested, or none, even if there is a token."""
    continuation_token: str | None
    """For the next page; null on the last page."""


class AttachmentView(Described):
    """A file of a proposal."""

    name: str
    content_type: str
    size: int
    sha256: str


class AnswerView(Described):
    """A valid answer."""

    person: str
    on_behalf_of: str | None
    decision: str
    comment: str
    document: str
    """SHA-256 in hex of the document that was decided on; an earlier one if the policy keeps answers after changes."""
    at: Time
    via: str
    entry: int


class AskedView(Described):
    """A person who is asked."""

    person: str
    on_behalf_of: str | None


class StageView(Described):
    """A stage of the plan, and its state."""

    name: str
    kind: str
    rule: str
    needed: int
    """How many people must say yes."""
    state: str
    """`waiting`, `open`, or how it ended."""
    approvers: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    rung: int | None = None
    """0: the approvers are asked; above: the number of the escalation. Only for the open stage."""
    asked: tuple[AskedView, ...] | None = None
    """Only for the open stage."""


class EarlyAnswerView(AnswerView):
    """An early answer: it counts when its stage opens, if the document is still the same."""


class GivenAnswerView(AnswerView):
    """An answer that was valid at the end."""

    stage: str | None
    """The stage that it counted for; null if its stage never opened."""


class ChangesView(Described):
    """A request for changes."""

    asked_by: str
    until: Time


class OutcomeView(Described):
    """The outcome."""

    decision: str | None
    """The word of the decision. A word that the policy defines wins: one conditional yes makes it a conditional yes."""
    decided_by: str | None
    decided_at: Time
    reason: str | None
    answers: tuple[GivenAnswerView, ...]
    silent_stages: tuple[str, ...]
    """The stages in which nobody answered and the deadline counted as a yes."""


class ProposalView(Described):
    """A proposal and its state."""

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
    """The policy's name; `own` if it came with the proposal."""
    policy_version: str
    """The policy's own version, or the beginning of its hash."""
    policy_hash: str
    """SHA-256 in hex of the policy in the record."""
    submitted_at: Time
    updated_at: Time
    now: Time
    """The server's time, to compare deadlines with."""
    round: int
    document: str
    """SHA-256 in hex of texts and files: the document that is decided on."""
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


class VerdictView(Described):
    """The result of verifying a record."""

    state: State
    ok: bool
    """Whether everything was checked and is correct."""
    entries: int
    authenticated: int
    """Number of the last authenticated entry, which covers all entries before it."""
    head: str
    finding: str | None
    """What is wrong or was not checked, in a sentence."""
    line: int | None
    """The wrong line, from 1."""


class AuditReply(Described):
    """A proposal's record."""

    proposal_id: str
    head: str
    """The hash of the last entry. With a copy of it anybody can check later whether the record was changed."""
    entries: tuple[dict[str, Any], ...]
    """Each entry with `prev` and `hash`, as it is stored."""
    verdict: VerdictView | None = None
    """Only with `verify=true`."""


class CounterReply(Described):
    """A counter."""

    name: str
    value: int


class Problem(Described):
    """What went wrong, and what to do about it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    what_to_do: str
    code: str | None = None
    """A code for programs, if one status has several reasons."""
    errors: tuple[str, ...] | None = None
    """All errors, if there may be several."""
    changes: tuple[str, ...] | None = None
    """With `documentChanged`: each change since the document that the answer is about, with author and time."""
    send_again: bool | None = None
    """With 503: whether the same request may be repeated with the same id without being done twice."""
