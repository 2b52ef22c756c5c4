"""Reviews that are remembered: the same as those that are added up from the beginning, of every record and place."""

from datetime import UTC, datetime, timedelta

from approvals.policy.policy import Policy
from approvals.record.chain import GENESIS, read_chain, seal
from approvals.record.entries import Commented, Via
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from approvals.rules.state import Review
from gateways.latest import Latest
from services import replays
from services.replays import review_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara"]}]})


def chain(proposal="p-1", *said):
    """The record of a proposal that waits for Mara, with these comments."""
    entries = begin(
        proposal, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=(), now=NOW
    )
    review = replay(entries)
    entries += checked(review, (), document=review.document, now=NOW)
    for number, words in enumerate(said, len(entries) + 1):
        at, document = NOW + timedelta(minutes=number), review.document
        entries += (Commented(number=number, at=at, by="Mara", via=Via.PERSON, document=document, comment=words),)
    return read_chain(seal(entries, head=GENESIS))


def test_a_review_is_that_of_the_record_at_every_place():
    """Asked for in any order, of records with a common beginning and of others."""
    known = Latest[Review](9)
    records = [chain("p-1", "one", "two"), chain("p-1", "one", "other", "three"), chain("p-2", "one"), chain("p-1")]
    for record in (*records, *reversed(records)):
        for number in (len(record.entries), 1, 3):
            assert review_of(record, number, latest=known) == replay(record.entries[:number])
        assert review_of(record, latest=known) == replay(record.entries)


def test_only_what_is_new_is_added(monkeypatch):
    """From what was there before; a place from which it is not far is remembered for a while."""
    known, added = Latest[Review](8), list[int]()
    record = chain("p-1", *map(str, range(20)))
    real = replays.apply
    monkeypatch.setattr(replays, "apply", lambda review, entry: added.append(entry.number) or real(review, entry))
    for number in range(10, 20):
        review_of(record, number, latest=known)
    assert added == list(range(11, 20))
    review_of(record, 12, latest=known)
    assert added == list(range(11, 20))
    review_of(record, latest=known)
    assert added == list(range(11, 24))


def test_so_many_reviews_are_remembered(monkeypatch):
    """The one that was not asked for the longest time is added up anew."""
    known, whole = Latest[Review](2), list[str]()
    monkeypatch.setattr(replays, "replay", lambda entries: whole.append(entries[0].proposal_id) or replay(entries))
    for name in ("p-1", "p-2", "p-1", "p-3", "p-1", "p-2"):
        review_of(chain(name), latest=known)
    assert whole == ["p-1", "p-2", "p-3", "p-2"]
