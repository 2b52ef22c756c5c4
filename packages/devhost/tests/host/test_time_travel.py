"""Virtual time from outside: a jump fires what became due, in order and never early, and survives a restart."""

import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from durable_devhost.clock import VirtualClock, real_now
from durable_devhost.errors import SettingsError
from durable_devhost.host.time_travel import OFFSET_SETTING, StillBusy, open_clock, stored_offset
from durable_devhost.options import StartOptions
from durable_devhost.testing.plugin import AppUnderTest, Storage

pytestmark = pytest.mark.timeout(120)

APP = """
import asyncio
import logging
import os
from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()


@app.activity_trigger(input_name="seconds")
async def work(seconds: float):
    await asyncio.sleep(seconds)
    return os.environ["CLOCK_OFFSET_SECONDS"]


@app.orchestration_trigger(context_name="context")
def sleeper(context: df.DurableOrchestrationContext):
    asked = context.get_input()
    yield context.create_timer(context.current_utc_datetime + timedelta(hours=asked["hours"]))
    return str(context.current_utc_datetime)


@app.orchestration_trigger(context_name="context")
def steps(context: df.DurableOrchestrationContext):
    start = context.current_utc_datetime
    passed = []
    for hours in (1, 24, 240):
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=hours))
        yield context.call_activity("work", 0.0)
        passed.append((context.current_utc_datetime - start).total_seconds() / 3600)
    return passed


@app.orchestration_trigger(context_name="context")
def worker(context: df.DurableOrchestrationContext):
    yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    return (yield context.call_activity("work", context.get_input()["seconds"]))


@app.orchestration_trigger(context_name="context")
def racer(context: df.DurableOrchestrationContext):
    work = context.call_activity("work", context.get_input()["seconds"])
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    winner = yield context.task_any([work, timer])
    if winner is timer:
        context.set_custom_status("too late")
        return "timer"
    timer.cancel()
    return "work"


@app.orchestration_trigger(context_name="context")
def nap(context: df.DurableOrchestrationContext):
    yield context.wait_for_external_event("first")
    yield context.wait_for_external_event("second")
    return "both"


@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
def hourly(timer: func.TimerRequest):
    logging.warning("hourly past due: %s", timer.past_due)
"""
StartApp = Callable[..., AppUnderTest]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, app_storage: Storage) -> Iterator[AppUnderTest]:
    """The app on a virtual clock, on which time goes on from test to test."""
    with AppUnderTest(
        _folder(tmp_path_factory), tmp_path_factory.mktemp("data"), ("--clock", "virtual"), {}, app_storage
    ) as app:
        yield app


def test_a_timer_of_72_hours_fires_after_a_jump_and_never_early(app: AppUnderTest) -> None:
    """The jump waits for the work: the next status query finds the end."""
    instance = _sleeper(app, 72)
    app.advance(hours=71.9)
    assert _status(app, instance)["runtimeStatus"] == "Running"
    app.advance(hours=0.2)
    assert _status(app, instance)["runtimeStatus"] == "Completed"


def test_timers_fire_in_order_of_their_due_times(app: AppUnderTest) -> None:
    """In one jump, each at its own virtual time, as its history shows."""
    sleepers = {hours: _sleeper(app, hours) for hours in (30, 10, 20, 240)}
    app.advance(hours=300)
    woken = [_time(_status(app, sleepers[hours])["output"]) for hours in sorted(sleepers)]
    assert woken == sorted(woken)
    for hours, moment in zip(sorted(sleepers), woken, strict=True):
        late = moment - _time(_fired(app, sleepers[hours])["FireAt"])
        assert timedelta() <= late < timedelta(minutes=1)
    assert woken[-1] - woken[0] > timedelta(hours=229)


def test_work_that_a_timer_starts_is_done_before_time_moves_on(app: AppUnderTest) -> None:
    """One jump over three timers and the activities between them; the longest timer is of ten days."""
    instance = app.start("steps", {})
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    app.advance(hours=266)
    passed = _status(app, instance)["output"]
    assert [pytest.approx(1, abs=0.1), pytest.approx(25, abs=0.1), pytest.approx(265, abs=0.1)] == passed


def test_a_jump_runs_a_timer_function_once_and_as_past_due(app: AppUnderTest) -> None:
    """Not once for each of the three hundred hours."""
    start = _time(app.info()["clock"]["now"])

    def said() -> list[str]:
        """Return what it has logged since, as far as that has been read."""
        since = (record for record in app.records if record["event"] == "log" and _time(record["time"]) > start)
        return [record["text"] for record in since if "hourly" in record["text"]]

    app.advance(hours=300)
    app.until(said)
    assert said() == ["hourly past due: True"]


