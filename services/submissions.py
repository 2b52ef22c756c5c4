"""Submissions: a proposal's form is checked with all errors at once, its files are stored, its review is started.

A proposal exists as soon as its record is written. If this process stops after that, the sweep starts the workflow
(clients/sweep.py).
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import azure.durable_functions as df

from approvals.attachments import MOST_ATTACHMENTS, InlineAttachment, Upload, check_attachments, check_file_names
from approvals.directory import Directory
from approvals.findings import CLEAN
from approvals.identifiers import checked_new_id
from approvals.names import among, same
from approvals.policy.policy import Policy, check_for, read_policy
from approvals.policy.rights import OWN_POLICY, why_not_allowed
from approvals.record.chain import Chain
from approvals.record.documents import Attachment
from approvals.record.entries import Entry, Submitted, Via
from approvals.reserved_names import NOBODIES
from approvals.rules.forms import LONGEST_POLICY, SubmissionForm
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from approvals.rules.state import Review
from approvals.validation import Invalid
from approvals.workflows import APPROVAL
from gateways import clock
from gateways.attachments import open_attachments
from gateways.audit import open_audit
from gateways.people import name_of, open_directory
from gateways.policies import DEFAULT, find_policy, policy_authors, policy_names
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.review_records import open_review_records
from services.audits import missing
from services.full_looks import open_looks
from services.instances import find_instance, start
from services.replays import review_of

log = logging.getLogger("greenlight.submissions")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A valid proposal, ready to be submitted."""

    proposal_id: str
    form: SubmissionForm
    via: Via
    policy: Policy
    policy_name: str
    uploads: tuple[Upload, ...]

    @property
    def barred(self) -> str | None:
        """Why its policy must not be used for it; None if it may."""
        own, signed_in = self.policy_name == OWN_POLICY, self.via is Via.PERSON
        authors = tuple(map(name_of, policy_authors()))
        return why_not_allowed(self.policy, self.form.author, own=own, signed_in=signed_in, authors=authors)


@dataclass(frozen=True, slots=True)
class IdTaken:
    """The id belongs to another proposal or workflow; nothing was submitted."""


