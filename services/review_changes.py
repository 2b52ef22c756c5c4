"""Writing to a record concurrently with others: read, judge, append; repeat if somebody else was faster.

A change is judged by the record as this process knows it, without a question to storage: the append works only if that
is still the record. Only what is refused, or changes nothing, is judged by what storage has; but not for a caller who
hears of each later entry (`complete`). Those who change the same record in this process wait for each other, so only
other processes can be faster.
"""

import random
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from threading import Lock

from azure.core.exceptions import ResourceNotFoundError

from approvals.record.chain import Chain
from approvals.record.entries import Entry
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.state import Review
from approvals.rules.verbs import Verb
from gateways import clock
from gateways.people import open_directory
from gateways.review_records import Records, open_review_records
from services.replays import review_of

MOST_ATTEMPTS = 200
"""In each lost race somebody else's entry was written. So many losses in a row mean that something is wrong."""

_LONGEST_PAUSE_S = 0.2

_LOCKS = tuple(Lock() for _ in range(64))
"""A record has one of them, by its id. Two records that share one only wait for each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbRecorded:
    """The result of a recorded verb."""

    review: Review
    """The review now."""
    number: int
    """The number of the verb's entry."""
    repeated: bool
    """Whether it had been recorded before."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no such proposal."""


class Contention(Exception):
    """Others were faster in every attempt. Nothing was recorded, and the request may be repeated."""


def add(
    proposal_id: str,
    judge: Callable[[Review], tuple[Entry, ...]],
    *,
    complete: Container[int] = (),
    records: Records | None = None,
) -> tuple[Chain, Review] | Unknown:
    """Append the entries that `judge` returns for the current review, which may be none; return the new record.

    `judge` runs again on the newer record after each lost race, and where it has nothing to add, or calls the record
    changed, by a state that storage was not asked about. With nothing to add, storage is not asked if the number of
    entries is in `complete`: the caller hears of any further one. Blocks. Raises `Contention`.
    """
    records = records or open_review_records()
    with _LOCKS[hash(proposal_id) % len(_LOCKS)]:
        chain, is_fresh = records.cached(proposal_id), False
        for attempt in range(MOST_ATTEMPTS):
            if chain is None:
                chain, is_fresh = records.read(proposal_id), True
            if chain is None:
                return Unknown()
            review = review_of(chain)
            try:
                entries = judge(review)
            except Tampered:
                if is_fresh:
                    raise
                chain = None
                continue
            if entries:
                try:
                    written = records.append(proposal_id, entries, after=chain)
                except ResourceNotFoundError:
                    if is_fresh:
                        raise
                    chain = None  # somebody has deleted it
                    continue
                if written is not None:
                    return written, review_of(written)
                chain, is_fresh = records.cached(proposal_id), True  # read in order to find out who was faster
                time.sleep(random.uniform(0.0, min(0.005 * 2 ** min(attempt, 10), _LONGEST_PAUSE_S)))
            elif is_fresh or review.number in complete:
                return chain, review
            else:
                chain = None
    raise Contention(
        f"others wrote to the record of {proposal_id} first, {MOST_ATTEMPTS} times; send the request again"
    )


def record_verb(proposal_id: str, verb: Verb, actor: Actor) -> VerbRecorded | ActionRefused | Unknown:
    """Judge a verb and record it. Blocks; raises `Contention`, and azure.core's errors if storage does not respond."""
    answer: Accepted | AlreadyRecorded | ActionRefused | None = None
    directory = open_directory()

    def judge(review: Review) -> tuple[Entry, ...]:
        nonlocal answer
        answer = accept(review, verb, actor, clock.now(), directory=directory)
        return answer.entries if isinstance(answer, Accepted) else ()

    written = add(proposal_id, judge)
    match written, answer:
        case Unknown(), _:
            return Unknown()
        case _, ActionRefused() as refused:
            return refused
        case (_, review), Accepted(number=number):
            return VerbRecorded(review=review, number=number, repeated=False)
        case (_, review), AlreadyRecorded(number=number):
            return VerbRecorded(review=review, number=number, repeated=True)
    raise AssertionError("judge always sets an answer if there is a record")
