"""A lane: one host behind one proxy, on which runs follow each other."""

import json
import math
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from durable_devhost.azurite.process import Azurite
from durable_devhost.testing.app import AppFailed, AppUnderTest, Storage
from packages.devhost.tests.chaos.controls import FaultProxy, Seen
from packages.devhost.tests.chaos.faults import FAULTS, Victim
from packages.devhost.tests.chaos.hub import HubReader
from packages.devhost.tests.chaos.scenarios import SMALL_APP, Scenario, Subject
from packages.devhost.tests.chaos.stage import Ending, HostDied, Stage
from packages.devhost.tests.chaos.verdicts import Run, Verdict, judge

PATIENCE_S = 15.0
"""How long after its last call a run may take."""
LATER_S = 6.0
"""After how long a result is looked at once more: longer than a message is hidden."""
_RESTART_S = 20.0
"""How long a host that was killed may take to start again, on a machine that does other things too."""
_MOST_CALLS = 150
"""How many calls of a scenario are tried; the longest has about forty."""
_MOST_RUNS = 150
_MOST_DEATHS = 8
"""How many workers of one host may be killed: it gives up at ten within a minute."""


class Lane:
    """A host of its own, for as long as the block runs; it is replaced where a run has left it in a bad state."""

    def __init__(
        self,
        azurite: Azurite,
        accounts: Iterator[str],
        subject: Subject = SMALL_APP,
        patience_s: float = PATIENCE_S,
        ending: threading.Event | None = None,
    ) -> None:
        self._azurite = azurite
        self._accounts = accounts
        self._subject = subject
        self._patience_s = patience_s
        self._ending = ending or threading.Event()
        self._resources = ExitStack()
        self._host = ExitStack()
        self._app: AppUnderTest | None = None
        self._runs = 0
        self._deaths = 0
        self._wanted: dict[str, Any] = {}
        self._later: list[tuple[float, Run, Scenario, Stage]] = []

    def __enter__(self) -> Self:
        self._folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        self._record = self._folder / "record"
        self.proxy = self._resources.enter_context(FaultProxy(self._azurite))
        return self

    def __exit__(self, *_: object) -> None:
        self._host.close()
        self._resources.close()

    def run(self, scenario: Scenario, fault: str | None, at: int, **script: Any) -> tuple[Run, bool]:
        """Run a scenario whose call `at` meets the fault, and say whether that call came at all."""
        if self._ending.is_set():
            raise Ending
        app = self._running()
        self._runs += 1
        said = app.output.count("\n")
        self._record.write_text("")
        victim = FAULTS[fault].victim if fault else None
        name = f"{scenario.name.replace(' ', '-')}-{uuid4().hex}"
        seen: list[Seen] = []

        def calm() -> None:
            if not seen:
                seen.append(self.proxy.look())
                self.proxy.arm()

        stage = Stage(app=app, hub=self._hub, name=name, calm=calm, ending=self._ending)
        run = Run(
            scenario=scenario.name,
            fault=fault or "none",
            at=at,
            choice=script.get("choice", "work"),
            call="",
            verdict=Verdict.STUCK,
        )
        try:
            self.proxy.arm()
            scenario.prepare(stage)
            stage.may_die = victim is Victim.HOST
            self.proxy.arm(fault, at, victims=self._victims(victim), **script)
            scenario.act(stage)
            self._judge(run, scenario, stage, fault)
        except HostDied as error:
            run.verdict, run.note = Verdict.DIED, str(error)
        except AppFailed:
            run.verdict, run.note = Verdict.DIED, f"it does not start again, exit status {app.exit_status}"
        calm()
        run.call, run.refused, run.denied = seen[0].first, stage.refused, stage.denied
        wait = FAULTS[fault].retry_after_s if fault else 0
        run.was_hasty = (seen[0].asked_again_after or math.inf) < wait
        run.repeated = [f"{line} ran {n} times" for line, n in self._noted().items() if n > 1 and "stumble" not in line]
        run.calls = [*seen[0].calls[:60]]
        run.lines = app.output.splitlines()[said + 1 :][-40:]
        if run.verdict is Verdict.RIGHT:
            self._later.append((time.monotonic() + LATER_S, run, scenario, stage))
        self._clean_up(run, scenario, stage, victim if seen[0].struck else None)
        self._look_again()
        return run, bool(seen[0].struck)

    def sweep(
        self,
        scenario: Scenario,
        fault: str,
        *,
        first: int = 0,
        step: int = 1,
        most: int = _MOST_CALLS,
        label: str = "",
        **script: Any,
    ) -> list[Run]:
        """Run a scenario with the fault at call `first`, then at a later one, until it ends before the fault comes.

        What is right so far is looked at once more by later runs or by `settle`. `label` is how the report calls the
        fault.
        """
        scenario = self._known(scenario)
        runs = []
        for at in range(first, first + most, step):
            run, has_struck = self.run(scenario, fault, at, **script)
            run.fault = label or fault
            if has_struck or run.is_red:
                runs.append(run)
            if not has_struck:
                break
        return runs

    def _known(self, scenario: Scenario) -> Scenario:
        """What a run without a fault comes to is what is wanted, where the scenario does not say it."""
        if scenario.wanted is not None:
            return scenario
        if scenario.name not in self._wanted:
            self._wanted[scenario.name] = self._undisturbed(scenario)
        return replace(scenario, wanted=self._wanted[scenario.name])

    def _undisturbed(self, scenario: Scenario) -> Any:
        stage = Stage(app=self._running(), hub=self._hub, name=f"undisturbed-{uuid4().hex}")
        self.proxy.arm()
        scenario.prepare(stage)
        scenario.act(stage)
        assert stage.until(lambda: scenario.found(stage).is_final, self._patience_s)
        assert not stage.denied
        return scenario.found(stage).value

    def settle(self) -> None:
        """Wait until every result has been looked at once more."""
        while self._later:
            if self._ending.wait(max(0.0, self._later[0][0] - time.monotonic())):
                raise Ending
            self._look_again()

    def left(self) -> dict[str, int]:
        """The queues of this host's hub that still hold messages."""
        return self._hub.lengths() if self._app else {}

    def _running(self) -> AppUnderTest:
        if self._app is not None and self._runs < _MOST_RUNS and self._deaths < _MOST_DEATHS:
            return self._app
        return self._renew()

    def _renew(self) -> AppUnderTest:
        """A new host over an account of its own: the fewer rows an emulator holds, the faster it answers."""
        self.settle()
        self._host.close()
        self._runs = self._deaths = 0
        self.proxy.arm()
        account, subject = next(self._accounts), self._subject
        straight = self._azurite.connection_string.replace(self._azurite.account, account)
        self._hub = self._host.enter_context(HubReader(straight, subject.hub))
        for queue in subject.queues:
            self._hub.make_queue(queue)
        storage = Storage(self.proxy.azurite, [account])
        environ = {"CHAOS_RECORD": str(self._record), **subject.environ}
        app = AppUnderTest(subject.folder, self._folder / account, subject.options, environ, storage)
        self._app = self._host.enter_context(app)
        recovery = f"table GET {subject.hub}Instances()"  # after it, all calls belong to the runs
        app.until(lambda: recovery in self.proxy.look().calls)
        return self._app

    def _victims(self, victim: Victim | None) -> list[int]:
        assert self._app is not None
        match victim:
            case None:
                return []
            case Victim.HOST:
                return [self._app.pid]
            case Victim.WORKER:
                return list(self._app.info()["workers"])

    def _judge(self, run: Run, scenario: Scenario, stage: Stage, fault: str | None) -> None:
        slow = FAULTS[fault].hang_s + FAULTS[fault].delay_s if fault else 0.0
        slow += _RESTART_S if fault and FAULTS[fault].victim is Victim.HOST else 0.0
        found = scenario.found(stage)

        def decided() -> bool:
            nonlocal found
            found = scenario.found(stage)
            return judge(scenario.wanted, found.value, is_final=found.is_final) is not None

        stage.until(decided, self._patience_s + slow)
        run.found = found.value
        run.verdict = judge(scenario.wanted, found.value, is_final=found.is_final) or Verdict.STUCK

    def _look_again(self) -> None:
        """What was right must still be right when every hidden message has come back."""
        while self._later and self._later[0][0] <= time.monotonic():
            _, run, scenario, stage = self._later.pop(0)
            found = scenario.found(stage)
            if found.value != scenario.wanted:
                run.verdict = judge(scenario.wanted, found.value, is_final=True) or Verdict.LOST
                run.note = f"it was right, and {LATER_S:.0f} s later it was {found.value}"

    def _clean_up(self, run: Run, scenario: Scenario, stage: Stage, victim: Victim | None) -> None:
        """Leave a host for the next run; of a stuck instance, tell whether a restart would have helped."""
        assert self._app is not None
        self._deaths += victim is Victim.WORKER
        if run.verdict is Verdict.DIED:
            self._later.clear() if self._app.exit_status is not None else None
            self._host.close()
            self._app = None
        elif run.verdict is Verdict.STUCK:
            try:
                self._app.restart()
                helped = stage.until(lambda: scenario.found(stage).value == scenario.wanted, LATER_S)
                run.after_restart = "right" if helped else f"still {scenario.found(stage).value}"
            except (AppFailed, HostDied):
                run.after_restart = "does not start"
                self._host.close()
                self._app = None

    def _noted(self) -> Counter[str]:
        return Counter(json.loads(line) for line in self._record.read_text().splitlines())
