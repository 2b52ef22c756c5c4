"""Changes of records: judged by what this process knows where storage can still refuse, else by what storage has."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import ActionRefused
from approvals.rules.progress import begin, checked
from approvals.rules.verbs import Comment, Decide
from gateways.containers import open_container
from gateways.record_cache import RecordCache
from gateways.review_records import BlobRecords, open_review_records
from services.review_changes import Unknown, VerbRecorded, add, record_verb
from tests.records import rewrite

WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all"}]})
MARA = Actor(name="Mara", via=Via.SYSTEM)


class Counted(BlobRecords):
    """The records of a process of their own, which count the calls for them."""

    def __init__(self):
        super().__init__(open_container("records"), cache=RecordCache())
        self.reads = self.appends = 0

    def _latest(self, *given):
        self.reads += 1
        return super()._latest(*given)

    def _append(self, *given):
        self.appends += 1
        return super()._append(*given)


@pytest.fixture
def proposal():
    """A proposal that waits for Mara and Jonas."""
    name, now = uuid.uuid4().hex, datetime.now(UTC)
    entries = begin(
        name, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=(), now=now
    )
    open_review_records().create(name, entries)
    add(name, lambda review: checked(review, (), document=review.document, now=datetime.now(UTC)))
    return name


@pytest.fixture
def records(monkeypatch, proposal):
    """What this process uses from now on; it has read the proposal once."""
    counted = Counted()
    counted.read(proposal)
    counted.reads = 0
    monkeypatch.setattr("services.review_changes.open_review_records", lambda: counted)
    return counted


def record_verb_elsewhere(other, proposal, verb):
    """Let another process record a verb."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.review_changes.open_review_records", lambda: other)
        assert isinstance(record_verb(proposal, verb, MARA), VerbRecorded)


def test_what_is_accepted_costs_one_call(records, proposal):
    """The append, which names the version that it was judged by."""
    assert isinstance(record_verb(proposal, Decide(approver="Mara", decision="approve"), MARA), VerbRecorded)
    assert (records.reads, records.appends) == (0, 1)


def test_what_is_refused_is_judged_by_what_storage_has(records, proposal):
    """By the kept state Mara has not answered; another process knows better."""
    other = Counted()
    answer = Decide(approver="Mara", decision="approve", decision_id="one")
    add(proposal, lambda _: (), records=other)
    again = Decide(approver="Mara", decision="reject", decision_id="two")
    record_verb_elsewhere(other, proposal, answer)
    assert isinstance(record_verb(proposal, again, MARA), ActionRefused)
    assert (records.reads, records.appends) == (1, 1)
    assert isinstance(record_verb(proposal, again, MARA), ActionRefused)
    assert (records.reads, records.appends) == (2, 1)


def test_of_many_at_once_each_is_recorded_and_none_reads(records, proposal):
    """Those of one process wait for each other."""
    with ThreadPoolExecutor(16) as pool:
        said = [Comment(by="Mara", comment=f"word {number}") for number in range(50)]
        answers = list(pool.map(lambda verb: record_verb(proposal, verb, MARA), said))
    assert {type(each) for each in answers} == {VerbRecorded}
    assert sorted(each.number for each in answers) == list(range(4, 54))
    assert (records.reads, records.appends) == (0, 50)


@pytest.mark.usefixtures("records")
def test_damage_that_only_an_older_state_shows_is_none(proposal):
    """Who has seen more entries than this process is asked to look again before anybody is alarmed."""
    record_verb_elsewhere(Counted(), proposal, Decide(approver="Mara", decision="approve"))

    def judge(review):
        if review.number < 4:
            raise Tampered(4, "the end is missing")
        return ()

    found = add(proposal, judge)
    assert not isinstance(found, Unknown)
    assert found[1].number == 4
    with pytest.raises(Tampered):
        add(proposal, lambda _: (_ for _ in ()).throw(Tampered(5, "the end is missing")))


@pytest.mark.parametrize(
    ("complete", "reads"), [(range(3, 6), 0), (range(1, 4), 0), (range(4, 7), 1), (range(1, 3), 1), ((), 1)]
)
def test_a_record_that_is_complete_is_not_asked_for(records, proposal, complete, reads):
    """It has three entries, and nothing is added."""
    found = add(proposal, lambda _: (), complete=complete)
    assert not isinstance(found, Unknown)
    assert (found[1].number, records.reads) == (3, reads)


def test_damage_is_judged_by_what_storage_has_in_any_case(records, proposal):
    """Nobody is alarmed by what one process remembers."""

    def judge(_):
        raise Tampered(4, "the end is missing")

    with pytest.raises(Tampered):
        add(proposal, judge, complete={3})
    assert records.reads == 1


def test_a_record_that_was_deleted_is_unknown(azurite, records, proposal):
    """Though this process knows what it was."""
    assert records.cached(proposal)
    rewrite(azurite.connection_string, proposal, None)
    assert isinstance(record_verb(proposal, Comment(by="Mara", comment="Hm."), MARA), Unknown)
