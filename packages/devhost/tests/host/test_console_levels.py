"""Which lines of the console the levels of host.json let through."""

import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace

from durable_devhost.clock import VirtualClock
from durable_devhost.dispatch.outcome import Invocation, Raised, Returned
from durable_devhost.host.console import Console
from durable_devhost.log_levels import Level, LogLevels
from durable_devhost.model.history import RuntimeStatus
from packages.devhost.tests.host.test_console import FUNCTIONS


def shown_at(rules: dict[str, Level], tell: Callable[[Console], None]) -> str:
    """The text of a console that shows what these levels let through."""
    stream = io.StringIO()
    tell(Console.create(VirtualClock(), json_logs=True, levels=LogLevels(rules), stream=stream))
    return stream.getvalue()


def test_the_level_of_host_json_decides_what_is_shown() -> None:
    """Noisy libraries are shown from warnings on; afterwards logging is restored."""

    def tell(console: Console) -> None:
        with console.showing_logs():
            logging.getLogger("shop").info("not shown")
            logging.getLogger("azure.core").info("not shown")
            logging.getLogger("shop").error("shown")

    before = (list(logging.getLogger().handlers), logging.getLogger().level)
    assert json.loads(shown_at({"host": Level.WARNING}, tell))["text"] == "shown"
    assert before == (list(logging.getLogger().handlers), logging.getLogger().level)


def test_each_kind_of_line_has_its_category() -> None:
    """Invocations, logs of the app, and orchestrations. devhost's own messages have none."""

    def tell(console: Console) -> None:
        work = FUNCTIONS.get("work")
        assert work
        invocation, charge = Invocation(id="i", function_name="charge"), replace(work, name="charge")
        console.invocation_ended(charge, invocation, Returned(), 0.0)
        console.invocation_ended(charge, invocation, Raised(type_name="E", message="E: x"), 0.0)
        log = {"kind": "log", "logger": "root", "text": "hi", "function": "charge", "invocation": "i", "stack": ""}
        console.worker_message({**log, "level": "info"})
        console.worker_message({**log, "level": "error"})
        console.request_answered("GET", "/api/charge", 200, 0.0, "charge")
        console.request_answered("GET", "/nowhere", 404, 0.0)
        console.orchestration("Story", "i", RuntimeStatus.RUNNING)
        console.orchestration("Story", "i", RuntimeStatus.FAILED, "boom")
        console.notice("a notice")

    def events(**rules: Level) -> list[str]:
        lines = shown_at({name.replace("_", "."): level for name, level in rules.items()}, tell).splitlines()
        return [json.loads(line)["event"] for line in lines]

    every = [
        "invocation", "invocation", "log", "log", "request", "request", "orchestration", "orchestration", "notice",
    ]  # fmt: skip
    assert events() == every
    assert events(function_charge=Level.ERROR) == [
        "invocation", "log", "request", "orchestration", "orchestration", "notice",
    ]  # fmt: skip
    assert events(function=Level.NONE, function_charge_user=Level.ERROR) == [
        "log", "request", "orchestration", "orchestration", "notice",
    ]  # fmt: skip
    assert events(host_triggers_durabletask=Level.WARNING) == [*every[:6], "orchestration", "notice"]
    assert events(host=Level.NONE, function=Level.NONE) == ["notice"]
