"""The near end of the fault proxy: starts the process, tells it what to fail, and asks what it has seen."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from durable_devhost.azurite.ports import free_ports
from durable_devhost.azurite.process import Azurite

ROOT = Path(__file__).resolve().parents[4]
_PROXY = "packages.devhost.tests.chaos.proxy"


@dataclass(frozen=True, slots=True)
class Seen:
    """The calls since the script began that it counts, and the numbers of those that met the fault.

    `came_at` are their times in seconds, of which only differences mean something. `of_app` says of each call whether
    an SDK in the app made it.
    """

    calls: Sequence[str]
    struck: Sequence[int]
    came_at: Sequence[float]
    of_app: Sequence[bool]

    @property
    def first(self) -> str:
        """The first call that met the fault, empty where none did."""
        return self.calls[self.struck[0]] if self.struck else ""

    @property
    def asked_again_after(self) -> float | None:
        """How long after a call that met the fault the same call came again, in seconds; None where it did not."""
        for number in self.struck:
            if self.calls[number] in self.calls[number + 1 :]:
                again = self.calls.index(self.calls[number], number + 1)
                return self.came_at[again] - self.came_at[number]
        return None


class FaultProxy:
    """A proxy before an Azurite; it runs for as long as the block does."""

    def __init__(self, azurite: Azurite) -> None:
        self._azurite = azurite

    def __enter__(self) -> Self:
        blob, queue, table = free_ports()
        doors = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", _PROXY, *doors, "--upstream", *map(str, self._azurite.ports)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.azurite = replace(
            self._azurite,
            pid=self._process.pid,
            blob_port=blob,
            queue_port=queue,
            table_port=table,
            location="",
            process=None,
        )
        """The Azurite as a host sees it that goes through the proxy."""
        self._heard()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def arm(self, fault: str | None = None, at: int = 0, **more: Any) -> None:
        """Count calls anew and fail the call with this number; the other words are those of the proxy's `Script`."""
        self._ask(do="arm", fault=fault, at=at, **more)

    def look(self) -> Seen:
        """What has come since."""
        found = self._ask(do="look")
        return Seen(found["calls"], found["struck"], found["came_at"], found["of_app"])

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the proxy has ended"
        heard: dict[str, Any] = json.loads(line)
        return heard
