"""The list of proposals, newest first: the table `Proposals`, with one row per proposal, derived from its record.

The record is the source of truth; the row only helps to find it. A row may be out of date, and rows may be written in
any order: the stored result is the same.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient, TableTransactionError, UpdateMode

from approvals import names
from approvals.identifiers import is_instance_id
from approvals.validation import Invalid
from gateways import clock
from gateways.latest import Latest, Seen
from gateways.personal_rows import Part, operations, personal_rows, prefix
from gateways.proposal_rows import CHANGED, PARTITION, IndexRow, changed_at, join, read, row_key, written
from gateways.tables import hashed, open_table, transact

MOST_ROWS = 100
"""Rows on one page."""

_POINTER, _BEHIND_POINTERS = "id ", "id!"
"""The first is the prefix of the keys of pointers, rows with the key of a proposal's row. The second sorts after all
such keys."""

_FIRST, _LAST = "0", ":"
"""Between these are all rows whose keys begin with a digit: all except the pointers."""

_PERSONAL = "Personal"
"""The column of rows whose people have rows of their own; older ones get them when they change."""

_MOST_OPERATIONS = 100
"""In one transaction, by the rules of Table Storage."""

_ROW_KEY = re.compile(r"\d{18} [A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_LOST = frozenset({409, 412})
_GONE = 404
_MOST_ATTEMPTS = 20
_MOST_LOOKED_AT = 2_000
"""Rows that are read for one page. If few of them match, a page has fewer rows although more pages follow."""


_MOST_SEEN = 2_000
"""Rows that this process remembers, in order to write them again without a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A row as it was stored last."""

    row: IndexRow
    personal: bool
    """Whether its people have rows of their own."""


@cache
def _latest_rows() -> Latest[_Stored]:
    """Return the rows of this process."""
    return Latest(_MOST_SEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one page, and the token for the next page: None on the last page."""

    rows: tuple[IndexRow, ...]
    token: str | None


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

    def page(
        self,
        *,
        status: str | None = None,
        approver: str | None = None,
        author: str | None = None,
        top: int = 20,
        token: str | None = None,
    ) -> Page:
        """Return up to `top` matching rows, newest first. `approver` is a person who has to answer now.

        Raises `Invalid` for a token that does not belong to these filters.
        """
        ...

    def personal(self, person: str, part: Part) -> Iterator[IndexRow]:
        """Yield the proposals in which a person has this part: what waits by deadline, the rest newest first.

        They hold what people are shown; `entries`, `head`, `size` and `told` are empty.
        """
        ...

    def open_rows(self) -> Iterator[IndexRow]:
        """Yield the proposals that have not ended, newest first."""
        ...

    def untold_rows(self) -> Iterator[IndexRow]:
        """Yield the proposals, including ended ones, with entries that may not be processed yet."""
        ...

    def ids(self) -> Iterator[str]:
        """Yield the id of every proposal with a row, ended or not."""
        ...


