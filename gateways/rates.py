"""How often each caller may ask: a bucket of tokens for each of them, kept in the memory of this process.

It is there against bursts. Every process of the app counts for itself and begins anew with full buckets, so what all of
them let through together is so many times the limit; how much a host takes on at once, `host.json` says.
"""

import logging
import math
import os
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from time import monotonic

log = logging.getLogger("greenlight.rates")

SETTING = "REQUESTS_PER_MINUTE"
DEFAULT = 600
MOST = 1_000_000

MOST_CALLERS = 10_000
"""Of whom is known how much they have left; beyond that, who has asked least recently is forgotten."""

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What a caller had left, in requests, at a moment of the monotonic clock, in seconds."""

    left: float
    at: float


class Buckets:
    """The buckets of all callers. It has no lock: the routes that ask run on the one loop of their process."""

    def __init__(self) -> None:
        self._of = OrderedDict[str, Bucket]()

    def take(self, caller: str, *, per_minute: int, now: float) -> int | None:
        """Take one request out of a caller's bucket: None, or after how many whole seconds there is one again.

        A bucket holds what comes in a minute, so that a burst of that many passes. Asking too often costs nothing.
        """
        before = self._of.get(caller) or Bucket(left=per_minute, at=now)
        left = min(per_minute, before.left + max(0.0, now - before.at) * per_minute / _MINUTE_S)
        wait = None if left >= 1 else math.ceil((1 - left) * _MINUTE_S / per_minute)
        self._of[caller] = Bucket(left=left if wait else left - 1, at=max(now, before.at))
        self._of.move_to_end(caller)
        if len(self._of) > MOST_CALLERS:
            self._of.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._of)


@cache
def open_buckets() -> Buckets:
    """Return the buckets of this process."""
    return Buckets()


def take(caller: str) -> int | None:
    """Count a request of a caller: None where it may go on, else after how many seconds to come again."""
    per_minute = requests_per_minute(os.environ.get(SETTING, ""))
    return open_buckets().take(caller, per_minute=per_minute, now=monotonic()) if per_minute else None


@cache
def requests_per_minute(text: str) -> int:
    """Read the setting; 0 means no limit. What cannot be read means the default, so that a slip opens nothing."""
    if not text:
        return DEFAULT
    if text.isascii() and text.isdigit() and int(text[:9]) <= MOST:
        return int(text)
    log.error(
        "%s is %r; it must be a whole number up to %s, 0 for no limit. %s is used.", SETTING, text[:20], MOST, DEFAULT
    )
    return DEFAULT
