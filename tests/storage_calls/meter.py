"""Counts the calls to storage that an operation costs, those of the host and those of the app apart.

A proxy before Azurite sees every call. What comes by the clock is not counted: looks into queues, leases, and the
renewals of messages that are worked on. Timer functions are off. An operation has ended when the host has nothing left
to do, which is what a jump of the virtual clock by nothing waits for. So the same operation always costs the same.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from durable_devhost.testing.app import AppUnderTest
from packages.devhost.tests.chaos.controls import FaultProxy

QUIET_SETTINGS = {"AzureWebJobs.SweepReviews.Disabled": "true", "AzureWebJobs.PurgeFinishedInstances.Disabled": "true"}
"""Without timer functions, which may come by at any time."""

_BY_THE_CLOCK = re.compile(r"queue PUT \S+/messages/|table .*Partitions\b")
_ID = re.compile(r"[0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


_LETTERS = ("outbox/", "LetterLimits")


@dataclass(slots=True)
class Bill:
    """The calls of one operation, as the proxy describes them; empty until it has ended."""

    host: list[str] = field(default_factory=list)
    app: list[str] = field(default_factory=list)
    """Those of the app but for the ones about letters."""
    letters: list[str] = field(default_factory=list)
    """Those for letters: one for each letter, and those for the limits of the day."""

    @property
    def calls(self) -> tuple[int, int, int]:
        """How many calls the host made, the app, and the app for letters."""
        return len(self.host), len(self.app), len(self.letters)

    @property
    def reads(self) -> int:
        """How often the app asked for a record."""
        return sum(call.startswith("blob GET records/") for call in self.app)

    def __str__(self) -> str:
        """Return the numbers and each call, for whoever looks where they come from."""
        lines = ["host {}, app {}, letters {}".format(*self.calls)]
        for whose in ("host", "app", "letters"):
            lines += [f"  {whose:7} {_ID.sub('*', call)}" for call in getattr(self, whose)]
        return "\n".join(lines)


class Meter:
    """The meter of one host, whose storage is reached through the proxy."""

    def __init__(self, app: AppUnderTest, proxy: FaultProxy) -> None:
        self._app = app
        self._proxy = proxy

    @contextmanager
    def counting(self) -> Iterator[Bill]:
        """Count what is done in the block, and what comes of it; the bill is complete after the block."""
        self._quiet()
        self._proxy.arm(whose="all")
        bill = Bill()
        yield bill
        self._quiet()
        seen = self._proxy.look()
        for call, is_apps in zip(seen.calls, seen.of_app, strict=True):
            if _BY_THE_CLOCK.match(call):
                continue
            if not is_apps:
                bill.host.append(call)
            elif any(word in call for word in _LETTERS):
                bill.letters.append(call)
            else:
                bill.app.append(call)

    def _quiet(self) -> None:
        """Wait until the host has nothing left to do."""
        self._app.advance(hours=0)
