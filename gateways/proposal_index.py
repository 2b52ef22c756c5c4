"""The list of proposals, newest first: the table `Proposals`, with one row per proposal, derived from its record.

The record is the source of truth; the row only helps to find it. A row may be out of date, and rows may be written in
any order: the stored result is the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, TableTransactionError, UpdateMode

from approvals.identifiers import is_instance_id
from approvals.rules.state import FINAL
from gateways import clock
from gateways.latest import Latest, Versioned
from gateways.list_pages import Page, Question, read_page
from gateways.personal_rows import BEHIND_PEOPLE, Part, is_of_list, operations, personal_rows, prefix
from gateways.proposal_rows import (
    CHANGED,
    FIRST,
    LAST,
    PARTITION,
    IndexRow,
    changed_at,
    join,
    read,
    row_key,
    to_entity,
)
from gateways.tables import MOST_OPERATIONS, if_unchanged, open_table, transact

_POINTER, _BEHIND_POINTERS = "id ", "id!"
"""The first is the prefix of the keys of pointers, rows with the key of a proposal's row. The second sorts after all
such keys."""

_UNFINISHED, _BEHIND_UNFINISHED = "open ", "open!"
"""The same for the copies of rows that the sweep has to look at."""

_LAYOUT, _LATEST, _PARTIAL = "Layout", 2, -1
"""The column that says which copies of a row there are. Older rows get the others when they change, or from the sweep.

0: none. 1: those of people in their inboxes, marked by a column `Personal`. 2: also what people may list, and the copy
of a row that the sweep has to look at. -1: that is not known, because the row's copies need several transactions, of
which the last one is still to come, or was never reached.
"""

_GONE = 404
"""The row is not there, or a copy of it that was to be deleted."""

_LOST = frozenset({_GONE, 409, 412})
"""The table is not what the write was judged by: somebody was faster, or this call itself."""

_MOST_ATTEMPTS = 20
MOST_RENEWED = 200
"""Rows of an older layout that one scan completes; the next scan goes on."""

_MOST_SEEN = 2_000
"""Rows that this process remembers, in order to write them again without a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A row as it was stored last."""

    row: IndexRow
    layout: int
    """Which copies of it there are."""


@cache
def _latest_rows() -> Latest[Versioned[_Stored]]:
    """Return the rows of this process."""
    return Latest(_MOST_SEEN)


class ProposalIndex(Protocol):
    """What the app needs from the list."""

    def write(
        self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None, is_new: bool = False
    ) -> IndexRow:
        """Write a row and return the stored one: the one with more entries, with the larger `size` and `told` of both.

        `check` gets the row that is stored so far, and may raise to prevent a change. `is_new` says that there is
        hardly one, so that it is not looked for first.
        """
        ...

    def cached(self, row: IndexRow) -> IndexRow | None:
        """Return what this process has read or written last in the place of a row, without asking storage."""
        ...

    def find(self, proposal_id: str) -> IndexRow | None:
        """Return a proposal's row; None if there is none."""
        ...

    def page(self, question: Question, *, top: int = 20, token: str | None = None) -> Page:
        """Return up to `top` matching rows, newest first. They have what a line of the list shows, the rest is empty.

        Raises `Invalid` for a token that does not belong to this question.
        """
        ...

    def personal(self, person: str, part: Part) -> Iterator[IndexRow]:
        """Yield the proposals in which a person has this part: what waits by deadline, the rest newest first.

        They hold what people are shown; `entries`, `head`, `size` and `told` are empty.
        """
        ...

    def unfinished_rows(self) -> Iterator[IndexRow]:
        """Yield the proposals that have not ended, or have entries that may not be processed yet, newest first.

        The question costs as much as there are such proposals, however many have ended.
        """
        ...

    def scan(self) -> Iterator[IndexRow]:
        """Yield the same proposals from the rows of the list themselves, and complete copies of older rows."""
        ...

    def ids(self) -> Iterator[str]:
        """Yield the id of every proposal with a row, ended or not."""
        ...


