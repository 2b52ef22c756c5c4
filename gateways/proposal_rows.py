"""A row of the list of proposals: what it shows, and how the table `Proposals` holds it."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.data.tables import EdmType, EntityProperty

from approvals import names
from approvals.rules.state import FINAL, Review
from gateways.tables import hash_key

PARTITION = "proposals"
"""All rows are in one partition, because a list has one order, and rows that change together are written together."""

FIRST, LAST = "0", ":"
"""Between these are the keys that begin with a digit. In the table that is each row of the list itself. Copies of rows
have a prefix; what follows it is between these, too."""

CHANGED = "ChangedAt"
"""The column with the time of a row's last write, by the writer's clock: text that sorts by time."""

_MOST_STAGES = 50
"""Closed stages in a row; the latest ones, if a proposal was resubmitted often."""

_END_OF_TIME = 10**17
"""Microseconds since 1970, about the year 5100. Keys have the time until then, which sorts the newest first."""


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
    """Number of the entry up to which letters were sent and counters told; 0 if the writer does not know."""

    asked_at: datetime | None = None
    """Since when the people in `waiting_for` have been asked."""
    stage_number: int = 0
    """Of the open stage, from 1; 0 if none is open."""
    stage_count: int = 0
    delegated_by: tuple[str, ...] = ()
    """Who has delegated a seat that is waited for."""
    document: str = ""
    """The hash of the document, which a decision from the list names."""
    ended_at: datetime | None = None
    stage_hours: tuple[tuple[str, float], ...] = ()
    """The stages that have closed, in any round, each with how long it was open."""
    decided_by: tuple[str, ...] = ()
    """Who has answered in this round or an earlier one, each once."""

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
            asked_at=review.stage.opened_at if review.stage else None,
            stage_number=review.stage.index + 1 if review.stage else 0,
            stage_count=len(review.stages),
            document=review.document,
            delegated_by=tuple(dict.fromkeys(each.on_behalf_of for each in review.waiting_for if each.on_behalf_of)),
            ended_at=review.end.at if review.end else None,
            stage_hours=tuple(
                (review.stages[each.index].name, round((each.at - each.began_at) / timedelta(hours=1), 2))
                for each in review.closed[-_MOST_STAGES:]
                if each.index < len(review.stages)
            ),
            decided_by=tuple(dict.fromkeys(each.person for each in review.decisions)),
        )


def join(stored: IndexRow, other: IndexRow) -> IndexRow:
    """Merge two rows, in any order.

    If both have the same number of entries, the stored one stays: its head is an anchor, which must not change.
    """
    newer = other if other.entries > stored.entries else stored
    return replace(newer, size=max(stored.size, other.size), told=max(stored.told, other.told))


def row_key(row: IndexRow) -> str:
    """Return the key that sorts the newest first."""
    return f"{newest_first(row.submitted_at)} {row.proposal_id}"


def changed_at(at: datetime) -> str:
    """Return the value of the column `CHANGED` for a time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def newest_first(at: datetime) -> str:
    """Return 18 digits that get smaller with later times."""
    return f"{_END_OF_TIME - _micros(at):018d}"


def soonest_first(at: datetime) -> str:
    """Return 18 digits that get smaller with sooner times."""
    return f"{_micros(at):018d}"


def _micros(at: datetime) -> int:
    since_1970 = at.astimezone(UTC) - datetime.fromtimestamp(0, UTC)
    return (since_1970.days * 86_400 + since_1970.seconds) * 1_000_000 + since_1970.microseconds


def to_entity(row: IndexRow) -> dict[str, Any]:
    """Return the row in the table's form."""
    return {
        "PartitionKey": PARTITION,
        "RowKey": row_key(row),
        "ProposalId": row.proposal_id,
        "Title": row.title,
        "Author": row.author,
        "AuthorKey": hash_key(names.key(row.author)),
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
        "AskedAt": row.asked_at.isoformat() if row.asked_at else "",
        "StageNumber": row.stage_number,
        "StageCount": row.stage_count,
        "Document": row.document,
        "EndedAt": row.ended_at.isoformat() if row.ended_at else "",
        "StageHours": json.dumps(row.stage_hours, ensure_ascii=False),
        "DelegatedBy": json.dumps(row.delegated_by, ensure_ascii=False),
        "DecidedBy": json.dumps(row.decided_by, ensure_ascii=False),
    }


def read(entity: Any) -> IndexRow:
    """Read a row of the table; columns that it lacks are empty."""
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
        deadline=instant(entity["Deadline"]),
        entries=entity.get("EntryCount", 0),
        head=entity.get("Head", ""),
        size=entity["Size"].value if "Size" in entity else 0,
        told=entity.get("Told", 0),
        asked_at=instant(entity.get("AskedAt", "")),
        stage_number=entity.get("StageNumber", 0),
        stage_count=entity.get("StageCount", 0),
        document=entity.get("Document", ""),
        ended_at=instant(entity.get("EndedAt", "")),
        stage_hours=tuple((name, hours) for name, hours in json.loads(entity.get("StageHours", "[]"))),
        delegated_by=tuple(json.loads(entity.get("DelegatedBy", "[]"))),
        decided_by=tuple(json.loads(entity.get("DecidedBy", "[]"))),
    )


def instant(text: str) -> datetime | None:
    """Return the time of a column; None if it is empty."""
    return datetime.fromisoformat(text) if text else None
