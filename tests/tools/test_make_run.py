"""`make run` opens with the pages to look at, and its example leads to a letter whose link can be followed."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90


class Running:
    """`make run` with everything that it has printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lines = list[str]()
        self._more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()

    def until(self, holds: Callable[[str], bool]) -> str:
        """Wait for a line, and return it."""

        def found() -> str | None:
            return next(filter(holds, self._lines), None)

        with self._more:
            self._more.wait_for(lambda: found() is not None, SECONDS)
            line = found()
        assert line is not None, "\n".join(self._lines)
        return line

    @property
    def printed(self) -> str:
        """All of it."""
        with self._more:
            return "\n".join(self._lines)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """`make run` on a free port over a folder of its own, as in a terminal, and its address.

    Without the set-up, which would replace the environment that the tests run in where that is not its own work.
    """
    if not (ROOT / ".venv/bin/python").exists():
        pytest.skip("`make run` takes .venv, which `make setup` makes")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["make", "--old-file=setup", "run", f"PORT={port}", f"ARGS=--data {tmp_path_factory.mktemp('run')}"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SMTP_", "MAKE"))}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with process:
        try:
            running = Running(process)
            running.until(lambda line: line.startswith("Mail "))
            yield running, f"http://localhost:{port}"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(SECONDS)


@pytest.mark.timeout(240)
def test_it_names_inbox_dashboard_and_mailbox_and_each_of_them_answers(running: tuple[Running, str]) -> None:
    """With the addresses of this run."""
    run, url = running
    named = dict(re.findall(rf"^(\w+) +({url}/\S+)$", run.printed, re.MULTILINE))
    assert {"Inbox": "/api/ui/inbox", "Dashboard": "/devhost/", "Mail": "/devhost/mail"} == {
        name: address.removeprefix(url) for name, address in named.items()
    }
    for address in named.values():
        assert requests.get(address, timeout=60).status_code == 200


@pytest.mark.timeout(240)
def test_its_example_leads_to_a_letter_whose_link_opens_the_page_to_decide_on(running: tuple[Running, str]) -> None:
    """As it is printed; the letter is on a page, and nobody needs a program to read it."""
    run, url = running
    example = "\n".join(re.findall(r"^  (export .+|\S+greenlight submit .+)$", run.printed, re.MULTILINE))
    subprocess.run(example, shell=True, cwd=ROOT, check=True, timeout=SECONDS)
    told = run.until(lambda line: " letter " in line)
    assert "mara.lindqvist@localhost" in told
    letter = requests.get(told.rpartition("  ")[2], timeout=60)
    assert (letter.status_code, "Please decide: Mill Stream footbridge" in letter.text) == (200, True)
    link = run.until(lambda line: "it links to" in line).rpartition("  ")[2]
    assert link.startswith(f"{url}/api/decide?token=")
    page = requests.get(link, timeout=60)
    assert (page.status_code, "Send my answer" in page.text) == (200, True)
