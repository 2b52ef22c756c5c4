"""The app as the engine sees it: what there is, what is switched off, and what runs again when its worker dies."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.connection import WorkerGone
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.durable.entities.messages import ResponseMessage
from durable_devhost.durable.entities.results import read_result
from durable_devhost.durable.failures import absent_activity, absent_entity
from durable_devhost.durable.ports import Failed, Succeeded
from durable_devhost.host.app_functions import AppFunctions
from durable_devhost.model.functions import Binding, Function, FunctionCatalog, TriggerType
from durable_devhost.model.history import ExecutionStarted, InstanceRef


class Workers:
    """Gives these answers, one after the other; None is a worker that dies."""

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def invoke(self, message: Mapping[str, Any], name: str, exchange: object = None) -> dict[str, Any]:
        self.asked.append(name)
        answer = self._answers.pop(0)
        if answer is None:
            raise WorkerGone
        return answer


def _function(kind: str, name: str) -> Function:
    return Function(
        name=name.lower(), trigger=Binding(type=kind, name="x", direction="in"), durable_name=name,
        script_file=Path("a.py"),
    )  # fmt: skip


CATALOG = FunctionCatalog(
    [_function("activityTrigger", "Work"), _function("orchestrationTrigger", "Story"),
     _function("entityTrigger", "Counter")],
    disabled=["off", "dark", "faint"],
    off=[(TriggerType.ACTIVITY, "Off"), (TriggerType.ORCHESTRATION, "Dark"), (TriggerType.ENTITY, "Faint")],
)  # fmt: skip
RETURNED = {"kind": "returned", "result": {"type": "json", "value": "49"}, "outputs": {}}
NOTHING = {"kind": "returned", "result": None, "outputs": {}}
RAISED = {"kind": "raised", "type_name": "ValueError", "message": "ValueError: boom", "stack": "  File x"}


def _app(*answers: dict[str, Any] | None) -> tuple[AppFunctions, Workers]:
    workers = Workers(*answers)
    invoker = Invoker(workers, store=None, client_json=str, clock=VirtualClock())  # type: ignore[arg-type]  # no binding
    return AppFunctions(CATALOG, invoker, workers), workers  # type: ignore[arg-type]  # no session is begun here


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((RETURNED,), Succeeded(text="49")),
        ((NOTHING,), Succeeded(text=None)),
        ((RAISED,), Failed(message="ValueError: boom", stack="  File x")),
        ((None, None, RETURNED), Succeeded(text="49")),
        ((None, RAISED), Failed(message="ValueError: boom", stack="  File x")),
    ],
)
async def test_activities_and_entities_run_again_if_their_worker_dies(
    answers: tuple[dict[str, Any] | None, ...], outcome: Succeeded | Failed
) -> None:
    """As often as it takes: a worker that dies too often ends the host. Their own failure is an answer."""
    app, workers = _app(*answers)
    assert await app.run_activity("WORK", "7", "i-1") == outcome
    assert workers.asked == ["activity work (i-1)"] * len(answers)
    app, workers = _app(*answers)
    assert await app.run_entity("counter", "{}", "@counter@k") == outcome
    assert len(workers.asked) == len(answers)


@pytest.mark.parametrize(("name", "why"), [("Gone", "does not exist"), ("off", "is disabled")])
async def test_a_disabled_function_fails_without_a_worker(name: str, why: str) -> None:
    """As on the real host, with its exception."""
    app, workers = _app()
    reason, details = absent_activity(name, why)
    assert await app.run_activity(name, "7", "i") == Failed(message=reason, stack="", details=details)
    assert workers.asked == []


@pytest.mark.parametrize("name", ["Gone", "faint"])
async def test_each_operation_of_an_entity_that_does_not_run_fails(name: str) -> None:
    """It was there when the message was sent, or is disabled; the state stays."""
    app, workers = _app()
    payload = json.dumps({"exists": True, "state": "5", "batch": [{}, {}]})
    outcome = await app.run_entity(name, payload, "@gone@k")
    assert isinstance(outcome, Succeeded)
    result = read_result(outcome.text, 2)
    error = absent_entity(name, ["Counter", "Faint"], ["Story", "Dark"])
    assert (result.exists, result.state) == (True, "5")
    assert result.responses == (ResponseMessage(result=error, is_error=True),) * 2
    assert workers.asked == []


def test_the_catalog_is_searched_by_durable_names() -> None:
    """A disabled function counts as known, as on Azure, but does not run."""
    app, _ = _app()
    assert [app.has_activity(name) for name in ("work", "OFF", "Story")] == [True, True, False]
    assert [app.has_orchestrator(name) for name in ("STORY", "dark", "Work")] == [True, True, False]
    assert [app.has_entity(name) for name in ("counter", "FAINT", "Story")] == [True, True, False]
    assert list(app.known_orchestrators()) == ["Story", "Dark"]
    assert list(app.known_entities()) == ["Counter", "Faint"]
    assert app.explain("activity", "work") is None
    assert "Did you mean 'Work'?" in (app.explain("activity", "Wrok") or "")


def test_an_execution_needs_an_enabled_orchestrator() -> None:
    """The engine fails an instance of any other."""
    app, _ = _app()
    ref = InstanceRef(instance_id="i", execution_id="e")
    found = {
        name: app.execution(ExecutionStarted(timestamp=datetime(2026, 1, 1, tzinfo=UTC), instance=ref, name=name))
        for name in ("sTory", "Dark", "Work")
    }
    assert [execution is not None for execution in found.values()] == [True, False, False]
