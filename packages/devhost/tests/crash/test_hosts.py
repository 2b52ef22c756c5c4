"""Several hosts as processes of their own on one hub: one is killed, one sleeps, others come and go under load.

The short form, with hosts in one process, is `tests/durable/test_two_hosts.py`.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.testing.plugin import AppUnderTest
from tests.long import long

pytestmark = [pytest.mark.timeout(600), long]

APP = Path(__file__).parent / "app"
STEPS = 6
LEASE_S = 30.0
Join = Callable[[], AppUnderTest]


@pytest.fixture
def first(tmp_path: Path) -> Iterator[AppUnderTest]:
    """The first host, with an Azurite of its own."""
    with AppUnderTest(APP, tmp_path / "first", (), {}) as running:
        yield running


@pytest.fixture
def join(first: AppUnderTest, tmp_path: Path) -> Iterator[Join]:
    """Let one more host work on the first one's hub."""
    with ExitStack() as stack:

        def joined() -> AppUnderTest:
            folder = tmp_path / f"guest{len(list(tmp_path.iterdir()))}"
            storage = {"AzureWebJobsStorage": first.connection_string}
            return stack.enter_context(AppUnderTest(APP, folder, ("--no-azurite",), storage))

        yield joined


def test_another_host_takes_over_from_a_killed_host_within_seconds(first: AppUnderTest, join: Join) -> None:
    """The process is gone, so nobody waits for its leases to run out."""
    guest = join()
    _until(lambda: _shares(first, guest) == [2, 2], "they never shared the partitions")
    names = _start(30, "killed", first, guest)
    _until(lambda: len(_running(guest)) >= 3, "the guest never had anything to do")
    guest.kill()
    killed = time.monotonic()
    _until(lambda: _shares(first) == [4], "nobody took over")
    assert time.monotonic() - killed < 12.0
    _all_done(first, names)


def test_a_suspended_host_loses_its_partitions_and_does_no_harm_when_it_resumes(
    first: AppUnderTest, join: Join
) -> None:
    """The other host owns everything once the leases have run out; both go on afterwards."""
    guest = join()
    _until(lambda: _shares(first, guest) == [2, 2], "they never shared the partitions")
    names = _start(30, "asleep", first, guest)
    os.kill(guest.pid, signal.SIGSTOP)
    asleep = time.monotonic()
    try:
        _until(lambda: _shares(first) == [4], "nobody took over", LEASE_S + 15.0)
        assert time.monotonic() - asleep < LEASE_S + 5.0
        _all_done(first, names)
        time.sleep(max(0.0, 65.0 - (time.monotonic() - asleep)))  # it oversleeps twice its lease
    finally:
        os.kill(guest.pid, signal.SIGCONT)
    again = _start(20, "awake", first, guest)
    _all_done(guest, again)
    _all_done(first, names)
    _until(lambda: _shares(first, guest) == [2, 2], "they never shared the partitions again")


def test_nothing_is_lost_while_hosts_join_and_leave_under_load(first: AppUnderTest, join: Join) -> None:
    """Ten times, up to three at once, stopped and killed in turn; each partition has one owner."""
    names: list[str] = []
    guests: list[AppUnderTest] = []
    for turn in range(10):
        guests.append(join())
        names += _start(6, f"turn{turn}", first, guests[-1])
        _until(lambda guests=guests: sum(_shares(first, *guests)) == 4, "a partition has no owner")  # type: ignore[misc]
        if len(guests) == 3:
            leaving = guests.pop(0)
            leaving.kill() if turn % 2 else leaving.stop()
    _all_done(first, names, 90.0)
    _until(lambda: sum(_shares(first, *guests)) == 4, "a partition has no owner or two")


def _start(count: int, prefix: str, *hosts: AppUnderTest) -> list[str]:
    names = [f"{prefix}-{number}" for number in range(count)]
    plan = {"steps": [0.2] * STEPS}
    with ThreadPoolExecutor(max_workers=6) as pool:
        list(pool.map(lambda number: hosts[number % len(hosts)].start("Chain", plan, names[number]), range(count)))
    return names


def _all_done(host: AppUnderTest, names: list[str], timeout: float = 60.0) -> None:
    give_up = time.monotonic() + timeout
    found = {name: host.wait(name, timeout=max(1.0, give_up - time.monotonic()))["output"] for name in names}
    assert {name: output for name, output in found.items() if output != list(range(STEPS))} == {}


def _shares(*hosts: AppUnderTest) -> list[int]:
    return [len(host.info()["partitions"]) for host in hosts]


def _running(app: AppUnderTest) -> list[str]:
    return [name for name in app.info()["inFlight"] if name.startswith("activity")]


def _until(look: Callable[[], Any], complaint: str, patience_s: float = 40.0) -> None:
    give_up = time.monotonic() + patience_s
    while not look():
        assert time.monotonic() < give_up, complaint
        time.sleep(0.05)
