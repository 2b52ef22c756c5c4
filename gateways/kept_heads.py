"""The heads of records, copied to a second account: how many entries a record had, and the hash of the last one.

The second account is the host's own, which only the app can write to; the container has an immutability policy. So a
cut, replaced or deleted record is detected, even if the attacker has changed the list of proposals as well.

A head is an empty blob. Its name has all data, authenticated with a key of the records:

    <proposal>/<entries>/<head>/<id of the key>/<mac>

So listing the container returns all heads, and nothing is ever overwritten.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import ContainerClient

from approvals.identifiers import is_instance_id
from approvals.record.keys import Key, Keyring
from approvals.record.verdict import Anchor
from gateways.connections import APPROVALS, ConnectionMissing, find_connection
from gateways.containers import open_container
from gateways.record_keys import record_keys

_HOST = "AzureWebJobsStorage"


class KeptHeads(Protocol):
    """What the app needs from the heads."""

    def keep(self, proposal_id: str, *, entries: int, head: str) -> None:
        """Store a head; storing the same one again changes nothing."""
        ...

    def find(self, proposal_id: str) -> Anchor | None:
        """Return the stored head of a record with the most entries."""
        ...

    def every(self) -> Mapping[str, Anchor]:
        """Return this head for each record."""
        ...


class BlobHeads:
    """The heads in Azure Blob Storage."""

    def __init__(self, container: ContainerClient, keys: Keyring) -> None:
        self._container = container
        self._keys = keys

    def keep(self, proposal_id: str, *, entries: int, head: str) -> None:
        """Write an empty blob. Its name cannot lead out of the container."""
        if not is_instance_id(proposal_id):
            raise ValueError(f"{proposal_id[:100]!r} is not the id of a proposal")
        key = self._keys.signing_key
        name = _name(key, proposal_id, entries, head)
        with suppress(ResourceExistsError):
            self._container.upload_blob(name, b"", overwrite=False)

    def find(self, proposal_id: str) -> Anchor | None:
        """List the heads of one record: one call, because a review has few."""
        if not is_instance_id(proposal_id):
            return None
        return self._latest(f"{proposal_id}/").get(proposal_id)

    def every(self) -> Mapping[str, Anchor]:
        """List the container: one call for each 5,000 heads."""
        return self._latest(None)

    def _latest(self, prefix: str | None) -> Mapping[str, Anchor]:
        found = dict[str, Anchor]()
        for proposal_id, anchor in self._read(prefix):
            known = found.get(proposal_id)
            if known is None or (known.entries or 0) < (anchor.entries or 0):
                found[proposal_id] = anchor
        return found

    def _read(self, prefix: str | None) -> Iterator[tuple[str, Anchor]]:
        """Yield the authenticated heads. Blobs with other names were written by somebody else and are ignored."""
        for name in self._container.list_blob_names(name_starts_with=prefix):
            proposal_id, _, rest = name.partition("/")
            parts = rest.split("/")
            if len(parts) != 4 or not parts[0].isdecimal():
                continue
            entries, head, key_id, mac = parts
            if self._keys.has_signed(key_id, _statement(proposal_id, int(entries), head), mac):
                yield proposal_id, Anchor(entries=int(entries), head=head)


def open_kept_heads() -> KeptHeads:
    """Return the heads in the host's account; `HEADS_CONTAINER` names their container.

    The default is the container of the records with the suffix `-heads`. If the host has no account, as in tests of a
    single function, the account of the records is used.
    """
    records = os.environ.get("RECORDS_CONTAINER") or "records"
    name = os.environ.get("HEADS_CONTAINER") or f"{records}-heads"
    return BlobHeads(open_container(name, connection=_connection()), record_keys())


def _connection() -> str:
    try:
        find_connection(_HOST, "blob")
    except ConnectionMissing:
        return APPROVALS
    return _HOST


def _name(key: Key, proposal_id: str, entries: int, head: str) -> str:
    return f"{proposal_id}/{entries:06d}/{head}/{key.id}/{key.sign(_statement(proposal_id, entries, head))}"


def _statement(proposal_id: str, entries: int, head: str) -> bytes:
    """Return the signed bytes; no line of a record begins like this."""
    return f"greenlight head\n{proposal_id}\n{entries}\n{head}".encode()
