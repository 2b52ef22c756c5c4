"""What this process has read or written last of a kind of thing, with what storage calls that state (its ETag).

It only saves the question before a write that storage refuses if the state is not the latest. It is never an answer.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Generic[V]):
    """A state, and its ETag."""

    value: V
    etag: str


class Latest(Generic[V]):
    """The latest states of so many things; the one that was not used for the longest time goes first.

    Threads may share it.
    """

    def __init__(self, most: int) -> None:
        self._seen = OrderedDict[Hashable, Seen[V]]()
        self._most = most
        self._lock = Lock()

    def find(self, key: Hashable) -> Seen[V] | None:
        """Return the state that was kept last; None if it is not known."""
        with self._lock:
            seen = self._seen.get(key)
            if seen is not None:
                self._seen.move_to_end(key)
            return seen

    def keep(self, key: Hashable, seen: Seen[V] | None) -> None:
        """Remember a state; None forgets it."""
        with self._lock:
            self._seen.pop(key, None)
            if seen is None:
                return
            self._seen[key] = seen
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
