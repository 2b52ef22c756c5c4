"""S22: whatever goes wrong, nothing is approved by it.

Against a model, through random verbs, times and crashes: tests/approvals/rules/test_machine.py; events of any shape:
tests/approvals/test_decision.py. Here: storage that fails at each of its calls in turn, words that nobody knows, and
settings that are wrong; each time the same is approved where nothing is wrong.
"""

import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from hypothesis import given
from hypothesis import strategies as st

from approvals.decision import Decision, read_event
from approvals.names import key
from approvals.policy.faults import KNOWN_WORDS
from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.acceptance import Accepted, Actor, accept
from approvals.rules.progress import begin, checked, settle
from approvals.rules.replay import replay
from approvals.rules.state import Status
from approvals.rules.verbs import Decide
from gateways import clock
from gateways.review_records import open_review_records
from services import review_changes
from tests.clients.conftest import MemoryClient
from tests.clients.front import FORM, Front

YES = {"approver": "Mara", "decision": "approve"}


def waiting(name="p-1"):
    """Return the entries of a review that waits for Mara."""
    now = clock.now()
    policy = Policy.from_dict({"stages": [{"name": "design", "approvers": ["Mara"]}], "outcomes": {"fine": "approve"}})
    words = {"title": "Bench", "summary": "", "cost": 0.0, "currency": "EUR", "department": None}
    entries = begin(
        name, words, author="Ines", via=Via.PERSON, policy=policy, policy_name="own", attachments=(), now=now
    )
    review = replay(entries)
    return (*entries, *checked(review, (), document=review.document, now=now))


@given(st.text(max_size=30) | st.sampled_from(["APPROVE", "Approve", "approve ", "yes", "true", "ok", "fine!", "Fine"]))
def test_an_unknown_word_approves_nothing(word):
    """Only the words of the policy and the standard ones do; case and spaces are ignored, as in names."""
    review = replay(waiting())
    judged = accept(review, Decide.model_construct(approver="Mara", decision=word, comment="", decision_id=None),
                    Actor(name="Mara", via=Via.PERSON), clock.now())  # fmt: skip
    approved = isinstance(judged, Accepted) and replay((*waiting(), *judged.entries)).status is Status.APPROVED
    assert approved == (key(word) in (*(known for known, effect in KNOWN_WORDS.items() if effect == "approve"), "fine"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["approved", "approver", "comment", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_an_event_approves_only_by_the_boolean(payload):
    """Any other value is no decision; `{"approved": true}` is one, so this test can fail."""
    read = read_event(payload)
    said_yes = isinstance(payload, dict) and payload.get("approved") is True
    assert not (isinstance(read, Decision) and read.approved) or said_yes
    assert isinstance(read_event({"approved": True}), Decision)


def test_time_alone_approves_nothing_unless_the_policy_says_so():
    """However much of it passes."""
    entries = waiting()
    review = replay(entries)
    for _ in range(20):
        due = settle(review, review.last_at.replace(year=review.last_at.year + 1))
        entries = (*entries, *due)
        review = replay(entries)
    assert review.status is Status.EXPIRED


class Failing:
    """The real records, failing at one of their calls, before or after doing what was asked; then they work again."""

    def __init__(self, *, at, after):
        self._records, self._left, self._after = open_review_records(), at, after

    def read(self, proposal_id):
        return self._call(lambda: self._records.read(proposal_id))

    def cached(self, proposal_id):
        return None  # as in a process that has not read it, so that each call to storage is made

    def append(self, proposal_id, entries, *, after):
        return self._call(lambda: self._records.append(proposal_id, entries, after=after))

    def _call(self, do):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise ServiceRequestError("storage does not answer")
        result = do()
        if self._left == 0:
            raise HttpResponseError("the answer of storage was lost")
        return result


@pytest.mark.parametrize("decision", ["approve", "reject"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_storage_failure_decides_nothing_that_nobody_decided(azurite, monkeypatch, at, after, decision):
    """At each call, before and after it took effect: the outcome is Mara's decision, or none."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    proposal, records = f"p-{uuid.uuid4().hex}", open_review_records()
    records.create(proposal, waiting(proposal))
    meant = {"approve": Status.APPROVED, "reject": Status.REJECTED}[decision]
    verb, actor = Decide(approver="Mara", decision=decision), Actor(name="Mara", via=Via.PERSON)
    failing = Failing(at=at, after=after)
    monkeypatch.setattr(review_changes, "open_review_records", lambda: failing)
    with pytest.raises((ServiceRequestError, HttpResponseError)):
        review_changes.record_verb(proposal, verb, actor)
    appended = at == 2 and after
    assert replay(records.read(proposal).entries).status is (meant if appended else Status.IN_REVIEW)
    assert review_changes.record_verb(proposal, verb, actor).review.status is meant
    assert [entry.kind.value for entry in records.read(proposal).entries].count("decided") == 1


@pytest.fixture
async def front(azurite, monkeypatch):
    """The routes over real storage."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("AUTH_MODE", "development")
    return Front(MemoryClient())


async def test_an_unreachable_hub_neither_loses_nor_makes_a_decision(front):
    """The record comes first; the workflow is woken later."""
    proposal = await front.begin(FORM)
    front.client.broken["raise_event"] = "the hub is away"
    assert (await front.act(proposal, "decisions", YES)).status == 200
    assert (await front.show(proposal)).body["status"] == "approved"


@pytest.mark.parametrize("broken", ["ApprovalsStorage", "AUTH_MODE"])
async def test_an_invalid_setting_approves_nothing(front, monkeypatch, broken):
    """The request fails; with the right setting the proposal still waits."""
    proposal = await front.begin(FORM)
    with monkeypatch.context() as patch:
        patch.setenv(broken, "UseNothing" if broken == "ApprovalsStorage" else "anybody")
        with pytest.raises(Exception, match=r"(?i)connection|AUTH_MODE"):
            await front.act(proposal, "decisions", YES)
    assert (await front.show(proposal)).body["status"] == "inReview"
    assert (await front.act(proposal, "decisions", YES)).body["status"] == "approved"


async def test_a_policy_that_asks_nobody_is_refused(front):
    """An empty plan would approve any proposal."""
    for policy in (
        {"stages": []},
        {"stages": [{"name": "x", "approvers": []}]},
        {},
        {"stages": [{"name": "x", "approvers": ["Ines"]}]},
    ):
        told = await front.submit({"title": "Bench", "author": "Ines", "policy": policy}, id=f"p-{uuid.uuid4().hex}")
        assert told.status == 400, policy
