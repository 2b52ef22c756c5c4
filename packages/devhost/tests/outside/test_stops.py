"""Ctrl-C and SIGTERM end the host, its worker and its Azurite, whatever the app's functions are doing just then."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import pytest

from durable_devhost.azurite.process import STATE_FILE
from durable_devhost.testing.plugin import AppUnderTest
from packages.devhost.tests.outside.hosts import Make
from packages.devhost.tests.outside.processes import all_gone, family, is_alive, until
from tests.long import long

pytestmark = pytest.mark.timeout(120)

FINISH_S = 5.0
"""How long work may go on after the first signal."""
MARK_S = FINISH_S + 4.0
"""What a stop may take in all, on a machine that does other things as well; on an idle one it is about 6.4 s."""

Signal = Callable[[AppUnderTest], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a host ended: after how many seconds, with which status, what it said, and which processes were left."""

    seconds: float
    status: int | None
    output: str
    left: list[int]


def to_host(sign: signal.Signals) -> Signal:
    """A signal to the host alone, as service managers send it."""
    return lambda app: os.kill(app.pid, sign)


def to_group(sign: signal.Signals) -> Signal:
    """A signal to the host and the worker at once, as a terminal and test harnesses send it."""
    return lambda app: os.killpg(app.pid, sign)


def twice(send: Signal) -> Signal:
    """A second signal as soon as the first was heard."""

    def both(app: AppUnderTest) -> None:
        send(app)
        app.until(lambda: "Ctrl-C ends it at once" in app.output)
        send(app)

    return both


SCENARIOS = {
    "ctrl-c": (("sleeper", "endless"), to_group(signal.SIGINT)),
    "term": (("cleanup", "pool", "patient"), to_host(signal.SIGTERM)),
    "term-to-all": (("sleeper", "blocker"), to_group(signal.SIGTERM)),
    "ctrl-c-twice": (("sleeper", "endless", "blocker"), twice(to_group(signal.SIGINT))),
}
GENTLE = ("ctrl-c", "term", "term-to-all")
SHOWS_BUSY = {"patient": "activity"}
ORCHESTRATORS = ("endless", "patient")


@pytest.fixture(scope="module")
def endings(make: Make) -> Iterator[dict[str, Ending]]:
    """All scenarios, played side by side as most of their time is waiting; the loops begin when all hosts are there."""
    together = threading.Barrier(len(SCENARIOS), timeout=60.0).wait
    with ThreadPoolExecutor(max_workers=len(SCENARIOS)) as pool:
        played = {name: pool.submit(_play, make, *scenario, together) for name, scenario in SCENARIOS.items()}
        yield {name: each.result() for name, each in played.items()}


@pytest.mark.parametrize("name", GENTLE)
def test_a_signal_ends_everything_soon(endings: dict[str, Ending], name: str) -> None:
    """Functions have five seconds to finish, which these do not; no process stays, not even one of the app."""
    ending = endings[name]
    assert (ending.left, ending.status) == ([], 0), ending.output
    assert FINISH_S - 0.5 < ending.seconds < MARK_S
    assert f"What runs may finish within {FINISH_S:.0f} s" in ending.output
    assert ending.output.splitlines()[-1].endswith('"event": "notice", "text": "Stopped."}')
    assert "Traceback" not in ending.output


def test_a_second_signal_ends_everything_at_once(endings: dict[str, Ending]) -> None:
    """The exit status shows it; no process stays."""
    ending = endings["ctrl-c-twice"]
    assert (ending.left, ending.status) == ([], 130), ending.output
    assert ending.seconds < 2.5
    assert "Traceback" not in ending.output


def test_an_async_function_can_clean_up(endings: dict[str, Ending]) -> None:
    """It is cancelled, as by the real worker."""
    assert "tidied up" in endings["term"].output


def test_an_idle_host_ends_at_once(make: Make) -> None:
    """It has nothing to wait for."""
    with make("stubborn") as app:
        ending = _end(app, to_group(signal.SIGINT))
    assert (ending.left, ending.status) == ([], 0), ending.output
    assert ending.seconds < 2.5


@long
@pytest.mark.parametrize("busy", ["sleeper", "blocker", "endless", "patient", "cleanup", "pool"])
@pytest.mark.parametrize(
    "send",
    [to_host(signal.SIGINT), to_host(signal.SIGTERM), to_host(signal.SIGHUP), to_group(signal.SIGTERM)],
    ids=["int", "term", "hup", "term-to-all"],
)
def test_each_kind_of_function_with_each_signal(make: Make, busy: str, send: Signal) -> None:
    """The long form."""
    ending = _play(make, (busy,), send)
    assert (ending.left, ending.status) == ([], 0), ending.output
    assert ending.seconds < MARK_S
    assert "Traceback" not in ending.output


@long
@pytest.mark.parametrize("busy", ["sleeper", "blocker", "endless", "patient", "cleanup"])
def test_each_kind_of_function_with_a_second_signal(make: Make, busy: str) -> None:
    """The long form, to the host alone."""
    ending = _play(make, (busy,), twice(to_host(signal.SIGTERM)))
    assert (ending.left, ending.status) == ([], 130), ending.output
    assert ending.seconds < 2.5


def _play(make: Make, busy: tuple[str, ...], send: Signal, started: Callable[[], object] = bool) -> Ending:
    """Start a host with an Azurite of its own, keep it busy, and end it."""
    with make("stubborn", own_azurite=True) as app:
        started()
        for name in busy:
            _begin(app, name)
        expected = {SHOWS_BUSY.get(name, name) for name in busy} - {"pool"}
        until(
            lambda: expected <= set(str(app.request("GET", "/api/busy").body).split(",")),
            lambda: f"not all of {expected} are at it:\n{app.output}",
        )
        return _end(app, send)


def _begin(app: AppUnderTest, name: str) -> None:
    """Ask for it without waiting: also the start of an orchestrator is answered only after its first step."""
    threading.Thread(target=_ask, args=(app, name), daemon=True).start()


def _ask(app: AppUnderTest, name: str) -> None:
    with suppress(Exception):  # the host ends before it answers, which is what the test wants
        if name in ORCHESTRATORS:
            app.start(name)
        else:
            app.request("GET", f"/api/{name}")


def _end(app: AppUnderTest, send: Signal) -> Ending:
    state = app.data_dir / STATE_FILE
    azurite = json.loads(state.read_text("utf-8"))
    others = {azurite["pid"]} if azurite["location"] else set()
    running = family(app.pid) | others
    assert len(running) > 1
    began = time.monotonic()
    send(app)
    until(lambda: app.exit_status is not None, lambda: f"it still runs:\n{app.output}", 30.0)
    seconds = time.monotonic() - began
    with suppress(AssertionError):
        all_gone(running, 2.0)
    left = sorted(filter(is_alive, running))
    app.stop()  # reads what is still in the pipe
    return Ending(seconds=seconds, status=app.exit_status, output=app.output, left=left)
