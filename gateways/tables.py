"""Tables of facts: rows that are inserted once and never changed.

Insert is the whole concurrency control: of two writers the table lets one in and tells the other 409, who then
reads what is on record and goes by that. A writer whose answer was lost is told 409 by itself, and goes by it as well.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.data.tables import TableClient, TableServiceClient, UpdateMode

from approvals.identifiers import is_instance_id
from gateways.connections import open_table_service

_FORBIDDEN = 403

_SENT_AGAIN = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"})
"""What is sent again when no answer came: the SDK would leave POST out, by which rows are inserted. It sends them again
when the service answers 500, so whoever writes must know their own rows anyway."""


def open_table(name: str) -> TableClient:
    """Return a table of the account that `ApprovalsStorage` names, made if need be; opened once a process."""
    return _opened(open_table_service(), name)


@cache
def _opened(service: TableServiceClient, name: str) -> TableClient:
    """Make the table. An identity that may not, may still write into one that was deployed with the app."""
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
    """Insert `row` and return it, or return the row that was there before it."""
    try:
        insert(table, row)
    except ResourceExistsError:
        return table.get_entity(row["PartitionKey"], row["RowKey"])
    return row


def insert(table: TableClient, row: dict[str, Any]) -> Any:
    """Insert `row` and return its metadata. Raises ResourceExistsError, also for a row that this very call wrote."""
    return table.create_entity(row, retry_on_methods=_SENT_AGAIN)


def merge(table: TableClient, row: dict[str, Any]) -> None:
    """Write some columns of a row that is there, over what they held."""
    table.update_entity(row, UpdateMode.MERGE, retry_on_methods=_SENT_AGAIN)


def transact(table: TableClient, operations: Sequence[Any]) -> None:
    """Carry out all operations or none.

    Raises TableTransactionError where a row is not as the operations want it, also where this very call has made it so.
    """
    table.submit_transaction(operations, retry_on_methods=_SENT_AGAIN)


def keys(instance_id: str, *parts: str) -> dict[str, str]:
    """Return the keys of a row: the instance, and a hash of what tells its rows apart.

    Names and times hold characters that keys may not; and keys turn up in logs, where names of people do not belong.
    """
    partition = instance_id if is_instance_id(instance_id) else hashed(instance_id)
    return {"PartitionKey": partition, "RowKey": hashed(*parts)}


def hashed(*parts: str) -> str:
    """Return 40 characters that any key may hold, the same for the same parts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
