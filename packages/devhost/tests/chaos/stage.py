"""One run of a scenario: an instance, the host it runs on, and a caller who asks again when he is refused."""

import http.client
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from durable_devhost.testing.app import NOTHING, Answer, AppFailed, AppUnderTest
from packages.devhost.tests.chaos.hub import HubReader

API = "/runtime/webhooks/durabletask"
"""Where the durable HTTP API is."""
_PAUSE_S = 0.3
_TRIES = 12
_A_SENTENCE = 2
"""The exit status of a host that says in one sentence what a person has to mend."""
_ARRIVAL_S = 6.0
"""How long a caller looks for the effect of a call that the host did not survive: longer than a message is hidden."""


class Ending(Exception):
    """The sweep is to end: nothing is started any more."""


class HostDied(Exception):
    """The host has ended, and nobody had killed it."""


@dataclass(kw_only=True)
class Stage:
    """What a scenario acts on. `refused` are honest errors that a repeated call got over, `denied` untrue ones."""

    app: AppUnderTest
    hub: HubReader
    name: str
    calm: Callable[[], None] = lambda: None
    """Let nothing fail any more, so that one may look through the host."""
    ending: threading.Event = field(default_factory=threading.Event)
    """Set when the sweep is to end."""
    may_die: bool = False
    kept: Any = None
    """What a scenario has kept from its preparation."""
    restarts: int = 0
    refused: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)

    def start(self, orchestrator: str, argument: object = NOTHING, arrived: Callable[[], bool] | None = None) -> None:
        """Start the instance of this run under its name; a repeated start may meet the first.

        Where the first may have ended by then, and must not run twice, `arrived` is asked as for an event.
        """
        path = f"{API}/orchestrators/{orchestrator}/{self.name}"
        self.ask("POST", path, argument, stands=(409,), arrived=arrived)

    def start_unnamed(self, orchestrator: str, argument: object = NOTHING) -> None:
        """Start an instance whose id the host chooses; the run goes on with that of the last answer."""
        answer = self.ask("POST", f"{API}/orchestrators/{orchestrator}", argument)
        if answer is not None:
            self.name = answer.body["id"]

    def raise_event(self, event: str, payload: object, arrived: Callable[[], bool]) -> None:
        """Raise an event; `arrived` is asked only after a call that the host did not survive."""
        self.ask("POST", f"{API}/instances/{self.name}/raiseEvent/{event}", payload, stands=(410,), arrived=arrived)

    def signal(self, number: int, arrived: Callable[[], bool]) -> None:
        """Signal `add` to the counter of this run."""
        self.ask("POST", f"{API}/entities/Counter/{self.name}?op=add", str(number), arrived=arrived)

    def change(self, verb: str, *, stands: Collection[int] = (410,)) -> None:
        """Terminate, suspend, resume, rewind or restart the instance."""
        self.ask("POST", f"{API}/instances/{self.name}/{verb}?reason=chaos", stands=stands)

    def purge(self) -> None:
        """Delete the instance; a repeated call may find that it is gone."""
        self.ask("DELETE", f"{API}/instances/{self.name}", stands=(404,))

    def launch(self) -> None:
        """Start the host; one that ends with a sentence, as for what a person must mend, is started once more."""
        said = self.app.output.count("\n")
        try:
            self.app.restart()
        except AppFailed:
            lines = self.app.output.splitlines()[said:]
            if self.app.exit_status != _A_SENTENCE or any("Traceback" in line for line in lines):
                raise
            self.refused.append(f"start: {lines[-1]}")
            self.app.restart()

    def until(self, holds: Callable[[], object], patience_s: float = _ARRIVAL_S) -> bool:
        """Wait until something holds, and say whether it came so far."""
        give_up = time.monotonic() + patience_s
        pause = 0.01
        while not holds():
            if time.monotonic() > give_up:
                return False
            self.look_after()
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        return True

    def look_after(self) -> None:
        """Start a host again that was killed; raises HostDied for one that ended by itself, and Ending."""
        if self.ending.is_set():
            raise Ending
        if self.app.exit_status is None:
            return
        if not self.may_die:
            raise HostDied(f"exit status {self.app.exit_status}")
        self.restarts += 1
        self.app.restart()

    def ask(
        self,
        method: str,
        path: str,
        body: object = NOTHING,
        *,
        stands: Collection[int] = (),
        arrived: Callable[[], bool] | None = None,
    ) -> Answer | None:
        """Ask until it is granted; a status that `stands` says so of an earlier call. None where no answer says it."""
        for tries in range(_TRIES):
            try:
                answer = self.app.request(method, path, body, timeout=30.0)
            except (OSError, http.client.HTTPException) as error:
                self.refused.append(f"{method} {path}: {error!r}")
                self._settle()
                if arrived is not None and self.until(arrived):
                    return None
                continue
            if answer.status < 400:
                return answer
            said = f"{method} {path}: {answer.status} {str(answer.body)[:300]}"
            if answer.status < 500 and answer.status != 429:
                if not (tries and answer.status in stands):
                    self.denied.append(said)
                return None
            self.refused.append(said)
            time.sleep(_PAUSE_S)
        return None

    def _settle(self) -> None:
        give_up = time.monotonic() + 2.0
        while self.app.exit_status is None and self.may_die and time.monotonic() < give_up:
            time.sleep(0.02)
        self.look_after()
