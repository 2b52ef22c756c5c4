"""Calls whose failure does not end the workflow: the workflow gets the reason and continues."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from azure.durable_functions.models.Task import TaskBase

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A call that failed after all retries; `reason` is one line for a person."""

    reason: str


def attempt(task: TaskBase) -> Generator[TaskBase, Any, Any]:
    """Wait for a call and return its result, or `Failed`. The task may have been in a `task_all` before."""
    try:
        return (yield task)
    except Exception as error:  # noqa: BLE001  the SDK raises nothing narrower if an activity has failed
        return Failed(reason=_first_line(error))


def _first_line(error: Exception) -> str:
    """Return the first line of an error text; the lines after it are request ids and stack traces."""
    first = str(error).strip().partition("\n")[0]
    return " ".join(first.split())[:_LONGEST_REASON]