def test_virtual_time_survives_a_restart(app: AppUnderTest) -> None:
    """Also after a kill; timers are set again, and the app can read the clock."""
    instance, working = _sleeper(app, 200), app.start("worker", {"seconds": 0.0})
    app.wait(working, until=lambda status: status["runtimeStatus"] == "Running")
    before = _time(app.advance(hours=100))
    assert float(_status(app, working)["output"]) > 3500
    app.kill()
    app.restart()
    assert before <= _time(app.info()["clock"]["now"]) < before + timedelta(minutes=1)
    app.advance(hours=99)
    assert _status(app, instance)["runtimeStatus"] == "Running"
    app.advance(hours=1.1)
    assert _status(app, instance)["runtimeStatus"] == "Completed"


def test_a_jump_that_takes_too_long_names_the_running_work(app: AppUnderTest) -> None:
    """It answers 504 with the time; the work goes on."""
    instance = app.start("worker", {"seconds": 2.0})
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    answer = app.request("POST", "/admin/devhost/clock", {"hours": 2, "timeoutSeconds": 0.5})
    assert answer.status == 504
    assert answer.body["running"] == [f"activity work ({instance})"]
    assert "0.5 s" in answer.body["error"]
    assert app.wait(instance)["runtimeStatus"] == "Completed"


def test_time_moves_on_past_a_long_activity(app: AppUnderTest) -> None:
    """The timer that it races against fires; the work goes on, and the answer says so."""
    instance = app.start("racer", {"seconds": 3.0})
    app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
    before = _time(app.info()["clock"]["now"])
    answer = app.request("POST", "/admin/devhost/clock", {"hours": 2, "timeoutSeconds": 0.5})
    assert (answer.status, answer.body["running"]) == (504, [f"activity work ({instance})"])
    assert _time(app.info()["clock"]["now"]) >= before + timedelta(hours=2)
    assert _status(app, instance)["customStatus"] == "too late"
    assert app.wait(instance)["output"] == "timer"


def test_two_jumps_at_once_run_one_after_the_other(app: AppUnderTest) -> None:
    """Their times add up."""
    before = _time(app.info()["clock"]["now"])
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: app.advance(hours=10), range(2)))
    assert timedelta(hours=20) <= _time(app.info()["clock"]["now"]) - before < timedelta(hours=20, minutes=1)


def test_time_passes_between_jumps(app: AppUnderTest) -> None:
    """A short timer needs no jump."""
    app.advance(hours=5)
    assert app.wait(_sleeper(app, 1 / 3600))["runtimeStatus"] == "Completed"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"hours": "soon"},
        {"hours": None},
        {"hours": -1},
        {"hours": 1e9},
        {"hours": 1e300},
        {"hours": float("nan")},
        {"hours": 1, "timeoutSeconds": 0},
        {"hours": 1, "timeoutSeconds": 1e6},
        {"hours": 1, "timeoutSeconds": "long"},
    ],
    ids=repr,
)
def test_a_bad_jump_is_refused_with_a_sentence(app: AppUnderTest, body: object) -> None:
    """400, and the clock is unchanged."""
    answer = app.request("POST", "/admin/devhost/clock", body)
    assert (answer.status, list(answer.body)) == (400, ["error"])


def test_the_clock_page_shows_the_time(app: AppUnderTest) -> None:
    """It does not move it; other methods and pages do not exist."""
    shown = app.request("GET", "/admin/devhost/clock").body
    assert (shown["kind"], app.info()["clock"]["kind"]) == ("virtual", "virtual")
    assert timedelta() <= _time(app.info()["clock"]["now"]) - _time(shown["now"]) < timedelta(minutes=1)
    assert app.request("DELETE", "/admin/devhost/clock").status == 404
    assert app.request("GET", "/admin/devhost/else").status == 404


