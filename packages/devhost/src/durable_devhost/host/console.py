"""Tells what happens in the host: to a person in colour, or to a machine as one JSON object a line.

`Console` takes what happens and makes a fact of it; a `Sink` writes facts. Two sinks, the same facts. The app's log
records come from the workers, those of the host through `showing_logs`. `logging.logLevel` of host.json decides what is
shown, but for devhost's own sentences.
"""

import json
import logging
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, TextIO

from durable_devhost.clock import Clock
from durable_devhost.dispatch.connection import Message
from durable_devhost.dispatch.outcome import Invocation, Outcome, Raised
from durable_devhost.dotnet.times import time_span
from durable_devhost.host.facts import (
    Fact,
    HostNotice,
    InvocationEnded,
    LogRecord,
    Mailed,
    Orchestrated,
    Ready,
    Requested,
    as_record,
)
from durable_devhost.host.printing import FuncSink, TextSink
from durable_devhost.log_levels import Level, LogLevels
from durable_devhost.model.functions import Function
from durable_devhost.model.history import RuntimeStatus

_KEPT = 200
_TALKATIVE = ("asyncio", "aiohttp", "watchfiles")
_MAIL = "mail"
"""The loggers of aiosmtpd: what it warns of, the sender is answered."""

_DURABLE = "Host.Triggers.DurableTask"


class Sink(Protocol):
    """Where facts go. Called from any thread."""

    def write(self, fact: Fact, at: datetime) -> None:
        """Show one fact; never raises for a reader that has gone away."""
        ...


