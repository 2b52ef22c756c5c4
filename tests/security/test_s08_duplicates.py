"""S8: whatever comes twice, late or together counts once, because the record takes an entry at one length only.

By every way at once: tests/workflows/test_review_answers.py; in any order, against a model:
tests/approvals/rules/test_machine.py; the SDK's own doubling: tests/orchestrators/test_review_early.py. Here: the
condition itself, and what would happen without it.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from approvals.policy.policy import Policy
from approvals.record.chain import Tampered, read_chain, seal
from approvals.record.entries import Kind, Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from approvals.rules.verbs import Decide
from gateways import clock
from gateways.review_records import open_review_records
from services.review_changes import add, record_verb

PEOPLE = [f"Person {number}" for number in range(8)]


@pytest.fixture
def waiting(azurite, monkeypatch):
    """A proposal in real storage for which one answer is enough."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("RECORDS_CONTAINER", "security-tests")
    proposal, now = uuid.uuid4().hex, clock.now()
    policy = Policy.from_dict({"stages": [{"name": "any", "approvers": PEOPLE}]})
    words = {"title": "Bench", "summary": "", "cost": 0.0, "currency": "EUR", "department": None}
    entries = begin(
        proposal, words, author="Ines", via=Via.PERSON, policy=policy, policy_name="own", attachments=(), now=now
    )
    open_review_records().create(proposal, entries)
    add(proposal, lambda review: checked(review, (), document=review.document, now=now))
    return proposal


def verb(person, **more):
    """Return a person's yes."""
    return Decide(approver=person, decision="approve", **more)


def decided(proposal):
    """Return who has decided, as the record has it."""
    return [entry.by for entry in open_review_records().read(proposal).entries if entry.kind is Kind.DECIDED]


def together(work):
    """Do it for all people at the same moment, each in a thread of its own."""
    ready = Barrier(len(PEOPLE))

    def one(person):
        ready.wait()
        return work(person)

    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        return list(pool.map(one, PEOPLE))


def test_only_one_of_many_simultaneous_answers_is_recorded(waiting):
    """The others learn who decided."""
    told = together(lambda person: record_verb(waiting, verb(person), Actor(name=person, via=Via.PERSON)))
    (winner,) = decided(waiting)
    refusals = [each.reason for each in told if hasattr(each, "reason")]
    assert len(refusals) == len(PEOPLE) - 1
    assert all(winner in reason for reason in refusals)


def test_without_the_condition_all_of_them_are_recorded(waiting):
    """Read, judge, append without it: each was right about the record that it had read."""
    records = open_review_records()
    chain = records.read(waiting)
    now = clock.now()
    ready = Barrier(len(PEOPLE))

    def careless(person):
        judged = accept(replay(chain.entries), verb(person), Actor(name=person, via=Via.PERSON), now)
        assert isinstance(judged, Accepted)
        ready.wait()
        records._blob(waiting).append_block(seal(judged.entries, head=chain.head))

    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        list(pool.map(careless, PEOPLE))
    content = records.raw(waiting)
    assert content.count(b'"kind":"decided"') == len(PEOPLE)
    with pytest.raises(Tampered):
        read_chain(content)


def test_a_repeated_decision_is_recognised(waiting):
    """By its id, by its person, by both, after the end; an id used for something else is refused."""
    first = record_verb(waiting, verb("Person 1", decision_id="42"), Actor(name="Person 1", via=Via.SYSTEM))
    for again in (verb("Person 1", decision_id="42"), verb("person  1", decision_id="42"), verb("Person 1")):
        done = record_verb(waiting, again, Actor(name=again.approver, via=Via.QUEUE))
        assert (done.repeated, done.number) == (True, first.number)
    other = record_verb(waiting, verb("Person 2", decision_id="42"), Actor(name="Person 2", via=Via.QUEUE))
    assert other.code == "alreadyDecided"
    assert decided(waiting) == ["Person 1"]