def test_the_system_clock_does_not_jump(start_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> None:
    """409, with what to do; its timers fire in real time."""
    app = start_app(_folder(tmp_path_factory), clock="system")
    answer = app.request("POST", "/admin/devhost/clock", {"hours": 1})
    assert (answer.status, "--clock virtual" in answer.body["error"]) == (409, True)
    started = time.monotonic()
    assert app.wait(_sleeper(app, 1 / 3600))["runtimeStatus"] == "Completed"
    assert time.monotonic() - started < 10


def test_the_offset_is_kept_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system clock is then refused. A damaged file is named, and no time is guessed."""
    monkeypatch.setenv(OFFSET_SETTING, "0")
    (tmp_path / "clock.json").write_text('{"offset_seconds": 3600.0}')
    clock = open_clock(_options(tmp_path, "virtual"), tmp_path)
    assert isinstance(clock, VirtualClock)
    assert clock.offset == timedelta(hours=1)
    assert timedelta(minutes=59) < clock.now() - real_now() <= timedelta(hours=1)
    with pytest.raises(SettingsError, match="has lived in virtual time"):
        open_clock(_options(tmp_path, "system"), tmp_path)
    (tmp_path / "clock.json").write_text("{")
    with pytest.raises(SettingsError, match="is damaged"):
        open_clock(_options(tmp_path, "virtual"), tmp_path)


def test_a_folder_whose_time_never_moved_can_use_the_system_clock_again(tmp_path: Path) -> None:
    """Nothing in it lies in the future. The offset begins at zero again."""
    open_clock(_options(tmp_path, "virtual"), tmp_path)
    assert open_clock(_options(tmp_path, "system"), tmp_path).kind == "system"
    assert stored_offset(tmp_path) == timedelta()


def test_a_folder_with_a_future_time_uses_the_system_clock_on_request(tmp_path: Path) -> None:
    """Once is enough; the refusal names the option."""
    (tmp_path / "clock.json").write_text('{"offset_seconds": 259200.0}')
    assert stored_offset(tmp_path) == timedelta(days=3)
    with pytest.raises(SettingsError, match=r"ahead by 3 days, 0:00:00 .*--forget-virtual-time"):
        open_clock(_options(tmp_path, "system"), tmp_path)
    for forget in (True, False):
        options = replace(_options(tmp_path, "system"), forget_virtual_time=forget)
        assert open_clock(options, tmp_path).kind == "system"
    assert stored_offset(tmp_path) == timedelta()


def test_forget_virtual_time_is_refused_with_a_virtual_clock(tmp_path: Path) -> None:
    """The two options contradict each other."""
    options = replace(_options(tmp_path, "virtual"), forget_virtual_time=True)
    with pytest.raises(SettingsError, match="--forget-virtual-time is for --clock system"):
        open_clock(options, tmp_path)


def test_nothing_is_lost_when_virtual_time_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, app_storage: Storage
) -> None:
    """A workflow started three days ahead goes on; a new one has its timer on time."""
    folder = _folder(tmp_path_factory)
    with AppUnderTest(folder, tmp_path, ("--clock", "virtual"), {}, app_storage) as app:
        app.advance(hours=72)
        instance = app.start("nap", {})
        app.wait(instance, until=lambda status: status["runtimeStatus"] == "Running")
        app.raise_event(instance, "first")
    with AppUnderTest(folder, tmp_path, ("--clock", "system", "--forget-virtual-time"), {}, app_storage) as app:
        app.raise_event(instance, "second")
        assert app.wait(instance)["output"] == "both"
        assert app.wait(_sleeper(app, 1 / 3600))["runtimeStatus"] == "Completed"


def test_virtual_time_needs_its_own_azurite(tmp_path: Path) -> None:
    """Other hosts on shared storage use real time."""
    with pytest.raises(SettingsError, match="Leave --no-azurite out"):
        open_clock(_options(tmp_path, "virtual", start_azurite=False), tmp_path)
    assert open_clock(_options(tmp_path, "system", start_azurite=False), tmp_path).kind == "system"
    assert str(StillBusy(["one", "two"])) == "Still running: one, two"


def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(textwrap.dedent(APP))
    return folder


def _sleeper(app: AppUnderTest, hours: float) -> str:
    instance = app.start("sleeper", {"hours": hours})
    app.wait(instance, until=lambda status: status["runtimeStatus"] in ("Running", "Completed"))
    return instance


def _status(app: AppUnderTest, instance: str) -> dict:
    status = app.status(instance)
    assert status
    return status


def _fired(app: AppUnderTest, instance: str) -> dict:
    status = app.status(instance, history=True)
    assert status
    return [event for event in status["historyEvents"] if event["EventType"] == "TimerFired"][-1]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _options(data: Path, clock: str, *, start_azurite: bool = True) -> StartOptions:
    return StartOptions(
        app_dir=data,
        data_dir=data,
        port=0,
        clock=clock,
        enable_auth=False,
        json_logs=True,
        start_azurite=start_azurite,
    )
