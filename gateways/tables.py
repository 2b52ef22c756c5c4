"""Tables with rows that are inserted once and never changed.

The insert is the only concurrency control: of two writers the table accepts one and returns 409 to the other, which
then reads the stored row and uses it. The same happens to a writer whose first response was lost.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.data.tables import TableClient, TableServiceClient, UpdateMode

from approvals.identifiers import is_instance_id
from gateways.connections import open_table_service

_FORBIDDEN = 403

_SENT_AGAIN = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"})
"""Methods that are retried without a response. By default the SDK leaves out POST, which inserts rows. It does retry
POST after a 500, so a writer has to recognise its own rows in any case."""


def open_table(name: str) -> TableClient:
    """Return a table of the account in `ApprovalsStorage`, created if missing; opened once per process."""
    return _create_table(open_table_service(), name)


@cache
def _create_table(service: TableServiceClient, name: str) -> TableClient:
    """Create the table. An identity without this right may still write to a table that was deployed."""
    table = service.get_table_client(name)
    try:
        table.create_table()
    except ResourceExistsError:
        return table
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
    return table


def insert_first(table: TableClient, row: dict[str, Any]) -> Any:
    """Insert `row` and return it, or return the existing row."""
    try:
        insert(table, row)
    except ResourceExistsError:
        return table.get_entity(row["PartitionKey"], row["RowKey"])
    return row


def insert(table: TableClient, row: dict[str, Any]) -> Any:
    """Insert `row` and return its metadata. Raises ResourceExistsError, even if this call itself wrote the row."""
    return table.create_entity(row, retry_on_methods=_SENT_AGAIN)


def merge(table: TableClient, row: dict[str, Any]) -> None:
    """Write some columns of a row that is there, over what they held."""
    table.update_entity(row, UpdateMode.MERGE, retry_on_methods=_SENT_AGAIN)


def replace(table: TableClient, row: dict[str, Any], etag: str) -> str:
    """Write a row in the place of the one with that ETag, and return the new ETag.

    Raises HttpResponseError with status 412 if it has changed since, even if this call itself has changed it.
    """
    return str(table.update_entity(row, UpdateMode.REPLACE, **if_unchanged(etag))["etag"])


def if_unchanged(etag: str) -> dict[str, Any]:
    """Return the condition that a row still has that ETag, for a call or for an operation of a transaction."""
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


MOST_OPERATIONS = 100
"""In one transaction, by the rules of Table Storage."""


def transact(table: TableClient, operations: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    """Carry out all operations or none; returns the metadata of each row, with its `etag`.

    Raises TableTransactionError if a condition fails, even if this call itself has already changed the rows.
    """
    return table.submit_transaction(operations, retry_on_methods=_SENT_AGAIN)


def keys(instance_id: str, *parts: str) -> dict[str, str]:
    """Return the keys of a row: the instance, and a hash of the parts that identify the row.

    Names and times have characters that keys must not contain. Keys also appear in logs, which must not have names.
    """
    partition = instance_id if is_instance_id(instance_id) else hash_key(instance_id)
    return {"PartitionKey": partition, "RowKey": hash_key(*parts)}


def hash_key(*parts: str) -> str:
    """Return 40 characters that are valid in any key, the same for the same parts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
