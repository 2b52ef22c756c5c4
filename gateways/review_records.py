"""The records of proposals: one append blob each, with one line per entry. Lines are only added, never changed.

An append gives the expected length of the blob. The service accepts one of several writers and returns 412 to the
others. This is the only concurrency control of a review, and it gives the entries one order.

What this process has read or written last is kept (gateways/record_cache.py): a reader asks for a newer version only,
and a writer may judge by what is kept, because the append also names the version that it was judged by.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from approvals.identifiers import is_instance_id
from approvals.record.chain import EMPTY, Chain, read_chain, seal
from approvals.record.entries import Entry
from approvals.record.keys import Keyring
from gateways.containers import open_container
from gateways.record_cache import CachedRecord, RecordCache, open_record_cache
from gateways.record_keys import record_keys

_SUFFIX = ".jsonl"
_MOVED_ON = 412
_NOT_MODIFIED = 304
_SETTINGS = ContentSettings(content_type="application/x-ndjson", content_disposition="attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a record goes."""

    size: int
    """Bytes."""
    version: str
    """The ETag, which is another one after each change."""


class Records(Protocol):
    """What the app needs from the records."""

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Create a record with these entries; None, without a change, if there is one."""
        ...

    def read(self, proposal_id: str) -> Chain | None:
        """Return a record, None if there is none; raises `Tampered` if it was changed."""
        ...

    def cached(self, proposal_id: str) -> Chain | None:
        """Return a record as this process knows it, without asking storage; None if it does not.

        It may have grown or been changed since. An append behind it fails then.
        """
        ...

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Add entries, all or none, behind `after`; None, without a change, if the record has grown since then."""
        ...

    def raw(self, proposal_id: str) -> bytes | None:
        """Return a record's bytes unchecked; None if there is none."""
        ...

    def extents(self) -> Iterator[tuple[str, Extent]]:
        """Yield the id of each proposal with a record, and how far the record goes."""
        ...


