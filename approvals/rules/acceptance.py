"""Whether a person's action on a proposal is recorded, was recorded before, or is refused, and why."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from approvals.directory import NOBODY_KNOWN, Directory
from approvals.names import among
from approvals.record.entries import Commented, Entry, Reminded, Via
from approvals.reserved_names import NOBODIES
from approvals.rules.answering import decide, request_changes
from approvals.rules.authoring import attach, resubmit, withdraw
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded, refusal_after_end
from approvals.rules.handover import hand_over, take_back
from approvals.rules.identities import name_in_review, with_known_names
from approvals.rules.limits import why_too_many
from approvals.rules.links import Link
from approvals.rules.progress import COMMENT_PAUSE, heading, settle
from approvals.rules.replay import apply
from approvals.rules.state import Review
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

    def with_review_name(self, review: Review, directory: Directory) -> "Actor":
        """Return the actor with the name that the review uses for this person."""
        link = self.link
        if link:
            link = link.model_copy(update={"person": name_in_review(review, link.person, directory)})
        return replace(self, name=name_in_review(review, self.name, directory), link=link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The action is valid: the entries to write. They are what was due before it, its own entry, and what follows."""

    entries: tuple[Entry, ...]
    number: int
    """The number of the action's own entry."""


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
    verb, actor = with_known_names(review, verb, directory), actor.with_review_name(review, directory)
    judged = _judge(review, verb, actor, max(now, review.last_at), directory)
    if not isinstance(judged, Entry):
        return judged
    following = settle(apply(review, judged), now)
    return Accepted(entries=(*due, judged, *following), number=judged.number)


def _judge(
    review: Review, verb: Verb, actor: Actor, now: datetime, directory: Directory
) -> Entry | AlreadyRecorded | ActionRefused:
    if among(verb.actor_name, NOBODIES):
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
            return decide(review, verb, actor.via, actor.link, now)
        case RequestChanges():
            return request_changes(review, verb, actor.via, actor.link, now)
        case Delegate() | Reassign():
            return hand_over(review, verb, actor.via, now, directory)
        case TakeBack():
            return take_back(review, verb, actor.via, now)
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


def _comment(review: Review, verb: Comment, actor: Actor, now: datetime) -> Entry | AlreadyRecorded | ActionRefused:
    if (verb.by, verb.comment) in review.latest_comments:
        return AlreadyRecorded(number=review.number)
    if actor.via is Via.PERSON and not is_involved(review, verb.by):
        return ActionRefused(code="notAsked", reason=f"{verb.by} is not involved in this proposal")
    place, told_at = heading(review, now=now, by=verb.by, via=actor.via), review.comments_told_at
    if review.end:
        return Commented(**place, comment=verb.comment, after_end=True)
    quiet = not review.comments_held and (told_at is None or now >= told_at + COMMENT_PAUSE)
    return Commented(**place, comment=verb.comment, letter=quiet)


def is_involved(review: Review, person: str) -> bool:
    """Say whether a person is involved in a proposal: wrote it, was asked, or is named in its policy."""
    named = tuple(each for stage in review.policy.all_stages for each in stage.approvers)
    higher = tuple(each for stage in review.policy.all_stages for rung in stage.escalate_to for each in rung.to)
    return among(person, (*review.involved, *named, *higher, *review.policy.budget_owners))


def _remind(review: Review, verb: Remind, actor: Actor, now: datetime) -> Entry | ActionRefused:
    if review.end:
        return refusal_after_end(review.end)
    stage = review.stage
    if stage is None:
        return ActionRefused(code="notNow", reason="nobody is being asked now")
    if actor.via is Via.PERSON and not is_involved(review, verb.by):
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
