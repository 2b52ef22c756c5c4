"""How a proposal gets on record: its form is read with every fault named, its files are stored, its review begins.

The record is the first thing that says that there is a proposal. Where this process dies behind it, the sweep starts
the workflow (clients/sweep.py).
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
from approvals.identifiers import checked_new_id
from approvals.names import among, same
from approvals.policy.policy import Policy, check_for, read_policy
from approvals.policy.rights import OWN_POLICY, bar
from approvals.record.chain import Chain
from approvals.record.documents import Attachment
from approvals.record.entries import Entry, Submitted, Via
from approvals.reserved_names import NOBODIES
from approvals.rules.forms import LONGEST_POLICY, SubmissionForm
from approvals.rules.progress import begin
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
from services.instances import find_instance, start

log = logging.getLogger("greenlight.submissions")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A proposal that may be handed in as it is."""

    proposal_id: str
    form: SubmissionForm
    via: Via
    policy: Policy
    policy_name: str
    uploads: tuple[Upload, ...]

    @property
    def barred(self) -> str | None:
        """Why it may not be handed in under its policy; None where it may."""
        own, signed_in = self.policy_name == OWN_POLICY, self.via is Via.PERSON
        authors = tuple(map(name_of, policy_authors()))
        return bar(self.policy, self.form.author, own=own, signed_in=signed_in, authors=authors)


@dataclass(frozen=True, slots=True)
class Taken:
    """The id is another proposal's, or another workflow's; nothing was handed in."""


def read_submission(body: Any, proposal_id: str, via: Via) -> Submission:
    """Check a form and all that depends on it. Blocks; raises `Invalid` that names every fault at once."""
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


async def hand_in(client: df.DurableOrchestrationClient, submission: Submission) -> Review | Taken:
    """Put a proposal on record and start its review; returns the review, also of the same one handed in before.

    `Taken` where the id belongs to something else. Raises `Invalid` for a picture that cannot be read.
    """
    known = await asyncio.to_thread(_find, submission)
    if isinstance(known, Taken) or (known is None and await find_instance(client, submission.proposal_id)):
        return Taken()
    chain = await asyncio.to_thread(_put_on_record, submission, known)
    if isinstance(chain, Taken):
        return chain
    review = replay(chain.entries)
    if not review.final and not await _begin(client, submission.proposal_id):
        log.warning("proposal %s could not be started; the sweep will do it", submission.proposal_id)
    return review


async def _begin(client: df.DurableOrchestrationClient, proposal_id: str) -> bool:
    """Start the workflow, where it does not run already. What is on record stays so, whatever comes of it."""
    try:
        await start(client, APPROVAL.name, proposal_id, {"review": {"proposalId": proposal_id}})
    except Exception:  # noqa: BLE001  the SDK raises nothing else
        return False
    return True


def _find(submission: Submission) -> Chain | Taken | None:
    """Return the record under the id, None where it is free, `Taken` where it was ever something else."""
    chain = open_review_records().read(submission.proposal_id)
    if chain is None and _was_there(submission.proposal_id):
        chain = open_review_records().read(submission.proposal_id)  # somebody may have begun it in this moment
        if chain is None:
            return Taken()
    return chain if chain is None or _is_same(chain.entries[0], submission) else Taken()


def _was_there(proposal_id: str) -> bool:
    """Say whether an id that has no record stood for something before: a purged workflow, or a record now deleted."""
    return open_audit().knows(proposal_id) or missing(proposal_id) is not None


def _put_on_record(submission: Submission, known: Chain | None) -> Chain | Taken:
    """Store the files, begin the record, enter the proposal in the list. Of two senders one begins, both get it."""
    entries = _entries(submission, open_attachments().keep(submission.uploads))
    records = open_review_records()
    begun = None if known else records.create(submission.proposal_id, entries)
    chain = known or begun or _find(submission)
    assert chain  # whoever was faster has begun it, and records are never removed
    if isinstance(chain, Taken) or chain.entries[0].document != entries[0].document:
        return Taken()
    if begun:
        line = {"record": "submission", "proposalId": submission.proposal_id, "via": submission.via.value}
        log.info(json.dumps(line))
    if len(chain.entries) == 1:
        open_proposal_index().write(IndexRow.of(replay(chain.entries), head=chain.head))
    return chain


def _entries(submission: Submission, files: tuple[Attachment, ...]) -> tuple[Entry, ...]:
    return begin(
        submission.proposal_id,
        submission.form.words,
        author=submission.form.author,
        via=submission.via,
        policy=submission.policy,
        policy_name=submission.policy_name,
        attachments=files,
        now=clock.now(),
    )


def _is_same(first: Entry, submission: Submission) -> bool:
    """Say whether a record begins with this submission, as far as can be told before its files are stored.

    A policy that was named is the same under that name, though its file may have changed in between.
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
        raise Invalid(f"author: {form.author} is nobody; name a person")
    return form.model_copy(update={"author": directory.name_of(form.author)})


def _policy(body: Any, directory: Directory) -> Policy | None:
    """Find or read the policy, also where the rest of the form is wrong; None where the form itself says what is.

    Each of its people has one name in it, so that nobody fills two places.
    """
    given = body.get("policy") if isinstance(body, dict) else None
    if isinstance(given, dict):
        if len(json.dumps(given)) > LONGEST_POLICY:
            return None  # the form says so
        return _placed(lambda: read_policy(given).meeting(directory))
    if given is not None and not isinstance(given, str):
        return None
    found = find_policy(DEFAULT if given is None else given)
    if found is None:
        raise Invalid(f"policy: there is none of that name; use one of {', '.join(policy_names())}, or send one")
    return _placed(lambda: found.meeting(directory))


def _placed(read: Callable[[], Policy]) -> Policy:
    try:
        return read()
    except Invalid as error:
        faults = tuple(f"policy.{each}" for each in error.errors)
        raise Invalid("; ".join(faults), faults) from None


def _readable(body: Any) -> Iterator[InlineAttachment]:
    """Yield the attachments that can be read; of the others the form says what is wrong."""
    given = body.get("attachments") if isinstance(body, dict) else None
    for each in given[:MOST_ATTACHMENTS] if isinstance(given, list) else ():
        with suppress(Invalid):
            yield InlineAttachment.from_dict(each)