class BlobRecords:
    """The records in Azure Blob Storage."""

    def __init__(
        self,
        container: ContainerClient,
        keys: Callable[[], Keyring] = record_keys,
        cache: RecordCache | None = None,
    ) -> None:
        self._container = container
        self._keys = keys
        self._cache = cache or open_record_cache()

    def create(self, proposal_id: str, entries: Iterable[Entry]) -> Chain | None:
        """Create the blob, then append at position 0.

        The record exists after the append. An empty blob, which a crash between the two calls leaves, is not a record.
        """
        blob = self._blob(proposal_id)
        with suppress(ResourceExistsError):
            blob.create_append_blob(content_settings=_SETTINGS, match_condition=MatchConditions.IfMissing)
        return self._append(blob, proposal_id, tuple(entries), EMPTY)

    def read(self, proposal_id: str) -> Chain | None:
        """Download the record if it is not the one that is kept, and check all that has come since.

        Its beginning must be what it was, byte by byte; if it is not, all of it is checked anew. So is every record
        that is not kept: that it belongs to this proposal, and that the app wrote every entry.
        """
        if not is_instance_id(proposal_id):
            return None
        found = self._latest(self._blob(proposal_id), proposal_id)
        return found.chain if found else None

    def cached(self, proposal_id: str) -> Chain | None:
        """Look into the cache."""
        kept = self._cache.find((self._blob(proposal_id).url, self._keys())) if is_instance_id(proposal_id) else None
        return kept.chain if kept else None

    def append(self, proposal_id: str, entries: Iterable[Entry], *, after: Chain) -> Chain | None:
        """Append one block, which the service accepts as a whole or not at all."""
        return self._append(self._blob(proposal_id), proposal_id, tuple(entries), after)

    def raw(self, proposal_id: str) -> bytes | None:
        """Download the blob, in one call up to 32 MiB. A reader never sees half a block."""
        if not is_instance_id(proposal_id):
            return None
        try:
            content: bytes = self._blob(proposal_id).download_blob().readall()
        except ResourceNotFoundError:
            return None
        return content or None

    def extents(self) -> Iterator[tuple[str, Extent]]:
        """List the container. The list has lengths and ETags, so no blob is opened."""
        for blob in self._container.list_blobs():
            if blob.size and blob.name.endswith(_SUFFIX):
                yield blob.name.removesuffix(_SUFFIX), Extent(size=blob.size, version=blob.etag)

    def _latest(self, blob: BlobClient, proposal_id: str) -> CachedRecord | None:
        """Return the record as it is in storage, which is kept from now on; None if there is none."""
        keys = self._keys()
        place = (blob.url, keys)
        kept = self._cache.find(place)
        newer: dict[str, Any] = {}
        if kept:
            newer = {"etag": kept.chain.version, "match_condition": MatchConditions.IfModified}
        try:
            stream = blob.download_blob(**newer)
            content: bytes = stream.readall()
        except ResourceNotFoundError:
            content = b""
        except HttpResponseError as error:
            if kept and error.status_code == _NOT_MODIFIED:
                return kept
            raise
        self._cache.keep(place, None)
        if not content:
            return None
        beginning = kept.chain if kept and content.startswith(kept.content) else EMPTY
        chain = read_chain(content[beginning.size :], keys=keys, proposal_id=proposal_id, after=beginning)
        found = CachedRecord(content=content, chain=replace(chain, version=stream.properties.etag))
        self._cache.keep(place, found)
        return found

    def _append(self, blob: BlobClient, proposal_id: str, entries: tuple[Entry, ...], after: Chain) -> Chain | None:
        keys = self._keys()
        block = seal(entries, head=after.head, keys=keys)
        unchanged: dict[str, Any] = {}
        if after.version:
            unchanged = {"etag": after.version, "match_condition": MatchConditions.IfNotModified}
        try:
            written = blob.append_block(block, appendpos_condition=after.size, **unchanged)
        except AzureError as error:
            # Whatever the error is: if the block was written, it is part of the record.
            if not self._holds(blob, proposal_id, block, after.size):
                if isinstance(error, HttpResponseError) and error.status_code == _MOVED_ON:
                    return None
                raise
            return _longer(after, entries, block, version=None)
        chain = _longer(after, entries, block, version=str(written["etag"]))
        place = (blob.url, keys)
        kept = self._cache.find(place)
        if after.size == 0 or (kept and kept.chain.head == after.head):
            before = kept.content if kept and after.size else b""
            self._cache.keep(place, CachedRecord(content=before + block, chain=chain))
        return chain

    def _holds(self, blob: BlobClient, proposal_id: str, block: bytes, position: int) -> bool:
        """Say whether the block was written after all. What is read for that is kept, for who was too late.

        The SDK repeats a request without a response. If the first one had arrived, the second one fails because the
        blob has grown; or no response comes at all. So position and bytes are compared. If two writers have identical
        blocks, to the microsecond of each entry, both may take it as their own: they want to write the same.
        """
        found = self._latest(blob, proposal_id)
        return found is not None and found.content[position : position + len(block)] == block

    def _blob(self, proposal_id: str) -> BlobClient:
        if not is_instance_id(proposal_id):
            raise ValueError(f"{proposal_id[:100]!r} is not the id of a proposal")
        return self._container.get_blob_client(f"{proposal_id}{_SUFFIX}")


def open_review_records() -> Records:
    """Return the records in the account that `ApprovalsStorage` names; `RECORDS_CONTAINER` is their container."""
    return BlobRecords(open_container(os.environ.get("RECORDS_CONTAINER") or "records"))


def _longer(after: Chain, entries: tuple[Entry, ...], block: bytes, *, version: str | None) -> Chain:
    """Return the chain with the new block."""
    heads = tuple(json.loads(line)["hash"] for line in block.splitlines())
    return Chain(
        entries=after.entries + entries,
        head=heads[-1],
        size=after.size + len(block),
        heads=after.heads + heads,
        authenticated=True,
        version=version,
    )
