"""The records that this process read or wrote last, so that a record is downloaded and checked again only as it grows.

Nothing is believed because it is here: storage is asked whether it still has that version of the record, or is told to
refuse an append to any other. So another process that writes, or somebody who rewrites a record, is noticed at once.
"""

from dataclasses import dataclass
from functools import cache

from approvals.record.chain import Chain
from gateways.latest import Latest

MOST_BYTES = 32 * 1024 * 1024
"""Of all records together; the one that was not used for the longest time is dropped first. Their entries as objects
take several times as much memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRecord:
    """A record at one time: its bytes, and what they were read as."""

    content: bytes
    chain: Chain
    """Has its `version`."""


class RecordCache(Latest[CachedRecord]):
    """The latest state of each record, by the URL of its blob and the keys that it was checked with.

    So what was checked with keys that are not the app's any more is not found.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(most_bytes, weigh=lambda kept: len(kept.content))


@cache
def open_record_cache() -> RecordCache:
    """Return the records of this process."""
    return RecordCache()
