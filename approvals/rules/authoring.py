"""Whether an author's action is recorded: withdraw the proposal, submit it again, add a file.

Each function returns the entry to write, why the action is refused, or None if it was done before.
"""

from datetime import datetime
from typing import Any

from approvals.attachments import MOST_ATTACHMENTS
from approvals.names import same
from approvals.policy.policy import check_for
from approvals.record.documents import Attachment, document_hash
from approvals.record.entries import Attached, Entry, Resubmitted, Via, Withdrawn
from approvals.rules.eligibility import ActionRefused, refusal_after_end
from approvals.rules.progress import heading
from approvals.rules.revisions import is_tolerated
from approvals.rules.state import AwaitingChanges, Review, Status
from approvals.rules.verbs import Attach, Resubmit, Withdraw
from approvals.validation import Invalid


def withdraw(review: Review, verb: Withdraw, via: Via, now: datetime) -> Entry | ActionRefused | None:
    """Judge a withdrawal."""
    if not same(verb.by, review.author):
        return ActionRefused(code="notAuthor", reason=f"only the author {review.author} may withdraw the proposal")
    if review.status is Status.WITHDRAWN:
        return None
    if review.end:
        return refusal_after_end(review.end)
    return Withdrawn(**heading(review, now=now, by=verb.by, via=via), reason=verb.reason)


def resubmit(review: Review, verb: Resubmit, via: Via, now: datetime) -> Entry | ActionRefused | None:
    """Judge a resubmission."""
    if not same(verb.by, review.author):
        return ActionRefused(code="notAuthor", reason=f"only the author {review.author} may resubmit the proposal")
    after = revised_words(review, verb)
    document = document_hash(after, review.attachments)
    if not isinstance(review.phase, AwaitingChanges):
        if review.resubmission == document:
            return None
        return (
            refusal_after_end(review.end)
            if review.end
            else ActionRefused(code="notNow", reason="nobody has asked for changes")
        )
    try:
        check_for(
            review.policy,
            review.author,
            cost=after["cost"],
            currency=after["currency"],
            department=after["department"],
        )
    except Invalid as error:
        return ActionRefused(code="invalid", reason=f"with these changes the policy cannot be applied: {error}")
    before = review.words
    changed = {name: value for name, value in after.items() if value != before[name]}
    files = (part for each in review.revisions if each.round > review.round for part in each.parts)
    return Resubmitted(
        **heading(review, now=now, by=verb.by, via=via, document=document),
        changed=changed,
        document_changed=document != review.reviewed,
        round=review.round + 1,
        comment=verb.comment,
        answers_kept=is_tolerated((*changed, *files), review.policy.keep_answers_on) or None,
    )


def revised_words(review: Review, verb: Resubmit) -> dict[str, Any]:
    """Return the document without its files as it would be after a resubmission: what that leaves out stays."""
    given = {name: getattr(verb, name) for name in review.words}
    return {name: value if given[name] is None else given[name] for name, value in review.words.items()}


def attach(review: Review, verb: Attach, via: Via, now: datetime) -> Entry | ActionRefused | None:
    """Judge adding or replacing a file."""
    if not same(verb.by, review.author):
        return ActionRefused(code="notAuthor", reason=f"only the author {review.author} may add files to the proposal")
    fields = {"name": verb.name, "blob": verb.blob, "content_type": verb.content_type}
    new = Attachment(**fields, size=verb.size, sha256=verb.sha256)
    before = next((each for each in review.attachments if each.name == verb.name), None)
    if before and before.sha256 == verb.sha256:
        return None
    if review.end:
        return refusal_after_end(review.end)
    others = (*(each for each in review.attachments if each.name != verb.name), new)
    if len(others) > MOST_ATTACHMENTS:
        return ActionRefused(
            code="conflict",
            reason=f"a proposal may have at most {MOST_ATTACHMENTS} files; use an existing name to replace a file",
        )
    document = document_hash(review.words, others)
    place = heading(review, now=now, by=verb.by, via=via, document=document)
    if isinstance(review.phase, AwaitingChanges):
        return Attached(**place, attachment=new, replaced=before is not None)
    part = "replacedFiles" if before else "addedFiles"
    return Attached(
        **place,
        attachment=new,
        replaced=before is not None,
        round=review.round + 1 if _has_asked(review) else review.round,
        answers_kept=is_tolerated((part,), review.policy.keep_answers_on) or None,
    )


def _has_asked(review: Review) -> bool:
    """Say whether anybody has been asked about the current document."""
    return review.stage is not None or any(each.round == review.round for each in review.closed)
