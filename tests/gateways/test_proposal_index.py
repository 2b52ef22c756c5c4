"""The list of proposals in a real table: newest first, in pages, and the same whatever order it is written in."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.data.tables import TableServiceClient
from hypothesis import given
from hypothesis import strategies as st

from approvals.validation import Invalid
from gateways import list_pages, proposal_index
from gateways.connections import open_table_service
from gateways.latest import Latest
from gateways.list_pages import Question
from gateways.personal_rows import Part, is_of_list, personal_rows
from gateways.proposal_index import TableIndex, open_proposal_index
from gateways.proposal_rows import IndexRow, join, to_entity
from tests.gateways.counting import CountingTransport

NOW = datetime(2026, 3, 2, 9, 0, 0, 250, tzinfo=UTC)


@pytest.fixture
def index():
    """A table of this test's own."""
    return TableIndex(open_table_service().create_table(f"Proposals{uuid.uuid4().hex[:8]}"))


def row(proposal_id="p-1", **change):
    """Return a proposal that Mara is asked about."""
    facts = {
        "proposal_id": proposal_id, "title": "Mill Stream footbridge", "author": "Ines Carvalho", "department": None,
        "cost": 148_500.0, "currency": "EUR", "status": "inReview", "stage": "design",
        "waiting_for": ("Mara Lindqvist",), "submitted_at": NOW, "deadline": NOW + timedelta(hours=72), "entries": 3,
        "head": "a" * 64, "size": 0, "told": 0,
    }  # fmt: skip
    return IndexRow(**{**facts, **change})


def fill(index, count, **change):
    """Write proposals, each a minute after the one before; returns their ids, newest first."""
    for number in range(count):
        index.write(row(f"p-{number:03d}", submitted_at=NOW + timedelta(minutes=number), **change))
    return [f"p-{number:03d}" for number in reversed(range(count))]


def listed_ids(index, *, top=20, **question):
    """Return the ids of all pages."""
    ids, token = [], None
    for _ in range(200):
        page = index.page(Question(**question), top=top, token=token)
        ids += [each.proposal_id for each in page.rows]
        token = page.token
        if token is None:
            return ids
    raise AssertionError("the list does not end")


def test_a_row_reads_back_equal(index):
    """With large figures, empty fields and characters of all kinds."""
    written = row(title="Über 橋", department="works", cost=1e12, size=2**40, told=2, waiting_for=("É", "b, c"))
    assert index.write(written) == written
    assert index.find("p-1") == written
    index.write(row("p-2", deadline=None, waiting_for=(), stage=""))
    assert index.find("p-2").deadline is None


@pytest.mark.parametrize("name", ["p-2", "../x", "", "p 1", "'"])
def test_an_unknown_proposal_is_not_found(index, name):
    """Nor is an invalid id."""
    index.write(row())
    assert index.find(name) is None


def test_an_older_row_does_not_replace_a_newer_one(index):
    """Its progress of the workflow and its size are kept."""
    index.write(row(entries=5, status="approved", head="b" * 64, size=100))
    assert index.write(row(entries=3, size=900, told=3)) == index.find("p-1")
    assert index.find("p-1") == row(entries=5, status="approved", head="b" * 64, size=900, told=3)


def test_the_head_of_a_row_is_not_replaced(index):
    """For one number of entries the first head stays."""
    index.write(row(head="a" * 64))
    index.write(row(head="f" * 64))
    assert index.find("p-1").head == "a" * 64


@given(st.lists(st.tuples(*[st.integers(1, 4)] * 3), min_size=1, max_size=4))
def test_the_order_of_rows_does_not_matter(figures):
    """Nor do repetitions."""
    rows = [row(entries=e, head=str(e), status=f"s{e}", size=size, told=told) for e, size, told in figures]
    results = set()
    for order in itertools.permutations(rows):
        stored = order[0]
        for each in (*order[1:], order[0]):
            stored = join(stored, each)
        results.add(stored)
    assert len(results) == 1


def test_simultaneous_writers_lose_nothing(index):
    """The row with the most entries stays, with the largest size."""
    rows = [row(entries=number, size=100 - number, told=number % 7) for number in range(1, 13)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(index.write, rows))
    assert index.find("p-1") == row(entries=12, size=99, told=6)


@pytest.fixture
def processes():
    """The list as two processes have it, each with what it has seen itself, and the table."""
    table = open_table_service().create_table(f"Proposals{uuid.uuid4().hex[:8]}")
    return TableIndex(table, Latest(9)), TableIndex(table, Latest(9)), table


