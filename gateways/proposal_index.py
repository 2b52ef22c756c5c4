"""The list of proposals, newest first: the table `Proposals`, with one row per proposal, derived from its record.

The record is the source of truth; the row only helps to find it. A row may be out of date, and rows may be written in
any order: the stored result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from approvals.identifiers import is_instance_id
from approvals.rules.state import FINAL
from gateways import clock, sdk
from gateways.latest import Latest, Seen
from gateways.list_pages import Page, Question, read_page
from gateways.personal_rows import Part, is_of_list, operations, personal_rows, prefix
from gateways.proposal_rows import CHANGED, PARTITION, IndexRow, changed_at, join, read, row_key, written
from gateways.tables import open_table, transact

_POINTER, _BEHIND_POINTERS = "id ", "id!"
"""The first is the prefix of the keys of pointers, rows with the key of a proposal's row. The second sorts after all
such keys."""

_FIRST, _LAST = "0", ":"
"""Between these are all rows whose keys begin with a digit: all except the pointers."""

_UNFINISHED, _BEHIND_UNFINISHED = "open ", "open!"
"""The same for the copies of rows that the sweep has to look at."""

_LAYOUT, _LATEST = "Layout", 2
"""The column that says which copies of a row there are. Older rows get the others when they change, or from the sweep.

0: none. 1: those of people in their inboxes, marked by a column `Personal`. 2: also what people may list, and the copy
of a row that the sweep has to look at.
"""

_MOST_OPERATIONS = 100
"""In one transaction, by the rules of Table Storage."""

_LOST = frozenset({409, 412})
_GONE = 404
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
def _latest_rows() -> Latest[_Stored]:
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

    def known(self, row: IndexRow) -> IndexRow | None:
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

    def __init__(self, table: sdk.TableClient, latest: Latest[_Stored] | None = None) -> None:
        self._table = table
        self._latest = latest or _latest_rows()

    def write(
        self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None, is_new: bool = False
    ) -> IndexRow:
        """Merge with the stored row, and write if nobody else was faster. A new row is written with its pointer.

        The row that this process has read or written last stands for the stored one, as the write names its ETag; only
        where nothing is left to write, or the write is refused, the stored row is read. The faster writer may be this
        call itself, if its response was lost. Then the stored row is the right one.
        """
        place, key = (self._table.url, row_key(row)), row_key(row)
        before = self._latest.find(place)
        is_fresh = is_new and before is None
        for _ in range(_MOST_ATTEMPTS):
            if before is None and not is_fresh:
                before, is_fresh = self._stored(key), True
            if before is not None and check:
                check(before.value.row)
            merged = row if before is None else join(before.value.row, row)
            is_there = before is not None and before.value == _Stored(row=merged, layout=_LATEST)
            if is_there and is_fresh:
                return merged
            try:
                etag = None if is_there else self._put(merged, before)
            except (HttpResponseError, sdk.TableTransactionError) as error:
                if error.status_code not in _LOST and (is_fresh or error.status_code != _GONE):
                    raise
                etag = None
            if etag:
                self._latest.keep(place, Seen(value=_Stored(row=merged, layout=_LATEST), etag=etag))
                return merged
            before, is_fresh = None, False
        raise TimeoutError(f"the row of proposal {row.proposal_id} changed {_MOST_ATTEMPTS} times while it was written")

    def known(self, row: IndexRow) -> IndexRow | None:
        """Look at what is remembered."""
        seen = self._latest.find((self._table.url, row_key(row)))
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
        return map(read, self._between(begin, f"{begin}:", only="Wrote eq true" if part is Part.WROTE else None))

    def unfinished_rows(self) -> Iterator[IndexRow]:
        """Ask for the copies of these rows: whoever ends a proposal deletes its copy."""
        return map(read, self._between(_UNFINISHED, _BEHIND_UNFINISHED))

    def scan(self) -> Iterator[IndexRow]:
        """Go through all rows of the list. The table compares them; those of an older layout are written again."""
        wanted = f"(Open eq true or Untold eq true or not ({_LAYOUT} eq {_LATEST}))"
        renewed = 0
        for entity in self._between(_FIRST, _LAST, only=wanted):
            row = read(entity)
            if _layout(entity) != _LATEST and renewed < MOST_RENEWED:
                row, renewed = self.write(row), renewed + 1
            if _is_unfinished(row):
                yield row

    def ids(self) -> Iterator[str]:
        """Query the keys of the pointers; one response has a thousand."""
        for pointer in self._between(_POINTER, _BEHIND_POINTERS, select=["RowKey"]):
            yield pointer["RowKey"].removeprefix(_POINTER)

    def _between(
        self, first: str, last: str, *, only: str | None = None, select: list[str] | None = None
    ) -> Iterator[Any]:
        """Return the rows with keys from `first` to before `last`; a thousand come with one answer."""
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values = {"partition": PARTITION, "first": first, "last": last}
        terms = f"{terms} and {only}" if only else terms
        return iter(self._table.query_entities(terms, parameters=values, select=select))

    def _get(self, key: str) -> Any:
        try:
            return self._table.get_entity(PARTITION, key)
        except ResourceNotFoundError:
            return None

    def _stored(self, key: str) -> Seen[_Stored] | None:
        """Read a row."""
        entity = self._get(key)
        if entity is None:
            return None
        return Seen(value=_Stored(row=read(entity), layout=_layout(entity)), etag=entity.metadata["etag"])

    def _put(self, row: IndexRow, before: Seen[_Stored] | None) -> str:
        """Write a row and its copies in one transaction; what is more than one takes goes into others.

        Returns the row's new ETag.
        """
        entity = written(row) | {_LAYOUT: _LATEST, CHANGED: changed_at(clock.now())}
        copies = list(operations(_known_copies(before.value) if before else {}, _copies(row)))
        if before is None:
            pointer = {"PartitionKey": PARTITION, "RowKey": _POINTER + row.proposal_id, "Target": entity["RowKey"]}
            first: list[Any] = [("create", entity), ("create", pointer)]
        else:
            unchanged = {"etag": before.etag, "match_condition": MatchConditions.IfNotModified}
            first = [("update", entity, {"mode": sdk.UpdateMode.REPLACE, **unchanged})]
        room = _MOST_OPERATIONS - len(first)
        stored = transact(self._table, [*first, *copies[:room]])
        for start in range(room, len(copies), _MOST_OPERATIONS):
            transact(self._table, copies[start : start + _MOST_OPERATIONS])
        return str(stored[0]["etag"])


def open_proposal_index() -> ProposalIndex:
    """Return the list in the account that `ApprovalsStorage` names."""
    return TableIndex(open_table("Proposals"))


def _layout(entity: Any) -> int:
    return int(entity.get(_LAYOUT, 1 if "Personal" in entity else 0))


def _is_unfinished(row: IndexRow) -> bool:
    return row.status not in FINAL or row.told < row.entries


def _copies(row: IndexRow) -> dict[str, dict[str, Any]]:
    """Return the copies of a row, by key."""
    copies = personal_rows(row)
    if _is_unfinished(row):
        key = f"{_UNFINISHED}{row_key(row)}"
        copies[key] = {**written(row), "RowKey": key}
    return copies


def _known_copies(stored: _Stored) -> dict[str, dict[str, Any]]:
    """Return the copies of a row that are in the table."""
    match stored.layout:
        case 0:
            return {}
        case 1:
            return {key: each for key, each in personal_rows(stored.row).items() if not is_of_list(key)}
        case _:
            return _copies(stored.row)