class TableIndex:
    """The list in Azure Table Storage. All rows are in one partition, because the list has one order."""

    def __init__(self, table: TableClient, latest: Latest[Versioned[_Stored]] | None = None) -> None:
        self._table = table
        self._latest = latest or _latest_rows()

    def write(
        self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None, is_new: bool = False
    ) -> IndexRow:
        """Merge with the stored row, and write if nobody else was faster. A new row is written with its pointer.

        The row that this process has read or written last stands for the stored one, as the write names its ETag; only
        where nothing is left to write, or the write is refused, the stored row is read. The faster writer may be this
        call itself, if its response was lost. Then the stored row is the right one. A copy that should be there and is
        not makes a write fail as well; then the table is asked for the copies that there are.
        """
        place = self._place(row)
        before = self._latest.find(place)
        is_fresh, lacks_copies = is_new and before is None, False
        for _ in range(_MOST_ATTEMPTS):
            if before is None and not is_fresh:
                before, is_fresh = self._read_stored(row_key(row)), True
                self._latest.keep(place, before)
                if before is not None and lacks_copies:
                    before = replace(before, value=replace(before.value, layout=_PARTIAL))
            if before is not None and check:
                check(before.value.row)
            merged = row if before is None else join(before.value.row, row)
            is_there = before is not None and before.value == _Stored(row=merged, layout=_LATEST)
            if is_there and is_fresh:
                return merged
            try:
                etag = None if is_there else self._put(merged, before)
            except (HttpResponseError, TableTransactionError) as error:
                is_gone = error.status_code == _GONE
                if error.status_code not in _LOST or (is_gone and (before is None or lacks_copies)):
                    raise
                etag, lacks_copies = None, is_gone
            if etag:
                self._latest.keep(place, Versioned(value=_Stored(row=merged, layout=_LATEST), etag=etag))
                return merged
            before, is_fresh = None, False
        raise TimeoutError(f"the row of proposal {row.proposal_id} changed {_MOST_ATTEMPTS} times while it was written")

    def cached(self, row: IndexRow) -> IndexRow | None:
        """Look at what is remembered."""
        seen = self._latest.find(self._place(row))
        return seen.value.row if seen else None

    def find(self, proposal_id: str) -> IndexRow | None:
        """Read the pointer, then the row."""
        pointer = self._get(_POINTER + proposal_id) if is_instance_id(proposal_id) else None
        row = self._get(pointer["Target"]) if pointer else None
        return read(row) if row else None

    def page(self, question: Question, *, top: int = 20, token: str | None = None) -> Page:
        """Ask the table once, in the order of the keys."""
        return read_page(self._table, question, top=top, token=token)

    def personal(self, person: str, part: Part) -> Iterator[IndexRow]:
        """Ask for the keys that begin with this person and part; a thousand rows come with one answer."""
        begin = prefix(person, part)
        return map(read, self._between(begin, begin + LAST, only="Wrote eq true" if part is Part.WROTE else None))

    def unfinished_rows(self) -> Iterator[IndexRow]:
        """Ask for the copies of these rows: whoever ends a proposal deletes its copy."""
        return map(read, self._between(_UNFINISHED, _BEHIND_UNFINISHED))

    def scan(self) -> Iterator[IndexRow]:
        """Go through all rows of the list. The table compares them; those of an older layout are written again."""
        wanted = f"(Open eq true or Untold eq true or not ({_LAYOUT} eq {_LATEST}))"
        renewed = 0
        for entity in self._between(FIRST, LAST, only=wanted):
            row = read(entity)
            if _layout(entity) != _LATEST and renewed < MOST_RENEWED:
                self._latest.keep(self._place(row), _seen_entity(entity))
                row, renewed = self.write(row), renewed + 1
            if _is_unfinished(row):
                yield row

    def ids(self) -> Iterator[str]:
        """Query the keys of the pointers; one response has a thousand."""
        for pointer in self._between(_POINTER, _BEHIND_POINTERS, select=["RowKey"]):
            yield pointer["RowKey"].removeprefix(_POINTER)

    def _between(
        self, first: str, last: str, *, only: str | None = None, select: list[str] | None = None, **values: str
    ) -> Iterator[Any]:
        """Return the rows with keys from `first` to before `last`; a thousand come with one answer.

        `only` is a filter, and `values` are those that it names.
        """
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values |= {"partition": PARTITION, "first": first, "last": last}
        terms = f"{terms} and {only}" if only else terms
        return iter(self._table.query_entities(terms, parameters=values, select=select))

    def _get(self, key: str) -> Any:
        try:
            return self._table.get_entity(PARTITION, key)
        except ResourceNotFoundError:
            return None

    def _place(self, row: IndexRow) -> tuple[str, str]:
        """Return the key of what is remembered of a row."""
        return self._table.url, row_key(row)

    def _read_stored(self, key: str) -> Versioned[_Stored] | None:
        """Read a row."""
        entity = self._get(key)
        return None if entity is None else _seen_entity(entity)

    def _put(self, row: IndexRow, before: Versioned[_Stored] | None) -> str:
        """Write a row and its copies in one transaction; what is more than one takes goes into others.

        The copy for the sweep is in the first one. Each other one marks the row too, so that it fails if somebody has
        changed the row in between. Until the last one is done, the row says that its copies are not known, so whoever
        writes it next completes them. Returns the row's new ETag.
        """
        copies = list(operations(self._known_copies(before.value) if before else {}, _copies(row)))
        copies.sort(key=lambda each: not each[1]["RowKey"].startswith(_UNFINISHED))
        part, rest = _split(copies, MOST_OPERATIONS - (2 if before is None else 1))
        entity = to_entity(row) | _layout_before(rest) | {CHANGED: changed_at(clock.now())}
        if before is None:
            pointer = {"PartitionKey": PARTITION, "RowKey": _POINTER + row.proposal_id, "Target": entity["RowKey"]}
            first: list[Any] = [("create", entity), ("create", pointer)]
        else:
            first = [_update(entity, UpdateMode.REPLACE, before.etag)]
        etag = str(transact(self._table, [*first, *part])[0]["etag"])
        while rest:
            part, rest = _split(rest, MOST_OPERATIONS - 1)
            place = {"PartitionKey": PARTITION, "RowKey": entity["RowKey"]}
            mark = _update(place | _layout_before(rest), UpdateMode.MERGE, etag)
            etag = str(transact(self._table, [mark, *part])[0]["etag"])
        return etag

    def _known_copies(self, stored: _Stored) -> dict[str, dict[str, Any]]:
        """Return the copies of a row that are in the table, by key.

        Where they have to be looked for, that takes one call for each thousand copies of all proposals.
        """
        match stored.layout:
            case 0:
                return {}
            case 1:
                return {key: each for key, each in personal_rows(stored.row).items() if not is_of_list(key)}
            case 2:
                return _copies(stored.row)
            case _:
                found = self._between(
                    _UNFINISHED, BEHIND_PEOPLE, only="ProposalId eq @id", select=["RowKey"], id=stored.row.proposal_id
                )
                return {each["RowKey"]: {} for each in found}


