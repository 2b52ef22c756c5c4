"""What host.json and the app settings say of workers: how many, how large, how long a call may take, what they log."""

import re
from collections.abc import Mapping
from datetime import timedelta

from durable_devhost.errors import SettingsError
from durable_devhost.log_levels import Level
from durable_devhost.sections import Section

MOST_WORKER_PROCESSES = 10
_FUNCTION_TIMEOUT = timedelta(minutes=30)
_SHORTEST_TIMEOUT = timedelta(seconds=1)
_NO_TIMEOUT = timedelta(days=-1)
"""How .NET reads -1."""

_DEBUG_SETTING = "PYTHON_ENABLE_DEBUG_LOGGING"
_TRUE_LIKE = ("1", "true", "t", "yes", "y")
DEBUG_NOTICE = (
    "logging.logLevel in host.json asks for less than Information, which the Python worker sends only where the app "
    f"setting {_DEBUG_SETTING} is 1, here as on Azure."
)


def thread_count(text: str | None) -> int | None:
    """The size of the pool for sync functions; None is Python's default, also for nonsense, as in the real worker."""
    return int(text) if text and text.isdecimal() and int(text) > 0 else None


def worker_processes(text: str | None) -> int:
    """The number of worker processes. Below one means one, and too many end the start, as in the real host."""
    if not re.fullmatch(r"\s*[+-]?\d+\s*", text or "1") or int(text or 1) > MOST_WORKER_PROCESSES:
        raise SettingsError(
            f"FUNCTIONS_WORKER_PROCESS_COUNT is {text!r}. Make it a whole number from 1 to {MOST_WORKER_PROCESSES}."
        )
    return max(1, int(text or 1))


def function_timeout(top: Section) -> timedelta | None:
    """`functionTimeout`; bounds, default and words are those of `ScriptJobHostOptionsSetup` outside of Consumption."""
    limit = top.duration("functionTimeout", _FUNCTION_TIMEOUT, at_least=timedelta.min)
    if limit == _NO_TIMEOUT:
        return None
    if limit < _SHORTEST_TIMEOUT:
        raise SettingsError(
            f"functionTimeout in host.json is {top.text('functionTimeout')!r}. Make it at least 00:00:01, or -1 for no "
            "limit."
        )
    return limit


def worker_log_level(settings: Mapping[str, str]) -> int:
    """The level of the Python worker's root logger, whatever host.json says (azure-functions-python-worker)."""
    asked = (settings.get(_DEBUG_SETTING) or "").strip().lower() in _TRUE_LIKE
    return Level.DEBUG if asked else Level.INFORMATION
