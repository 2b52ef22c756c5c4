"""What this process has read, written or computed last, by a key; so that it need not be done again.

It is never an answer by itself. Either its key says that it cannot have changed, or storage is asked whether it is the
latest, or refuses a write that names another version (ETag).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned(Generic[V]):
    """A state in storage, and its ETag."""

    value: V
    etag: str


class Latest(Generic[V]):
    """The latest value of each key, up to a total weight; what was not used for the longest time goes first.

    Threads may share it.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        """Keep values of at most so much weight together; without `weigh` each value weighs 1."""
        self._kept = OrderedDict[Hashable, V]()
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._lock = Lock()

    def find(self, key: Hashable) -> V | None:
        """Return the value that was kept last; None if there is none."""
        with self._lock:
            value = self._kept.get(key)
            if value is not None:
                self._kept.move_to_end(key)
            return value

    def keep(self, key: Hashable, value: V | None) -> None:
        """Remember a value; None forgets it. A value that weighs more than all may weigh is not remembered."""
        with self._lock:
            if (before := self._kept.pop(key, None)) is not None:
                self._weight -= self._weigh(before)
            if value is None:
                return
            self._kept[key] = value
            self._weight += self._weigh(value)
            while self._weight > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._weight -= self._weigh(oldest)
