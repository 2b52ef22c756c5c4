"""`kill -9` of the host loses nothing: work goes on within five seconds, to the result it would have had.

In both storage modes: what was on its way comes back from the queues, or from the histories and what lies beside them.
"""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from durable_devhost.azurite.process import STATE_FILE
from durable_devhost.storage_mode import StorageMode
from durable_devhost.testing.plugin import AppFailed, AppUnderTest
from tests.long import long

pytestmark = pytest.mark.timeout(120)

APP = Path(__file__).parent / "app"
CHAINS = 50
AT_LEAST_RUNNING = 10
MARK_S = 5.0
"""How long after a restart everything may take in addition to the work itself."""

StartApp = Callable[..., AppUnderTest]


@pytest.fixture(scope="module", params=list(StorageMode), ids=str)
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """How the host is started, in each mode."""
    return ("--clock", "virtual", "--storage-mode", request.param)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...]) -> Iterator[AppUnderTest]:
    """One host for all: a kill leaves nothing behind that another test would notice."""
    with AppUnderTest(APP, tmp_path_factory.mktemp("crash"), options, {}) as running:
        yield running


def test_fifty_chains_survive_two_kills(app: AppUnderTest) -> None:
    """The short form: activities of 0.2 to 0.5 s."""
    _survive(app, random.Random(7), kills=2, steps=4, seconds=(0.2, 0.5))


@pytest.mark.timeout(300)
@long
@pytest.mark.parametrize("mode", list(StorageMode))
@pytest.mark.parametrize("seed", range(1, 4))
def test_fifty_chains_survive_five_kills(start_app: StartApp, mode: StorageMode, seed: int) -> None:
    """The long form: activities of 0.2 to 2 s."""
    _survive(start_app(APP, storage_mode=mode), random.Random(seed), kills=5, steps=8, seconds=(0.2, 2.0))


def test_a_parent_gets_the_result_of_its_child_after_a_kill(app: AppUnderTest) -> None:
    """Messages between instances are stored before anybody acts on them."""
    families = [app.start("Family", {"steps": [0.3, 0.3]}) for _ in range(10)]
    _until(lambda: len(_running(app)) >= 5, "five children never ran")
    app.kill()
    app.restart()
    assert [[0, 1]] * 10 == [app.wait(each)["output"] for each in families]


def test_a_waiting_approval_survives_a_kill(app: AppUnderTest) -> None:
    """One is answered afterwards; the other still times out after three days."""
    answered, forgotten = app.start("Approval"), app.start("Approval")
    for each in (answered, forgotten):
        app.wait(each, until=lambda status: status["customStatus"] == "waiting")
    app.kill()
    app.restart()
    app.raise_event(answered, "Answer", "yes")
    assert app.wait(answered)["output"] == "yes"
    app.advance(hours=71)
    assert app.wait(forgotten, until=lambda _: True)["runtimeStatus"] == "Running"
    app.advance(hours=1.1)
    assert app.wait(forgotten)["output"] == "nobody answered"


def test_an_acknowledged_event_is_never_lost(app: AppUnderTest) -> None:
    """The host is killed while events arrive; each one that it answered with 202 arrives once and in order."""
    instance = app.start("Collector")
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    acknowledged = []
    with ThreadPoolExecutor() as pool:
        for number in count():
            try:
                app.raise_event(instance, "Note", number)
            except (OSError, AppFailed):
                break
            acknowledged.append(number)
            if number == 20:
                pool.submit(app.kill)
    assert len(acknowledged) > 20
    app.restart()
    app.raise_event(instance, "Note", "last")
    noted = app.wait(instance)["output"]
    assert noted in ([*acknowledged, "last"], [*acknowledged, len(acknowledged), "last"])  # one went unanswered


