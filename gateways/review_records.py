"""The records of proposals: one append blob each, with one line per entry. Lines are only added, never changed.

An append gives the expected length of the blob. The service accepts one of several writers and returns 412 to the
others. This is the only concurrency control of a review, and it gives the entries one order.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from approvals.identifiers import is_instance_id
from approvals.record.chain import GENESIS, Chain, read_chain, seal
from approvals.record.entries import Entry
from approvals.record.keys import Keyring
from gateways.containers import open_container
from gateways.record_keys import record_keys

_SUFFIX = ".jsonl"
_MOVED_ON = 412
_NO_SUCH_RANGE = 416
_SETTINGS = ContentSettings(content_type="application/x-ndjson", content_disposition="attachment")

_EMPTY = Chain(entries=(), head=GENESIS, size=0)


class Records(Protocol):
    """What the app needs from the records."""

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Create a record with these entries; None, without a change, if there is one."""
        ...

    def read(self, proposal_id: str) -> Chain | None:
        """Return a record, None if there is none; raises `Tampered` if it was changed."""
        ...

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Add entries, all or none, behind `after`; None, without a change, if the record has grown since then."""
        ...

    def raw(self, proposal_id: str) -> bytes | None:
        """Return a record's bytes unchecked; None if there is none."""
        ...

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield the id of each proposal with a record, and the record's length in bytes."""
        ...


class BlobRecords:
    """The records in Azure Blob Storage."""

    def __init__(self, container: ContainerClient, keys: Callable[[], Keyring] = record_keys) -> None:
        self._container = container
        self._keys = keys

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Create the blob, then append at position 0.

        The record exists after the append. An empty blob, which a crash between the two calls leaves, is not a record.
        """
        blob = self._blob(proposal_id)
        with suppress(ResourceExistsError):
            blob.create_append_blob(content_settings=_SETTINGS, match_condition=MatchConditions.IfMissing)
        return self._append(blob, tuple(entries), _EMPTY)

    def read(self, proposal_id: str) -> Chain | None:
        """Download the record, and check that it belongs to this proposal and that the app wrote every entry."""
        content = self.raw(proposal_id)
        return None if content is None else read_chain(content, keys=self._keys(), proposal_id=proposal_id)

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Append one block, which the service accepts as a whole or not at all."""
        return self._append(self._blob(proposal_id), tuple(entries), after)

    def raw(self, proposal_id: str) -> bytes | None:
        """Download the blob, in one call up to 32 MiB. A reader never sees half a block."""
        if not is_instance_id(proposal_id):
            return None
        try:
            content: bytes = self._blob(proposal_id).download_blob().readall()
        except ResourceNotFoundError:
            return None
        return content or None

    def sizes(self) -> Iterator[tuple[str, int]]:
        """List the container. The list has the lengths, so no blob is opened."""
        for blob in self._container.list_blobs():
            if blob.size and blob.name.endswith(_SUFFIX):
                yield blob.name.removesuffix(_SUFFIX), blob.size

    def _append(self, blob: BlobClient, entries: tuple[Entry, ...], after: Chain) -> Chain | None:
        block = seal(entries, head=after.head, keys=self._keys())
        try:
            blob.append_block(block, appendpos_condition=after.size)
        except AzureError as error:
            # Whatever the error is: if the block was written, it is part of the record.
            if not _holds(blob, block, after.size):
                if isinstance(error, HttpResponseError) and error.status_code == _MOVED_ON:
                    return None
                raise
        return _longer(after, entries, block)

    def _blob(self, proposal_id: str) -> BlobClient:
        if not is_instance_id(proposal_id):
            raise ValueError(f"{proposal_id[:100]!r} is not the id of a proposal")
        return self._container.get_blob_client(f"{proposal_id}{_SUFFIX}")


def open_review_records() -> Records:
    """Return the records in the account that `ApprovalsStorage` names; `RECORDS_CONTAINER` is their container."""
    return BlobRecords(open_container(os.environ.get("RECORDS_CONTAINER") or "records"))


def _holds(blob: BlobClient, block: bytes, position: int) -> bool:
    """Say whether the block was written after all.

    The SDK repeats a request without a response. If the first one had arrived, the second one fails because the blob
    has grown; or no response comes at all. So position and bytes are compared. If two writers have identical blocks,
    to the microsecond of each entry, both may take it as their own: they want to write the same.
    """
    try:
        found: bytes = blob.download_blob(offset=position, length=len(block)).readall()
    except HttpResponseError as error:
        if error.status_code != _NO_SUCH_RANGE:
            raise
        return False
    return found == block


def _longer(after: Chain, entries: tuple[Entry, ...], block: bytes) -> Chain:
    """Return the chain with the new block."""
    heads = tuple(json.loads(line)["hash"] for line in block.splitlines())
    return Chain(
        entries=after.entries + entries, head=heads[-1], size=after.size + len(block), heads=after.heads + heads
    )