class JsonSink:
    """One JSON object a line. A line is written in one piece, so that threads need no lock."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, fact: Fact, at: datetime) -> None:
        """Write the line and flush it, since whoever reads along waits for it."""
        try:
            self._stream.write(json.dumps(as_record(fact, at), default=str) + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            return  # nobody reads any more; the host goes on


class Console:
    """The one place to report to. Fits the observers of `dispatch` and `durable` as it is.

    Times are those of the host's clock, so that with a virtual clock a jump can be seen.
    """

    def __init__(self, sink: Sink, clock: Clock, levels: LogLevels | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._levels = levels or LogLevels()
        self._lowest: dict[str, Level] = {}
        self._advice: set[str] = set()
        self._recent = deque[tuple[Fact, datetime]](maxlen=_KEPT)

    @classmethod
    def create(
        cls,
        clock: Clock,
        *,
        json_logs: bool,
        as_func: bool = False,
        levels: LogLevels | None = None,
        stream: TextIO | None = None,
    ) -> "Console":
        """A console on standard output; with `as_func` in the form of Core Tools, which test harnesses read."""
        target = stream or sys.stdout
        if json_logs:
            return cls(JsonSink(target), clock, levels)
        return cls(FuncSink(target) if as_func else TextSink(target), clock, levels)

    def host_started(self, info: Ready) -> None:
        """The host answers now."""
        self._tell(info)

    def invocation_ended(self, function: Function, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        """An invocation ended."""
        failed = outcome if isinstance(outcome, Raised) else None
        if not self._shows(f"Function.{function.name}", Level.ERROR if failed else Level.INFORMATION):
            return
        self._tell(
            InvocationEnded(
                function=function.durable_name or function.name,
                kind=function.trigger.type.removesuffix("Trigger"),
                invocation=invocation.id,
                instance=invocation.instance_id,
                ms=seconds * 1000,
                error=failed.message if failed else "",
                stack=failed.stack if failed else "",
            )
        )

    def request_answered(self, method: str, path: str, status: int, seconds: float, function: str = "") -> None:
        """A request was answered; `function` is empty where the path leads to none."""
        if self._shows(f"Function.{function}" if function else "Host", Level.INFORMATION):
            self._tell(Requested(method=method, path=path, status=status, ms=seconds * 1000, function=function))

    def orchestration(
        self, name: str, instance_id: str, status: RuntimeStatus, detail: str | None = None, stack: str = ""
    ) -> None:
        """An instance reached a status; a failed one has a text and the user's own frames."""
        level = Level.ERROR if status is RuntimeStatus.FAILED else Level.INFORMATION
        if self._shows(_DURABLE, level):
            fact = Orchestrated(name=name, instance=instance_id, status=status.value, detail=detail or "", stack=stack)
            self._tell(fact)

    def letter(
        self, *, sender: str, recipients: tuple[str, ...], subject: str, page: str, links: tuple[str, ...]
    ) -> None:
        """The mail catcher has a letter, which is shown on `page`; `links` in it lead to this host."""
        self._tell(Mailed(sender=sender, recipients=recipients, subject=subject, page=page, links=links))

    def worker_message(self, message: Message) -> None:
        """A worker sent a log record of user code, or noticed that an orchestrator blocks."""
        if message["kind"] == "log":
            names = ("level", "logger", "text", "function", "invocation", "stack")
            whose = f"Function.{message['function']}.User" if message["function"] else "Function"
            if self._shows(whose, logging.getLevelNamesMapping().get(message["level"].upper(), Level.INFORMATION)):
                self._tell(LogRecord(**{name: message[name] for name in names}))
        elif message["kind"] == "slow":
            self.warning(
                f"The orchestrator '{message['name']}' has not come back for a second. An orchestrator only decides: "
                "move what waits, computes or talks to others into an activity.",
                message["instance"],
            )

    def worker_died(self, pid: int, ending: str, last_words: str) -> None:
        """A worker ended by itself."""
        self.failure(
            f"The app's worker (pid {pid}) has died: {ending}. Another one is started. Orchestrators are replayed, "
            "activities that ran run again, and HTTP callers got a 500.",
            details=last_words,
        )

    def worker_overdue(self, pid: int, name: str, limit: timedelta) -> None:
        """A call took longer than `functionTimeout`."""
        self.failure(
            f"The {name} has run for longer than functionTimeout in host.json ({time_span(limit)}). Another worker is "
            f"started; this one (pid {pid}) is ended when what else runs in it is done, in ten seconds at most."
        )

    def trouble(self, text: str, instance_id: str | None = None) -> None:
        """Something is wrong that a person should read, with the instance where one is concerned."""
        self.warning(text, instance_id)

    def advise(self, text: str) -> None:
        """Say once that something works as on Azure and probably not as it is meant, with the fix."""
        if text not in self._advice:
            self._advice.add(text)
            self.warning(text)

    def notice(self, text: str) -> None:
        """Something worth knowing."""
        self._tell(HostNotice(severity="notice", text=text))

    def warning(self, text: str, instance_id: str | None = None) -> None:
        """Something that needs a person, though the host goes on."""
        self._tell(HostNotice(severity="warning", text=text, instance=instance_id or ""))

    def failure(self, text: str, *, instance_id: str | None = None, details: str = "") -> None:
        """Something failed; `details` is a traceback, normally the user's own."""
        self._tell(HostNotice(severity="failure", text=text, instance=instance_id or "", details=details))

    @contextmanager
    def showing_logs(self) -> Iterator[None]:
        """Show the process's log records while the block runs, from the level on that host.json has for `Host`.

        Libraries that tell of every request are shown from warnings on.
        """
        handler = _LogHandler(self)
        root = logging.getLogger()
        before = root.level
        root.addHandler(handler)
        root.setLevel(self._levels.of("Host"))
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(_MAIL).setLevel(logging.ERROR)
        try:
            yield
        finally:
            root.removeHandler(handler)
            root.setLevel(before)

    def show_log(self, record: logging.LogRecord) -> None:
        """Show one log record."""
        error = record.exc_info[1] if record.exc_info else None
        self._tell(
            LogRecord(
                level=record.levelname.lower(),
                logger=record.name,
                text=record.getMessage(),
                stack="".join(traceback.format_exception(error)) if error else "",
            )
        )

    def recent(self) -> list[dict[str, Any]]:
        """The last 200 facts as JSON objects, the oldest first."""
        return [as_record(fact, at) for fact, at in list(self._recent)]

    def _shows(self, category: str, level: int) -> bool:
        lowest = self._lowest.get(category)
        if lowest is None:
            lowest = self._lowest[category] = self._levels.of(category)
        return level >= lowest

    def _tell(self, fact: Fact) -> None:
        at = self._clock.now()
        self._recent.append((fact, at))
        self._sink.write(fact, at)


class _LogHandler(logging.Handler):
    """Hands log records to the console; what a record's arguments break is reported as logging does."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._console.show_log(record)
        except Exception:  # noqa: BLE001 - a log call of the app must never fail it
            self.handleError(record)