def test_an_event_for_the_next_generation_is_never_lost(app: AppUnderTest) -> None:
    """The orchestrator continues as new after each event. What only the queue holds is back within five seconds."""
    instance = app.start("Turns")
    acknowledged = []
    with ThreadPoolExecutor() as pool:
        for number in range(99):
            try:
                app.raise_event(instance, f"Note{number}", number)
            except (OSError, AppFailed):
                break
            acknowledged.append(number)
            if number == 20:
                pool.submit(app.kill)
    assert 20 < len(acknowledged) < 99
    app.restart()
    app.wait(instance, until=lambda status: set(acknowledged) <= set(status["customStatus"] or ()), timeout=MARK_S)
    app.raise_event(instance, "Note99", "last")
    heard = app.wait(instance)["output"]
    assert all(heard.count(number) <= 2 for number in acknowledged[:15])  # the rest may come once more after a kill


def test_a_message_in_progress_at_a_kill_is_processed_again(app: AppUnderTest) -> None:
    """Each queue message starts its chain, whenever the kill comes."""
    names = [f"from-queue-{number}" for number in range(20)]
    with QueueClient.from_connection_string(app.connection_string, "chains") as queue:
        for name in names:
            queue.send_message(f'{{"id": "{name}", "steps": [0.2]}}')
    _until(lambda: app.status(names[0]) or app.status(names[3]), "no message was taken")
    app.kill()
    app.restart()
    _until(lambda: all(app.status(name) for name in names), "a message was lost")
    assert [[0]] * 20 == [app.wait(name)["output"] for name in names]


def test_the_azurite_of_a_killed_host_is_reused(app: AppUnderTest) -> None:
    """It kept every write, so nothing is started or read again."""
    before = (app.data_dir / STATE_FILE).read_text()
    app.kill()
    app.restart()
    assert before == (app.data_dir / STATE_FILE).read_text()


def test_a_second_host_over_the_same_folder_is_refused(app: AppUnderTest, options: tuple[str, ...]) -> None:
    """The error names the pid of the first host, which goes on undisturbed."""
    second = AppUnderTest(APP, app.data_dir, options, {})
    with pytest.raises(AppFailed, match=rf"Another devhost \(pid {app.pid}\) is using the data folder"):
        second.launch()
    assert second.exit_status == 2
    assert app.wait(app.start("Chain", {"steps": [0.0]}))["output"] == [0]


def _survive(app: AppUnderTest, chance: random.Random, *, kills: int, steps: int, seconds: tuple[float, float]) -> None:
    """Kill the host several times in the middle of fifty chains, and see each of them through to its end in time."""
    plans = {f"chain-{number}": [round(chance.uniform(*seconds), 2) for _ in range(steps)] for number in range(CHAINS)}
    with ThreadPoolExecutor(max_workers=10) as pool:
        list(pool.map(lambda name: app.start("Chain", {"steps": plans[name]}, name), plans))
    for kill in range(kills):
        # After a kill they go on as soon as the host does: on a slow machine they may be done before it says so.
        is_over = (lambda: all(_done(app, name) == steps for name in plans)) if kill else (lambda: False)
        _until(
            lambda is_over=is_over: len(_running(app)) >= AT_LEAST_RUNNING or is_over(),  # type: ignore[misc]
            "ten activities never ran at once",
        )
        time.sleep(chance.uniform(0.0, seconds[1] / 2))  # not waiting for anything: the kill comes at any moment
        app.kill()
        app.restart()
    restarted = time.monotonic()
    left = {name: sum(plan[_done(app, name) :]) for name, plan in plans.items()}
    for name, plan in plans.items():
        allowed = MARK_S + max(seconds[1], left[name]) - (time.monotonic() - restarted)
        status = app.wait(name, timeout=max(allowed, 0.0))
        assert (status["runtimeStatus"], status["output"]) == ("Completed", list(range(len(plan))))


def _done(app: AppUnderTest, name: str) -> int:
    status = app.status(name, history=True)
    assert status
    return sum(event["EventType"] == "TaskCompleted" for event in status["historyEvents"])


def _running(app: AppUnderTest) -> list[str]:
    return [name for name in app.info()["inFlight"] if name.startswith("activity")]


def _until(look: Callable[[], Any], complaint: str, patience_s: float = 20.0) -> Any:
    give_up = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < give_up, complaint
        time.sleep(0.03)
    return found