def read_submission(body: Any, proposal_id: str, via: Via) -> Submission:
    """Check a form and everything that depends on it. Blocks; raises `Invalid` that names all errors at once."""
    errors = list[str]()

    def checked(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except Invalid as error:
            errors.extend(error.errors)
            return None

    directory = open_directory()
    form = checked(lambda: _form(body, directory))
    checked(lambda: checked_new_id(proposal_id))
    policy = checked(lambda: _policy(body, directory))
    uploads = checked(lambda: check_attachments(proposal_id, tuple(_readable(body))))
    checked(lambda: check_file_names(each.name for each in uploads or ()))
    if form and policy:
        checked(
            lambda: check_for(
                policy, form.author, cost=form.given_cost, currency=form.currency, department=form.department
            )
        )
    if errors or form is None or policy is None or uploads is None:
        raise Invalid("; ".join(errors)[:400], tuple(errors))
    name = form.policy if isinstance(form.policy, str) else DEFAULT if form.policy is None else OWN_POLICY
    return Submission(proposal_id=proposal_id, form=form, via=via, policy=policy, policy_name=name, uploads=uploads)


async def submit(
    client: df.DurableOrchestrationClient, submission: Submission, *, is_new: bool = False
) -> Review | IdTaken:
    """Record a proposal and start its review; returns the review, also if the same proposal was submitted before.

    With `is_new` the id was made for this proposal, so it is not looked for. Returns `IdTaken` if the id belongs to
    something else. Raises `Invalid` for a picture that cannot be read.
    """
    known = None if is_new else await asyncio.to_thread(_find, submission)
    if known is None and not is_new and await find_instance(client, submission.proposal_id):
        # It belongs to something else, unless another request has submitted the same just now.
        known = await asyncio.to_thread(_find, submission) or IdTaken()
    if isinstance(known, IdTaken):
        return IdTaken()
    with open_looks().ask_after_failure():  # it may be on record, and not in the list
        chain = await asyncio.to_thread(_put_on_record, submission, known)
    if isinstance(chain, IdTaken):
        return chain
    review = review_of(chain)
    if not review.final and not await _begin(client, submission.proposal_id, unused=known is None):
        log.warning("proposal %s could not be started; the sweep will start it", submission.proposal_id)
    return review


async def _begin(client: df.DurableOrchestrationClient, proposal_id: str, *, unused: bool) -> bool:
    """Start the workflow unless it is running already; False if that fails. The record is not affected."""
    try:
        await start(client, APPROVAL.name, proposal_id, {"review": {"proposalId": proposal_id}}, unused=unused)
    except Exception:  # noqa: BLE001  the SDK raises nothing else
        return False
    return True


def _find(submission: Submission) -> Chain | IdTaken | None:
    """Return the record under the id; None if the id is free; `IdTaken` if it was ever used for something else."""
    chain = open_review_records().read(submission.proposal_id)
    if chain is None and _was_there(submission.proposal_id):
        chain = open_review_records().read(submission.proposal_id)  # another request may have created it just now
        if chain is None:
            return IdTaken()
    return chain if chain is None or _is_same(chain.entries[0], submission) else IdTaken()


def _was_there(proposal_id: str) -> bool:
    """Say whether an id without a record was used before: by a purged workflow, or by a record that is deleted now."""
    return open_audit().knows(proposal_id) or missing(proposal_id) is not None


def _put_on_record(submission: Submission, known: Chain | None) -> Chain | IdTaken:
    """Store the files, create the record, add the proposal to the list. Of two senders one creates it, both get it."""
    entries = _entries(submission, open_attachments().keep(submission.uploads))
    records = open_review_records()
    begun = None if known else records.create(submission.proposal_id, entries)
    chain = known or begun or _find(submission)
    assert chain  # the faster sender has created it, and records are never removed
    if isinstance(chain, IdTaken) or chain.entries[0].document != entries[0].document:
        return IdTaken()
    if begun:
        line = {"record": "submission", "proposalId": submission.proposal_id, "via": submission.via.value}
        log.info(json.dumps(line))
    if len(chain.entries) <= len(entries):
        open_proposal_index().write(IndexRow.of(review_of(chain), head=chain.head), is_new=begun is not None)
    return chain


def _entries(submission: Submission, files: tuple[Attachment, ...]) -> tuple[Entry, ...]:
    """Return the beginning of the record: without files there is nothing to check, so the first stage opens at once."""
    now = clock.now()
    begun = begin(
        submission.proposal_id,
        submission.form.words,
        author=submission.form.author,
        via=submission.via,
        policy=submission.policy,
        policy_name=submission.policy_name,
        attachments=files,
        now=now,
    )
    if files:
        return begun
    review = replay(begun)
    return (*begun, *checked(review, CLEAN, document=review.document, now=now))


def _is_same(first: Entry, submission: Submission) -> bool:
    """Say whether a record was created from this submission, as far as this is known before its files are stored.

    A named policy counts as the same under the same name, even if its file has changed in between.
    """
    form, named = submission.form, submission.policy_name != OWN_POLICY
    return (
        isinstance(first, Submitted)
        and same(first.by, form.author)
        and {name: getattr(first, name) for name in form.words} == form.words
        and first.policy_name == submission.policy_name
        and (named or Policy.from_dict(first.policy) == submission.policy)
        and [each.name for each in first.attachments] == [each.name for each in submission.uploads]
    )


def _form(body: Any, directory: Directory) -> SubmissionForm:
    form = SubmissionForm.from_dict(body)
    if among(form.author, NOBODIES):
        raise Invalid(f"author: {form.author} is a reserved name; name a person")
    return form.model_copy(update={"author": directory.name_of(form.author)})


def _policy(body: Any, directory: Directory) -> Policy | None:
    """Find or read the policy, even if the rest of the form is wrong; None if the form reports the error itself.

    Each person gets one name in the policy, so that nobody fills two places.
    """
    given = body.get("policy") if isinstance(body, dict) else None
    if isinstance(given, dict):
        if len(json.dumps(given)) > LONGEST_POLICY:
            return None  # the form reports it
        return _with_place(lambda: read_policy(given).meeting(directory))
    if given is not None and not isinstance(given, str):
        return None
    found = find_policy(DEFAULT if given is None else given)
    if found is None:
        raise Invalid(
            f"policy: there is no policy with this name; use one of {', '.join(policy_names())}, or send a policy"
        )
    return _with_place(lambda: found.meeting(directory))


def _with_place(read: Callable[[], Policy]) -> Policy:
    try:
        return read()
    except Invalid as error:
        faults = tuple(f"policy.{each}" for each in error.errors)
        raise Invalid("; ".join(faults), faults) from None


def _readable(body: Any) -> Iterator[InlineAttachment]:
    """Yield the valid attachments; the form reports the errors of the others."""
    given = body.get("attachments") if isinstance(body, dict) else None
    for each in given[:MOST_ATTACHMENTS] if isinstance(given, list) else ():
        with suppress(Invalid):
            yield InlineAttachment.from_dict(each)
