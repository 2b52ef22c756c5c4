"""Whether a person's action on a proposal is recorded, was recorded before, or is refused, and why."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from approvals.about import About
from approvals.directory import NOBODY_KNOWN, Directory
from approvals.instants import minute
from approvals.names import among, key, same
from approvals.policy.faults import KNOWN_WORDS
from approvals.policy.stages import Effect
from approvals.record.entries import (
    AskedPerson,
    ChangesRequested,
    Commented,
    Decided,
    Delegated,
    Entry,
    Kind,
    Reassigned,
    Reminded,
    Via,
)
from approvals.reserved_names import A_SYSTEM, NOBODIES
from approvals.rules.authoring import attach, resubmit, withdraw
from approvals.rules.document_match import outdated_link, wrong_document
from approvals.rules.eligibility import ActionRefused, asked_as, may_answer, over, superseded
from approvals.rules.handover import blocks_review
from approvals.rules.identities import known_as, with_known_names
from approvals.rules.limits import why_too_many
from approvals.rules.links import Link
from approvals.rules.progress import COMMENT_PAUSE, heading, settle
from approvals.rules.recipients import busy, delegated_seat, unfit_recipient
from approvals.rules.replay import apply
from approvals.rules.state import Answer, AwaitingChanges, Review
from approvals.rules.verbs import (
    Attach,
    Comment,
    Decide,
    Delegate,
    Reassign,
    Remind,
    RequestChanges,
    Resubmit,
    TakeBack,
    Verb,
    Withdraw,
)

REMIND_AGAIN_AFTER = timedelta(hours=1)
"""The shortest time between two reminders, whoever asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The person who acts, and through which channel."""

    name: str
    via: Via
    link: Link | None = None
    """The decision link, if the action came through one."""

    def known_in(self, review: Review, directory: Directory) -> "Actor":
        """Return the actor with the name that the review uses for this person."""
        link = self.link
        if link:
            link = link.model_copy(update={"person": known_as(review, link.person, directory)})
        return replace(self, name=known_as(review, self.name, directory), link=link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The action is valid: the entries to write. They are what was due before it, its own entry, and what follows."""

    entries: tuple[Entry, ...]
    number: int
    """The number of the action's own entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRecorded:
    """The action was recorded before; repeating it changes nothing."""

    number: int
    """The number of its entry; that of the latest entry if it has none."""


Judgement = Accepted | AlreadyRecorded | ActionRefused


def accept(
    review: Review, verb: Verb, actor: Actor, now: datetime, *, directory: Directory = NOBODY_KNOWN
) -> Judgement:
    """Judge one verb at a given time. Everything that is due by then comes first, so that nobody beats a deadline.

    The directory identifies people. It may have changed since the record was started.
    """
    due = settle(review, now)
    for entry in due:
        review = apply(review, entry)
    verb, actor = with_known_names(review, verb, directory), actor.known_in(review, directory)
    judged = _judge(review, verb, actor, max(now, review.last_at), directory)
    if not isinstance(judged, Entry):
        return judged
    following = settle(apply(review, judged), now)
    return Accepted(entries=(*due, judged, *following), number=judged.number)


def _judge(
    review: Review, verb: Verb, actor: Actor, now: datetime, directory: Directory
) -> Entry | AlreadyRecorded | ActionRefused:
    if among(verb.acting, NOBODIES):
        return ActionRefused(code="notAsked", reason="the request names no person; only a named person's answer counts")
    if isinstance(verb, Delegate | Reassign) and among(verb.to, NOBODIES):
        return ActionRefused(code="invalid", reason=f"to: {verb.to} is a reserved name; name a person")
    judged = _by_kind(review, verb, actor, now, directory)
    return why_too_many(review, judged) or judged if isinstance(judged, Entry) else judged


def _by_kind(
    review: Review, verb: Verb, actor: Actor, now: datetime, directory: Directory
) -> Entry | AlreadyRecorded | ActionRefused:
    match verb:
        case Decide():
            return _decide(review, verb, actor, now)
        case RequestChanges():
            return _request_changes(review, verb, actor, now)
        case Delegate() | Reassign():
            return _hand_over(review, verb, actor, now, directory)
        case TakeBack():
            return _take_back(review, verb, actor, now)
        case Comment():
            return _comment(review, verb, actor, now)
        case Remind():
            return _remind(review, verb, actor, now)
        case Withdraw():
            return withdraw(review, verb, actor.via, now) or AlreadyRecorded(number=review.number)
        case Resubmit():
            return resubmit(review, verb, actor.via, now) or AlreadyRecorded(number=review.number)
        case Attach():
            return attach(review, verb, actor.via, now) or AlreadyRecorded(number=review.number)
        case never:
            assert_never(never)


def _decide(review: Review, verb: Decide, actor: Actor, now: datetime) -> Entry | AlreadyRecorded | ActionRefused:
    words: dict[str, Effect] = {**KNOWN_WORDS, **review.policy.outcomes}
    effect = next((words[word] for word in words if same(word, verb.decision)), None)
    if effect is None:
        return ActionRefused(
            code="invalid", reason=f"decision: use one of {', '.join(words)}, not {verb.decision[:60]!r}"
        )
    told = _recorded_before(review, verb, actor, effect)
    if told:
        return told
    if effect == "changes":
        wanted = RequestChanges(
            approver=verb.approver,
            comment=verb.comment or verb.decision,
            document=verb.document,
            round=verb.round,
        )
        return _request_changes(review, wanted, actor, now, decision_id=verb.decision_id)
    seat = may_answer(review, verb.approver, actor.via)
    if isinstance(seat, ActionRefused):
        return seat
    wrong = _about_another(review, verb, actor, seat)
    if wrong:
        return wrong
    return Decided(
        **heading(review, now=now, by=verb.approver, via=actor.via),
        stage=review.open_stage.name if review.open_stage and seat else None,
        round=review.round,
        decision=verb.decision,
        effect=effect,
        comment=verb.comment,
        seat=seat.seat if seat else None,
        on_behalf_of=_on_behalf_of(seat, verb.approver),
        decision_id=verb.decision_id,
        link_id=actor.link.id if actor.link else None,
    )


def _about_another(
    review: Review, verb: Decide | RequestChanges, actor: Actor, seat: AskedPerson | None
) -> ActionRefused | None:
    """Return why an answer is not about the current document. A link is about the round of its letter."""
    if actor.link and not verb.names_document:
        return None
    return wrong_document(review, verb, verb.approver, seat)


def _on_behalf_of(seat: AskedPerson | None, person: str) -> str | None:
    """Return for whom a person answers: who delegated the task, or who was asked if a system names somebody else."""
    if seat is None:
        return None
    return seat.on_behalf_of or (None if same(seat.person, person) else seat.person)


def _recorded_before(
    review: Review, verb: Decide, actor: Actor, effect: Effect
) -> AlreadyRecorded | ActionRefused | None:
    """Find the same decision in the record, or a reason not to record this one; None if it is new and possible."""
    if verb.decision_id:
        known = next((each for each in review.decisions if each.decision_id == verb.decision_id), None)
        if known:
            return _again(known, verb, "this decisionId belongs to another decision", about=verb)
        wish = next((each for each in review.change_requests if each.decision_id == verb.decision_id), None)
        if wish:
            return _requested_again(wish, verb, effect)
    if actor.link:
        if not same(actor.link.person, verb.approver) or actor.link.proposal != review.proposal_id:
            return ActionRefused(code="notAsked", reason="this link belongs to another person or proposal")
        unfit = _unfit(review, actor.link)
        if unfit:
            return unfit
    mine = _answer_of(review, verb.approver)
    if mine and (review.final or asked_as(review, verb.approver) is None):
        return _again(mine, verb, "an answer cannot be changed")
    return over(review.end) if review.end else None


def _unfit(review: Review, link: Link) -> ActionRefused | None:
    """Return why a link cannot be used any more; None if it can."""
    if link.id in review.spent_links:
        used = next((each for each in review.decisions if each.link_id == link.id), None)
        what = _describe(used) if used else f"{link.person} asked for changes"
        return ActionRefused(code="replayed", reason=f"this link has been used: {what}")
    return outdated_link(review, link) or superseded(review, link)


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


def _request_changes(
    review: Review, verb: RequestChanges, actor: Actor, now: datetime, *, decision_id: str | None = None
) -> Entry | AlreadyRecorded | ActionRefused:
    if isinstance(review.phase, AwaitingChanges) and same(review.phase.by, verb.approver):
        return AlreadyRecorded(number=review.number)
    unfit = _unfit(review, actor.link) if actor.link else None
    if unfit:
        return unfit
    if review.end:
        return over(review.end)
    seat = may_answer(review, verb.approver, actor.via)
    if isinstance(seat, ActionRefused):
        return seat
    wrong = _about_another(review, verb, actor, seat)
    if wrong:
        return wrong
    if seat is None or review.stage is None:
        return ActionRefused(code="notNow", reason="you can ask for changes only while your stage is open")
    return ChangesRequested(
        **heading(review, now=now, by=verb.approver, via=actor.via),
        stage=review.stage.plan.name,
        comment=verb.comment,
        until=now + timedelta(hours=review.policy.changes_window_hours),
        on_behalf_of=_on_behalf_of(seat, verb.approver),
        link_id=actor.link.id if actor.link else None,
        decision_id=decision_id,
    )


def _hand_over(
    review: Review, verb: Delegate | Reassign, actor: Actor, now: datetime, directory: Directory
) -> Entry | AlreadyRecorded | ActionRefused:
    if review.end:
        return over(review.end)
    stage = review.stage
    if stage is None:
        return ActionRefused(code="notNow", reason="a task can be handed over only while its stage is open")
    if actor.via is Via.PERSON and not same(verb.acting, verb.owner):
        return ActionRefused(code="notAsked", reason=f"only {verb.owner} or an operator may hand this task over")
    seat = next((each for each in review.waiting_for if same(each.person, verb.owner)), None)
    if seat is None:
        given = next((each for each in stage.asked if same(each.person, verb.to)), None)
        if given and among(verb.owner, (given.on_behalf_of or "", given.seat)):
            return AlreadyRecorded(number=review.number)
        return ActionRefused(code="notAsked", reason=f"{verb.owner} has no task in stage {stage.plan.name!r}")
    unfit = unfit_recipient(review, verb, actor.via, directory)
    if unfit:
        return unfit
    stranded = blocks_review(review, stage, seat, verb.to)
    if stranded:
        return stranded
    delegating = isinstance(verb, Delegate)
    kind = Delegated if delegating else Reassigned
    nobodys = isinstance(verb, Reassign) and verb.by is None and actor.via is not Via.PERSON
    return kind(
        **heading(review, now=now, by=A_SYSTEM if nobodys else verb.acting, via=actor.via),
        stage=stage.plan.name,
        seat=seat.seat,
        owner=verb.owner,
        to=verb.to,
        on_behalf_of=_giver(seat, verb.to) if delegating else None,
        comment=verb.comment,
    )


def _giver(seat: AskedPerson, to: str) -> str | None:
    """Return for whom the new person answers; None if the task returns to its owner."""
    owner = seat.on_behalf_of or seat.person
    return None if same(owner, to) else owner


def _take_back(review: Review, verb: TakeBack, actor: Actor, now: datetime) -> Entry | AlreadyRecorded | ActionRefused:
    if review.end:
        return over(review.end)
    if review.stage is None:
        return ActionRefused(code="notNow", reason="a task can be taken back only while its stage is open")
    stage = review.stage.plan.name
    given = next((each for each in review.stage.asked if delegated_seat(review, each, verb.by)), None)
    if given is None and asked_as(review, verb.by) and (key(verb.by), Kind.DELEGATED) in review.acts:
        return AlreadyRecorded(number=review.number)
    if given is None:
        return ActionRefused(code="notAsked", reason=f"{verb.by} has delegated no task in stage {stage!r}")
    if given not in review.waiting_for:
        return ActionRefused(code="alreadyDecided", reason=f"{given.person} has answered on behalf of {verb.by}")
    unfit = busy(review, verb.by) or blocks_review(review, review.stage, given, verb.by)
    if unfit:
        return unfit
    mine = delegated_seat(review, given, verb.by)
    return Delegated(
        **heading(review, now=now, by=verb.by, via=actor.via),
        stage=stage,
        seat=given.seat,
        owner=given.person,
        to=verb.by,
        on_behalf_of=mine.on_behalf_of if mine else None,
        comment=verb.comment,
    )


def _comment(review: Review, verb: Comment, actor: Actor, now: datetime) -> Entry | AlreadyRecorded | ActionRefused:
    if (verb.by, verb.comment) in review.latest_comments:
        return AlreadyRecorded(number=review.number)
    if actor.via is Via.PERSON and not concerns(review, verb.by):
        return ActionRefused(code="notAsked", reason=f"{verb.by} is not involved in this proposal")
    place, told_at = heading(review, now=now, by=verb.by, via=actor.via), review.comments_told_at
    if review.end:
        return Commented(**place, comment=verb.comment, after_end=True)
    quiet = not review.comments_held and (told_at is None or now >= told_at + COMMENT_PAUSE)
    return Commented(**place, comment=verb.comment, letter=quiet)


def concerns(review: Review, person: str) -> bool:
    """Say whether a person is involved in a proposal: wrote it, was asked, or is named in its policy."""
    named = tuple(each for stage in review.policy.all_stages for each in stage.approvers)
    higher = tuple(each for stage in review.policy.all_stages for rung in stage.escalate_to for each in rung.to)
    return among(person, (*review.involved, *named, *higher, *review.policy.budget_owners))


def _remind(review: Review, verb: Remind, actor: Actor, now: datetime) -> Entry | ActionRefused:
    if review.end:
        return over(review.end)
    stage = review.stage
    if stage is None:
        return ActionRefused(code="notNow", reason="nobody is being asked now")
    if actor.via is Via.PERSON and not concerns(review, verb.by):
        return ActionRefused(code="notAsked", reason=f"{verb.by} is not involved in this proposal")
    last = stage.last_reminder
    if last and now < last + REMIND_AGAIN_AFTER:
        wait = int((last + REMIND_AGAIN_AFTER - now).total_seconds()) + 1
        return ActionRefused(code="tooSoon", reason="the last reminder was less than an hour ago", retry_after_s=wait)
    return Reminded(
        **heading(review, now=now, by=verb.by, via=actor.via),
        stage=stage.plan.name,
        people=tuple(each.person for each in review.waiting_for),
        planned=stage.reminders,
    )
