"""The rows of people: the same in the end whatever order the list was written in, and one question each."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError
from hypothesis import given
from hypothesis import strategies as st

from gateways import proposal_index
from gateways.connections import open_table_service
from gateways.latest import Latest
from gateways.list_pages import Question
from gateways.personal_rows import Part, operations, personal_rows, prefix
from gateways.proposal_index import TableIndex
from gateways.proposal_rows import IndexRow, join, to_entity
from gateways.tables import transact
from tests.gateways.test_proposal_index import NOW, row

PEOPLE = ("Mara Lindqvist", "Jonas Weber", "Amara Okafor")
ROWS = st.builds(
    row,
    entries=st.integers(1, 9),
    waiting_for=st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple),
    decided_by=st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple),
    delegated_by=st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple),
    deadline=st.sampled_from((None, NOW, NOW + timedelta(hours=1))),
    told=st.integers(0, 9),
)


@pytest.fixture
def index():
    """A table of this test's own."""
    return TableIndex(open_table_service().create_table(f"People{uuid.uuid4().hex[:8]}"))


def ids(index: TableIndex, person: str, part: Part) -> list[str]:
    """Return what a person finds there."""
    return [each.proposal_id for each in index.personal(person, part)]


def test_every_person_finds_their_own_rows(index):
    """By any spelling of the name, and nobody else's."""
    index.write(row("p-1", delegated_by=("Amara Okafor",), decided_by=("Jonas Weber",)))
    assert ids(index, "MARA  lindqvist", Part.WAITING) == ["p-1"]
    assert ids(index, "Jonas Weber", Part.DECIDED) == ["p-1"]
    assert ids(index, "Amara Okafor", Part.DELEGATED) == ["p-1"]
    assert ids(index, "Ines Carvalho", Part.WROTE) == ["p-1"]
    assert ids(index, "Jonas Weber", Part.WAITING) == []


def test_waiting_proposals_are_ordered_by_deadline_and_others_newest_first(index):
    """The most urgent one is on top."""
    for number, hours in enumerate((72, 1, 24)):
        at = NOW + timedelta(minutes=number)
        index.write(row(f"p-{number}", submitted_at=at, deadline=NOW + timedelta(hours=hours)))
    assert ids(index, "Mara Lindqvist", Part.WAITING) == ["p-1", "p-2", "p-0"]
    assert ids(index, "Ines Carvalho", Part.WROTE) == ["p-2", "p-1", "p-0"]


def test_a_person_who_has_answered_is_no_longer_waited_for(index):
    """Their row changes in the same transaction as the list's row."""
    index.write(row(entries=3))
    index.write(row(entries=4, waiting_for=("Jonas Weber",), decided_by=("Mara Lindqvist",)))
    assert ids(index, "Mara Lindqvist", Part.WAITING) == []
    assert ids(index, "Mara Lindqvist", Part.DECIDED) == ["p-1"]
    assert ids(index, "Jonas Weber", Part.WAITING) == ["p-1"]


def test_the_list_and_its_ids_leave_out_personal_rows(index):
    """They are in the same partition but of another kind."""
    index.write(row())
    assert [each.proposal_id for each in index.page(Question()).rows] == ["p-1"]
    assert list(index.ids()) == ["p-1"]
    assert [each.proposal_id for each in index.unfinished_rows()] == ["p-1"]


def test_an_old_row_gets_its_personal_rows_with_its_next_change(index):
    """An update of the app needs no migration."""
    entity = {name: value for name, value in to_entity(row(entries=3)).items() if name not in {"DecidedBy", "AskedAt"}}
    index._table.create_entity(entity)
    assert ids(index, "Mara Lindqvist", Part.WAITING) == []
    index.write(row(entries=3, told=3))
    assert ids(index, "Mara Lindqvist", Part.WAITING) == ["p-1"]


def test_more_people_than_one_transaction_holds_all_get_their_rows(index):
    """A hundred and twenty who are asked, and have then all answered."""
    crowd = tuple(f"Person {number}" for number in range(120))
    index.write(row(waiting_for=crowd))
    assert all(ids(index, person, Part.WAITING) == ["p-1"] for person in (crowd[0], crowd[-1]))
    index.write(row(entries=4, waiting_for=(), decided_by=crowd))
    assert not any(ids(index, person, Part.WAITING) for person in (crowd[0], crowd[-1]))
    assert all(ids(index, person, Part.DECIDED) == ["p-1"] for person in (crowd[0], crowd[-1]))


CROWD = tuple(f"Person {number}" for number in range(120))


@pytest.fixture
def interrupted_write(index, monkeypatch):
    """Return a function that writes a row, of whose transactions all after the first so many fail."""

    def write(changed: IndexRow, transactions: int) -> None:
        left = [transact] * transactions

        def fail(*what: Any) -> Any:
            if not left:
                raise ServiceResponseError("the connection was closed")
            return left.pop()(*what)

        with monkeypatch.context() as patch:
            patch.setattr(proposal_index, "transact", fail)
            with pytest.raises(ServiceResponseError):
                index.write(changed)

    return write


