"""The answers that an approver can choose from, and the verb for the chosen answer."""

from dataclasses import dataclass

from approvals.about import About
from approvals.names import among, key
from approvals.policy.policy import Effect, Policy
from approvals.rules.verbs import Decide, RequestChanges
from approvals.validation import Invalid, Line, Prose
from approvals.visible import one_line

CHANGES = "changes"
"""The word for a request for changes in a form. A policy may define another word for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer."""

    word: str
    label: str
    """For people."""
    effect: Effect
    hint: str
    """The effect of the answer in a sentence; empty if the label says it."""

    @property
    def needs_comment(self) -> bool:
        """Whether a comment is required: the author has to know what to change."""
        return self.effect == "changes"


_HINTS: dict[Effect, str] = {
    "approve": "Counts as a yes.",
    "reject": "Counts as a no.",
    "changes": "The author revises the proposal, and you are asked again. Say in the comment what to change.",
}


class ChosenAnswer(About):
    """An answer as the page's form or a program sends it."""

    decision: Line
    comment: Prose = ""
    proposal_id: Prose | None = None
    """The proposal that the sender means; it must be the link's proposal."""
    token: str | None = None
    """The link's token; a program may leave it in the query string."""


def choices(policy: Policy) -> tuple[Choice, ...]:
    """Return the possible answers under a policy: yes, its own words, changes, no."""
    own = tuple(_choice(word, word[:1].upper() + word[1:], effect) for word, effect in policy.outcomes.items())
    changes = () if among(CHANGES, tuple(policy.outcomes)) else (_choice(CHANGES, "Ask for changes", "changes"),)
    yes = Choice(word="approve", label="Approve", effect="approve", hint="")
    no = Choice(word="reject", label="Reject", effect="reject", hint="")
    return (yes, *own, *changes, no)


def find_choice(policy: Policy, word: str) -> Choice | None:
    """Return the choice with that word; None if the policy has none."""
    return next((each for each in choices(policy) if key(each.word) == key(word)), None)


def to_verb(chosen: ChosenAnswer, policy: Policy, person: str) -> Decide | RequestChanges:
    """Return the verb for a person's chosen answer; raises `Invalid` that names the field to correct."""
    choice = find_choice(policy, chosen.decision)
    if choice is None:
        known = ", ".join(each.word for each in choices(policy))
        raise Invalid(f"decision: choose one of {known}")
    if choice.needs_comment and not chosen.comment.strip():
        raise Invalid("comment: say what to change; the author reads it")
    document, number = chosen.document, chosen.round
    if choice.word == CHANGES and choice.word not in policy.outcomes:
        return RequestChanges(approver=person, comment=chosen.comment, document=document, round=number)
    return Decide(approver=person, decision=choice.word, comment=chosen.comment, document=document, round=number)


def _choice(word: str, label: str, effect: Effect) -> Choice:
    return Choice(word=word, label=one_line(label), effect=effect, hint=_HINTS[effect])
