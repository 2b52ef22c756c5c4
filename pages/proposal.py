"""The page of a proposal: its documents, its way, what was said, what the reader may do, and all that happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from approvals.record.entries import Entry
from approvals.rules.eligibility import find_seat
from approvals.rules.permissions import Permissions
from approvals.rules.state import AwaitingChanges, Review
from approvals.rules.versions import Version
from approvals.visible import one_line, visible
from approvals.words.mentions import pieces
from approvals.words.wording import people, stage_name, time_left
from pages.documents import Texts, changes, documents
from pages.facts import facts
from pages.history import MOST_TOLD, rounds
from pages.inbox import STATUSES
from pages.remarks import remarks
from pages.rendering import Page
from pages.shell import Shell, render_in_shell, state_of
from pages.uploads import file_limits
from pages.verb_forms import DONE, SentForm, verbs_with_form
from pages.way import draw_way

LONGEST_COMMENT = 8_000
"""Characters, as verbs have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProposal:
    """What the page shows."""

    review: Review
    entries: Sequence[Entry]
    versions: Sequence[Version]
    texts: Texts = field(default_factory=lambda: MappingProxyType({}))
    """The words of files that were read for it."""
    permissions: Permissions
    """Of who reads it."""
    done_verb: str = ""
    """The verb that has just been taken down, as the address says it; others are passed over."""
    sent: SentForm = field(default_factory=SentForm)
    whole_history: bool = False


def proposal_address(proposal_id: str) -> str:
    """Return where the page is; ids need no quoting."""
    return f"/api/ui/proposals/{proposal_id}"


def proposal_page(shell: Shell, shown: ShownProposal, *, now: datetime) -> Page:
    """Return the page as the person of the shell sees it."""
    review, allowed = shown.review, shown.permissions
    named = tuple(map(one_line, review.involved))
    verbs = verbs_with_form(allowed)
    page = render_in_shell(
        "proposal.html",
        shell,
        state=state_of(review.proposal_id, review.number),
        scripts=("uploads.js",),
        review=review,
        address=proposal_address(review.proposal_id),
        status=STATUSES[review.status.value],
        lead=_lead(review, shell.person, now),
        facts=facts(review),
        summary=visible(review.summary),
        documents=documents(review.proposal_id, shown.versions[-1], shown.texts),
        changes=changes(review.proposal_id, shown.versions, shown.texts),
        way=draw_way(review, now),
        remarks=[_with_mentions(each.by, each.did, each.at, each.words, named) for each in remarks(shown.entries)],
        allowed=allowed,
        verbs=verbs,
        wishes=any(each.needs_comment for each in allowed.answers),
        early=bool(allowed.answers) and find_seat(review, shell.person) is None,
        stage=stage_name(review.open_stage) if review.open_stage else "",
        rounds=rounds(shown.entries, most=None if shown.whole_history else MOST_TOLD),
        left_out=0 if shown.whole_history else max(0, len(shown.entries) - MOST_TOLD),
        done=DONE.get(shown.done_verb, ""),
        sent=shown.sent,
        form_is_gone=shown.sent.is_refused and shown.sent.verb not in verbs,
        longest_comment=LONGEST_COMMENT,
        after_files=_after_files(review),
        **file_limits(),
    )
    return replace(page, frames=True)


def _with_mentions(by: str, did: str, at: datetime, words: str, named: tuple[str, ...]) -> dict[str, Any]:
    return {"by": by, "did": did, "at": at, "pieces": pieces(visible(words), named)}


def _lead(review: Review, person: str, now: datetime) -> str:
    """Say in a sentence where the proposal stands for who reads."""
    waiting = people(tuple(one_line(each.person) for each in review.waiting_for))
    asked = find_seat(review, person)
    if asked and review.stage:
        behalf = f" on behalf of {one_line(asked.on_behalf_of)}" if asked.on_behalf_of else ""
        return f"Your answer is asked for{behalf} in {stage_name(review.stage.plan)}, {_left(review, now)}."
    if waiting and review.open_stage:
        return f"{waiting} {'is' if len(review.waiting_for) == 1 else 'are'} asked in {stage_name(review.open_stage)}."
    if isinstance(review.phase, AwaitingChanges):
        return f"{one_line(review.phase.by)} asked {one_line(review.author)} to change it."
    return ""


def _after_files(review: Review) -> str:
    """Say what becomes of answers when the author adds or replaces a file."""
    if isinstance(review.phase, AwaitingChanges):
        return "They belong to what you hand in again."
    if "addedFiles" in review.policy.keep_answers_on:
        return "Answers that were given stay valid if you only add files."
    return "Answers that were given no longer count, and people are asked again."


def _left(review: Review, now: datetime) -> str:
    assert review.stage
    return time_left(review.stage.deadline, now)
