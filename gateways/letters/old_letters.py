"""Letters and rows of letters that nobody needs any more: those of ended proposals, some time after they have gone.

Until then they prevent that a letter goes twice. A workflow sends a letter again only if the list does not know that
all were told; such proposals are not `finished` here, so theirs stay. Letters that have not gone stay too: operators
see them, and may still send them.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, TypeVar

from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableClient, TableTransactionError
from azure.storage.blob import BlobProperties, ContainerClient

from gateways.tables import MOST_OPERATIONS, if_unchanged, transact

WRITTEN = "written"
"""The metadata of a letter that says when it was written, by the app's clock. A virtual one is ahead of storage's."""

T = TypeVar("T")

_GONE_OR_CHANGED = frozenset({404, 412})


def forget_files(outbox: ContainerClient, *, finished: Collection[str], before: datetime, most: int) -> int:
    """Delete the letters about finished proposals that were written before then, at most so many; returns how many.

    One call for each 5,000 letters that there are, and one for each hundred that go.
    """
    old = (
        blob.name
        for blob in outbox.list_blobs(include=["metadata"])
        if _written_at(blob) < before and blob.name.partition("/")[0] in finished
    )
    count = 0
    for names in _hundreds(islice(old, most)):
        # A letter that another run has deleted is no error.
        outbox.delete_blobs(*names, raise_on_any_failure=False)
        count += len(names)
    return count


def forget_rows(letters: TableClient, *, finished: Collection[str], before: datetime, most: int) -> int:
    """Delete the rows of letters that went to the mail server before then, for finished proposals; returns how many.

    One call for each thousand rows that are looked at, and one for each proposal.
    """
    terms, values = "State eq @sent and ClaimedAt lt @before", {"sent": "sent", "before": before.isoformat()}
    rows = letters.query_entities(terms, parameters=values, select=["PartitionKey", "RowKey", "ProposalId"])
    old = islice((row for row in rows if row["ProposalId"] in finished), most)
    return sum(_delete(letters, list(of_one)) for _, of_one in groupby(old, key=lambda row: row["PartitionKey"]))


def forget_counts(limits: TableClient, *, now: datetime, most: int) -> int:
    """Delete the rows that count the letters of a day before yesterday; returns how many. One call each.

    A row counts for its own day only, so no limit is changed.
    """
    yesterday = (now - timedelta(days=1)).date().isoformat()
    rows = limits.query_entities(
        "Day lt @yesterday", parameters={"yesterday": yesterday}, select=["PartitionKey", "RowKey"]
    )
    count = 0
    for row in islice(rows, most):
        try:
            limits.delete_entity(row, **if_unchanged(str(row.metadata["etag"])))
        except HttpResponseError as error:
            # Somebody counts a letter of today there, or another run has deleted it.
            if error.status_code not in _GONE_OR_CHANGED:
                raise
            continue
        count += 1
    return count


def _delete(table: TableClient, rows: list[Any]) -> int:
    """Delete rows of one partition and return how many: of each call all, or none if one of them has changed.

    The next run finds what is left.
    """
    count = 0
    for some in _hundreds(rows):
        try:
            transact(table, [("delete", row, if_unchanged(row.metadata["etag"])) for row in some])
        except TableTransactionError as error:
            if error.status_code not in _GONE_OR_CHANGED:
                raise
            continue
        count += len(some)
    return count


def _written_at(blob: BlobProperties) -> datetime:
    """When a letter was written; letters of earlier versions do not say it themselves."""
    said = (blob.metadata or {}).get(WRITTEN)
    return datetime.fromisoformat(said) if said else blob.last_modified


def _hundreds(things: Iterable[T]) -> Iterator[list[T]]:
    """Yield as many as one call takes: Blob Storage would take 256."""
    rest = iter(things)
    while some := list(islice(rest, MOST_OPERATIONS)):
        yield some
