"""The hosts of a soak: the first one on a virtual clock, for a while a guest beside it, and what is done to them.

A virtual clock is for one host with an Azurite of its own. As long as it was not moved it is the system's, so until
then a second host on the system clock may work on the same hub. It has to be gone before the hour passes.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path

from durable_devhost.testing.plugin import AppFailed
from tests.gateways.mail_server import MailServer
from tests.soak.memory import is_there, workers
from tests.workflows.conftest import ROOT, SETTINGS, Greenlight

JUMP_S = 300.0
"""How long one jump of the clock waits for what has become due."""
_TAKEN_OVER_S = 90.0
_PARTITIONS = 4
_KILLED = (OSError, HTTPException, AppFailed)


class Hosts:
    """The hosts, and the letters that those who were killed had in hand."""

    def __init__(self, folder: Path, stack: ExitStack, mail: MailServer) -> None:
        self._folder = folder
        self._stack = stack
        self._environ = {
            **SETTINGS,
            "REQUESTS_PER_MINUTE": "0",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mail.port),
            "MAIL_FROM": "Greenlight <greenlight@example.org>",
            "MAIL_DOMAINS": "example.org",
            "LETTERS_PER_SENDER": "2000",
        }
        options = ("--clock", "virtual")
        self.first = stack.enter_context(Greenlight(ROOT, folder / "first", options, self._environ))
        self.all = [self.first]
        self.in_hand: set[tuple[str, str]] = set()
        self.slow: list[str] = []
        """What the clock's jumps have left running."""

    @property
    def data(self) -> Path:
        """The folder of the first host's data."""
        return self._folder / "first"

    def now(self) -> datetime:
        """The time of the first host's clock."""
        return datetime.fromisoformat(self.first.info()["clock"]["now"])

    def invite(self) -> None:
        """Start a guest, and wait until the two share the partitions."""
        storage = {
            "AzureWebJobsStorage": self.first.connection_string,
            "ApprovalsStorage": self.first.connection_string,
        }
        guest = Greenlight(ROOT, self._folder / "guest", ("--no-azurite",), self._environ | storage)
        self.all.append(self._stack.enter_context(guest))
        self.first.until(lambda: [len(each.info()["partitions"]) for each in self.all] == [2, 2], _TAKEN_OVER_S)

    def kill_guest(self) -> None:
        """Kill the guest, and wait until the first has all of its partitions."""
        guest = self.all.pop()
        self._kill(guest)
        self.first.until(lambda: len(self.first.info()["partitions"]) == _PARTITIONS, _TAKEN_OVER_S)

    def kill_first(self) -> None:
        """Kill the first host, and start it again."""
        self._kill(self.first)
        self.first.restart()

    def _kill(self, host: Greenlight) -> None:
        """Kill a host, wait for the end of its workers, and note which letters they may have been sending."""
        orphans, _ = workers(host.pid), host.connection_string  # which a host that is gone cannot tell
        host.kill()
        self.first.until(lambda: not any(map(is_there, orphans)))
        self.in_hand |= {(row["ProposalId"], row["Key"]) for row in host.rows("Letters") if row["State"] == "sending"}

    def pass_time(self, until: datetime) -> None:
        """Move the clock; what does not end within `JUMP_S` is noted, and goes on."""
        hours = (until - self.now()) / timedelta(hours=1)
        if hours > 0:
            asked = {"hours": hours, "timeoutSeconds": JUMP_S}
            answer = self.first.request("POST", "/admin/devhost/clock", asked, timeout=2 * JUMP_S)
            if answer.status != 200:
                self.slow.append(json.dumps(answer.body))

    def pass_time_and_kill(self, until: datetime, share: float) -> None:
        """The same, with a kill of the first host when that share of the time has passed."""
        now = self.now()
        at = now + share * (until - now)
        with _beside(lambda: self.pass_time(until)):
            self.first.until(lambda: self.now() >= at, JUMP_S)
            self.kill_first()
        self.pass_time(until)


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    """Do some work in a thread of its own; whoever it asks is killed meanwhile."""

    def run() -> None:
        with suppress(*_KILLED):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
