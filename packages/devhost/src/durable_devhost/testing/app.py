"""One app in a host of its own, driven as a black box: started, asked, moved through time, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from durable_devhost.azurite.process import STATE_FILE, Azurite, lend, stop_survivor

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_WEBHOOK = "/runtime/webhooks/durabletask"
_ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
_KEPT_LINES = 5000
_MOST_HOSTS = 1000
_SHORTEST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.2


class AppFailed(AssertionError):
    """The host did not start, or did not answer as a test may expect; the text holds its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response: `body` is the parsed JSON, the text where it is none, None where it is empty.

    `headers` are looked up without regard to case.
    """

    status: int
    headers: Message
    body: Any


NOTHING = object()
"""A request without a body, which is another thing than one whose body is null."""


class Storage:
    """An Azurite whose accounts are given to hosts, one each, for as long as the block runs that made it."""

    def __init__(self, azurite: Azurite, accounts: Sequence[str]) -> None:
        self.azurite = azurite
        self._accounts = iter(accounts)

    def give_to(self, data_dir: Path) -> None:
        """Let the host over this folder use the next account; nothing happens where it has one."""
        if not (data_dir / STATE_FILE).exists():
            lend(self.azurite, next(self._accounts), data_dir)


class AppUnderTest:
    """One app in a host of its own. `launch` and `restart` start the process, `stop` and `kill` end it.

    It runs for as long as a `with` block does. Without `storage` the host starts an Azurite for itself.
    """

    def __init__(
        self,
        app_dir: Path,
        data_dir: Path,
        options: Sequence[str],
        environ: Mapping[str, str],
        storage: Storage | None = None,
    ) -> None:
        self.app_dir = app_dir
        self.data_dir = data_dir
        self.url = ""
        self._options = tuple(options)
        self._environ = dict(environ)
        self._storage = storage
        self._connection_string = ""
        self._lines = deque[str](maxlen=_KEPT_LINES)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        try:
            return self.launch()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def launch(self) -> Self:
        """Start the host and wait until it is ready; raises AppFailed when it is not after a minute."""
        if self._storage:
            self._storage.give_to(self.data_dir)
        command = ["-m", "durable_devhost", "start", "--app", str(self.app_dir), "--data", str(self.data_dir)]
        if "--python" not in self._options:
            command += ["--python", sys.executable]
        self._process = subprocess.Popen(
            [sys.executable, *command, "--json-logs", "--port", "0", *self._options],
            env=os.environ | self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        self.url = self._connection_string = ""
        self._reader = threading.Thread(target=self._read, args=(self._process, ready), name="devhost-log", daemon=True)
        self._reader.start()
        if not ready.wait(START_SECONDS) or not self.url:
            self.kill()
            raise AppFailed(f"The host did not become ready:\n{self.output}")
        return self

    @property
    def output(self) -> str:
        """The last lines that the host has printed, over all its starts."""
        return "\n".join(list(self._lines))

    @property
    def records(self) -> list[dict[str, Any]]:
        """The host's JSON log lines so far, oldest first."""
        return [record for line in list(self._lines) if (record := _record(line))]

    @property
    def pid(self) -> int:
        """The host's process id."""
        assert self._process is not None, "launch the app first"
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """The status with which the host ended, None while it runs."""
        return self._process.poll() if self._process else None

    # What the host is asked

    def request(self, method: str, path: str, body: object = NOTHING, *, timeout: float = 60.0) -> Answer:
        """Make a request to a path of the host, or to a whole URL; `body` is sent as JSON. Any status is an answer."""
        url = path if path.startswith("http") else self.url + path
        data = None if body is NOTHING else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        made = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(made, timeout=timeout) as response:
                return Answer(status=response.status, headers=response.headers, body=_parsed(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, headers=error.headers, body=_parsed(error.read()))

    def start(self, orchestrator: str, argument: object = None, instance_id: str | None = None) -> str:
        """Start an orchestration and return its id; None is sent as no input."""
        path = f"{_WEBHOOK}/orchestrators/{quote(orchestrator)}"
        path += f"/{quote(instance_id, safe='')}" if instance_id else ""
        instance: str = self._expect("POST", path, NOTHING if argument is None else argument)["id"]
        return instance

    def status(self, instance_id: str, *, history: bool = False) -> dict[str, Any] | None:
        """The status that the durable HTTP API shows, None for an unknown instance."""
        shown = "?showHistory=true&showHistoryOutput=true" if history else ""
        answer = self.request("GET", f"{_WEBHOOK}/instances/{quote(instance_id, safe='')}{shown}")
        if answer.status == 404:
            return None
        if answer.status >= 500 and not isinstance(answer.body, dict):
            raise AppFailed(f"The status of {instance_id} is not to be had: {answer}")
        found: dict[str, Any] = answer.body
        return found

    def wait(
        self, instance_id: str, timeout: float = 40.0, *, until: Callable[[dict[str, Any]], bool] | None = None
    ) -> dict[str, Any]:
        """Poll until the instance has ended, or `until` holds for its status, and return that status.

        Raises AppFailed after `timeout` seconds of real time.
        """
        found = None
        for _ in _looks(timeout):
            found = self.status(instance_id)
            if found and (until(found) if until else found["runtimeStatus"] in _ENDED):
                return found
        raise AppFailed(f"{instance_id} is not there after {timeout} s: {found}")

    def until(self, holds: Callable[[], object], timeout: float = 40.0) -> None:
        """Return as soon as `holds` does, for example over `records`; raises AppFailed after `timeout` seconds."""
        if not any(holds() for _ in _looks(timeout)):
            raise AppFailed(f"It did not come true within {timeout} s.")

    def raise_event(self, instance_id: str, name: str, payload: object = None) -> None:
        """Raise an external event; None is sent as JSON's null."""
        self._expect("POST", f"{_WEBHOOK}/instances/{quote(instance_id, safe='')}/raiseEvent/{quote(name)}", payload)

    def trigger(self, name: str, payload: object = "", metadata: Mapping[str, Any] | None = None) -> None:
        """Run a function as its trigger would, and return when it has ended; raises AppFailed where it fails.

        For triggers that devhost does not listen to (Event Hub, Service Bus, Cosmos DB and so on), and for any other
        function but orchestrators and entities. `payload` is text or bytes, or anything else as JSON;
        `metadata` is what the trigger tells besides, under the host's names.
        """
        body: dict[str, object] = {"name": name, "metadata": dict(metadata or {})}
        if isinstance(payload, bytes):
            body["base64"] = b64encode(payload).decode("ascii")
        else:
            body["input"] = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        self._expect("POST", "/admin/devhost/trigger", body)

    def advance(self, *, hours: float, timeout: float = 60.0) -> str:
        """Move the virtual clock and return the new time, once all that became due has been worked off."""
        now: str = self._expect("POST", "/admin/devhost/clock", {"hours": hours}, timeout=timeout)["now"]
        return now

    def info(self) -> dict[str, Any]:
        """What the host tells about itself: app, hub, storage with its connection string, clock."""
        found: dict[str, Any] = self._expect("GET", "/admin/devhost/info")
        return found

    def letters(self) -> list[dict[str, Any]]:
        """The last letters that the host has caught, the newest first; raises AppFailed where it was not to (`--mail`).

        Each has `from`, `to`, `subject`, `text`, `html`, `links` and `at`.
        """
        found: list[dict[str, Any]] = self._expect("GET", "/admin/devhost/letters")
        return found

    @property
    def connection_string(self) -> str:
        """What any Azure SDK needs to reach the storage that the hub is in; a restart may move it to other ports."""
        if not self._connection_string:
            self._connection_string = str(self.info()["storage"]["connectionString"])
        return self._connection_string

    # What is done to the host

    def kill(self) -> None:
        """Kill the host alone with SIGKILL, as a power cut would; its Azurite lives on."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Start the host again over the same data, after ending it gently where it still runs."""
        if self.exit_status is None:
            self._end(signal.SIGTERM)
        return self.launch()

    def stop(self) -> None:
        """End the host gently, and the Azurite that a killed one left behind."""
        self._end(signal.SIGTERM)
        stop_survivor(self.data_dir)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(sign)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader:
            self._reader.join(STOP_SECONDS)

    def _expect(self, method: str, path: str, body: object = NOTHING, *, timeout: float = 60.0) -> Any:
        answer = self.request(method, path, body, timeout=timeout)
        if answer.status >= 400:
            raise AppFailed(f"{method} {path} answered {answer.status}: {answer.body}")
        return answer.body

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                self._lines.append(line.rstrip("\n"))
                record = _record(line)
                if record.get("event") == "ready":
                    self.url = record["url"]
                    ready.set()
        ready.set()


def _looks(timeout: float) -> Iterator[None]:
    """Yield whenever it is time to look again: soon, then seldom, as each look keeps the host from its work."""
    give_up, pause = time.monotonic() + timeout, _SHORTEST_PAUSE_S
    yield
    while time.monotonic() < give_up:
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE_S)
        yield


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _parsed(content: bytes) -> Any:
    text = content.decode(errors="replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
