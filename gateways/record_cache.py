"""The records that this process read or wrote last, so that a record is downloaded and checked again only as it grows.

Nothing is believed because it is here: storage is asked whether it still has that version of the record, or is told to
refuse an append to any other. So another process that writes, or somebody who rewrites a record, is noticed at once.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from threading import Lock

from approvals.record.chain import Chain
from approvals.record.keys import Keyring

MOST_BYTES = 32 * 1024 * 1024
"""Of all records together; the one that was not used for the longest time is dropped first. Their entries as objects
take several times as much memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record at one time: its bytes, and what they were read as with these keys."""

    content: bytes
    chain: Chain
    """Has its `version`."""
    keys: Keyring


class RecordCache:
    """The latest state of each record that this process knows, by the URL of its blob. Threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept = OrderedDict[str, Kept]()
        self._most = most_bytes
        self._bytes = 0
        self._lock = Lock()

    def find(self, url: str, keys: Keyring) -> Kept | None:
        """Return what is known of a record, if it was checked with these keys."""
        with self._lock:
            kept = self._kept.get(url)
            if kept is None or kept.keys != keys:
                return None
            self._kept.move_to_end(url)
            return kept

    def keep(self, url: str, kept: Kept) -> None:
        """Remember the state of a record that was seen last."""
        with self._lock:
            self._drop(url)
            self._kept[url] = kept
            self._bytes += len(kept.content)
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))

    def drop(self, url: str) -> None:
        """Forget a record."""
        with self._lock:
            self._drop(url)

    def _drop(self, url: str) -> None:
        if known := self._kept.pop(url, None):
            self._bytes -= len(known.content)


@cache
def open_record_cache() -> RecordCache:
    """Return the records of this process."""
    return RecordCache()