class TableIndex:
    """The list in Azure Table Storage. All rows are in one partition, because the list has one order."""

    def __init__(self, table: TableClient, latest: Latest[_Stored] | None = None) -> None:
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
            is_there = before is not None and before.value == _Stored(row=merged, personal=True)
            if is_there and is_fresh:
                return merged
            try:
                etag = None if is_there else self._put(merged, before)
            except (HttpResponseError, TableTransactionError) as error:
                if error.status_code not in _LOST and (is_fresh or error.status_code != _GONE):
                    raise
                etag = None
            if etag:
                self._latest.keep(place, Seen(value=_Stored(row=merged, personal=True), etag=etag))
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

    def page(
        self,
        *,
        status: str | None = None,
        approver: str | None = None,
        author: str | None = None,
        top: int = 20,
        token: str | None = None,
    ) -> Page:
        """Continue after the last row that was read. The table filters by status and author, this code by approver."""
        asked = _digest(status, approver, author)
        after = _place(token, asked) if token else _FIRST
        chosen, looked_at = list[IndexRow](), 0
        for entity in self._rows(after, status=status, author=author, only="Open" if approver is not None else None):
            if len(chosen) == min(top, MOST_ROWS) or looked_at == _MOST_LOOKED_AT:
                return Page(rows=tuple(chosen), token=_token(after, asked))
            row = read(entity)
            if approver is None or names.among(approver, row.waiting_for):
                chosen.append(row)
            after, looked_at = entity["RowKey"], looked_at + 1
        return Page(rows=tuple(chosen), token=None)

    def personal(self, person: str, part: Part) -> Iterator[IndexRow]:
        """Ask for the keys that begin with this person and part; a thousand rows come with one answer."""
        begin = prefix(person, part)
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values = {"partition": PARTITION, "first": begin, "last": f"{begin}:"}
        return map(read, self._table.query_entities(terms, parameters=values))

    def open_rows(self) -> Iterator[IndexRow]:
        """Query the rows that are marked open."""
        return map(read, self._rows(_FIRST, only="Open"))

    def untold_rows(self) -> Iterator[IndexRow]:
        """Query the rows that are marked `Untold`. Ended reviews lose this mark soon, so there are few."""
        return map(read, self._rows(_FIRST, only="Untold"))

    def ids(self) -> Iterator[str]:
        """Query the keys of the pointers; one response has a thousand."""
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values = {"partition": PARTITION, "first": _POINTER, "last": _BEHIND_POINTERS}
        for pointer in self._table.query_entities(terms, parameters=values, select=["RowKey"]):
            yield pointer["RowKey"].removeprefix(_POINTER)

    def _rows(
        self,
        after: str,
        *,
        status: str | None = None,
        author: str | None = None,
        only: Literal["Open", "Untold"] | None = None,
    ) -> Iterator[Any]:
        terms = ["PartitionKey eq @partition", "RowKey gt @after", "RowKey lt @last"]
        values: dict[str, Any] = {"partition": PARTITION, "after": after, "last": _LAST}
        if status is not None:
            terms.append("Status eq @status")
            values["status"] = status
        if author is not None:
            terms.append("AuthorKey eq @author")
            values["author"] = hashed(names.key(author))
        if only:
            terms.append(f"{only} eq true")
        return iter(self._table.query_entities(" and ".join(terms), parameters=values))

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
        return Seen(value=_Stored(row=read(entity), personal=_PERSONAL in entity), etag=entity.metadata["etag"])

    def _put(self, row: IndexRow, before: Seen[_Stored] | None) -> str:
        """Write a row and those of its people in one transaction; what is more than one takes goes into others.

        Returns the row's new ETag.
        """
        entity = written(row) | {_PERSONAL: True, CHANGED: changed_at(clock.now())}
        known = personal_rows(before.value.row) if before is not None and before.value.personal else {}
        of_people = list(operations(known, personal_rows(row)))
        if before is None:
            pointer = {"PartitionKey": PARTITION, "RowKey": _POINTER + row.proposal_id, "Target": entity["RowKey"]}
            first: list[Any] = [("create", entity), ("create", pointer)]
        else:
            unchanged = {"etag": before.etag, "match_condition": MatchConditions.IfNotModified}
            first = [("update", entity, {"mode": UpdateMode.REPLACE, **unchanged})]
        room = _MOST_OPERATIONS - len(first)
        stored = transact(self._table, [*first, *of_people[:room]])
        for start in range(room, len(of_people), _MOST_OPERATIONS):
            transact(self._table, of_people[start : start + _MOST_OPERATIONS])
        return str(stored[0]["etag"])


def open_proposal_index() -> ProposalIndex:
    """Return the list in the account that `ApprovalsStorage` names."""
    return TableIndex(open_table("Proposals"))


def _digest(*question: str | None) -> str:
    return hashed(*(names.key(part) if part is not None else "\0" for part in question))[:12]


def _token(after: str, asked: str) -> str:
    return base64.urlsafe_b64encode(f"{asked}{after}".encode()).decode().rstrip("=")


def _place(token: str, asked: str) -> str:
    """Return the row after which a token continues. A token only has a position, so it needs no signature."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        text = ""
    digest, after = text[: len(asked)], text[len(asked) :]
    if not _ROW_KEY.fullmatch(after) or digest != asked:
        raise Invalid("token: it does not belong to these filters; leave it out to start with the newest")
    return after