def test_what_another_process_has_written_is_not_written_over(processes):
    """What this process has seen before stands for the row only as long as it is that row."""
    one, other, _ = processes
    one.write(row(entries=3))
    assert other.write(row(entries=5, head="b" * 64, told=3)).told == 3
    assert one.write(row(entries=4, head="c" * 64, size=70)) == one.find("p-1")
    assert one.find("p-1") == row(entries=5, head="b" * 64, size=70, told=3)
    other.write(row(entries=6, head="d" * 64))
    assert one.write(row(entries=5, head="b" * 64, size=70, told=3)).entries == 6


def test_an_anchor_of_another_process_is_checked(processes):
    """Before the row is changed."""
    one, other, _ = processes
    one.write(row(entries=3))
    other.write(row(entries=5, head="b" * 64))
    seen = list[int]()
    one.write(row(entries=6, head="c" * 64), check=lambda stored: seen.append(stored.entries))
    assert seen[-1] == 5


@pytest.fixture
def counted_index(azurite):
    """The list as a process has it whose calls are counted, as another one has it, and the counter."""
    transport = CountingTransport()
    service = TableServiceClient.from_connection_string(azurite.connection_string, transport=transport)
    table = service.create_table(f"Proposals{uuid.uuid4().hex[:8]}")
    return TableIndex(table, Latest(9)), TableIndex(open_table_service().get_table_client(table.table_name)), transport


def test_what_is_read_because_another_process_was_faster_is_remembered(counted_index):
    """Also where nothing is left to write. So the next write needs no question."""
    one, other, transport = counted_index
    one.write(row(entries=3))
    other.write(row(entries=4, head="b" * 64))
    assert one.write(row(entries=4, head="b" * 64)).entries == 4
    traffic = transport.begin()
    one.write(row(entries=5, head="c" * 64))
    assert traffic.calls == ["POST $batch"]


def test_a_scan_writes_a_row_again_without_another_look_at_it(counted_index):
    """It has just read it."""
    one, _, transport = counted_index
    one._table.create_entity(to_entity(row()))
    traffic = transport.begin()
    assert [each.proposal_id for each in one.scan()] == ["p-1"]
    assert [call.split()[0] for call in traffic.calls] == ["GET", "POST"]


def test_a_row_that_was_deleted_is_written_anew(processes):
    """By an operator, behind the back of a process that remembers it."""
    one, _, table = processes
    one.write(row(entries=3))
    for entity in table.list_entities():
        table.delete_entity(entity)
    assert one.write(row(entries=4)) == one.find("p-1")


def test_a_row_that_is_thought_to_be_new_is_not_looked_for(processes):
    """And is joined where it is there all the same."""
    one, other, _ = processes
    one.write(row(entries=5, head="b" * 64), is_new=True)
    assert other.write(row(entries=3, size=9), is_new=True) == row(entries=5, head="b" * 64, size=9)


def test_the_newest_rows_come_first_page_by_page(index):
    """Every row once, in the order of submission; the last page has no token."""
    ids = fill(index, 25)
    first = index.page(Question(), top=10)
    assert [each.proposal_id for each in first.rows] == ids[:10]
    assert listed_ids(index, top=10) == ids
    assert index.page(Question(), top=25).token is None


def test_proposals_of_the_same_moment_are_all_listed(index):
    """Their ids tell them apart."""
    for number in range(5):
        index.write(row(f"p-{number}"))
    assert sorted(listed_ids(index, top=2)) == [f"p-{number}" for number in range(5)]


def test_a_new_row_between_two_pages_disturbs_nothing(index):
    """It is before the token's place."""
    ids = fill(index, 4)
    token = index.page(Question(), top=2).token
    index.write(row("p-new", submitted_at=NOW + timedelta(days=1)))
    assert [each.proposal_id for each in index.page(Question(), top=2, token=token).rows] == ids[2:]


def test_filters_can_be_combined(index):
    """Names in any case."""
    index.write(row("mine", author="Ines  Carvalho"))
    index.write(row("hers", author="Mara Lindqvist", waiting_for=("Jonas Weber",)))
    index.write(row("done", status="approved", waiting_for=()))
    assert sorted(listed_ids(index, author="INES CARVALHO")) == ["done", "mine"]
    assert listed_ids(index, status="approved") == ["done"]
    assert listed_ids(index, approver="jonas weber") == ["hers"]
    assert listed_ids(index, approver="Mara Lindqvist", author="Ines Carvalho") == ["mine"]
    assert listed_ids(index, author="Nobody") == []
    assert listed_ids(index, status="' or true or '") == []


