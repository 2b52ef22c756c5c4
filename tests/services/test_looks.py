"""A look at a record: who is told, what the list says then, and what is done again after a crash in the middle."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from approvals.policy.policy import Policy
from approvals.record import chain as chains
from approvals.record.entries import Commented, Via
from approvals.rules.acceptance import Actor
from approvals.rules.progress import begin, checked
from approvals.rules.replay import replay
from approvals.rules.verbs import Decide
from approvals.words import notices
from gateways.latest import Latest
from gateways.letters.limits import open_letter_limits
from gateways.letters.mail import Outbox
from gateways.proposal_index import TableIndex, open_proposal_index
from gateways.review_records import open_review_records
from gateways.tables import open_table
from services import looks, replays
from services.looks import Look, carry_out
from services.replays import review_of
from services.review_changes import record_verb

WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict(
    {"stages": [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all", "windowHours": 700}]}
)
BEGAN = datetime.now(UTC) - timedelta(hours=2)


def on_record(entries=3):
    """A proposal that waits for Mara and Jonas, with so many entries on record."""
    name = uuid.uuid4().hex
    begun = begin(
        name, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=(), now=BEGAN
    )
    review = replay(begun)
    begun += checked(review, ("passed",), document=review.document, now=BEGAN)
    begun += tuple(
        Commented(
            number=number, at=BEGAN + timedelta(seconds=number), by=f"Person {number % 300}", via=Via.PERSON,
            document=review.document, comment="Hm.",
        )
        for number in range(len(begun) + 1, entries + 1)
    )  # fmt: skip
    open_review_records().create(name, begun)
    return name


@pytest.fixture
def sent(monkeypatch):
    """The keys of the letters that were sent."""
    keys = list[str]()
    monkeypatch.setattr(Outbox, "send", lambda _, letter, *, key: keys.append(key) or bool(letter))
    return keys


class Counters:
    """The counters, as far as they are told something."""

    def __init__(self):
        self.told = list[tuple[str, int, int]]()

    async def tell(self, counter, contribution):
        self.told.append((counter, contribution.known, contribution.total))


async def look(name, told=0, counted=None, tell=None):
    """Look at a record, and carry out what follows."""
    chain = open_review_records().read(name)
    asked = Look(proposal_id=name, now=datetime.now(UTC).isoformat(), told=told, counted=counted or {}, tell=True)
    return await carry_out(asked, chain, review_of(chain), tell or Counters().tell)


async def test_a_look_tells_everybody_and_writes_down_that_it_has(sent):
    """So nobody has to come back for that, neither the workflow nor the sweep."""
    name, counters = on_record(), Counters()
    answer = await look(name, tell=counters.tell)
    assert (answer["told"], answer["counted"], answer["step"]["next"]) == (3, {"submitted": 1}, "wait")
    assert sorted(key.rpartition("-")[0] for key in sent) == ["3-asked", "3-asked"]
    assert counters.told == [("submitted", 0, 1)]
    row = open_proposal_index().find(name)
    assert (row.entries, row.told, row.size) == (3, 3, open_review_records().read(name).size)


async def test_who_gets_a_letter_finds_the_proposal_in_the_list(monkeypatch):
    """The row is written before the letters go, and says after them that they have gone."""
    name, seen = on_record(), list[tuple[int, int]]()

    def send(*_, **__):
        row = open_proposal_index().find(name)
        seen.append((row.entries, row.told))
        return True

    monkeypatch.setattr(Outbox, "send", send)
    await look(name)
    assert seen == [(3, 0)] * 2
    assert open_proposal_index().find(name).told == 3


async def test_a_workflow_that_was_started_anew_tells_nobody_twice(sent):
    """The list says what was done, also to a process that has never seen the row."""
    name, counters = on_record(), Counters()
    await look(name)
    sent.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "open_proposal_index", lambda: TableIndex(open_table("Proposals"), Latest(9)))
        answer = await look(name, tell=counters.tell)
    assert (answer["told"], answer["counted"]) == (3, {"submitted": 1})
    assert (sent, counters.told) == ([], [])


async def test_a_counter_that_cannot_be_told_is_told_by_the_next_look(sent):
    """The list does not say that it was."""
    name, counters = on_record(), Counters()

    async def broken(*_):
        raise ConnectionError("the hub is down")

    with pytest.raises(ConnectionError):
        await look(name, tell=broken)
    assert open_proposal_index().find(name).told == 0
    assert len(sent) == 2
    await look(name, tell=counters.tell)
    assert counters.told == [("submitted", 0, 1)]
    assert open_proposal_index().find(name).told == 3


async def test_letters_that_cannot_be_sent_keep_no_review_from_its_way(monkeypatch, caplog):
    """Whatever is wrong with them; how far people were told is handed on."""
    name = on_record()

    def broken():
        raise ServiceRequestError("storage does not answer")

    monkeypatch.setattr("services.review_letters.open_letter_limits", broken)
    answer = await look(name)
    assert (answer["told"], answer["step"]["status"]) == (0, "inReview")
    assert "its letters could not be sent" in caplog.text
    assert open_proposal_index().find(name).told == 0


async def test_limits_that_fail_once_hold_no_letter_back(sent, monkeypatch):
    """They are asked again at once."""
    real, failures = open_letter_limits, [ServiceRequestError("storage does not answer")]

    def open_after_a_failure():
        if failures:
            raise failures.pop()
        return real()

    monkeypatch.setattr("services.review_letters.open_letter_limits", open_after_a_failure)
    assert (await look(on_record()))["told"] == 3
    assert len(sent) == 2


async def test_a_turn_on_a_long_record_is_no_more_work_than_one_on_a_short_record(sent, monkeypatch):
    """Neither lines that were read before nor entries that were added up before are looked at again."""
    work = {10: 0, 990: 0}
    for length in work:
        name = on_record(length)
        await look(name, told=length)

        def counting(real, length=length):
            def counted(*given):
                work[length] += 1
                return real(*given)

            return counted

        with monkeypatch.context() as patch:
            for module, function in ((replays, "apply"), (notices, "apply"), (chains, "_read")):
                patch.setattr(module, function, counting(getattr(module, function)))
            done = record_verb(name, Decide(approver="Mara", decision="approve"), Actor(name="Mara", via=Via.SYSTEM))
            await look(name, told=length, counted={"submitted": 1})
        assert (done.number, sent) == (length + 1, [])
    assert work[10] == work[990] <= 3


@pytest.mark.parametrize(
    ("told", "woken_by", "complete"), [(3, 4, {4, 5, 6}), (3, 6, {6}), (3, 7, set()), (3, 0, set()), (0, 1, {1, 2, 3})]
)
def test_a_record_is_complete_if_the_event_of_its_next_entry_was_waited_for(told, woken_by, complete):
    """With entries 1 to 3 seen a workflow waits for the events of 4 to 7; that of an eighth may have come and gone."""
    look = Look(proposal_id="p1", now=BEGAN.isoformat(), told=told, woken_by=woken_by)
    assert set(look.complete) == complete
