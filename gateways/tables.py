"""Tables of facts: rows that are inserted once and never changed.

Insert is the whole concurrency control: of two writers the table lets one in and tells the other 409, who then
reads what is on record and goes by that.
"""

import hashlib
import json
from functools import cache
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.data.tables import TableClient, TableServiceClient

from approvals.identifiers import is_instance_id
from gateways.connections import open_table_service

_FORBIDDEN = 403


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
        table.create_entity(row)
    except ResourceExistsError:
        return table.get_entity(row["PartitionKey"], row["RowKey"])
    return row


def keys(instance_id: str, *parts: str) -> dict[str, str]:
    """Return the keys of a row: the instance, and a hash of what tells its rows apart.

    Names and times hold characters that keys may not; and keys turn up in logs, where names of people do not belong.
    """
    partition = instance_id if is_instance_id(instance_id) else hashed(instance_id)
    return {"PartitionKey": partition, "RowKey": hashed(*parts)}


def hashed(*parts: str) -> str:
    """Return 40 characters that any key may hold, the same for the same parts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