def test_an_author_finds_whom_else_a_few_among_many_wait_for(index, monkeypatch):
    """Though only so many rows are looked at for one page: such a page may be empty and yet not be the last."""
    monkeypatch.setattr(list_pages, "MOST_LOOKED_AT", 5)
    fill(index, 12, waiting_for=("Somebody else",))
    index.write(row("p-old", submitted_at=NOW - timedelta(days=1)))
    asked = {"viewer": "Ines Carvalho", "approver": "Mara Lindqvist"}
    first = index.page(Question(**asked))
    assert (first.rows, first.token is None) == ((), False)
    assert listed_ids(index, **asked) == ["p-old"]


def test_a_page_token_belongs_to_its_filters(index):
    """With others it would leave rows out."""
    fill(index, 5)
    token = index.page(Question(author="Ines Carvalho"), top=2).token
    assert index.page(Question(author="ines carvalho"), top=2, token=token).rows
    for other in ({}, {"author": "Mara"}, {"status": "inReview"}, {"approver": "Ines Carvalho"}):
        with pytest.raises(Invalid, match="token"):
            index.page(Question(**other), top=2, token=token)


@pytest.mark.parametrize("token", ["x", "é", "%%%", "AAAA", "a" * 5000, "' or PartitionKey ne '"])
def test_an_invented_token_is_refused(index, token):
    """With a sentence."""
    with pytest.raises(Invalid, match="leave it out"):
        index.page(Question(), token=token)


def unfinished_ids(index):
    """Return the ids of what the sweep looks at: as it finds them by their copies, and by the rows themselves."""
    return [each.proposal_id for each in index.unfinished_rows()], [each.proposal_id for each in index.scan()]


def test_open_proposals_can_be_iterated(index):
    """For the sweep."""
    fill(index, 3)
    for status in ("approved", "rejected", "withdrawn", "expired", "failed"):
        index.write(row(status, status=status, told=3))
    index.write(row("p-000", entries=9, status="approved", told=9))
    assert unfinished_ids(index) == (["p-002", "p-001"], ["p-002", "p-001"])


def test_what_has_ended_is_gone_through_until_all_were_told(index):
    """Its letters may not have gone."""
    index.write(row(entries=4, status="approved", told=3))
    assert unfinished_ids(index) == (["p-1"], ["p-1"])
    assert list(index.unfinished_rows()) == [index.find("p-1")]
    index.write(row(entries=4, status="approved", told=4))
    assert unfinished_ids(index) == ([], [])


@pytest.mark.parametrize("layout", [0, 1])
def test_a_row_from_before_there_were_copies_gets_them_from_a_scan(index, layout):
    """So nothing has to be moved when the app is updated, and nobody misses what has ended."""
    marked = {"Personal": True} if layout else {}
    open_one, ended = row("open"), row("ended", status="approved", waiting_for=(), told=3)
    for each in (open_one, ended):
        index._table.create_entity(to_entity(each) | marked)
        for key, copy in personal_rows(each).items() if layout else ():
            if not is_of_list(key):
                index._table.create_entity(copy)
    assert list(index.unfinished_rows()) == []
    assert [each.proposal_id for each in index.scan()] == ["open"]
    assert unfinished_ids(index) == (["open"], ["open"])
    assert sorted(listed_ids(index, viewer="Ines Carvalho")) == ["ended", "open"]
    assert listed_ids(index, viewer="Mara Lindqvist") == ["open"]
    index.write(row("open", waiting_for=(), entries=4))
    assert list(index.personal("Mara Lindqvist", Part.WAITING)) == []


def test_a_scan_completes_no_more_old_rows_than_it_may(index, monkeypatch):
    """A sweep has a minute; whoever updates an app with thousands of proposals waits for some looks."""
    monkeypatch.setattr(proposal_index, "MOST_RENEWED", 2)
    for number in range(5):
        index._table.create_entity(to_entity(row(f"p-{number}", submitted_at=NOW + timedelta(minutes=number))))
    for copied in (2, 4, 5):
        assert len(list(index.scan())) == 5
        assert len(list(index.unfinished_rows())) == copied


def test_the_table_is_named_proposals():
    """Operators know this name."""
    name = uuid.uuid4().hex
    open_proposal_index().write(row(name))
    assert open_table_service().get_table_client("Proposals").query_entities(f"ProposalId eq '{name}'").next()["Title"]


def test_the_older_row_gives_way():
    """Whichever is stored."""
    old, new = row(entries=1, size=5), row(entries=2, told=1)
    assert join(old, new) == join(new, old) == replace(new, size=5)
