"""Sends the log records of the process to the host, which shows them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from durable_devhost.worker.invocation import InvocationFilter
from durable_devhost.worker.tracebacks import user_traceback

_TALKATIVE = ("azure", "asyncio", "aiohttp", "urllib3")
_OF_THE_SYSTEM = ("azure_functions_worker", "azure.functions")
"""Prefixes of loggers that only Azure's own telemetry gets (`logging.py` of azure-functions-python-worker)."""


def send_logs(send: Callable[[Mapping[str, Any]], bool], level: int, shown: int = 0) -> None:
    """Let the root logger take every record from `level` on, and send those that are `shown`.

    Libraries that log every request are taken from warnings on.
    """
    root, handler = logging.getLogger(), AsyncLoggingHandler(send)
    handler.setLevel(shown)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class AsyncLoggingHandler(logging.Handler):
    """Passes log records to the host; logging reports records with invalid arguments.

    It has the name of the real worker's handler, which apps look for among the root logger's handlers.
    """

    def __init__(self, send: Callable[[Mapping[str, Any]], bool]) -> None:
        super().__init__()
        self._send = send
        self.addFilter(InvocationFilter())

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record, unless it is for Azure's telemetry.

        A forked process, which has no host, writes its warnings to stderr as Python does.
        """
        if record.name.startswith(_OF_THE_SYSTEM):
            return
        try:
            last = logging.lastResort
            if not self._send(_message(record)) and last is not None and record.levelno >= last.level:
                last.handle(record)
        except Exception:  # noqa: BLE001 - a log call of the app must never fail it
            self.handleError(record)


def _message(record: logging.LogRecord) -> dict[str, Any]:
    error = record.exc_info[1] if record.exc_info else None
    return {
        "kind": "log",
        "level": record.levelname.lower(),
        "logger": record.name,
        "text": record.getMessage(),
        "function": str(getattr(record, "function_name", "")),
        "invocation": str(getattr(record, "invocation_id", "")),
        "stack": user_traceback(error) if error else "",
    }
