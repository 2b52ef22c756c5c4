"""The records of proposals: one append blob each, one line an entry, to which lines are added and never changed.

An append says at which length it expects the blob. The service lets one of several writers in and answers 412 to the
others. That is the whole concurrency control of a review, and gives its entries one order.
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
    """What the app needs of the records."""

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Begin a record with these entries; None, and nothing is changed, where there is one already."""
        ...

    def read(self, proposal_id: str) -> Chain | None:
        """Return a record, None where there is none; raises `Tampered` where it is not what was written."""
        ...

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Add entries, all or none, behind what was read; None, and nothing is changed, where it has grown since."""
        ...

    def raw(self, proposal_id: str) -> bytes | None:
        """Return a record's bytes as they are, to be verified; None where there is none."""
        ...

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield each proposal that has a record, with its length in bytes."""
        ...


class BlobRecords:
    """The records in Azure Blob Storage."""

    def __init__(self, container: ContainerClient, keys: Callable[[], Keyring] = record_keys) -> None:
        self._container = container
        self._keys = keys

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Make the blob, then append at its very beginning.

        The append decides. An empty blob, which a crash between the two calls leaves behind, is no record yet.
        """
        blob = self._blob(proposal_id)
        with suppress(ResourceExistsError):
            blob.create_append_blob(content_settings=_SETTINGS, match_condition=MatchConditions.IfMissing)
        return self._append(blob, tuple(entries), _EMPTY)

    def read(self, proposal_id: str) -> Chain | None:
        """Download the record, and check that it is this proposal's and that the app wrote every entry."""
        content = self.raw(proposal_id)
        return None if content is None else read_chain(content, keys=self._keys(), proposal_id=proposal_id)

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Append one block, which the service takes whole or not at all."""
        return self._append(self._blob(proposal_id), tuple(entries), after)

    def raw(self, proposal_id: str) -> bytes | None:
        """Download the blob, in one call up to 32 MiB; a reader never sees half a block."""
        if not is_instance_id(proposal_id):
            return None
        try:
            content: bytes = self._blob(proposal_id).download_blob().readall()
        except ResourceNotFoundError:
            return None
        return content or None

    def sizes(self) -> Iterator[tuple[str, int]]:
        """List the container; the list tells the lengths, so no blob is opened."""
        for blob in self._container.list_blobs():
            if blob.size and blob.name.endswith(_SUFFIX):
                yield blob.name.removesuffix(_SUFFIX), blob.size

    def _append(self, blob: BlobClient, entries: tuple[Entry, ...], after: Chain) -> Chain | None:
        block = seal(entries, head=after.head, keys=self._keys())
        try:
            blob.append_block(block, appendpos_condition=after.size)
        except AzureError as error:
            # Whatever went wrong: the block may be there, and then it is the record's.
            if not _holds(blob, block, after.size):
                if isinstance(error, HttpResponseError) and error.status_code == _MOVED_ON:
                    return None
                raise
        return _longer(after, entries, block)

    def _blob(self, proposal_id: str) -> BlobClient:
        if not is_instance_id(proposal_id):
            raise ValueError(f"{proposal_id[:100]!r} is no id of a proposal")
        return self._container.get_blob_client(f"{proposal_id}{_SUFFIX}")


def open_review_records() -> Records:
    """Return the records in the account that `ApprovalsStorage` names; `RECORDS_CONTAINER` is their container."""
    return BlobRecords(open_container(os.environ.get("RECORDS_CONTAINER") or "records"))


def _holds(blob: BlobClient, block: bytes, position: int) -> bool:
    """Say whether the block is there after all.

    The SDK sends again what was not answered. If the first one had arrived, the second is told that the blob has grown;
    or no answer comes at all. The place and every byte tell. Of two writers whose blocks are the same, to the
    microsecond of each entry, both may take it for theirs: they want the same.
    """
    try:
        found: bytes = blob.download_blob(offset=position, length=len(block)).readall()
    except HttpResponseError as error:
        if error.status_code != _NO_SUCH_RANGE:
            raise
        return False
    return found == block


def _longer(after: Chain, entries: tuple[Entry, ...], block: bytes) -> Chain:
    """Return the chain as the block has made it."""
    heads = tuple(json.loads(line)["hash"] for line in block.splitlines())
    return Chain(
        entries=after.entries + entries, head=heads[-1], size=after.size + len(block), heads=after.heads + heads
    )
