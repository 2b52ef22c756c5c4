"""The books of a small town that are right; each way in which they could be wrong is found, and named."""

import json
from dataclasses import replace

import pytest

from approvals.record.chain import GENESIS, read_chain, seal
from approvals.words.notices import notices_for
from tests.approvals.story import Story, policy
from tests.soak.books import Books, Promises
from tests.soak.load import APPROVAL, ASKED_RESERVATION, BILLING, BILLS, CHAINING, RESERVATION, Classic, Load, Review
from tests.workflows.reviews import COUNTERS


class Cents:
    """A whole number as a table row has it."""

    def __init__(self, value):
        self.value = value


def told():
    """Return the record of a review that was approved, after a comment."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.does("comments", by="Mara", comment="well")
    story.decides("Mara", decisionId="d1")
    return story.entries


ENTRIES = told()
RECORD = seal(ENTRIES, head=GENESIS)
LETTERS = [("p1", notice.key) for n in range(len(ENTRIES)) for notice in notices_for(ENTRIES[: n + 1], told=n)]
LOAD = Load(
    classics=[
        Classic(id="c-0", kind=APPROVAL, form={}, turn=0, answer=None, outcome="escalated"),
        Classic(id="c-1", kind=RESERVATION, form={"budget": "tight-1"}, turn=0),
        Classic(id="c-2", kind=RESERVATION, form={"budget": "tight-1"}, turn=0),
        Classic(
            id="c-3",
            kind=ASKED_RESERVATION,
            form={"budget": "asked-1", "amount": 1.03},
            turn=0,
            answer=True,
            outcome="booked",
        ),
        Classic(id="c-4", kind=BILLING, form={}, turn=0, outcome="billed"),
        Classic(id="c-5", kind=CHAINING, form={}, turn=0, outcome="published"),
    ],
    reviews=[Review(id="p1", form={}, turn=0, seed="p1", is_left_alone=False)],
)
OUTPUTS = {
    "c-0": {"outcome": "escalated"},
    "c-1": {"outcome": "booked", "amount": 100.25},
    "c-2": {"outcome": "refused", "amount": 100.25},
    "c-3": {"outcome": "booked", "amount": 1.03},
    "c-4": {"outcome": "billed"},
    "c-5": {"outcome": "published"},
    "p1": {"status": "approved"},
}


def ledger(name, budget, cents):
    """Return a row of the ledger."""
    return {"InstanceId": name, "Budget": budget, "Cents": Cents(cents), "State": "booked"}


@pytest.fixture
def books():
    """Return books that are right."""
    head = read_chain(RECORD).head
    return Books(
        load=LOAD,
        records={"p1": RECORD},
        listed={"p1": {"Status": "approved", "Told": len(ENTRIES), "EntryCount": len(ENTRIES), "Head": head}},
        instances={
            name: {"RuntimeStatus": "Completed", "Output": json.dumps(output)} for name, output in OUTPUTS.items()
        },
        letters={letter: {"State": "sent"} for letter in LETTERS},
        tables={
            "Outcomes": [{"ProposalId": "c-0"}, {"ProposalId": "c-3"}],
            "Ledger": [ledger("c-1", "tight-1", 10_025), ledger("c-3", "asked-1", 103)],
            "Bills": [{"InstanceId": "c-4", "Number": number + 1} for number in range(BILLS)],
            "Register": [{"RowKey": "1", "Number": "1"}, {"RowKey": "counter-2026"}],
        },
        counters={**dict.fromkeys(COUNTERS, 0), "submitted": 2, "approved": 1, "escalated": 1},
        budgets={"tight-1": {"spent": 10_025, "holds": {}}, "asked-1": {"spent": 103, "holds": {}}},
    )


PROMISES = Promises(
    decided=frozenset({"d1"}),
    said=frozenset({"well"}),
    message_ids=[f"<{number}>" for number in range(len(LETTERS))],
    in_hand=frozenset(),
)


def wrong(books, promises=PROMISES):
    """Return what is wrong."""
    return [line.what for line in books.check(promises) if not line.is_right]


def test_correct_books_have_no_findings(books):
    """Each of the comparisons passes."""
    assert wrong(books) == []


@pytest.mark.parametrize(
    ("book", "key", "value", "found"),
    [
        ("counters", "approved", 2, "counter approved"),
        ("counters", "escalated", 0, "counter escalated"),
        ("budgets", "tight-1", {"spent": 20_050, "holds": {}}, "budgets spent, in cents"),
        ("budgets", "asked-1", {"spent": 103, "holds": {"c-3": 1}}, "budgets that still hold something"),
        ("letters", ("p1", "9-ended-x"), {"State": "sent"}, "letters that nothing calls for"),
        ("letters", LETTERS[0], {"State": "unsent"}, "letters not marked sent, nor in hand at a kill"),
        ("listed", "p1", {"Status": "approved", "Told": 3}, "the list knows all to be carried out"),
        ("listed", "p1", {"Status": "inReview", "Told": len(ENTRIES)}, "the list has the same end"),
        ("instances", "c-0:part", {"RuntimeStatus": "Failed"}, "parts and other instances not completed"),
        ("instances", "c-4", {"RuntimeStatus": "Running"}, "workflows completed"),
        ("records", "p1", seal(ENTRIES[:-1], head=GENESIS), "records that are not what was written"),
        ("records", "p1", seal(ENTRIES[:-1], head=GENESIS), "records without an end"),
        ("records", "p2", RECORD, "records"),
        ("tables", "Outcomes", [{"ProposalId": "c-0"}] * 2, "outcomes on record, one each"),
        ("tables", "Ledger", [ledger("c-1", "tight-1", 10_025)] * 2, "booked twice"),
        ("tables", "Ledger", [], "what the ledger has"),
        ("tables", "Bills", [{"InstanceId": "c-4", "Number": 1}] * 3, "bills, each once"),
        ("tables", "Register", [], "numbers of the register"),
    ],
)
def test_a_wrong_book_is_found(books, book, key, value, found):
    """Besides other findings."""
    broken = replace(books, **{book: {**getattr(books, book), key: value}})
    assert found in wrong(broken)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"decided": frozenset({"d1", "d2"})}, "decisions on record once, as told"),
        ({"decided": frozenset()}, "decisions on record once, as told"),
        ({"said": frozenset()}, "comments on record once, as told"),
        ({"message_ids": PROMISES.message_ids[1:]}, "letters that came"),
        ({"message_ids": [*PROMISES.message_ids, "<0>"]}, "doubled, but for 0 in hand at a kill"),
    ],
)
def test_a_broken_promise_is_found(books, change, found):
    """Acknowledged and not recorded, recorded and refused, and letters."""
    assert wrong(books, replace(PROMISES, **change)) == [found]


def test_a_letter_in_progress_at_a_kill_may_be_sent_twice(books):
    """Once more, under the same Message-ID."""
    promises = replace(PROMISES, message_ids=[*PROMISES.message_ids, "<0>"], in_hand=frozenset({LETTERS[0]}))
    assert wrong(books, promises) == []
    assert wrong(books, replace(promises, message_ids=[*promises.message_ids, "<0>"])) != []


@pytest.mark.parametrize("came", [0, 1], ids=["lost with the killed", "gone before"])
def test_a_letter_in_progress_may_stay_unmarked(books, came):
    """It arrived or did not; nobody waits for it any more."""
    unmarked = replace(books, letters={**books.letters, LETTERS[0]: {"State": "sending"}})
    promises = replace(PROMISES, message_ids=PROMISES.message_ids[1 - came :], in_hand=frozenset({LETTERS[0]}))
    assert wrong(unmarked, promises) == []


def test_a_missing_letter_is_found(books):
    """The one that tells the author the outcome."""
    ended = next(letter for letter in LETTERS if "ended" in letter[1])
    left = {letter: row for letter, row in books.letters.items() if letter != ended}
    assert "letters that were not sent" in wrong(replace(books, letters=left))