@pytest.fixture(params=["the same process", "another process", "the scan"])
def write_again(request, index):
    """Return a function that writes a row once more, as whoever comes next after an interruption does."""
    other = TableIndex(index._table, Latest(9))

    def write(changed: IndexRow) -> None:
        if request.param == "the scan":
            assert list(other.scan())
        else:
            (index if request.param == "the same process" else other).write(changed)

    return write


def copies(index: TableIndex) -> dict[str, str]:
    """Return all copies of rows that are in the table, each with the status that it shows."""
    return {each["RowKey"]: each["Status"] for each in index._between("open ", "person!")}


@pytest.mark.parametrize("transactions", [1, 2])
def test_rows_that_an_interruption_has_left_out_are_written_by_who_comes_next(
    index, interrupted_write, write_again, transactions
):
    """A hundred and twenty who are asked need three transactions."""
    asked = row(waiting_for=CROWD)
    interrupted_write(asked, transactions)
    assert [each.proposal_id for each in index.unfinished_rows()] == ["p-1"]
    assert len(copies(index)) < 242
    write_again(asked)
    assert all(ids(index, person, Part.WAITING) == ["p-1"] for person in CROWD)
    assert len(copies(index)) == 2 * 120 + 2


@pytest.mark.parametrize("transactions", [1, 2, 3])
def test_rows_that_an_interruption_has_left_over_are_deleted_by_who_comes_next(
    index, interrupted_write, write_again, transactions
):
    """Though the row itself does not say any more who was asked before."""
    index.write(row(waiting_for=CROWD))
    answered = row(entries=4, status="approved", waiting_for=(), decided_by=CROWD)
    interrupted_write(answered, transactions)
    write_again(answered)
    assert not any(ids(index, person, Part.WAITING) for person in CROWD)
    assert all(ids(index, person, Part.DECIDED) == ["p-1"] for person in CROWD)
    assert len(copies(index)) == 120 + 2
    assert set(copies(index).values()) == {"approved"}


def test_who_is_interrupted_and_overtaken_changes_nothing_of_what_was_written_since(index, monkeypatch):
    """Each transaction names the state of the row that it belongs to."""
    other, asked = TableIndex(index._table, Latest(9)), row(waiting_for=CROWD)
    answered = row(entries=4, status="approved", waiting_for=(), decided_by=CROWD)
    done = list[int]()

    def overtaken(*what: Any) -> Any:
        if len(done) == 1:
            monkeypatch.undo()
            other.write(answered)
        done.append(1)
        return transact(*what)

    monkeypatch.setattr(proposal_index, "transact", overtaken)
    assert index.write(asked) == answered
    assert len(copies(index)) == 120 + 2
    assert set(copies(index).values()) == {"approved"}


def test_a_row_of_a_person_that_is_missing_hinders_no_change(index):
    """An operator, or an interruption in an earlier version, has left it out."""
    index.write(row(entries=3, decided_by=("Jonas Weber",)))
    (missing,) = index._table.query_entities(f"RowKey ge '{prefix('Mara Lindqvist', Part.WAITING)}' and RowKey lt "
                                             f"'{prefix('Mara Lindqvist', Part.WAITING)}:'")  # fmt: skip
    index._table.delete_entity(missing)
    for each in (TableIndex(index._table, Latest(9)), index):
        each.write(row(entries=4, waiting_for=("Amara Okafor",), decided_by=("Mara Lindqvist",)))
        assert ids(index, "Mara Lindqvist", Part.DECIDED) == ids(index, "Amara Okafor", Part.WAITING) == ["p-1"]
        assert ids(index, "Mara Lindqvist", Part.WAITING) == ids(index, "Jonas Weber", Part.DECIDED) == []


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_the_remaining_personal_rows_are_those_of_the_last_row(rows: list[IndexRow]):
    """Each change deletes obsolete rows, and does not write unchanged ones."""
    table: dict[str, Any] = {}
    stored = None
    for each in rows:
        merged = each if stored is None else join(stored, each)
        before = personal_rows(stored) if stored else {}
        for operation in operations(before, personal_rows(merged)):
            if operation[0] == "delete":
                del table[operation[1]["RowKey"]]
            else:
                table[operation[1]["RowKey"]] = operation[1]
        stored = merged
    assert stored
    assert table == personal_rows(stored)
    assert list(operations(personal_rows(stored), personal_rows(replace(stored, told=9, size=7)))) == []


def test_a_key_holds_no_name():
    """Keys appear in logs."""
    assert "Mara" not in prefix("Mara", Part.WAITING)
