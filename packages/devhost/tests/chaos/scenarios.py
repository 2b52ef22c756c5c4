"""One scenario of each kind: what is prepared, what is done under a fault, and what must come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from durable_devhost.storage_mode import StorageMode
from packages.devhost.tests.chaos.hub import NOTHING_YET, Found
from packages.devhost.tests.chaos.stage import API, Stage

_DELIVERIES = "deliveries"
_MANY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The app that a host runs, its hub, how the host is started, and the queues that must be there."""

    folder: Path
    hub: str
    options: tuple[str, ...] = ("--clock", "system")
    environ: Mapping[str, str] = field(default_factory=dict)
    queues: tuple[str, ...] = ()


SMALL_APP = Subject(folder=Path(__file__).parent / "app", hub="ChaosHub", queues=(_DELIVERIES,))
SUBJECTS = {
    StorageMode.STANDARD: SMALL_APP,
    StorageMode.JOURNAL: replace(SMALL_APP, options=(*SMALL_APP.options, "--storage-mode", StorageMode.JOURNAL)),
}
"""The app in each storage mode."""


def _nothing(stage: Stage) -> None:
    """Nothing is prepared."""


def _output(stage: Stage) -> Found:
    return stage.hub.output(stage.name)


def _state(stage: Stage) -> Found:
    return Found(stage.hub.counter(stage.name), is_final=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What one run does, and the value that `found` must show in the end.

    `wanted` is None where it is what a run without a fault comes to. `is_small`: few calls, in the short form.
    """

    name: str
    act: Callable[[Stage], None]
    wanted: Any
    found: Callable[[Stage], Found] = _output
    prepare: Callable[[Stage], None] = _nothing
    is_small: bool = False


def _starts(orchestrator: str, argument: object = None) -> Callable[[Stage], None]:
    return lambda stage: stage.start(orchestrator, argument)


def _send_in_order(stage: Stage) -> None:
    stage.start("Signaller", None, lambda: bool(stage.hub.row(stage.name)))


def _answer(stage: Stage) -> None:
    stage.start("Race", {"seconds": 60})
    stage.raise_event("Answer", "yes", lambda: _output(stage).is_final)


def _collect(stage: Stage) -> None:
    stage.start("Collector", {"notes": 3})
    for number in (1, 2, 3):
        stage.raise_event("Note", number, _noted(stage, number))


def _noted(stage: Stage, number: int) -> Callable[[], bool]:
    return lambda: number in (stage.hub.custom_status(stage.name) or ())


def _signal(stage: Stage) -> None:
    for number in (1, 2, 3):
        stage.signal(1, _counted(stage, number))


def _counted(stage: Stage, number: int) -> Callable[[], bool]:
    return lambda: stage.hub.counter(stage.name) >= number


def _sums(stage: Stage) -> Found:
    output = _output(stage)
    return Found([output.value, stage.hub.counter(stage.name)], is_final=True) if output.is_final else output


def _delivered(stage: Stage) -> Found:
    output = _output(stage)
    return Found([output.value, stage.hub.counter(stage.name)], is_final=False) if output.is_final else output


def _wait(stage: Stage) -> None:
    stage.start("Waiting")
    assert stage.until(lambda: stage.hub.status(stage.name).value == "Running")


def _done(stage: Stage) -> None:
    stage.start("Chain", {"steps": 1})
    assert stage.until(lambda: _output(stage).is_final)


def _gone(stage: Stage) -> Found:
    return Found("gone", is_final=True) if stage.hub.rows(stage.name) == 0 else NOTHING_YET


def _pause(stage: Stage) -> None:
    stage.start("Collector", {"notes": 1})
    stage.change("suspend", stands=(409,))
    stage.raise_event("Note", 1, lambda: False)
    stage.change("resume", stands=(409, 410))  # it ends as soon as it has resumed


def _leave(stage: Stage) -> None:
    """A host that was killed leaves a race behind, whose deadline the next one has to arm again."""
    stage.start("Race", {"seconds": 60})
    stage.app.kill()


def _come_back(stage: Stage) -> None:
    stage.launch()
    stage.raise_event("Answer", "yes", lambda: _output(stage).is_final)


def _start_many(stage: Stage) -> None:
    for number in range(_MANY):
        stage.ask("POST", f"{API}/orchestrators/Chain/{stage.name}-{number}", {"steps": 5}, stands=(409,))


def _completed(stage: Stage) -> Found:
    outputs = [stage.hub.output(f"{stage.name}-{number}").value for number in range(_MANY)]
    return Found(sum(output == [0, 1, 2, 3, 4] for output in outputs), is_final=False)


MANY = Scenario(name="a hundred chains", act=_start_many, found=_completed, wanted=_MANY)
"""Not one call fails but a few of all."""

SCENARIOS = (
    Scenario(name="chain", act=_starts("Chain", {"steps": 5}), wanted=[0, 1, 2, 3, 4], is_small=True),
    Scenario(name="unnamed", act=lambda stage: stage.start_unnamed("Chain", {"steps": 1}), wanted=[0]),
    Scenario(name="fan-out", act=_starts("FanOut", {"steps": 8}), wanted=list(range(8))),
    Scenario(name="child", act=_starts("Family"), wanted=[0, 0, 1], is_small=True),
    Scenario(name="retry", act=_starts("Retry"), wanted="done"),
    Scenario(name="timer", act=_starts("Race", {"seconds": 0.5}), wanted="nobody answered"),
    Scenario(name="race", act=_answer, wanted="yes"),
    Scenario(name="event", act=_collect, wanted=[1, 2, 3], is_small=True),
    Scenario(name="suspend", act=_pause, wanted=[1]),
    Scenario(name="entity call", act=_starts("Adder"), found=_sums, wanted=[[101, 202, 303], 303], is_small=True),
    Scenario(name="entity order", act=_send_in_order, found=_sums, wanted=[111, 111]),
    Scenario(name="signal", act=_signal, found=_state, wanted=3, is_small=True),
    Scenario(name="rounds", act=_starts("Rounds"), wanted=[0, 1, 2, 3]),
    Scenario(
        name="terminate",
        prepare=_wait,
        act=lambda stage: stage.change("terminate"),
        found=lambda stage: stage.hub.status(stage.name),
        wanted="Terminated",
    ),
    Scenario(name="purge", prepare=_done, act=lambda stage: stage.purge(), found=_gone, wanted="gone"),
    Scenario(
        name="queue",
        act=lambda stage: stage.hub.send(_DELIVERIES, stage.name),
        found=_delivered,
        wanted=["delivered", 1],
    ),
    Scenario(name="launch", prepare=_leave, act=_come_back, wanted="yes"),
)
BY_NAME = {scenario.name: scenario for scenario in (*SCENARIOS, MANY)}
