"""Whether a person's answer is recorded: a decision, or the wish that the author changes something.

Each function returns the entry to write, where it was recorded before, or why it is refused. `link` is the decision
link, if the answer came through one.
"""

from datetime import datetime, timedelta

from approvals.about import About
from approvals.instants import minute
from approvals.names import same
from approvals.policy.faults import KNOWN_WORDS
from approvals.policy.stages import Effect
from approvals.record.entries import AskedPerson, ChangesRequested, Decided, Entry, Via
from approvals.rules.document_match import outdated_link, wrong_document
from approvals.rules.eligibility import (
    ActionRefused,
    AlreadyRecorded,
    find_seat,
    may_answer,
    refusal_after_end,
    why_superseded,
)
from approvals.rules.links import Link
from approvals.rules.progress import heading
from approvals.rules.state import Answer, AwaitingChanges, Review
from approvals.rules.verbs import Decide, RequestChanges


def decide(
    review: Review, verb: Decide, via: Via, link: Link | None, now: datetime
) -> Entry | AlreadyRecorded | ActionRefused:
    """Judge a decision. One whose word asks for changes becomes a request for them."""
    words: dict[str, Effect] = {**KNOWN_WORDS, **review.policy.outcomes}
    effect = next((words[word] for word in words if same(word, verb.decision)), None)
    if effect is None:
        return ActionRefused(
            code="invalid", reason=f"decision: use one of {', '.join(words)}, not {verb.decision[:60]!r}"
        )
    told = _recorded_before(review, verb, link, effect)
    if told:
        return told
    if effect == "changes":
        wanted = RequestChanges(
            approver=verb.approver,
            comment=verb.comment or verb.decision,
            document=verb.document,
            round=verb.round,
        )
        return request_changes(review, wanted, via, link, now, decision_id=verb.decision_id)
    seat = _seat_of(review, verb, via, link)
    if isinstance(seat, ActionRefused):
        return seat
    return Decided(
        **heading(review, now=now, by=verb.approver, via=via),
        stage=review.open_stage.name if review.open_stage and seat else None,
        round=review.round,
        decision=verb.decision,
        effect=effect,
        comment=verb.comment,
        seat=seat.seat if seat else None,
        on_behalf_of=_on_behalf_of(seat, verb.approver),
        decision_id=verb.decision_id,
        link_id=link.id if link else None,
    )


def request_changes(
    review: Review,
    verb: RequestChanges,
    via: Via,
    link: Link | None,
    now: datetime,
    *,
    decision_id: str | None = None,
) -> Entry | AlreadyRecorded | ActionRefused:
    """Judge a request for changes; `decision_id` is that of the decision that it was made from."""
    if isinstance(review.phase, AwaitingChanges) and same(review.phase.by, verb.approver):
        return AlreadyRecorded(number=review.number)
    unfit = _unfit(review, link) if link else None
    if unfit:
        return unfit
    if review.end:
        return refusal_after_end(review.end)
    seat = _seat_of(review, verb, via, link)
    if isinstance(seat, ActionRefused):
        return seat
    if seat is None or review.stage is None:
        return ActionRefused(code="notNow", reason="you can ask for changes only while your stage is open")
    return ChangesRequested(
        **heading(review, now=now, by=verb.approver, via=via),
        stage=review.stage.plan.name,
        comment=verb.comment,
        until=now + timedelta(hours=review.policy.changes_window_hours),
        on_behalf_of=_on_behalf_of(seat, verb.approver),
        link_id=link.id if link else None,
        decision_id=decision_id,
    )


def _seat_of(
    review: Review, verb: Decide | RequestChanges, via: Via, link: Link | None
) -> AskedPerson | ActionRefused | None:
    """Return the seat that a person answers for, None before it is asked, or why this answer cannot count now.

    An answer must be about the current document. A link is about the round of its letter.
    """
    seat = may_answer(review, verb.approver, via)
    if isinstance(seat, ActionRefused) or (link and not verb.names_document):
        return seat
    return wrong_document(review, verb, verb.approver, seat) or seat


def _on_behalf_of(seat: AskedPerson | None, person: str) -> str | None:
    """Return for whom a person answers: who delegated the task, or who was asked if a system names somebody else."""
    if seat is None:
        return None
    return seat.on_behalf_of or (None if same(seat.person, person) else seat.person)


def _recorded_before(
    review: Review, verb: Decide, link: Link | None, effect: Effect
) -> AlreadyRecorded | ActionRefused | None:
    """Find the same decision in the record, or a reason not to record this one; None if it is new and possible."""
    if verb.decision_id:
        known = next((each for each in review.decisions if each.decision_id == verb.decision_id), None)
        if known:
            return _again(known, verb, "this decisionId belongs to another decision", about=verb)
        wish = next((each for each in review.change_requests if each.decision_id == verb.decision_id), None)
        if wish:
            return _requested_again(wish, verb, effect)
    if link:
        if not same(link.person, verb.approver) or link.proposal != review.proposal_id:
            return ActionRefused(code="notAsked", reason="this link belongs to another person or proposal")
        unfit = _unfit(review, link)
        if unfit:
            return unfit
    mine = _answer_of(review, verb.approver)
    if mine and (review.final or find_seat(review, verb.approver) is None):
        return _again(mine, verb, "an answer cannot be changed")
    return refusal_after_end(review.end) if review.end else None


def _unfit(review: Review, link: Link) -> ActionRefused | None:
    """Return why a link cannot be used any more; None if it can."""
    if link.id in review.spent_links:
        used = next((each for each in review.decisions if each.link_id == link.id), None)
        what = _describe(used) if used else f"{link.person} asked for changes"
        return ActionRefused(code="replayed", reason=f"this link has been used: {what}")
    return outdated_link(review, link) or why_superseded(review, link)


def _answer_of(review: Review, person: str) -> Answer | None:
    """Return a person's latest valid answer."""
    return next((each for each in reversed(review.answers) if same(each.person, person)), None)


def _again(known: Answer, verb: Decide, otherwise: str, about: About | None = None) -> AlreadyRecorded | ActionRefused:
    """Compare an answer with a recorded one. With `about` the documents that they name must be the same, too."""
    other = about is not None and (
        (about.document or known.document).lower() != known.document or (about.round or known.round) != known.round
    )
    if same(known.person, verb.approver) and same(known.word, verb.decision) and not other:
        return AlreadyRecorded(number=known.number)
    return ActionRefused(code="alreadyDecided", reason=f"{_describe(known)}; {otherwise}")


def _requested_again(wish: ChangesRequested, verb: Decide, effect: Effect) -> AlreadyRecorded | ActionRefused:
    """Recognise a repeated request for changes, however old the first one is."""
    if same(wish.by, verb.approver) and effect == "changes":
        return AlreadyRecorded(number=wish.number)
    at = minute(wish.at)
    reason = f"{wish.by} asked for changes at {at}; this decisionId belongs to another decision"
    return ActionRefused(code="alreadyDecided", reason=reason)


def _describe(answer: Answer) -> str:
    return f"{answer.person} answered {answer.word!r} at {minute(answer.at)}"
