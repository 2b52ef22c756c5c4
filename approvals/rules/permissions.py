"""What somebody may do to a proposal now: exactly what would be taken down if they did it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from approvals.directory import NOBODY_KNOWN, Directory
from approvals.names import same
from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Actor, Judgement, accept
from approvals.rules.choices import Choice, ChosenAnswer, choices, to_verb
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import Review
from approvals.rules.verbs import Attach, Comment, Delegate, Reassign, Remind, Resubmit, TakeBack, Verb, Withdraw

MOST_SUGGESTED = 30
"""Names of those to whom a task may go; others may be written in where the policy allows anyone."""

_STRANGER = "Somebody Who Has No Part In It"
"""Stands for all who are named nowhere, where a policy lets anyone answer."""

_WHOEVER_IT_IS = frozenset({"over", "notNow", "notAsked"})
"""Reasons for which a task cannot be handed over to anybody, so that nobody in a large directory need be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What one person may do now."""

    answers: tuple[Choice, ...]
    """The decisions that they may give, asking for changes among them; empty where none."""
    comment: bool
    delegate: bool
    """To somebody at least."""
    reassign: bool
    successors: tuple[str, ...]
    """To whom the task may go, as far as they are known by name: the first `MOST_SUGGESTED`."""
    take_back: bool
    remind: bool
    withdraw: bool
    resubmit: bool
    attach: bool
    """Add a file, or replace one where there are as many as a proposal may have."""


def permissions(review: Review, person: str, now: datetime, *, directory: Directory = NOBODY_KNOWN) -> Permissions:
    """Return what a person who is signed in may do.

    Each act is tried on the rules that judge it when it comes, so that nothing is offered that would be refused.
    """
    actor = Actor(name=person, via=Via.PERSON)

    def judge(verb: Verb) -> Judgement:
        return accept(review, verb, actor, now, directory=directory)

    def is_accepted(verb: Verb) -> bool:
        return isinstance(judge(verb), Accepted)

    def answer(choice: Choice) -> bool:
        given = ChosenAnswer(decision=choice.word, comment="-", document=review.document)
        return is_accepted(to_verb(given, review.policy, person))

    def may_give(model: type[Delegate] | type[Reassign]) -> Iterator[str]:
        told = judge(model.from_dict({"from": person, "to": _STRANGER}))
        hopeless = isinstance(told, ActionRefused) and told.code in _WHOEVER_IT_IS
        candidates = () if hopeless else _candidates(review, directory)
        return (to for to in candidates if is_accepted(model.from_dict({"from": person, "to": to})))

    known = tuple(islice((to for to in may_give(Delegate) if to != _STRANGER), MOST_SUGGESTED))
    return Permissions(
        answers=tuple(each for each in choices(review.policy) if answer(each)),
        comment=is_accepted(Comment(by=person, comment=_new_words(review, person))),
        delegate=bool(known) or any(may_give(Delegate)),
        reassign=any(may_give(Reassign)),
        successors=known,
        take_back=is_accepted(TakeBack(by=person)),
        remind=is_accepted(Remind(by=person)),
        withdraw=is_accepted(Withdraw(by=person)),
        resubmit=is_accepted(Resubmit(by=person)),
        attach=is_accepted(_new_file(review, person)),
    )


def _candidates(review: Review, directory: Directory) -> tuple[str, ...]:
    """Return those among whom somebody may be found to whom the policy lets a task go."""
    known = tuple(sorted(set(directory.names.values())))
    match review.policy.delegate_to:
        case "nobody":
            return ()
        case "directory":
            return known
        case "anyone":
            return (*known, _STRANGER)
        case named:
            return named


def _new_file(review: Review, person: str) -> Attach:
    """Return a file that is new: with another content than the one in whose place it is put, if there is one."""
    name = next((each.name for each in review.attachments), "new.txt")
    return Attach(by=person, name=name, blob="", content_type="text/plain", size=1, sha256="")


def _new_words(review: Review, person: str) -> str:
    """Return a comment that is not the one that this person has made last, which would be known again."""
    said = next((text for name, text in review.latest_comments if same(name, person)), "")
    return "-" if said != "-" else "--"
