"""Rate limits: a token bucket for each caller, in the memory of this process.

They limit bursts. Every process counts separately and starts with full buckets, so all processes together allow a
multiple of the limit. `host.json` limits how many requests a host handles at the same time.
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
"""Callers with a bucket. If there are more, the bucket that was not used for the longest time is dropped."""

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The requests that a caller had left at a time of the monotonic clock, in seconds."""

    tokens: float
    at: float


class Buckets:
    """The buckets of all callers. No lock is needed: the routes run on one event loop per process."""

    def __init__(self) -> None:
        self._of = OrderedDict[str, Bucket]()

    def take(self, caller: str, *, per_minute: int, now: float) -> int | None:
        """Take one request from a caller's bucket: None, or the whole seconds until the next request is allowed.

        A bucket holds the requests of one minute, so a burst of that many passes. A refused request does not count.
        """
        before = self._of.get(caller) or Bucket(tokens=per_minute, at=now)
        left = min(per_minute, before.tokens + max(0.0, now - before.at) * per_minute / _MINUTE_S)
        wait = None if left >= 1 else math.ceil((1 - left) * _MINUTE_S / per_minute)
        self._of[caller] = Bucket(tokens=left if wait else left - 1, at=max(now, before.at))
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
    """Count a caller's request: None if it may continue, else the seconds to wait."""
    per_minute = requests_per_minute(os.environ.get(SETTING, ""))
    return open_buckets().take(caller, per_minute=per_minute, now=monotonic()) if per_minute else None


@cache
def requests_per_minute(text: str) -> int:
    """Read the setting; 0 means no limit. A wrong value means the default, so that a typo does not remove the limit."""
    if not text:
        return DEFAULT
    if text.isascii() and text.isdigit() and int(text[:9]) <= MOST:
        return int(text)
    log.error(
        "%s is %r; it must be a whole number up to %s, 0 for no limit. %s is used.", SETTING, text[:20], MOST, DEFAULT
    )
    return DEFAULT
