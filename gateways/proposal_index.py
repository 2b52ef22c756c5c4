"""The list of proposals, newest first: the table `Proposals`, one row each, made of what the record says.

The record decides, the row only says where to look. A row may therefore be late, and rows may be written in any order:
what is stored afterwards is the same.
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
"""On one page."""

_PARTITION = "proposals"
_POINTER, _BEHIND_POINTERS = "id ", "id!"
"""The first begins the key of a row that says where a proposal's own row is; the second comes behind all such keys."""

_FIRST, _LAST = "0", ":"
"""Between these are the rows whose keys begin with a digit: all but the pointers."""

_END_OF_TIME = 10**17
"""Microseconds since 1970, about the year 5100; what is left until then puts the newest first."""

_ROW_KEY = re.compile(r"\d{18} [A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_LOST = frozenset({409, 412})
_MOST_ATTEMPTS = 20
_MOST_LOOKED_AT = 2_000
"""Rows for one page; where few of many fit, a page may hold fewer than asked for and yet have a successor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """What the list shows of a proposal, and how far its record has been carried out."""

    proposal_id: str
    title: str
    author: str
    department: str | None
    cost: float
    currency: str
    status: str
    stage: str
    """Name of the open stage, empty where none is open."""
    waiting_for: tuple[str, ...]
    submitted_at: datetime
    deadline: datetime | None
    entries: int
    """How many entries the record had when this was written; rows of more entries replace those of fewer."""
    head: str
    """The hash of the last of them: with `entries` the anchor by which a record that was cut or rewritten is told."""
    size: int
    """Bytes of the record up to which the workflow has seen it; 0 where the writer does not know."""
    told: int
    """Number of the entry up to which the workflow has told people and counted; 0 where the writer does not know.

    Only what the workflow itself said goes in here: what it was given to do, an activity may have done in vain.
    """

    @classmethod
    def of(cls, review: Review, *, head: str, size: int = 0, told: int = 0) -> "IndexRow":
        """Return the row of a review as it stands; `head` is the hash of its last entry."""
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
    """Some rows, and what to ask with for the next ones: None at the end."""

    rows: tuple[IndexRow, ...]
    token: str | None


class ProposalIndex(Protocol):
    """What the app needs of the list."""

    def write(self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None) -> IndexRow:
        """Write a row and return what is stored: of two the one of more entries, with the larger `size` and `told`.

        `check` sees the row that is stored already, and may raise in time to keep it.
        """
        ...

    def find(self, proposal_id: str) -> IndexRow | None:
        """Return a proposal's row; None where there is none."""
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
        """Return up to `top` rows that fit, newest first. `approver` is somebody whose answer is waited for.

        Raises `Invalid` for a token that does not belong to this question.
        """
        ...

    def open_rows(self) -> Iterator[IndexRow]:
        """Yield the proposals that have not ended, newest first."""
        ...

    def untold_rows(self) -> Iterator[IndexRow]:
        """Yield the proposals, ended ones too, whose entries are not all known to have been carried out."""
        ...

    def ids(self) -> Iterator[str]:
        """Yield every proposal that has a row, ended or not."""
        ...


class TableIndex:
    """The list in Azure Table Storage. All rows are in one partition, because a list has one order."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def write(self, row: IndexRow, *, check: Callable[[IndexRow], None] | None = None) -> IndexRow:
        """Read, join, and write if nobody was faster; the new row comes with a pointer to it in one transaction.

        Who was faster may be this very call, whose answer was lost: then what is stored is what was to be written.
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
        """Follow the pointer."""
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
        """Go on behind the last row that was looked at. The table chooses by status and author, this by approver."""
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
        """Ask for the rows that are marked open."""
        return map(_read, self._rows(_FIRST, only="Open"))

    def untold_rows(self) -> Iterator[IndexRow]:
        """Ask for the rows that are marked untold; those of ended reviews lose that mark soon, so they are few."""
        return map(_read, self._rows(_FIRST, only="Untold"))

    def ids(self) -> Iterator[str]:
        """Ask for the keys of the pointers, of which one answer holds a thousand."""
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
    """Return the row that holds what both know, whichever came first.

    Of rows with equally many entries the stored one stays: its head is an anchor, which nobody may lift.
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
    """Return behind which row a token goes on. It names a place and nothing more, so it needs no signature."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        text = ""
    digest, after = text[: len(asked)], text[len(asked) :]
    if not _ROW_KEY.fullmatch(after) or digest != asked:
        raise Invalid("token: it does not belong to this question; leave it out to begin with the newest")
    return after