def open_proposal_index() -> ProposalIndex:
    """Return the list in the account that `ApprovalsStorage` names."""
    return TableIndex(open_table("Proposals"))


def _seen_entity(entity: Any) -> Versioned[_Stored]:
    return Versioned(value=_Stored(row=read(entity), layout=_layout(entity)), etag=str(entity.metadata["etag"]))


def _update(entity: dict[str, Any], mode: UpdateMode, etag: str) -> Any:
    """Return the operation that changes a row which still has that ETag."""
    return "update", entity, {"mode": mode, **if_unchanged(etag)}


def _layout_before(rest: list[Any]) -> dict[str, int]:
    """Return the column of a row of which these operations are still to come."""
    return {_LAYOUT: _PARTIAL if rest else _LATEST}


def _split(things: list[Any], place: int) -> tuple[list[Any], list[Any]]:
    return things[:place], things[place:]


def _layout(entity: Any) -> int:
    return int(entity.get(_LAYOUT, 1 if "Personal" in entity else 0))


def _is_unfinished(row: IndexRow) -> bool:
    return row.status not in FINAL or row.told < row.entries


def _copies(row: IndexRow) -> dict[str, dict[str, Any]]:
    """Return the copies of a row, by key."""
    copies = personal_rows(row)
    if _is_unfinished(row):
        key = f"{_UNFINISHED}{row_key(row)}"
        copies[key] = {**to_entity(row), "RowKey": key}
    return copies
