"""A call whose failure does not end the workflow: the workflow goes on, and knows why it failed."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from azure.durable_functions.models.Task import TaskBase

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A call that failed for good, after all retries; `reason` is one line for a person."""

    reason: str


def attempt(task: TaskBase) -> Generator[TaskBase, Any, Any]:
    """Wait for a call and return its result, or `Failed`; a task may also be attempted after it was in a `task_all`."""
    try:
        return (yield task)
    except Exception as error:  # noqa: BLE001  the SDK raises nothing narrower where an activity has failed
        return Failed(reason=_told(error))


def _told(error: Exception) -> str:
    """Return the first line of what was said; what follows are request ids and stacks."""
    first = str(error).strip().partition("\n")[0]
    return " ".join(first.split())[:_LONGEST_REASON]
