"""The list of proposals, newest first: the table `Proposals`, with one row per proposal, derived from its record.

The record is the source of truth; the row only helps to find it. A row may be out of date, and rows may be written in
any order: the stored result is the same.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, TableTransactionError, UpdateMode

from approvals import names
from approvals.identifiers import is_instance_id
from approvals.rules.state import FINAL, Review
from approvals.validation import Invalid
from gateways.tables import hashed, open_table, transact

MOST_ROWS = 100
"""Rows on one page."""

_PARTITION = "proposals"
_POINTER, _BEHIND_POINTERS = "id ", "id!"
"""The first is the prefix of the keys of pointers, rows with the key of a proposal's row. The second sorts after all
such keys."""

_FIRST, _LAST = "0", ":"
"""Between these are all rows whose keys begin with a digit: all except the pointers."""

_END_OF_TIME = 10**17
"""Microseconds since 1970, about the year 5100. Keys have the time until then, which sorts the newest first."""

_ROW_KEY = re.compile(r"\d{18} [A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_LOST = frozenset({409, 412})
_MOST_ATTEMPTS = 20
_MOST_LOOKED_AT = 2_000
"""Rows that are read for one page. If few of them match, a page has fewer rows although more pages follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """A proposal in the list, and how far its record is processed."""

    proposal_id: str
    title: str
    author: str
    department: str | None
    cost: float
    currency: str
    status: str
    stage: str
    """Name of the open stage, empty if none is open."""
    waiting_for: tuple[str, ...]
    submitted_at: datetime
    deadline: datetime | None
    entries: int
    """The number of the record's entries when this row was written. A row with more entries replaces an older one."""
    head: str
    """The hash of the last entry. With `entries` it is the anchor that shows a cut or rewritten record."""
    size: int
    """Bytes of the record that the workflow has read; 0 if the writer does not know."""
    told: int
    """Number of the entry up to which the workflow has sent letters and counted; 0 if the writer does not know.

    Only the workflow's own status counts here: the result of an activity may be lost.
    """

    @classmethod
    def of(cls, review: Review, *, head: str, size: int = 0, told: int = 0) -> "IndexRow":
        """Return the row of a review; `head` is the hash of its last entry."""
        return cls(
            proposal_id=review.proposal_id,
            title=review.title,
            author=review.author,
            department=review.department,
            cost=review.cost,
            currency=review.currency,
            status=review.status.value,
            stage=review.open_stage.name if review.open_stage else "",
            waiting_for=tuple(each.person for each in review.waiting_for),
            submitted_at=review.submitted_at.astimezone(UTC),
            deadline=review.deadline,
            entries=review.number,
            head=head,
            size=size,
            told=told,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one page, and the token for the next page: None on the last page."""

    rows: tuple[IndexRow, ...]
    token: str | None


class ProposalIndex(Protocol):
    """What the app needs from the list."""

    def write(self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None) -> IndexRow:
        """Write a row and return the stored one: the one with more entries, with the larger `size` and `told` of both.

        `check` gets the row that is stored so far, and may raise to prevent a change.
        """
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

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def write(self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None) -> IndexRow:
        """Read, merge, and write if nobody else was faster. A new row is written with its pointer in one transaction.

        The faster writer may be this call itself, if its response was lost. Then the stored row is the right one.
        """
        for _ in range(_MOST_ATTEMPTS):
            before = self._get(_row_key(row))
            if before is not None and check:
                check(_read(before))
            merged = row if before is None else join(_read(before), row)
            if before is not None and merged == _read(before):
                return merged
            try:
                self._put(merged, before)
            except (HttpResponseError, TableTransactionError) as error:
                if error.status_code not in _LOST:
                    raise
            else:
                return merged
        raise TimeoutError(f"the row of proposal {row.proposal_id} changed {_MOST_ATTEMPTS} times while it was written")

    def find(self, proposal_id: str) -> IndexRow | None:
        """Read the pointer, then the row."""
        pointer = self._get(_POINTER + proposal_id) if is_instance_id(proposal_id) else None
        row = self._get(pointer["Target"]) if pointer else None
        return _read(row) if row else None

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
            row = _read(entity)
            if approver is None or names.among(approver, row.waiting_for):
                chosen.append(row)
            after, looked_at = entity["RowKey"], looked_at + 1
        return Page(rows=tuple(chosen), token=None)

    def open_rows(self) -> Iterator[IndexRow]:
        """Query the rows that are marked open."""
        return map(_read, self._rows(_FIRST, only="Open"))

    def untold_rows(self) -> Iterator[IndexRow]:
        """Query the rows that are marked `Untold`. Ended reviews lose this mark soon, so there are few."""
        return map(_read, self._rows(_FIRST, only="Untold"))

    def ids(self) -> Iterator[str]:
        """Query the keys of the pointers; one response has a thousand."""
        terms = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
        values = {"partition": _PARTITION, "first": _POINTER, "last": _BEHIND_POINTERS}
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
        values: dict[str, Any] = {"partition": _PARTITION, "after": after, "last": _LAST}
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
            return self._table.get_entity(_PARTITION, key)
        except ResourceNotFoundError:
            return None

    def _put(self, row: IndexRow, before: Any) -> None:
        entity = _written(row)
        if before is None:
            pointer = {"PartitionKey": _PARTITION, "RowKey": _POINTER + row.proposal_id, "Target": entity["RowKey"]}
            transact(self._table, [("create", entity), ("create", pointer)])
            return
        self._table.update_entity(
            entity,
            UpdateMode.REPLACE,
            etag=before.metadata["etag"],
            match_condition=MatchConditions.IfNotModified,
        )


def open_proposal_index() -> ProposalIndex:
    """Return the list in the account that `ApprovalsStorage` names."""
    return TableIndex(open_table("Proposals"))


def join(stored: IndexRow, other: IndexRow) -> IndexRow:
    """Merge two rows, in any order.

    If both have the same number of entries, the stored one stays: its head is an anchor, which must not change.
    """
    newer = other if other.entries > stored.entries else stored
    return replace(newer, size=max(stored.size, other.size), told=max(stored.told, other.told))


def _row_key(row: IndexRow) -> str:
    since_1970 = row.submitted_at.astimezone(UTC) - datetime.fromtimestamp(0, UTC)
    micros = (since_1970.days * 86_400 + since_1970.seconds) * 1_000_000 + since_1970.microseconds
    return f"{_END_OF_TIME - micros:018d} {row.proposal_id}"


def _written(row: IndexRow) -> dict[str, Any]:
    return {
        "PartitionKey": _PARTITION,
        "RowKey": _row_key(row),
        "ProposalId": row.proposal_id,
        "Title": row.title,
        "Author": row.author,
        "AuthorKey": hashed(names.key(row.author)),
        "Department": row.department or "",
        "Cost": row.cost,
        "Currency": row.currency,
        "Status": str(row.status),
        "Open": row.status not in FINAL,
        "Stage": row.stage,
        "WaitingFor": json.dumps(row.waiting_for, ensure_ascii=False),
        "SubmittedAt": row.submitted_at.isoformat(),
        "Deadline": row.deadline.isoformat() if row.deadline else "",
        "EntryCount": row.entries,
        "Head": row.head,
        "Size": EntityProperty(row.size, EdmType.INT64),
        "Told": row.told,
        "Untold": row.told < row.entries,
    }


def _read(entity: Any) -> IndexRow:
    deadline = entity["Deadline"]
    return IndexRow(
        proposal_id=entity["ProposalId"],
        title=entity["Title"],
        author=entity["Author"],
        department=entity["Department"] or None,
        cost=float(entity["Cost"]),
        currency=entity["Currency"],
        status=entity["Status"],
        stage=entity["Stage"],
        waiting_for=tuple(json.loads(entity["WaitingFor"])),
        submitted_at=datetime.fromisoformat(entity["SubmittedAt"]),
        deadline=datetime.fromisoformat(deadline) if deadline else None,
        entries=entity["EntryCount"],
        head=entity["Head"],
        size=entity["Size"].value,
        told=entity["Told"],
    )


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
