"""A devhost for one script: started on free ports over a new folder, and stopped when the script ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import requests

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 90
STOP_SECONDS = 45
LOG_LINES = 2_000


class HostFailed(Exception):
    """The host did not start, or did not answer as expected; the text has its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A running devhost."""

    url: str
    log: deque[str]
    """The last lines that the host wrote; the newest is at the right."""

    def get(self, path: str) -> Any:
        """GET a path or a whole URL and return the JSON; raises HostFailed for an error status."""
        return self._answered(requests.get(self._url(path), timeout=60))

    def post(self, path: str, body: object) -> Any:
        """POST JSON and return the JSON of the answer; raises HostFailed for an error status."""
        return self._answered(requests.post(self._url(path), json=body, timeout=600))

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    @staticmethod
    def _answered(response: requests.Response) -> Any:
        if response.status_code >= 400:
            raise HostFailed(
                f"{response.request.method} {response.url} answered {response.status_code}: {response.text}"
            )
        return response.json()


@contextmanager
def running_host(**settings: str) -> Iterator[Host]:
    """Start devhost over a new folder on a virtual clock, wait until it is ready; always stop it and remove the folder.

    `settings` are app settings that win over those of local.settings.json.
    """
    folder = Path(tempfile.mkdtemp(prefix="greenlight-demo-"))
    command = [
        sys.executable, "-m", "durable_devhost", "start", "--app", str(REPOSITORY), "--port", "0",
        "--data", str(folder), "--clock", "virtual", "--json-logs",
    ]  # fmt: skip
    # A session of its own: Ctrl-C reaches this script alone, which then stops the host cleanly.
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        log = deque[str](maxlen=LOG_LINES)
        yield Host(url=_wait_until_ready(process, log), log=log)
    finally:
        _stop(process, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(process: subprocess.Popen[str], log: deque[str]) -> str:
    """Read the log until the ready line and return the URL in it; the rest is drained so that the host never blocks."""
    ready: SimpleQueue[str | None] = SimpleQueue()

    def drain() -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                log.append(line.rstrip())
                url = _ready_url(line)
                if url:
                    ready.put(url)
        ready.put(None)

    threading.Thread(target=drain, name="devhost-log", daemon=True).start()
    try:
        url = ready.get(timeout=START_SECONDS)
    except Empty:
        url = None
    if url is None:
        raise HostFailed("devhost did not become ready:\n" + "\n".join(list(log)[-30:]))
    return url


def _ready_url(line: str) -> str | None:
    """Return the URL of the ready line of `--json-logs`, None for every other line."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    ready = isinstance(record, dict) and record.get("event") == "ready"
    return str(record["url"]) if ready else None


def _stop(process: subprocess.Popen[str], folder: Path) -> None:
    """End the host, which ends its Azurite; if it takes too long, kill both."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    # A host that ended cleanly leaves no Azurite; a killed one leaves it for the next start over the same folder.
    survivor = (
        "from pathlib import Path; from durable_devhost.azurite.process import stop_survivor; "
        f"stop_survivor(Path({str(folder)!r}))"
    )
    if process.returncode != 0:
        subprocess.run([sys.executable, "-c", survivor], cwd=REPOSITORY, check=False, stderr=subprocess.DEVNULL)
