"""Pages of the list: one call each, of the same size however many proposals there are, whoever asks."""

import uuid
from datetime import timedelta

import pytest
from azure.data.tables import TableServiceClient

from gateways.list_pages import Question
from gateways.proposal_index import TableIndex, _copies
from gateways.proposal_rows import IndexRow, to_entity
from tests.gateways.counting import CountingTransport
from tests.gateways.test_proposal_index import NOW, row
from tests.long import LONG

MANY = 5_000 if LONG else 200
"""Proposals; two hundred are more than any page needs, and a page must not grow with them."""

LARGEST = 15_000
"""Bytes of the table's answer for twenty lines."""


@pytest.fixture(scope="module")
def counted_index(azurite):
    """A list of many ended proposals and a few open ones, and the transport to it."""
    transport = CountingTransport()
    service = TableServiceClient.from_connection_string(azurite.connection_string, transport=transport)
    table = service.create_table(f"Pages{uuid.uuid4().hex[:8]}")
    rows = [
        row(
            f"proposal-{number:05d}-{uuid.UUID(int=number).hex}",
            title="Footbridge over the Mill Stream at the old ford, second draft",
            author=f"Person {number % 50}",
            department="Roads and bridges",
            status="approved" if number % 50 else "inReview",
            waiting_for=() if number % 50 else ("Mara Lindqvist", "Jonas Weber"),
            submitted_at=NOW + timedelta(minutes=number),
            entries=7,
            told=7,
        )
        for number in range(MANY)
    ]
    store(table, rows)
    return TableIndex(table), transport


def store(table, rows: list[IndexRow]) -> None:
    """Store rows with their copies, as a hundred transactions of one row each would."""
    entities = [entity for each in rows for entity in (to_entity(each) | {"Layout": 2}, *_copies(each).values())]
    for start in range(0, len(entities), 100):
        table.submit_transaction([("create", entity) for entity in entities[start : start + 100]])


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, 20),
        ({"status": "inReview"}, min(20, MANY // 50)),
        ({"author": "Person 7"}, min(20, MANY // 50)),
        ({"approver": "Mara Lindqvist"}, min(20, MANY // 50)),
        ({"approver": "Mara Lindqvist", "author": "Person 0"}, min(20, MANY // 50)),
        ({"viewer": "Person 7"}, min(20, MANY // 50)),
        ({"viewer": "Mara Lindqvist"}, min(20, MANY // 50)),
        ({"viewer": "Mara Lindqvist", "author": "Person 7"}, 0),
        ({"viewer": "Somebody with no part"}, 0),
        ({"viewer": "Somebody with no part", "author": "Person 7"}, 0),
    ],
)
def test_a_page_is_one_call(counted_index, question, found):
    """For systems, for people with a part in few of them, and for people with none."""
    index, transport = counted_index
    traffic = transport.begin()
    page = index.page(Question(**question), top=20)
    assert (len(page.rows), len(traffic.calls)) == (found, 1), traffic
    assert traffic.received <= LARGEST


def test_the_next_page_is_one_call_too(counted_index):
    """Of what somebody wrote, from the place where the page before ended."""
    index, transport = counted_index
    question = Question(viewer="Mara Lindqvist")
    first = index.page(question, top=1)
    traffic = transport.begin()
    second = index.page(question, top=1, token=first.token)
    assert len(traffic.calls) == 1
    assert second.rows[0].submitted_at == first.rows[0].submitted_at - timedelta(minutes=50)


def test_what_the_sweep_asks_for_is_as_much_as_there_is_unfinished(counted_index):
    """However many have ended."""
    index, transport = counted_index
    traffic = transport.begin()
    assert len(list(index.unfinished_rows())) == MANY // 50
    assert traffic.calls == ["GET " + index._table.table_name + "()"]


def test_a_line_has_all_that_is_shown_of_it(counted_index):
    """And nothing of what is not."""
    index, _ = counted_index
    (line,) = index.page(Question(viewer="Jonas Weber"), top=1).rows
    assert (line.title, line.author, line.department, line.cost, line.currency, line.status, line.stage) == (
        "Footbridge over the Mill Stream at the old ford, second draft", "Person 0", "Roads and bridges", 148_500.0,
        "EUR", "inReview", "design",
    )  # fmt: skip
    assert (line.waiting_for, line.deadline) == (("Mara Lindqvist", "Jonas Weber"), NOW + timedelta(hours=72))
    assert (line.head, line.entries, line.document) == ("", 0, "")


def test_who_is_asked_and_wrote_lists_a_proposal_once(counted_index):
    """Under both of their parts."""
    index, _ = counted_index
    index.write(row("both", author="Lena Both", waiting_for=("lena both",), submitted_at=NOW - timedelta(days=1)))
    for question in ({"viewer": "Lena Both"}, {"author": "LENA BOTH"}, {"approver": "Lena Both"}):
        assert [each.proposal_id for each in index.page(Question(**question)).rows] == ["both"]


def test_who_has_answered_lists_only_what_they_wrote(counted_index):
    """As somebody may see in the list what they wrote or have to answer now."""
    index, _ = counted_index
    old = row("answered", author="Ada Wrote", waiting_for=("Bo Asked",), submitted_at=NOW - timedelta(days=2))
    index.write(old)
    assert [each.proposal_id for each in index.page(Question(viewer="Bo Asked")).rows] == ["answered"]
    index.write(row("answered", author="Ada Wrote", waiting_for=(), submitted_at=old.submitted_at, entries=4))
    assert index.page(Question(viewer="Bo Asked")).rows == ()
    assert [each.proposal_id for each in index.page(Question(viewer="Ada Wrote")).rows] == ["answered"]
    assert index.page(Question(viewer="Ada Wrote", approver="Ada Wrote")).rows == ()
